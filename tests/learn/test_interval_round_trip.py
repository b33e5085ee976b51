"""Bounds from a training of two steps to the series of a hospital, and back to a coverage."""

import numpy as np
import pytest
from safetensors import safe_open
from typer.testing import CliRunner

from ctpet import api, cli
from ctpet.contract import contract_from_json
from ctpet.dicom.discover import discover
from ctpet.dicom.read_pet import read_pet
from ctpet.learn.export import memory
from ctpet.learn.train import train
from ctpet.nifti import read_nifti, write_nifti
from ctpet.volume import Volume
from tests.case_factory import make_dataset
from tests.dicom_factory import ct_series, write_series
from tests.infer.bodies import torso, volume
from tests.learn.made_runs import LIGHTNING_TALKS, composed
from tests.learn.test_networks import BATCH
from tests.validators import assert_valid_series

pytestmark = [LIGHTNING_TALKS, pytest.mark.slow]
NAMES = ("pet", "pet_low", "pet_high")


def ctpet(*arguments):
    done = CliRunner().invoke(cli.app, [*map(str, arguments)])
    assert done.exit_code == 0, done.output
    return done


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("trip")
    dataset = make_dataset(folder / "cases", count=2, shape=(96, 48, 48))
    others = make_dataset(folder / "others", count=9, shape=(24, 48, 48), first=60)
    told = ["network.outputs=3", "loss=pinball", "trainer.max_epochs=1"]
    metrics = train(composed(folder, dataset, "network=segresnet", *BATCH["segresnet"], *told))
    assert 0 <= metrics["val/coverage"] <= 1
    assert metrics["val/width"] > 0
    assert metrics["val/mae"] > 0
    checkpoint = folder / "made" / "checkpoints" / "last.ckpt"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(memory, "TYPICAL", (32, 32, 32))
        ctpet("export", checkpoint, "-o", folder / "b.onnx", "--calibrate-on", others, "-q")
    return folder / "b.onnx"


def test_dicom(model, tmp_path, require_tool):
    ct = write_series(ct_series(), tmp_path / "ct")
    out = tmp_path / "out"
    ctpet("synthesize", ct, "-o", out, "-m", model, "--interval", "-q")
    pet, low, high = (read_pet(discover(out / name).series[0]).volume.array for name in NAMES)
    assert (low <= pet + 0.01).all()
    assert (pet <= high + 0.01).all()
    assert (high - low).max() > 0.1
    for name in NAMES:
        assert_valid_series(out / name, ct, tmp_path / f"{name}-copy", require_tool)


def test_nifti_and_its_evaluation(model, tmp_path):
    hu = volume(torso((48, 48, 48)), (4.0, 4.0, 4.0))
    for folder in ("ct", "measured"):
        (tmp_path / folder).mkdir()
    write_nifti(hu, tmp_path / "ct" / "one.nii.gz")
    out = tmp_path / "predicted" / "one"
    ctpet("synthesize", tmp_path / "ct" / "one.nii.gz", "-o", out, "-m", model, "--interval", "-q")
    pet, low, high = (read_nifti(out / f"{name}.nii.gz", "SUVBW") for name in NAMES)
    assert (low.array <= pet.array).all()
    assert (pet.array <= high.array).all()
    inside = Volume(((low.array + high.array) / 2).astype(np.float32), pet.geometry, "SUVBW")
    write_nifti(inside, tmp_path / "measured" / "one.nii.gz")
    done = ctpet(
        *("evaluate", tmp_path / "predicted", tmp_path / "measured"),
        *("--ct", tmp_path / "ct", "--model", model, "-o", tmp_path / "report"),
    )
    assert "a 0.9 interval covers 1.000" in done.output


def test_the_promise_is_in_the_file_and_with_the_weights(model):
    told = api.info(model)
    assert told["interval"]["patients"] == 9
    with safe_open(model.with_suffix(".safetensors"), "pt") as file:
        kept = contract_from_json(file.metadata()["ctpet.contract"])
    assert kept.interval is not None
    assert kept.interval.factors == tuple(told["interval"]["factors"])
