"""A model file: one ONNX file that carries its own contract."""

import hashlib
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ctpet.contract import METADATA_KEY, ModelContract, contract_from_json
from ctpet.errors import ModelInvalid
from ctpet.infer.runtime import onnxruntime
from ctpet.infer.session import ORT_ERRORS, open_session, quiet_options, reason

INPUT_NAME = "ct_hu"


@dataclass(frozen=True, eq=False)
class Model:
    """A model file whose graph was seen to keep its contract.

    Attributes:
        data: the file's bytes; what is run is what the digest was taken of.
        digest: SHA-256 of the bytes, hex.
        contract: what the model promises.
        free_dimensions: names of the input's symbolic dimensions N, K, J, I; None: N is fixed at 1.
        file_name: without its folder.
        load_seconds: time to read and check the file.
    """

    data: bytes
    digest: str
    contract: ModelContract
    free_dimensions: tuple[str | None, str, str, str]
    file_name: str
    load_seconds: float


def load_model(path: Path) -> Model:
    """Read a model file and check that its graph is what its contract promises.

    Raises:
        ModelInvalid: if the file cannot be read, is not one self-contained ONNX file, carries no
            readable contract, or its inputs and outputs are not as the contract says.
    """
    start = time.perf_counter()
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ModelInvalid(
            f"The model {path} cannot be read: {error.strerror or error}. Check the path."
        ) from error
    session = _unoptimised_session(data, path.name)
    metadata = session.get_modelmeta().custom_metadata_map
    if METADATA_KEY not in metadata:
        raise ModelInvalid(
            f"{path.name} is an ONNX file without ctpet's contract (metadata {METADATA_KEY}). "
            "Use a model that was exported by ctpet."
        )
    contract = contract_from_json(metadata[METADATA_KEY])
    free_dimensions = _check_graph(session, path.name, contract.outputs)
    digest = hashlib.sha256(data).hexdigest()
    seconds = time.perf_counter() - start
    return Model(data, digest, contract, free_dimensions, path.name, seconds)


def describe(model: Model) -> dict[str, Any]:
    """Return what a person or a run record wants to know of a model, as a JSON object."""
    contract = model.contract.to_plain()
    first = ("name", "model_version", "kind", "tracer", "intended_use", "limitations")
    return {
        **{key: contract[key] for key in first},
        "digest_sha256": model.digest,
        "file_name": model.file_name,
        "size_bytes": len(model.data),
        **{key: value for key, value in contract.items() if key not in first},
    }


def _unoptimised_session(data: bytes, name: str) -> Any:
    """Open a graph to look at it, without the cost of optimising it.

    Raises:
        ModelInvalid: if it is not one self-contained, valid ONNX file.
    """
    options = quiet_options()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = 1
    try:
        return open_session(data, options, ["CPUExecutionProvider"])
    except ORT_ERRORS as error:
        if "xternal data" in str(error):
            raise ModelInvalid(
                f"{name} keeps its weights in a second file. Export it as one ONNX file."
            ) from error
        raise ModelInvalid(
            f"{name} is not a valid ONNX model: {reason(error)}. Use an undamaged ONNX file."
        ) from error


def _check_graph(
    session: Any, name: str, outputs: tuple[str, ...]
) -> tuple[str | None, str, str, str]:
    """Return the names of the input's free dimensions N, K, J, I.

    Raises:
        ModelInvalid: if the graph does not have exactly the promised input and outputs.
    """
    for kind, values, wanted in (
        ("input", session.get_inputs(), (INPUT_NAME,)),
        ("output", session.get_outputs(), outputs),
    ):
        seen = [(v.name, v.type, len(v.shape)) for v in values]
        if seen != [(each, "tensor(float)", 5) for each in wanted]:
            count = "one" if len(wanted) == 1 else "as"
            raise ModelInvalid(
                f"{name} must have {count} {kind} {', '.join(wanted)}, tensor(float) with 5 "
                f"dimensions; it has {seen}. Export it again."
            )
    batch, channels, *sizes = session.get_inputs()[0].shape
    named = [size for size in sizes if isinstance(size, str) and size]
    if channels != 1 or len(set(named)) != 3 or not (batch == 1 or isinstance(batch, str)):
        raise ModelInvalid(
            f"{name} must take (N, 1, K, J, I) with three differently named free sizes; it takes "
            f"{session.get_inputs()[0].shape}. Export it with dynamic K, J and I."
        )
    k, j, i = named
    return (batch if isinstance(batch, str) else None), k, j, i
