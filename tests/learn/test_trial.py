"""What a network cannot do is told in one line, with the keys, before anything is trained."""

import pytest
import torch
from torch import nn

from ctpet.errors import CtpetError
from ctpet.learn.command import train_with
from ctpet.learn.trial import refuse_what_fails
from tests.case_factory import make_dataset
from tests.learn.backbones import DYNUNET, UNET, network
from tests.learn.made_runs import LIGHTNING_TALKS, SHORT

MULTIPLE, CROP = (4, 4, 4), (16, 16, 16)


def refusal(backbone):
    with pytest.raises(CtpetError) as caught:
        refuse_what_fails(network(backbone), CROP, MULTIPLE)
    told = str(caught.value)
    assert "\n" not in told
    return told


@pytest.mark.slow
@LIGHTNING_TALKS
@pytest.mark.parametrize(
    ("override", "told"),
    [
        ("+network.backbone.colour=red", "network.backbone"),
        ("network.backbone.in_channels=5", "in_channels"),
        ("network.backbone.deep_supr_num=3", "less than the number of up sample layers"),
    ],
)
def test_a_training_refuses_before_it_writes_anything(tmp_path, override, told):
    dataset = make_dataset(tmp_path / "cases", count=2)
    common = [f"paths.runs={tmp_path / 'runs'}", f"data.dataset={dataset}", "name=made", *SHORT]
    with pytest.raises(CtpetError) as caught:
        train_with([*common, "network=dynunet", "contract.size_multiple=[8,8,8]", override])
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "runs" / "made" / "contract.json").exists()


class Raises(nn.Module):
    def __init__(self, error):
        super().__init__()
        self.error = error

    def forward(self, _):
        raise self.error


class Returns(nn.Module):
    """Returns its function of the channels and of whether it is in training."""

    def __init__(self, returns):
        super().__init__()
        self.inner, self.returns = nn.Identity(), returns

    def forward(self, channels):
        return self.returns(channels, self.training)


@pytest.mark.parametrize(
    "backbone", [UNET, DYNUNET, {**DYNUNET, "deep_supervision": True, "deep_supr_num": 2}]
)
def test_what_fits_is_taken_and_left_as_it_was(backbone):
    made = network(backbone)
    before = {name: value.clone() for name, value in made.state_dict().items()}
    torch.manual_seed(3)
    refuse_what_fails(made, CROP, MULTIPLE)
    drawn = torch.rand(1)
    torch.manual_seed(3)
    assert drawn == torch.rand(1)
    assert made.training
    for name, value in made.state_dict().items():
        torch.testing.assert_close(value, before[name], rtol=0, atol=0)


@pytest.mark.parametrize(
    ("change", "key"), [({"in_channels": 5}, "in_channels"), ({"spatial_dims": 2}, "spatial_dims")]
)
def test_a_network_for_another_input_is_told_what_it_gets(change, key):
    told = refusal({**UNET, **change})
    assert told.startswith("The network fails on 2 channels (network.channels) of 16 × 16 × 16 vo")
    assert key in told.rsplit("Look at network.backbone: ", 1)[1]


def test_a_network_with_several_channels_out_is_refused():
    told = refusal({**UNET, "out_channels": 3})
    assert "returns [1, 3, 16, 16, 16]" in told
    assert "it must return [1, 1, 16, 16, 16]" in told
    assert "network.backbone.out_channels=1" in told


def fine(x, _=None):
    return x[:, :1]


def coarse(x):
    return x[:, 1:, ::2, ::2, ::2]


@pytest.mark.parametrize(
    "returns",
    [
        lambda x, training: [fine(x), coarse(x)] if training else [fine(x)],
        lambda x, training: (fine(x), coarse(x)) if training else fine(x),
        lambda x, training: torch.stack([fine(x), 2 * fine(x)], 1) if training else fine(x),
    ],
)
def test_heads_are_taken_as_a_list_or_stacked_whatever_their_sizes(returns):
    refuse_what_fails(network(Returns(returns)), CROP, MULTIPLE)


@pytest.mark.parametrize(
    ("returns", "told"),
    [
        (lambda x, _: [fine(x), coarse(x)], "returns 2 outputs when it predicts"),
        (
            lambda x, training: [2 * fine(x), fine(x)] if training else fine(x),
            "predicts the one that is number 2 of them; it must be the first",
        ),
        (lambda x, _: [coarse(x), fine(x)], "must return [1, 1, 16, 16, 16]"),
        (lambda x, _: [fine(x), x], "returns [1, 2, 16, 16, 16]"),
        (lambda x, _: [fine(x), x[:, 0]], "returns [1, 16, 16, 16]"),
        (lambda x, _: {"out": fine(x)}, "returns dict"),
        (lambda *_: [], "returns list"),
    ],
)
def test_heads_that_cannot_be_told_are_refused(returns, told):
    assert told in refusal(Returns(returns))


def test_a_size_multiple_that_is_too_small_is_named():
    deeper = {**UNET, "channels": [2, 4, 4, 4], "strides": [2, 2, 2]}
    told = refusal(deeper)
    assert "20 × 20 × 20 voxels" in told
    assert told.endswith("Look at contract.size_multiple, which is [4, 4, 4].")


def test_an_absent_package_is_named():
    error = ImportError("from einops import rearrange (No module named 'einops').")
    assert "needs the package einops, which is not installed" in refusal(Raises(error))
    assert "pip install einops" in refusal(Raises(error))


def test_whatever_somebodys_network_raises_is_one_line():
    told = refusal(Raises(KeyError("a\nb")))
    assert "Look at network.backbone" in told
