"""Say which packages are missing, where a command needs an extra that is not installed."""

import importlib.util
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Literal

from ctpet.errors import CtpetError

PACKAGES = {
    "train": (
        *("torch", "monai", "lightning", "hydra"),
        *("onnx", "onnxscript", "safetensors", "tensorboard"),
    ),
    "web": ("fastapi", "uvicorn"),
}


@contextmanager
def needs_extra(name: Literal["train", "web"]) -> Iterator[None]:
    """Refuse, before and while the body imports, what an extra has and this machine has not.

    Args:
        name: of the extra.

    Raises:
        CtpetError: naming the packages and how to install them.
    """
    if absent := [each for each in PACKAGES[name] if importlib.util.find_spec(each) is None]:
        raise CtpetError(_remedy(name, absent))
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name is None or error.name.split(".")[0] == "ctpet":
            raise
        raise CtpetError(_remedy(name, [error.name])) from error


def _remedy(name: str, absent: Sequence[str]) -> str:
    return f"This needs {', '.join(absent)}. Install them with: pip install 'ctpet[{name}]'"
