"""Bounds of a cross-validation, each patient's calibrated on the others."""

import numpy as np
import pytest

from ctpet import api
from ctpet.evaluate.summary import value_of
from ctpet.learn.crossval import intervals
from ctpet.learn.crossval.intervals import AS_LEARNED, PREDICTED, calibrate_pieces
from ctpet.learn.crossval.run import CrossvalRequest
from ctpet.nifti import read_nifti, write_nifti
from ctpet.texts import crossval_text
from ctpet.volume import Volume
from tests.case_factory import make_case, make_dataset
from tests.learn.made_runs import LIGHTNING_TALKS, TINY

pytestmark = LIGHTNING_TALKS
SUV_MAX = 25.0


def suv(path):
    return read_nifti(path, "SUVBW").array


def pieces(folder, count, *, factor=1.0):
    """Cases whose prediction is 1 SUV and whose network's bounds lie 0.1 around its root."""
    found = []
    for number in range(count):
        case = make_case(folder / "cases", number, (12, 24, 24))
        out = folder / f"fold{number % 2}"
        for name, code in (
            (f"{PREDICTED}/{case.case_id}", 1.0),
            (f"{AS_LEARNED}/{case.case_id}_low", 1 - 0.1 * factor),
            (f"{AS_LEARNED}/{case.case_id}_high", 1 + 0.1 * factor),
        ):
            path = out / f"{name}.nii.gz"
            path.parent.mkdir(parents=True, exist_ok=True)
            whole = np.full(case.shape, code**2, np.float32)
            write_nifti(Volume(whole, case.geometry, "SUVBW"), path)
        found.append((out, case))
    return found


def test_each_patient_is_covered_by_what_the_others_taught(tmp_path):
    made = pieces(tmp_path, 12)
    told = calibrate_pieces(made, SUV_MAX)
    assert told == "Each patient's bounds are calibrated on the other 11 patients."
    shares = []
    for out, case in made:
        low, high = (suv(out / PREDICTED / f"{case.case_id}{e}.nii.gz") for e in ("_low", "_high"))
        body, pet = case.array("region") == 2, np.asarray(case.array("pet")).clip(min=0)
        shares.append(((low <= pet) & (pet <= high))[body].mean())
        assert (low <= 1).all()
        assert (high >= 1).all()
    assert np.mean(shares) == pytest.approx(0.95, abs=0.05)


def test_a_patients_own_pet_has_no_part_in_his_bounds(tmp_path, monkeypatch):
    made = pieces(tmp_path, 12)
    seen = []
    real = intervals.calibrate

    def counted(counts, *more):
        seen.append(len(counts))
        return real(counts, *more)

    monkeypatch.setattr(intervals, "calibrate", counted)
    calibrate_pieces(made, SUV_MAX)
    assert seen == [11] * 12


@pytest.mark.parametrize(
    ("count", "factor", "why"),
    [(4, 1.0, "takes 10 patients, and there are 4"), (12, 1e-4, "Even 20")],
)
def test_what_cannot_be_calibrated_is_left_as_learned_and_said(tmp_path, count, factor, why):
    made = pieces(tmp_path, count, factor=factor)
    told = calibrate_pieces(made, SUV_MAX)
    assert told.startswith("The bounds are as the networks give them")
    assert why in told
    for out, case in made:
        for ending in ("_low", "_high"):
            own, plain = (
                suv(out / folder / f"{case.case_id}{ending}.nii.gz")
                for folder in (PREDICTED, AS_LEARNED)
            )
            np.testing.assert_allclose(own, plain, rtol=1e-5)


def test_networks_without_bounds_have_none(tmp_path):
    case = make_case(tmp_path, 0)
    assert calibrate_pieces([(tmp_path / "fold0", case)], SUV_MAX) == ""


def test_a_cross_validation_passes_bounds_through(tmp_path):
    dataset = make_dataset(tmp_path / "data", count=12, folds=2)
    tiny = [one for one in TINY if not one.startswith("data.validation_cases")]
    bounds = ["network.outputs=3", "loss=pinball", "trainer.max_epochs=1"]
    told = ("name=made", f"data.dataset='{dataset}'", *tiny, *bounds)
    result = api.crossval(CrossvalRequest(told, tmp_path / "out"))
    standing = result.evaluation.summary.standing
    assert standing is not None
    assert standing.coverage.patients == 12
    assert np.isfinite(value_of(result.evaluation.cases[0], "tier", "body", "coverage"))
    assert result.predicted.bounds
    assert result.predicted.bounds in crossval_text(result, tmp_path / "out")
