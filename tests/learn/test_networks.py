"""Each ready network: trained two steps, exported, and run by the shipped engine."""

from dataclasses import replace

import numpy as np
import pytest

from ctpet import api
from ctpet.errors import CtpetError
from ctpet.infer.backend import Execution
from ctpet.infer.model import load_model
from ctpet.infer.patient import put_back
from ctpet.infer.synthesize import show, synthesize
from ctpet.infer.window import plan_windows
from ctpet.learn.export import memory
from ctpet.learn.export.run import ExportRequest
from ctpet.learn.export.tiling import LIMIT_SUV, difference_suv, many_windows, predict
from ctpet.learn.train import train
from tests.case_factory import make_dataset
from tests.infer.bodies import torso, volume
from tests.learn.made_runs import LIGHTNING_TALKS, composed

pytestmark = [LIGHTNING_TALKS, pytest.mark.slow]

GRID_MM = (4.0, 4.0, 4.0)

BATCH = {
    "segresnet": [
        "network.backbone.backbone.init_filters=8",
        "network.backbone.backbone.blocks_down=[1,1]",
        "network.backbone.backbone.blocks_up=[1]",
    ],
    "unet": ["network.backbone.channels=[4,8]", "network.backbone.strides=[2]"],
    "dynunet": [
        "network.backbone.filters=[4,8,8]",
        "network.backbone.strides=[1,2,2]",
        "network.backbone.kernel_size=[3,3,3]",
        "network.backbone.upsample_kernel_size=[2,2]",
        "network.backbone.deep_supr_num=1",
    ],
}
WHOLE = {
    "attention_unet": ["network.backbone.channels=[4,8]", "network.backbone.strides=[2]"],
    "dynunet": [*BATCH["dynunet"], "network.backbone.norm_name=instance"],
}


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    return make_dataset(tmp_path_factory.mktemp("cases"), count=2, shape=(96, 48, 48))


@pytest.fixture(autouse=True)
def _small_window(monkeypatch):
    monkeypatch.setattr(memory, "TYPICAL", (32, 32, 32))


def trained(tmp_path, dataset, name, *overrides):
    made = composed(tmp_path, dataset, f"network={name}", "trainer.max_epochs=1", *overrides)
    train(made)
    return tmp_path / "made" / "checkpoints" / "last.ckpt"


def whole_and_windows(model, ct):
    """The prediction in one piece, and what windows with the contract's halo change of it."""
    whole = predict(model, ct, plan_windows(ct.shape, model.contract, 2**62))
    plan = many_windows(ct.shape, model.contract)
    return whole[0], difference_suv(model, ct, plan, whole)


def memory_for(shown, model):
    """Bytes that one pass over all that a model is shown takes."""
    return shown.array.size * model.contract.working_bytes_per_voxel


@pytest.mark.parametrize("name", BATCH)
def test_a_network_with_batch_normalisation_goes_all_the_way(tmp_path, dataset, name):
    checkpoint = trained(tmp_path, dataset, name, *BATCH[name])
    api.export(ExportRequest((checkpoint,)), tmp_path / f"{name}.onnx")
    model = load_model(tmp_path / f"{name}.onnx")
    ct = volume(torso((72, 48, 48)), GRID_MM)
    shown, onto = show(ct, model.contract)
    whole, moved = whole_and_windows(model, shown.array)
    assert np.ptp(whole) > 0
    assert moved <= LIMIT_SUV
    execution = Execution(
        device="cpu", engine="onnxruntime", memory_bytes=memory_for(shown, model) * 3 // 4
    )
    cut = synthesize(ct, model, execution=execution)
    assert cut.plan.count > 1
    there = put_back(whole, shown.geometry, onto)
    np.testing.assert_allclose(cut.pet.array, there, rtol=0, atol=LIMIT_SUV)


@pytest.mark.parametrize("name", WHOLE)
def test_a_network_that_does_not_tile_runs_on_whole_volumes(tmp_path, dataset, name):
    overrides = [*WHOLE[name], "contract=whole_volumes", "contract.size_multiple=[4,4,4]"]
    checkpoint = trained(tmp_path, dataset, name, *overrides)
    api.export(ExportRequest((checkpoint,)), tmp_path / "w.onnx")
    model = load_model(tmp_path / "w.onnx")
    assert model.contract.halo_voxels is None
    assert "runs on whole volumes only" in (tmp_path / "w.md").read_text("utf-8")
    ct = volume(torso((44, 40, 48)), GRID_MM)
    shown, _ = show(ct, model.contract)
    enough = memory_for(shown, model)
    execution = Execution(device="cpu", engine="onnxruntime", memory_bytes=enough)
    found = synthesize(ct, model, execution=execution)
    assert found.plan.count == 1
    size = " × ".join(map(str, shown.array.shape))
    with pytest.raises(CtpetError, match=f"w runs on whole volumes only, and one of {size} "):
        synthesize(ct, model, execution=replace(execution, memory_bytes=enough - 1))
