"""Write a contract into an ONNX file. For export and tests: needs the package ``onnx``."""

from ctpet.contract import METADATA_KEY, ModelContract


def write_contract(data: bytes, contract: ModelContract) -> bytes:
    """Return an ONNX file with a contract in its metadata, in place of any it had.

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
