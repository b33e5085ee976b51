"""Wide digital patients as cases."""

from dataclasses import replace

import numpy as np
import pytest

from ctpet.phantom.domain import kind_of
from ctpet.phantom.patients import draw_patient
from ctpet.phantom.priors import VISIBLE_LESION
from ctpet.phantom.rendering import render_fractions
from ctpet.phantom.seen import see
from ctpet.prepare.cases import list_cases
from ctpet.prepare.dataset import read_dataset
from ctpet.prepare.phantoms import typical_pet
from ctpet.prepare.run import PrepareRequest, run_prepare


def test_wide_phantoms_are_another_source_and_lesions_take_up_their_own_median(tmp_path):
    out = tmp_path / "out"
    run_prepare(PrepareRequest("phantom-wide:2", out, (16.0, 16.0, 16.0)))
    (case,) = list_cases(out)
    about = read_dataset(out)
    assert case.case_id == "phantom-wide-00002"
    assert about.sources == (kind_of("wide"),)
    assert about.known_tracer == "FDG"
    anatomy = draw_patient(2, "wide")
    seen = see(anatomy, render_fractions(anatomy, case.geometry))
    typical = case.array("typical")
    assert typical == pytest.approx(typical_pet(seen))
    common = replace(
        seen,
        maps=tuple(
            replace(each, prior=VISIBLE_LESION) if each.tissue.startswith("lesion_") else each
            for each in seen.maps
        ),
    )
    assert np.abs(typical - typical_pet(common)).max() > 0.05
