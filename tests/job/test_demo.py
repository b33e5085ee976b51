"""The demonstration says the truth about a patient whose PET is known."""

import json

import numpy as np
import pytest

from ctpet.dicom.discover import discover
from ctpet.dicom.read_pet import read_pet
from ctpet.infer.shipped import find_model
from ctpet.job.demo import STAGE_SHARES, run_demo
from ctpet.phantom.score import FLOOR_MEDIAN
from ctpet.texts import demo_text


@pytest.fixture(scope="module")
def seen():
    return {}


@pytest.fixture(scope="module")
def demo(tmp_path_factory, seen):
    out = tmp_path_factory.mktemp("demo") / "out"

    def progress(stage, part):
        seen.setdefault(stage, []).append(part)

    return run_demo(out, seed=3, model=find_model(None), size="small", progress=progress)


def test_everything_is_there(demo):
    names = {path.name for path in demo.out.iterdir()}
    assert names == {"phantom", "result", "comparison.png", "demo.json"}
    assert (demo.out / "result" / "run.json").is_file()
    assert (demo.out / "comparison.png").stat().st_size > 50_000


def test_the_scores_are_ordered_as_they_must_be(demo):
    mae = {score.name: score.mae for score in demo.scores}
    floor = mae[FLOOR_MEDIAN]
    assert floor < mae["body median"] < mae["nothing"]
    assert mae["body median"] <= mae["body mean"]
    assert floor < mae["phantom-unet"] < mae["body median"]


def test_the_score_is_that_of_the_written_files(demo):
    """Recomputed from the DICOM that lies on disk, by hand."""
    measured = read_pet(discover(demo.out / "phantom" / "pet").series[0]).volume
    nothing = next(score for score in demo.scores if score.name == "nothing")
    everywhere = float(np.abs(measured.array).mean())
    assert nothing.mae > everywhere
    assert nothing.bias == pytest.approx(-nothing.mae, rel=0.05)


def test_it_says_what_it_is(demo):
    text = demo_text(demo)
    for needed in ("NOT FOR DIAGNOSIS", "digital patient, no person", "regression model", "STUDY/"):
        assert needed in text
    assert json.loads((demo.out / "demo.json").read_text("utf-8")) == demo.to_json()


@pytest.mark.usefixtures("demo")
def test_progress_ends_in_every_stage(seen):
    assert set(seen) <= set(STAGE_SHARES)
    assert sum(STAGE_SHARES.values()) == pytest.approx(1.0)
    for stage, parts in seen.items():
        assert parts[-1] == 1.0, stage
