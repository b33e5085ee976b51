"""What made a synthetic series: everything that can change one of its pixels."""

import json
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Provenance:
    """What made a series. All of it enters its UIDs and can be read in its headers.

    Attributes:
        ctpet_version: such as ``0.1.0``.
        model_name: the contract's name.
        model_version: the contract's version.
        model_digest: SHA-256 of the model file, 64 hexadecimal digits.
        tracer: such as ``FDG``.
        radionuclide: such as ``F-18``.
        device: what it ran on, such as ``CPU``.
        provider: the execution provider, such as ``CPUExecutionProvider``.
        precision: such as ``float32``.
        options: further (name, value) pairs that change pixels; their order does not matter.

    Raises:
        ValueError: at construction, if a text is empty, not on one line or longer than 64
            characters (they become LO attributes), if the digest is not one, or if an option's
            name comes twice.
    """

    ctpet_version: str
    model_name: str
    model_version: str
    model_digest: str
    tracer: str
    radionuclide: str
    device: str
    provider: str
    precision: str
    options: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        texts = {name: value for name, value in asdict(self).items() if name != "options"}
        texts |= {f"option {name}": f"{name}={value}" for name, value in self.options}
        for name, text in texts.items():
            if not text or not text.isprintable() or "\\" in text or len(text) > 64:
                raise ValueError(f"{name} must be 1 to 64 printable characters, not {text!r}")
        if len(self.model_digest) != 64 or set(self.model_digest) - set("0123456789abcdef"):
            raise ValueError(f"model_digest must be a SHA-256 in hex, not {self.model_digest!r}")
        if len(dict(self.options)) != len(self.options):
            raise ValueError(f"an option comes twice: {self.options}")
        object.__setattr__(self, "options", tuple(sorted(self.options)))

    def to_json(self) -> str:
        """Return all of it as one line of JSON with sorted keys: equal only if all is equal."""
        return json.dumps(asdict(self), sort_keys=True, ensure_ascii=False)
