"""A model file is refused unless it is one file whose graph is what its contract says."""

import hashlib
import json
import subprocess
import sys

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from ctpet.contract import TrainingData
from ctpet.errors import ModelInvalid
from ctpet.infer.embed import embed_contract, write_contract
from ctpet.infer.model import describe, load_model
from ctpet.texts import model_text
from tests.onnx_factory import (
    a_contract,
    a_model,
    convolution_bytes,
    graph_bytes,
    identity_bytes,
    unet_bytes,
)


def one_node(**changes) -> bytes:
    names = changes.get("names", ("ct_hu", "pet_suvbw"))
    return graph_bytes([helper.make_node("Identity", [names[0]], [names[1]])], **changes)


def test_a_model_knows_its_file_its_contract_and_its_free_sizes(tmp_path):
    contract = a_contract(name="näme", halo_voxels=(1, 2, 3))
    path = tmp_path / "m.onnx"
    path.write_bytes(embed_contract(convolution_bytes(), contract))
    model = load_model(path)
    assert model.contract == contract
    assert model.data == path.read_bytes()
    assert model.digest == hashlib.sha256(path.read_bytes()).hexdigest()
    assert model.free_dimensions == ("N", "K", "J", "I")
    assert model.file_name == "m.onnx"
    assert 0 < model.load_seconds < 10


def test_a_fixed_batch_of_one_is_fine(tmp_path):
    model = a_model(tmp_path, one_node(shape=(1, 1, "depth", "height", "width")))
    assert model.free_dimensions == (None, "depth", "height", "width")


def test_writing_a_contract_replaces_the_one_before_and_keeps_other_metadata():
    model = onnx.load_model_from_string(identity_bytes())
    model.metadata_props.add(key="author", value="someone")
    once = embed_contract(model.SerializeToString(), a_contract(name="first"))
    twice = embed_contract(once, a_contract(name="second"))
    seen = {p.key: p.value for p in onnx.load_model_from_string(twice).metadata_props}
    assert len(onnx.load_model_from_string(twice).metadata_props) == 2
    assert seen["author"] == "someone"
    assert json.loads(seen["ctpet.contract"])["name"] == "second"


def test_writing_is_reproducible():
    assert embed_contract(unet_bytes((4, 8)), a_contract()) == embed_contract(
        unet_bytes((4, 8)), a_contract()
    )


def test_write_contract_leaves_no_file_that_cannot_be_loaded(tmp_path):
    path = tmp_path / "m.onnx"
    good = onnx.load_model_from_string(identity_bytes())
    assert write_contract(good, a_contract(), path).contract == a_contract()
    bad = onnx.load_model_from_string(one_node(names=("x", "y")))
    with pytest.raises(ModelInvalid):
        write_contract(bad, a_contract(), path)
    assert not path.exists()


