"""What a training step takes is told before it is taken, and what cannot fit is refused."""

import copy
import re

import pytest
import torch
from hydra.utils import instantiate
from torch import nn

from ctpet.errors import CtpetError
from ctpet.learn.command import compose, train_with
from ctpet.learn.hu_channels import HuChannels
from ctpet.learn.network import SuvNetwork
from ctpet.learn.regression import Regression
from ctpet.learn.room import (
    GIB,
    LOADER_BYTES,
    Room,
    fitting_batch,
    fitting_crop,
    refuse_what_does_not_fit_memory,
)
from ctpet.learn.step_memory import LIBRARIES_BYTES, Step, _tensor_bytes, step_bytes
from tests.case_factory import make_dataset
from tests.learn.made_runs import LIGHTNING_TALKS, SHORT

EIGHT = (8, 8, 8)


class Plain(nn.Module):
    """One convolution whose activations can be counted by hand."""

    def __init__(self, channels=4):
        super().__init__()
        self.first = nn.Conv3d(1, channels, 1, bias=False)
        self.second = nn.Conv3d(channels, 1, 1, bias=False)

    def forward(self, shown):
        return self.second(self.first(shown))


class LooksAtValues(Plain):
    def forward(self, shown):
        return super().forward(shown) * (1.0 if float(shown.mean()) > 0 else 2.0)


class Fails(nn.Module):
    def forward(self, _):
        raise RuntimeError("no")


def objective(backbone, *overrides):
    config = compose(["name=made", "data.dataset=none", *overrides])
    network = SuvNetwork(HuChannels([[-1024, 1024]]), backbone, 25.0)
    return Regression(
        network=network, loss=instantiate(config.loss), optimizer=torch.optim.AdamW,
        scheduler=None, contract=None,
    )  # fmt: skip


def shipped(*overrides):
    config = compose(["name=made", "data.dataset=none", *overrides])
    return instantiate(config.objective, network=instantiate(config.network), contract=None)


def step(size, batch_size=1, precision="32-true"):
    return Step((size,) * 3, batch_size, precision, EIGHT)


def test_activations_are_counted_and_none_is_made():
    """Eight channels more are 8 × 4 bytes a voxel, and as many for their gradient."""
    size = step(1024)
    less, more = (_tensor_bytes(objective(Plain(n)), size) / size.voxels for n in (8, 16))
    assert more - less == pytest.approx(2 * 8 * 4, rel=0.01)
    assert more * size.voxels > 100 * GIB


def test_what_looks_at_values_is_counted_on_a_small_crop():
    told = _tensor_bytes(objective(LooksAtValues()), step(512))
    assert told == pytest.approx(_tensor_bytes(objective(Plain()), step(512)), rel=0.1)


def test_of_what_fails_the_batch_alone_is_counted():
    assert step_bytes(objective(Fails()), step(64)) >= 12 * 64**3


def test_sizes_beyond_what_can_be_addressed_are_told_too(capfd):
    assert step_bytes(objective(Plain()), step(1_000_000)) > 10**19
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("name", ["segresnet", "dynunet", "unet", "multiscale"])
def test_counting_leaves_the_network_as_it_was(name):
    """DynUNet holds modules twice; a swap of its weights was once not undone."""
    made = shipped(f"network={name}")
    before = copy.deepcopy(made.state_dict())
    torch.manual_seed(3)
    assert 0 < step_bytes(made, step(32)) - LIBRARIES_BYTES < GIB
    drawn = torch.rand(1)
    torch.manual_seed(3)
    assert drawn == torch.rand(1)
    for key, value in made.state_dict().items():
        assert type(value) is torch.Tensor
        assert torch.equal(value, before[key])
    made.to("cpu", memory_format=torch.channels_last_3d)


def test_bf16_takes_about_half_and_a_discriminator_more():
    size = step(64)
    plain, half = (
        _tensor_bytes(shipped(), step(64, precision=p)) for p in ("32-true", "bf16-mixed")
    )
    assert 0.45 < half / plain < 0.75
    assert _tensor_bytes(shipped(), step(64, precision="16-mixed")) == half
    single, double = (step_bytes(shipped(), step(64, precision=p)) for p in ("32-true", "64-true"))
    assert double - LIBRARIES_BYTES == pytest.approx(2 * (single - LIBRARIES_BYTES))
    assert _tensor_bytes(shipped("objective=adversarial"), size) > 1.5 * plain


def test_what_fits_is_the_largest_that_does():
    made = objective(Plain())
    room = Room("this machine", step_bytes(made, step(64, batch_size=3)))
    assert fitting_batch(made, step(64, batch_size=100), room).batch_size == 3
    assert (
        fitting_crop(made, step(640), Room("this machine", step_bytes(made, step(72)))).crop
        == (72,) * 3
    )
    flat = Step((512, 64, 8), 1, "32-true", EIGHT)
    assert fitting_crop(made, flat, Room("x", step_bytes(made, flat))).crop == flat.crop
    assert fitting_crop(made, flat, Room("x", step_bytes(made, flat) - 1)).crop == (504, 56, 8)
    assert fitting_crop(made, step(64), Room("this machine", 10)) is None


def test_processes_and_loaders_share_the_memory():
    made, size = objective(Plain()), step(64)
    alone = Room("x", 0).needed_bytes(made, size)
    assert Room("x", 0, processes=2).needed_bytes(made, size) == 2 * alone
    assert Room("x", 0, loaders=3).needed_bytes(made, size) == alone + 3 * (
        2 * 12 * 64**3 + LOADER_BYTES
    )


@pytest.mark.parametrize(
    ("free_bytes", "remedy"),
    [
        (2 * GIB, r"What fits is data\.batch_size=\d+ or data\.crops\.size_voxels=\[\d+,\d+,\d+\]"),
        (1, "Not even the smallest crop fits: train a smaller network"),
    ],
)
def test_the_line_says_what_it_takes_what_there_is_and_what_fits(free_bytes, remedy):
    with pytest.raises(CtpetError) as caught:
        refuse_what_does_not_fit_memory(shipped(), step(128, 16), Room("the GPU", free_bytes))
    told = str(caught.value)
    assert told.startswith("data.crops.size_voxels=[128,128,128] with data.batch_size=16 takes ")
    assert "the GPU has" in told
    import re

    assert re.search(remedy, told)


@LIGHTNING_TALKS
def test_a_training_that_would_be_killed_is_refused_before_anything_is_written(tmp_path):
    dataset = make_dataset(tmp_path / "cases", count=2)
    typed = [f"paths.runs={tmp_path / 'runs'}", f"data.dataset={dataset}", "name=made", *SHORT]
    with pytest.raises(CtpetError, match="step in 32-true, and this machine has") as caught:
        train_with([*typed, "data.crops.size_voxels=[4000,4000,4000]"])
    fits = re.search(r"size_voxels=\[(\d+),\1,\1\]\.$", str(caught.value))
    assert fits
    assert 16 <= int(fits[1]) < 4000
    assert int(fits[1]) % 4 == 0
    assert not (tmp_path / "runs").exists()
