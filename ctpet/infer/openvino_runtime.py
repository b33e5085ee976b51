"""The one place that imports OpenVINO, so that it never tells anyone that it is used.

Importing ``openvino`` imports its model converter, which sends an event to Intel and leaves a
device identifier below the user's home (`openvino/tools/ovc/__init__.py` of 2026.4). The runtime
needs no converter, and does without where it cannot be imported.
"""

import sys
from functools import cache
from typing import Any

_CONVERTER = "openvino.tools.ovc"
LOAD_ERRORS: tuple[type[Exception], ...] = (ImportError, RuntimeError, OSError)


@cache
def openvino_core() -> tuple[Any, str]:
    """Return OpenVINO's core, with a processor it can use, or None and the reason.

    One core serves the whole process: each further one would load its plugins again.
    """
    try:
        core = _imported().Core()
        core.get_property("CPU", "FULL_DEVICE_NAME")
    except ModuleNotFoundError:
        return None, "OpenVINO: the package openvino is not installed"
    except LOAD_ERRORS as error:
        return None, f"OpenVINO: it cannot be loaded ({type(error).__name__})"
    return core, ""


def openvino_version() -> str:
    """Return the release of the OpenVINO that is installed, such as 2026.4.1."""
    return str(_imported().__version__).partition("-")[0]


def _imported() -> Any:
    """Import OpenVINO without its converter."""
    if "openvino" in sys.modules:
        return sys.modules["openvino"]
    sys.modules[_CONVERTER] = None  # type: ignore[assignment]
    try:
        import openvino
    finally:
        del sys.modules[_CONVERTER]
    return openvino
