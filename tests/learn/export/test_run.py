import json
import shutil

import numpy as np
import onnx
import pytest
from typer.testing import CliRunner

from ctpet import api, cli
from ctpet.infer.model import load_model
from ctpet.infer.session import open_session, quiet_options
from ctpet.learn.export import run as export_run
from tests.learn.export.tiny import tiny_contract

pytestmark = pytest.mark.slow

EXPORTED = {"tiny.md", "tiny.onnx", "tiny.safetensors", "tiny.yaml"}


@pytest.fixture
def ready_graph(graph, monkeypatch):
    """The graph as it was made before, for each export a copy of its own."""

    def copy(*_):
        again = onnx.ModelProto()
        again.CopyFrom(graph)
        return again

    monkeypatch.setattr(export_run, "build_graph", copy)
    return copy


def command(*arguments):
    return CliRunner().invoke(cli.app, ["export", *map(str, arguments)])


def names(folder):
    return {path.name for path in folder.iterdir()}


@pytest.mark.usefixtures("ready_graph")
def test_an_export_is_whole_and_holds_what_was_measured(checkpoint, tmp_path):
    table = tmp_path / "table.md"
    table.write_text("| nothing | MAE 1.6 |")
    out = tmp_path / "out" / "tiny.onnx"
    done = command(checkpoint, "-o", out, "--evaluation", table, "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert names(out.parent) == EXPORTED
    model = load_model(out)
    assert told["digest_sha256"] == model.digest
    assert model.contract == tiny_contract(
        name="tiny",
        halo_voxels=tuple(told["halo_voxels"]),
        working_bytes_per_voxel=told["working_bytes_per_voxel"],
    )
    assert told["halo_voxels"] in ([16] * 3, [24] * 3)
    session = open_session(model.data, quiet_options(), ["CPUExecutionProvider"])
    metadata = session.get_modelmeta().custom_metadata_map
    assert json.loads(metadata["ctpet.parity"]) == told["parity"]
    assert json.loads(metadata["ctpet.tiling"]) == told["tiling"]
    assert told["parity"]["case"] == "case-01"
    card = out.with_suffix(".md").read_text("utf-8")
    assert "| nothing | MAE 1.6 |" in card
    for path in out.parent.iterdir():
        assert str(checkpoint.parent.parent).encode() not in path.read_bytes()
    assert api.info(out)["name"] == "tiny"


def test_a_graph_that_is_not_the_network_is_refused(checkpoint, ready_graph, monkeypatch, tmp_path):
    def tampered(*_):
        graph = ready_graph()
        weight = max(graph.graph.initializer, key=lambda tensor: len(tensor.raw_data))
        values = np.frombuffer(weight.raw_data, np.float32).copy()
        values[::7] += 0.5
        weight.raw_data = values.tobytes()
        return graph

    monkeypatch.setattr(export_run, "build_graph", tampered)
    done = command(checkpoint, "-o", tmp_path / "out" / "tiny.onnx", "-q")
    assert done.exit_code == 1
    assert done.stderr.startswith("ctpet: tiny on CPUExecutionProvider in fp32 differs from its ")
    assert "the limit is 0.01" in done.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("suffix", [".onnx", ".safetensors", ".yaml", ".md"])
def test_nothing_is_overwritten(checkpoint, tmp_path, suffix):
    kept = tmp_path / f"tiny{suffix}"
    kept.write_text("mine")
    done = command(checkpoint, "-o", tmp_path / "tiny.onnx", "-q")
    assert (done.exit_code, kept.read_text()) == (3, "mine")
    assert names(tmp_path) == {kept.name}


def test_what_is_no_checkpoint_is_refused(checkpoint, tmp_path):
    """In one line, before any stage is announced."""
    runs = [tmp_path / "none"]
    for damage in ("config.yaml", "contract.json", "provenance.json", "checkpoints/last.ckpt"):
        run = tmp_path / damage.replace("/", "-")
        shutil.copytree(checkpoint.parent.parent, run)
        (run / damage).unlink()
        if damage == "provenance.json":
            (run / damage).write_text("no JSON")
        runs.append(run)
    for run in runs:
        path = run / "checkpoints" / "last.ckpt"
        done = command(path, "-o", tmp_path / "tiny.onnx")
        assert done.exit_code == 1, run
        assert done.stderr.startswith(f"ctpet: {path} ")
        assert done.stderr.count("\n") == 1
        assert "defect of ctpet" not in done.stderr
    assert not (tmp_path / "tiny.onnx").exists()


def test_an_evaluation_that_is_not_there_is_refused_at_once(checkpoint, tmp_path):
    done = command(
        checkpoint, "-o", tmp_path / "tiny.onnx", "--evaluation", tmp_path / "x.md", "-q"
    )
    assert done.exit_code == 1
    assert "The evaluation" in done.stderr


def test_absent_packages_are_named_with_the_remedy(checkpoint, tmp_path, monkeypatch):
    import importlib.util

    real = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *a: None if name == "torch" else real(name, *a)
    )
    done = command(checkpoint, "-o", tmp_path / "tiny.onnx")
    assert done.exit_code == 1
    assert "needs torch. Install them with: pip install 'ctpet[train]'" in done.stderr


@pytest.mark.parametrize(
    "network", ["{_target_: torch.nn.Identity}", "{_target_: no.such}", "null"]
)
def test_a_configuration_of_another_network_is_refused(checkpoint, tmp_path, network):
    run = tmp_path / "run"
    shutil.copytree(checkpoint.parent.parent, run)
    (run / "config.yaml").write_text(f"network: {network}")
    done = command(run / "checkpoints" / "last.ckpt", "-o", tmp_path / "tiny.onnx", "-q")
    assert done.exit_code == 1
    assert "config.yaml" in done.stderr or "folder of a training" in done.stderr
    assert "defect of ctpet" not in done.stderr
