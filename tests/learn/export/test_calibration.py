"""Bounds are calibrated on patients whom the network has not seen, and are so in the file."""

import json
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from typer.testing import CliRunner

from ctpet import api, cli
from ctpet.contract import IntervalPromise
from ctpet.errors import CtpetError
from ctpet.evaluate.intervals import interval_errors
from ctpet.infer.backend import Execution
from ctpet.infer.model import load_model
from ctpet.infer.synthesize import synthesize
from ctpet.learn.calibrated import RAMP, Calibrated, factor_at
from ctpet.learn.conformal import EDGES_SUV
from ctpet.learn.export import memory
from ctpet.learn.export.calibration import CalibrationRequest, calibrate_bounds, unseen_patients
from ctpet.learn.export.trained import read_trained
from ctpet.prepare.cases import BODY, list_cases
from ctpet.progress import silent
from tests.case_factory import make_dataset
from tests.infer.bodies import volume
from tests.learn.export.tiny import make_run

SIZES = (48, 48, 48)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A network with bounds; case-00 was trained on."""
    return make_run(tmp_path_factory.mktemp("bounds"), "network.outputs=3", count=4)


@pytest.fixture(scope="module")
def bounded(run):
    return read_trained(run)


@pytest.fixture(scope="module")
def others(tmp_path_factory):
    return make_dataset(tmp_path_factory.mktemp("others"), count=12, shape=SIZES, first=50)


@pytest.fixture(scope="module")
def promise(bounded, others):
    return calibrate_bounds(bounded, CalibrationRequest((others,), 0.9), silent)


def test_a_calibrated_network_covers_what_was_asked_for(bounded, others, promise):
    assert (promise.coverage, promise.patients) == (0.9, 12)
    assert promise.calibrated_on == "12 patients out of made cases, no persons"
    network = Calibrated(bounded.network, promise).eval()
    plain, found = [], []
    for case in list_cases(others):
        ct = torch.from_numpy(np.asarray(case.array("ct"), np.float32))[None, None]
        body, pet = case.array("region") == BODY, np.asarray(case.array("pet"))
        for kept, made in ((plain, bounded.network), (found, network)):
            with torch.inference_mode():
                median, low, high = made(ct)[0].numpy()
            assert (low <= median).all()
            assert (median <= high).all()
            kept.append(interval_errors((low, high), pet, body).coverage)
    assert np.mean(found) >= 0.9
    assert abs(np.mean(plain) - 0.9) > 0.02, "nothing was to be calibrated"


def test_whom_the_training_held_out_is_calibrated_on_and_nobody_it_has_seen(bounded):
    held_out = {pieces[0].case_id for _, pieces in unseen_patients(bounded, ())}
    assert held_out
    assert "case-00" not in held_out
    everybody = {pieces[0].case_id for _, pieces in unseen_patients(bounded, [_cases(bounded)])}
    assert everybody == {"case-01", "case-02", "case-03"}


def _cases(trained):
    from pathlib import Path

    return Path(trained.config.data.dataset)


def test_too_few_patients_are_refused_with_the_remedy(bounded):
    with pytest.raises(CtpetError) as refusal:
        calibrate_bounds(bounded, CalibrationRequest((_cases(bounded),)), silent)
    told = str(refusal.value)
    assert (
        "A coverage of 90% needs 9 patients to calibrate on; there are 3 (3 patients out of" in told
    )
    assert "--calibrate-on" in told
    assert "--coverage" in told


def test_nobody_left_is_refused(bounded, tmp_path):
    seen = make_dataset(tmp_path / "seen", count=1, shape=SIZES)
    with pytest.raises(CtpetError, match=r"whom it has not seen.* there is none"):
        unseen_patients(bounded, [seen])
    bounded.config.data.fold, kept = None, bounded.config.data.fold
    with pytest.raises(CtpetError, match=r"the training held out there is none.*--calibrate-on"):
        unseen_patients(bounded, ())
    bounded.config.data.fold = kept


def test_another_grid_is_refused(bounded, others):
    finer = replace(bounded, contract=replace(bounded.contract, spacing_mm=(2.0, 2.0, 2.0)))
    with pytest.raises(CtpetError, match=r"case-50 lies on a grid of \(4.0, 4.0, 4.0\) mm"):
        unseen_patients(finer, [others])


FACTORS = (1.0, 1.3, 0.9, 0.9, 2.0, 1.0, 5.0)


def test_a_factor_is_its_bins_or_more_and_never_jumps():
    told = IntervalPromise(0.9, "made", 9, EDGES_SUV, FACTORS)
    codes = torch.linspace(-1, 5, 60001)
    found = factor_at(codes, told).numpy()
    own = np.array(FACTORS)[np.searchsorted(np.sqrt(EDGES_SUV), codes.numpy(), side="right")]
    assert (found >= own - 1e-5).all()
    steepest = max(abs(b - a) for a, b in pairwise(FACTORS)) / RAMP
    assert np.abs(np.diff(found)).max() <= steepest * 1.01e-4
    ends = [-1, *np.sqrt(EDGES_SUV), 5]
    middles = [(a + b) / 2 for a, b in pairwise(ends)]
    assert factor_at(torch.tensor(middles), told).tolist() == pytest.approx(FACTORS, rel=1e-5)


def test_one_factor_for_all_is_itself():
    told = IntervalPromise(0.9, "made", 9, (), (1.5,))
    assert factor_at(torch.zeros(2, 3), told).tolist() == [[1.5] * 3] * 2


def command(*arguments):
    return CliRunner().invoke(cli.app, ["export", *map(str, arguments)])


@pytest.mark.slow
def test_a_file_with_bounds_keeps_its_word(run, bounded, others, promise, tmp_path, monkeypatch):
    monkeypatch.setattr(memory, "TYPICAL", (32, 32, 32))
    out = tmp_path / "bounds.onnx"
    done = command(run, "-o", out, "--calibrate-on", others, "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    model = load_model(out)
    assert model.contract.outputs == ("suv", "suv_low", "suv_high", "unlike_training")
    assert model.contract.contract_version == 2
    assert model.contract.interval == promise
    assert told["interval"]["factors"] == list(promise.factors)
    rows = told["parity"]["rows"]
    assert max(row["max_suv"] for row in rows if row["precision"] == "fp32") <= 0.01
    assert told["tiling"]["max_difference_suv"]
    card = out.with_suffix(".md").read_text("utf-8")
    assert promise.in_words in card
    assert "Lesions that the CT does not show lie outside of them." in card
    assert api.info(out)["interval"]["patients"] == 12
    assert model.contract.familiarity.patients == 12
    assert told["familiarity"]["limit"] == model.contract.familiarity.limit
    assert model.contract.familiarity.in_words in card
    assert "deepest" not in " ".join(load_file(out.with_suffix(".safetensors")))
    (case, *_) = list_cases(others)
    ct = np.asarray(case.array("ct"), np.float32)
    found = synthesize(volume(ct, (4.0, 4.0, 4.0)), model, execution=Execution(device="cpu"))
    with torch.inference_mode():
        wanted = Calibrated(bounded.network, promise)(torch.from_numpy(ct)[None, None])[0].numpy()
    assert found.unlike is not None
    for seen, own in zip((found.pet, *found.bounds), wanted, strict=True):
        np.testing.assert_allclose(seen.array, own, atol=0.02)


def test_there_is_nothing_to_calibrate_of_a_single_output(checkpoint, tmp_path):
    for option in (["--coverage", "0.8"], ["--calibrate-on", tmp_path]):
        done = command(checkpoint, "-o", tmp_path / "one.onnx", "-q", *option)
        assert done.exit_code == 1
        assert "one.onnx" not in [path.name for path in tmp_path.iterdir()]
        assert "has no bounds to calibrate" in done.stderr


@pytest.mark.parametrize("coverage", ["0", "1", "90", "nan", "-1"])
def test_a_coverage_that_is_no_share_is_refused(checkpoint, tmp_path, coverage):
    done = command(checkpoint, "-o", tmp_path / "one.onnx", "-q", "--coverage", coverage)
    assert done.exit_code == 2
    assert "between 0 and 1" in done.stderr