REFUSED = {
    "not onnx": (b"hello world, this is no model", "not a valid ONNX model"),
    "empty": (b"", "not a valid ONNX model"),
    "truncated": (embed_contract(convolution_bytes(), a_contract())[:-30], "not a valid ONNX"),
    "no contract": (identity_bytes(), "without ctpet's contract"),
    "other input": (embed_contract(one_node(names=("x", "pet_suvbw")), a_contract()), "ct_hu"),
    "other output": (embed_contract(one_node(names=("ct_hu", "y")), a_contract()), "pet_suvbw"),
    "float64": (
        embed_contract(one_node(element=TensorProto.DOUBLE), a_contract()),
        r"tensor\(double\)",
    ),
    "four dimensions": (embed_contract(one_node(shape=("N", 1, "K", "J")), a_contract()), "5 dim"),
    "fixed K": (embed_contract(one_node(shape=("N", 1, 96, "J", "I")), a_contract()), "dynamic K"),
    "K is J": (embed_contract(one_node(shape=("N", 1, "K", "K", "I")), a_contract()), "dynamic K"),
    "unnamed K": (embed_contract(one_node(shape=("N", 1, None, "J", "I")), a_contract()), "named"),
    "batch of 2": (embed_contract(one_node(shape=(2, 1, "K", "J", "I")), a_contract()), "dynamic"),
    "two channels": (
        embed_contract(one_node(shape=("N", 2, "K", "J", "I")), a_contract()),
        "dynamic",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_model_of_ours_is_refused(name, tmp_path, capfd):
    data, message = REFUSED[name]
    path = tmp_path / "m.onnx"
    path.write_bytes(data)
    with pytest.raises(ModelInvalid, match=message) as caught:
        load_model(path)
    assert "\n" not in str(caught.value)
    assert capfd.readouterr() == ("", "")


def test_a_second_input_is_refused(tmp_path):
    values = [helper.make_tensor_value_info(n, 1, ["N", 1, "K", "J", "I"]) for n in ("ct_hu", "b")]
    out = helper.make_tensor_value_info("pet_suvbw", 1, ["N", 1, "K", "J", "I"])
    add = helper.make_node("Add", ["ct_hu", "b"], ["pet_suvbw"])
    graph = helper.make_graph([add], "two", values, [out])
    opset = helper.make_opsetid("", 18)
    data = helper.make_model(graph, opset_imports=[opset], ir_version=9).SerializeToString()
    with pytest.raises(ModelInvalid, match="one input ct_hu"):
        a_model(tmp_path, data)


def test_a_contract_that_cannot_be_read_is_refused(tmp_path):
    model = onnx.load_model_from_string(identity_bytes())
    model.metadata_props.add(key="ctpet.contract", value="{}")
    (tmp_path / "m.onnx").write_bytes(model.SerializeToString())
    with pytest.raises(ModelInvalid, match="version None"):
        load_model(tmp_path / "m.onnx")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ModelInvalid, match=r"absent\.onnx cannot be read: No such file"):
        load_model(tmp_path / "absent.onnx")


@pytest.mark.parametrize("beside", ["present", "absent"])
def test_weights_in_a_second_file_are_refused_even_where_they_could_be_found(
    beside, tmp_path, monkeypatch
):
    data = embed_contract(convolution_bytes(), a_contract())
    model = onnx.load_model_from_string(data)
    path = tmp_path / "m.onnx"
    onnx.save(model, path, save_as_external_data=True, size_threshold=0, location="weights.bin")
    assert (tmp_path / "weights.bin").stat().st_size > 0
    if beside == "absent":
        (tmp_path / "weights.bin").unlink()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelInvalid, match=r"second file\. Export it as one"):
        load_model(path)


def test_the_description_is_json_and_leads_with_what_matters(tmp_path):
    model = a_model(tmp_path, identity_bytes())
    seen = json.loads(json.dumps(describe(model)))
    assert list(seen)[:2] == ["name", "model_version"]
    assert seen["digest_sha256"] == model.digest
    assert seen["size_bytes"] == len(model.data)
    assert seen["intended_use"] == "Tests."
    assert seen["limitations"] == "Predicts nothing."
    assert seen["spacing_mm"] == [4.0, 4.0, 4.0]
    assert seen["trained_on"]["licence"] == "CC0-1.0"


def test_a_model_of_several_data_sets_names_and_credits_all_of_them(tmp_path):
    sets = (
        TrainingData("Drawn patients.", "Nobody", "Apache-2.0", "00", ()),
        TrainingData("Sarcoma boxes.", "Somebody", "CC-BY-3.0", "11", ("aa",)),
    )
    model = a_model(tmp_path, identity_bytes(), trained_on=sets)
    told = model_text(describe(model))
    assert model_text(json.loads(json.dumps(describe(model)))) == told
    assert "fitted on  Drawn patients.; Sarcoma boxes." in told
    assert "credit     Nobody (Apache-2.0); Somebody (CC-BY-3.0)" in told


def test_a_credit_is_told_once_and_that_of_ancestors_too(tmp_path):
    own = TrainingData("Mine.", "", "", "00", ())
    model = a_model(tmp_path, identity_bytes(), trained_on=(own,))
    assert "credit     nobody is named\n" in model_text(describe(model))
    before = TrainingData("Theirs.", "Somebody", "CC-BY-3.0", "11", ("aa",))
    again = TrainingData("Theirs too.", "Somebody", "CC-BY-3.0", "22", ("bb",))
    child = a_model(tmp_path, identity_bytes(), trained_on=(own,), ancestors=(before, again))
    assert "credit     Somebody (CC-BY-3.0)\n" in model_text(describe(child))


def test_reading_models_needs_no_training_package():
    code = (
        "import sys, ctpet.infer.synthesize; "
        "print([m for m in ('onnx', 'torch', 'monai') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
    assert done.stderr == ""


def test_loading_costs_little_beside_running(tmp_path):
    model = a_model(tmp_path, unet_bytes((16, 32, 64, 128)))
    assert len(model.data) > 5e6
    assert model.load_seconds < 2
    assert np.isfinite(model.load_seconds)
