"""onnxruntime sessions that are quiet, keep to one file and never change their provider."""

import re
from pathlib import Path
from typing import Any

from ctpet.infer.runtime import onnxruntime, pybind_state

FATAL = 4

_FOLDERS = re.compile(r"""(?<![\w.])(?:[A-Za-z]:)?[/\\](?:[^/\\:;,'"()]+[/\\])+""")

_NAMES = (
    "EPFail",
    "EngineError",
    "Fail",
    "InvalidArgument",
    "InvalidGraph",
    "InvalidProtobuf",
    "NoModel",
    "NoSuchFile",
    "NotFound",
    "NotImplemented",
    "RuntimeException",
)

ORT_ERRORS: tuple[type[Exception], ...] = (
    RuntimeError,
    ValueError,
    *(getattr(pybind_state, name) for name in _NAMES if hasattr(pybind_state, name)),
)
"""What onnxruntime raises; its classes have no common base but ``Exception``."""


def quiet_options() -> Any:
    """Return session options under which onnxruntime prints nothing and reads one file only.

    External tensor data is looked for where nothing can be: otherwise a model given as bytes
    would read whatever file of that name lies in the current directory. Memory patterns are off
    because from the second run on they lie beside what the first run allocated: with them a
    U-Net's second window doubled its peak memory (524 to 1064 bytes a voxel, onnxruntime 1.32).
    """
    options = onnxruntime.SessionOptions()
    options.log_severity_level = FATAL
    options.enable_mem_pattern = False
    nowhere = str(Path("/dev/null/no-external-data"))
    options.add_session_config_entry(
        "session.model_external_initializers_file_folder_path", nowhere
    )
    return options


def open_session(data: bytes, options: Any, providers: list[Any] | None = None) -> Any:
    """Return an onnxruntime session that tries no other provider by itself.

    Named providers that are not built in are refused here: onnxruntime would only warn.

    Args:
        data: an ONNX file.
        options: session options; with plugin providers already added where ``providers`` is None.
        providers: provider names or (name, options) pairs, none of them to be replaced.

    Raises:
        ORT_ERRORS: as onnxruntime raises them; ValueError for a provider that is not built in.
    """
    names = {p if isinstance(p, str) else p[0] for p in providers or ()}
    if absent := sorted(names - set(onnxruntime.get_available_providers())):
        raise ValueError(f"{', '.join(absent)} is not built into this onnxruntime")
    onnxruntime.set_default_logger_severity(FATAL)
    return onnxruntime.InferenceSession(
        data, sess_options=options, providers=providers, enable_fallback=0
    )


def reason(error: BaseException) -> str:
    """Return onnxruntime's message on one line, without its prefix and folders, and shortened.

    The message may go into a run record, and folders into which people install tell their names.
    """
    text = " ".join(str(error).split()).removeprefix("[ONNXRuntimeError] : ").rstrip(".")
    text = _FOLDERS.sub("", text)
    return text if len(text) <= 300 else text[:297] + "..."
