"""Twenty digital patients pass the guard, which tells exactly those with contrast agent."""

import pytest

from ctpet.infer.guard import guard_ct
from ctpet.infer.model import load_model
from ctpet.infer.shipped import find_model
from ctpet.phantom.anatomy import draw_anatomy
from ctpet.phantom.ct import clinical_geometry, render_ct
from ctpet.volume import covering_grid


@pytest.mark.slow
def test_twenty_phantoms_pass():
    contract = load_model(find_model("tissue-lookup")).contract
    told, given = [], []
    for seed in range(20):
        anatomy = draw_anatomy(seed)
        grid = covering_grid(clinical_geometry(anatomy), (3.0, 4.0, 4.0))
        found = {f.code for f in guard_ct(render_ct(anatomy, grid, seed=seed), contract)}
        assert found - {"contrast-agent"} == {"extent-not-seen"}, seed
        told.append("contrast-agent" in found)
        given.append(anatomy.traits.contrast == "venous")
    assert told == given
    assert 5 < sum(given) < 15
