"""Put a contract into an ONNX file. For export and tests: needs the package ``onnx``."""

from pathlib import Path
from typing import TYPE_CHECKING

from ctpet.contract import METADATA_KEY, ModelContract
from ctpet.infer.model import Model, load_model

if TYPE_CHECKING:
    import onnx


def embed_contract(data: bytes, contract: ModelContract) -> bytes:
    """Return an ONNX file with a contract in its metadata, in place of any it had.

    The same graph and contract give the same bytes.

    Args:
        data: the ONNX file.
        contract: what the model promises.

    Raises:
        ImportError: if the package ``onnx`` is absent; it comes with ctpet's train extra.
    """
    import onnx

    model = onnx.load_model_from_string(data)
    kept = [prop for prop in model.metadata_props if prop.key != METADATA_KEY]
    del model.metadata_props[:]
    model.metadata_props.extend(kept)
    model.metadata_props.add(key=METADATA_KEY, value=contract.to_json())
    return bytes(model.SerializeToString(deterministic=True))


def write_contract(model: "onnx.ModelProto", contract: ModelContract, path: Path) -> Model:
    """Write a graph with its contract to a file and return it as everyone will read it.

    Args:
        model: the graph, with all its weights inside.
        contract: what the model promises.
        path: the file to write.

    Raises:
        ModelInvalid: if the graph does not keep the contract; the file is removed.
    """
    path.write_bytes(embed_contract(model.SerializeToString(), contract))
    try:
        return load_model(path)
    except Exception:
        path.unlink()
        raise
