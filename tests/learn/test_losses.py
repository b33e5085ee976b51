import pytest
import torch
from skimage.metrics import structural_similarity

from ctpet.learn.losses import Charbonnier, Dissimilarity, GradientDifference, WeightedSum

SHAPE = (1, 1, 2, 2, 2)


def region(*values):
    return torch.tensor(values, dtype=torch.float32).reshape(SHAPE)


BODY = region(*[2] * 8)


def test_charbonnier_is_l1_far_from_zero_and_zero_at_zero():
    loss = Charbonnier(epsilon=1e-4)
    assert loss(torch.zeros(SHAPE), torch.full(SHAPE, 3.0), BODY).item() == pytest.approx(
        3, rel=1e-3
    )
    assert loss(torch.ones(SHAPE), torch.ones(SHAPE), BODY).item() < 1e-9


def test_air_counts_by_its_weight_and_what_was_not_measured_never():
    target = torch.tensor([1.0, 1, 5, 5, 9, 9, 9, 9]).reshape(SHAPE)
    where = region(2, 2, 1, 1, 0, 0, 0, 0)
    loss = Charbonnier(epsilon=1e-6, air_weight=0.5)
    found = loss(torch.zeros(SHAPE), target, where).item()
    assert found == pytest.approx((2 * 1 + 0.5 * 2 * 5) / (2 + 0.5 * 2), rel=1e-4)


def test_a_crop_in_which_nothing_was_measured_gives_zero_and_no_nan():
    assert Charbonnier()(torch.ones(SHAPE), torch.zeros(SHAPE), region(*[0] * 8)).item() == 0


def test_gradient_difference_does_not_see_an_offset_and_sees_an_edge():
    ramp = torch.arange(4.0).reshape(1, 1, 1, 1, 4).expand(1, 1, 4, 4, 4)
    body = torch.full_like(ramp, 2)
    loss = GradientDifference()
    assert loss(ramp + 7, ramp, body).item() == pytest.approx(0, abs=1e-6)
    assert loss(torch.zeros_like(ramp), ramp, body).item() == pytest.approx(1 / 3)


def test_gradient_difference_stops_at_the_skin():
    target = torch.zeros(1, 1, 4, 4, 4)
    target[..., 2:] = 9.0
    body = torch.full_like(target, 2)
    body[..., 2:] = 1
    assert GradientDifference()(torch.zeros_like(target), target, body).item() == 0


def test_dissimilarity_agrees_with_scikit_image():
    generator = torch.Generator().manual_seed(1)
    a = torch.rand(1, 1, 16, 16, 16, generator=generator)
    b = (a + 0.2 * torch.rand(a.shape, generator=generator)).clamp(0, 1)
    ours = Dissimilarity(code_max=1.0, window=7)(a, b, torch.full_like(a, 2)).item()
    theirs = structural_similarity(
        a[0, 0].numpy(), b[0, 0].numpy(), data_range=1.0, gaussian_weights=True,
        sigma=1.5, use_sample_covariance=False, truncate=2.0,
    )  # fmt: skip
    assert ours == pytest.approx(1 - theirs, abs=0.02)


def test_a_sum_weighs_its_terms():
    terms = {"a": Charbonnier(epsilon=1e-6), "b": Charbonnier(epsilon=1e-6)}
    loss = WeightedSum(terms, {"a": 1.0, "b": 3.0})
    assert loss(torch.zeros(SHAPE), torch.ones(SHAPE), BODY).item() == pytest.approx(4, rel=1e-4)
    with pytest.raises(ValueError, match="differ"):
        WeightedSum(terms, {"a": 1.0})
