"""Uptake follows the distributions that are written down."""

import numpy as np
import pytest

from ctpet.phantom.labels import LABELS
from ctpet.phantom.priors import TISSUES, VISIBLE_LESION, Mode, TissuePrior, draw_suv, from_mean
from ctpet.phantom.tissues import COLD, TISSUE_OF, tissue_of

DRAWS = 200_000


@pytest.fixture(scope="module")
def drawn():
    return draw_suv(list(TISSUES.values()), np.random.default_rng(4), DRAWS)


def test_every_structure_has_one_tissue_or_is_cold():
    assert not TISSUE_OF.keys() & COLD
    assert {tissue for tissue, _ in TISSUE_OF.values()} == TISSUES.keys()
    assert set(TISSUE_OF) | COLD == set(LABELS)
    assert tissue_of("airways") is None
    assert tissue_of("lesion_3") == ("lesion_3", 1.0)
    with pytest.raises(KeyError):
        tissue_of("antlers")


def test_published_means_and_spreads_are_met():
    for name, mean, sd in (("liver", 2.17, 0.44), ("blood", 1.55, 0.38), ("brain", 8.0, 2.2)):
        prior = TISSUES[name]
        assert prior.checked
        assert prior.mean == pytest.approx(mean)
        assert np.sqrt(prior.second_moment - prior.mean**2) == pytest.approx(sd)


def test_every_prior_names_its_source():
    assert all(prior.source for prior in (*TISSUES.values(), VISIBLE_LESION))


def test_draws_have_the_closed_form_moments(drawn):
    for column, prior in zip(drawn.T, TISSUES.values(), strict=True):
        error = column.std() / np.sqrt(DRAWS)
        assert abs(column.mean() - prior.mean) < 4 * error
        squares = column**2
        assert abs(squares.mean() - prior.second_moment) < 5 * squares.std() / np.sqrt(DRAWS)


def test_liver_and_blood_rise_together_and_bladder_goes_its_own_way(drawn):
    names = list(TISSUES)
    logs = np.log(drawn)
    together = np.corrcoef(logs.T)

    def between(one, other):
        return together[names.index(one), names.index(other)]

    assert between("liver", "blood") == pytest.approx(0.81, abs=0.01)
    assert between("liver", "brain") == pytest.approx(-0.27, abs=0.02)
    assert abs(between("liver", "urine")) < 0.01


def test_myocardium_is_suppressed_in_four_of_ten(drawn):
    heart = drawn[:, list(TISSUES).index("myocardium")]
    suppressed = (heart < 2.5).mean()
    assert 0.40 < suppressed < 0.52
    assert (heart > 5).mean() > 0.25


def test_a_mixture_that_does_not_sum_to_one_is_refused():
    with pytest.raises(ValueError, match="sum to 1"):
        TissuePrior((Mode(0.5, 1.0, 0.1),), 0.0, 0.0, "none")
    with pytest.raises(ValueError, match="correlation"):
        TissuePrior((from_mean(1, 0.1),), 1.2, 0.0, "none")
