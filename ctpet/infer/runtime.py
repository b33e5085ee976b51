"""The one place that imports onnxruntime, so that it never tells anyone what is run here.

From 1.32 on, importing onnxruntime writes a device identifier and a queue of events (paths, model
names, errors) below the user's home, and sends them when a run is long enough. It looks at
ORT_DISABLE_TELEMETRY while it is imported; ``disable_telemetry_events()`` afterwards is too late.
"""

import os

from ctpet.errors import BackendUnavailable

os.environ["ORT_DISABLE_TELEMETRY"] = "1"

try:
    import onnxruntime
    from onnxruntime.capi import onnxruntime_pybind11_state as pybind_state
except ImportError as error:
    raise BackendUnavailable(
        f"onnxruntime, which runs the models, cannot be imported ({error}). "
        "pip install onnxruntime, or onnxruntime-gpu for an NVIDIA GPU; never both."
    ) from error

__all__ = ["onnxruntime", "pybind_state"]
