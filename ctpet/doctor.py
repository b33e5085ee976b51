"""What `ctpet doctor` tells: what will run a model here, with what, why, and what is absent."""

import hashlib
import platform
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Literal

from ctpet import __version__
from ctpet.claims import left_among_temporary, left_behind
from ctpet.errors import InputRefused
from ctpet.infer.backend import Execution
from ctpet.infer.machine import available_memory_bytes
from ctpet.infer.providers import PROVIDER, Offered, choose, offered
from ctpet.infer.runtime import onnxruntime
from ctpet.infer.synthesize import MEMORY_FRACTION
from ctpet.resources import resource_folder

Status = Literal["ok", "absent", "broken", "stale"]

DECODERS = {
    "python-gdcm": "JPEG Lossless",
    "pyjpegls": "JPEG-LS",
    "pylibjpeg-openjpeg": "JPEG 2000",
    "pylibjpeg-rle": "RLE",
}
"""Packages that decode compressed DICOM, and what each is for."""

EXTRAS = {"train": ("torch", "monai", "lightning", "hydra-core"), "web": ("fastapi", "uvicorn")}
"""Optional parts of ctpet, and the packages that they bring."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that is looked at.

    Attributes:
        name: what it is.
        status: ``ok``, ``absent`` (works without), ``broken`` (does not work without) or ``stale``
            (left by a run that was killed).
        detail: what was found.
        remedy: how to get it; empty where nothing is missing.
    """

    name: str
    status: Status
    detail: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class DoctorReport:
    """What this machine will do.

    Attributes:
        versions: of ctpet, Python and the runtime.
        platform: operating system and processor type.
        provider: the execution provider that ``auto`` uses.
        device: where it runs.
        precision: of its arithmetic.
        threads: of the processor.
        why: what is passed over for it and for what reason; why this precision and threads.
        memory_bytes: free now, container limits included.
        model_memory_bytes: what of it a model may use; a larger CT runs in windows.
        checks: each part, with a remedy where it is absent.
    """

    versions: dict[str, str]
    platform: str
    provider: str
    device: str
    precision: str
    threads: int
    why: tuple[str, ...]
    memory_bytes: int
    model_memory_bytes: int
    checks: tuple[Check, ...]

    @property
    def healthy(self) -> bool:
        """Whether nothing that is needed is broken."""
        return all(check.status != "broken" for check in self.checks)

    def to_json(self) -> dict[str, Any]:
        """Return the report as a JSON object."""
        return asdict(self)


def examine(folder: Path) -> DoctorReport:
    """Look at this machine and this installation; nothing is changed.

    Args:
        folder: where to look for what killed runs left, and in the folders directly inside it.

    Raises:
        InputRefused: ``path-missing``.
    """
    if not folder.is_dir():
        raise InputRefused(
            "path-missing", f"There is no folder at {folder}", remedy="Name one, or none"
        )
    machine = offered()
    (best, *_), passed_over = choose(Execution(), machine)
    memory = available_memory_bytes()
    why = (
        *passed_over,
        "precision: float32 unless bf16 is asked for, so that numbers do not depend on the machine",
        "threads: one for each core that this process may use",
    )
    return DoctorReport(
        versions={
            "ctpet": __version__,
            "python": platform.python_version(),
            "onnxruntime": onnxruntime.__version__,
        },
        platform=f"{platform.system()} {platform.machine()}",
        provider=PROVIDER[best.engine],
        device=best.device,
        precision=best.precision,
        threads=best.threads,
        why=why,
        memory_bytes=memory,
        model_memory_bytes=int(memory * MEMORY_FRACTION),
        checks=(*_checks(machine), _unfinished(folder)),
    )


def _checks(machine: Offered) -> Iterator[Check]:
    yield _openvino(machine)
    yield _cuda(machine)
    yield from _decoders()
    yield from _models()
    yield from _extras()


def _openvino(machine: Offered) -> Check:
    if machine.openvino:
        return Check("OpenVINO", "ok", f"computes in {' and '.join(machine.openvino)}")
    return Check(
        "OpenVINO",
        "absent",
        machine.openvino_absence.removeprefix("OpenVINO: "),
        "On an Intel or AMD processor under Linux or Windows: pip install openvino. "
        "Elsewhere onnxruntime's own kernels are used, and nothing needs to be done",
    )


def _cuda(machine: Offered) -> Check:
    if machine.cuda:
        sizes = ", ".join(f"{size / 2**30:.0f} GiB" for size in machine.cuda)
        return Check("CUDA", "ok", f"{len(machine.cuda)} devices with {sizes}")
    return Check(
        "CUDA",
        "absent",
        machine.cuda_absence.removeprefix("CUDA: "),
        "With an NVIDIA GPU and its driver: pip uninstall onnxruntime, then pip install "
        "onnxruntime-gpu (never both)",
    )


def _decoders() -> Iterator[Check]:
    for package, syntax in DECODERS.items():
        if installed := _version(package):
            yield Check(package, "ok", f"{installed}, decodes {syntax}")
        else:
            yield Check(package, "broken", f"{syntax} cannot be decoded", f"pip install {package}")


def _models() -> Iterator[Check]:
    folder = resource_folder("checkpoints")
    for line in (folder / "SHA256SUMS").read_text("ascii").splitlines():
        digest, name = line.split()
        file = folder / name
        if file.is_file() and hashlib.sha256(file.read_bytes()).hexdigest() == digest:
            yield Check(name, "ok", f"{file.stat().st_size / 1e6:.2f} MB, checksum agrees")
        else:
            yield Check(name, "broken", "absent, or its checksum differs", "Install ctpet again")


def _extras() -> Iterator[Check]:
    for extra, packages in EXTRAS.items():
        missing = [package for package in packages if not _version(package)]
        if missing:
            yield Check(
                f"extra {extra}",
                "absent",
                f"{', '.join(missing)} not installed; not needed to synthesize",
                f'pip install "ctpet[{extra}]"',
            )
        else:
            yield Check(f"extra {extra}", "ok", ", ".join(packages))


def _unfinished(folder: Path) -> Check:
    left = (*left_behind(folder), *left_among_temporary())
    if not left:
        return Check(
            "unfinished work", "ok", f"none in {folder.resolve()} or among temporary files"
        )
    return Check(
        "unfinished work",
        "stale",
        "runs that were killed left parts of their results, which may show a patient: "
        + ", ".join(str(path) for path in left),
        "The next run into the same folder removes its own; or remove them by hand",
    )


def _version(package: str) -> str:
    """Return the version of an installed package, without importing it; empty if it is absent."""
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
