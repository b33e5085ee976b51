"""The models that travel with ctpet."""

from pathlib import Path

from ctpet.errors import ModelInvalid
from ctpet.resources import resource_folder

DEFAULT_MODEL = "phantom-unet"
"""What is used when no model is named: the one that knows whole bodies, if only digital ones."""


def shipped_models() -> tuple[str, ...]:
    """Return the names of the shipped models, sorted."""
    return tuple(sorted(path.stem for path in resource_folder("checkpoints").glob("*.onnx")))


def find_model(name: str | Path | None) -> Path:
    """Return the file of a model that is named by path or by a shipped model's name.

    Args:
        name: None means :data:`DEFAULT_MODEL`.

    Raises:
        ModelInvalid: if it is neither a file nor a shipped model.
    """
    if name is not None and Path(name).is_file():
        return Path(name)
    wanted = DEFAULT_MODEL if name is None else str(name)
    if wanted in shipped_models():
        return resource_folder("checkpoints") / f"{wanted}.onnx"
    raise ModelInvalid(
        f"There is no model {wanted}: it is not a file, and the shipped models are "
        f"{', '.join(shipped_models())}. Check the path or use one of these names."
    )
