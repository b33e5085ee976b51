"""Bounds lie on their side of the median, whatever the weights are."""

import numpy as np
import pytest
import torch
from hydra import compose, initialize_config_dir
from hydra.utils import instantiate
from safetensors.torch import save_file
from sklearn.metrics import mean_pinball_loss

from ctpet.errors import CtpetError
from ctpet.learn.average import average_networks
from ctpet.learn.fits import refuse_another_number_of_outputs
from ctpet.learn.hu_channels import HuChannels
from ctpet.learn.losses import Charbonnier, Pinball
from ctpet.learn.network import SuvNetwork
from ctpet.learn.quantiles import ordered, unordered
from ctpet.learn.trial import refuse_what_fails
from ctpet.learn.weights import start_from
from ctpet.resources import config_choices, resource_folder
from tests.learn.backbones import DYNUNET, UNET, network

READY = sorted(config_choices()["network"])


def of_three(backbone, seed=4, scale=1.0):
    torch.manual_seed(seed)
    network = SuvNetwork(
        HuChannels([[-1024, 1024], [-160, 240]]),
        instantiate({**backbone, "out_channels": 3}),
        25.0,
        outputs=3,
    )
    with torch.no_grad():
        for weight in network.parameters():
            weight.mul_(scale)
    return network.eval()


def hu(seed=1):
    return torch.empty(2, 1, 16, 16, 16).uniform_(
        -1500, 2000, generator=torch.Generator().manual_seed(seed)
    )


@pytest.mark.parametrize("backbone", [UNET, DYNUNET | {"deep_supervision": True}])
@pytest.mark.parametrize("scale", [0.0, 1.0, -3.0, 8.0])
def test_bounds_enclose_the_median_for_any_weights(backbone, scale):
    network = of_three(backbone, scale=scale)
    suv, low, high = network(hu()).detach().unbind(dim=1)
    assert (low <= suv).all()
    assert (suv <= high).all()
    assert low.min() >= 0
    assert high.max() <= 25
    for head in network.train().heads(network.show(hu())):
        assert (head[:, 1] <= head[:, 0]).all()
        assert (head[:, 0] <= head[:, 2]).all()


def test_one_channel_is_left_as_it_is():
    channel = torch.randn(2, 1, 3, 3, 3)
    assert ordered(channel) is channel
    assert unordered(channel) is channel


def test_channels_are_a_median_and_two_distances_and_come_back():
    channels = torch.tensor([2.0, 0.0, -20.0]).reshape(1, 3, 1, 1, 1)
    codes = ordered(channels).flatten()
    torch.testing.assert_close(codes, torch.tensor([2.0, 2 - np.log(2), 2.0], dtype=torch.float32))
    wide = torch.randn(1, 3, 4, 4, 4, generator=torch.Generator().manual_seed(2)) * 3
    torch.testing.assert_close(ordered(unordered(ordered(wide))), ordered(wide))


def test_a_mean_of_networks_has_the_mean_median_and_the_mean_bounds():
    networks = [of_three(UNET, seed) for seed in (1, 2, 3)]
    together = average_networks(networks)
    assert together.outputs == 3
    single = torch.stack([one(hu()) for one in networks])
    torch.testing.assert_close(together(hu()), single.mean(dim=0), atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("name", READY)
def test_every_ready_network_can_have_bounds(name):
    with initialize_config_dir(str(resource_folder("configs")), version_base="1.3"):
        config = compose("train", ["name=x", f"network={name}", "network.outputs=3"])
    network = instantiate(config.network)
    assert network.outputs == 3
    refuse_what_fails(network, (32, 32, 32), (16, 16, 16))


@pytest.mark.parametrize("outputs", [0, 2, 4])
def test_there_are_one_or_three_outputs(outputs):
    with pytest.raises(ValueError, match=f"outputs must be 1 or 3, not {outputs}"):
        SuvNetwork(HuChannels([[0, 1]]), torch.nn.Identity(), 25.0, outputs)


def test_a_backbone_of_another_number_of_channels_is_refused_by_its_key():
    network = SuvNetwork(HuChannels([[-1024, 1024]]), torch.nn.Conv3d(1, 1, 1), 25.0, outputs=3)
    with pytest.raises(CtpetError, match=r"must return \[1, 3, .*network.backbone.out_channels=3"):
        refuse_what_fails(network, (8, 8, 8), (4, 4, 4))


class Objective:
    def __init__(self, loss):
        self.loss = loss


@pytest.mark.parametrize(("outputs", "loss"), [(1, Pinball()), (3, Charbonnier())])
def test_a_loss_for_another_number_of_outputs_is_refused(outputs, loss):
    network = SuvNetwork(HuChannels([[0, 1]]), torch.nn.Identity(), 25.0, outputs)
    with pytest.raises(CtpetError, match=r"network.outputs=3 loss=pinball"):
        refuse_another_number_of_outputs(network, Objective(loss))


def body(count):
    return torch.full((1, 1, 1, 1, count), 2.0)


def three(*values, count):
    return torch.tensor(values).reshape(1, 3, 1, 1, 1).expand(1, 3, 1, 1, count)


def test_pinball_is_scikit_learns_summed_over_quantiles_and_doubled():
    rng = np.random.default_rng(3)
    target, found = rng.gamma(2, 1, 500), rng.gamma(2, 1, (3, 500))
    ours = Pinball()(
        torch.tensor(found).reshape(1, 3, 1, 1, -1),
        torch.tensor(target).reshape(1, 1, 1, 1, -1),
        body(500),
    )
    levels = (0.5, 0.05, 0.95)  # of the outputs: median, low, high
    theirs = [mean_pinball_loss(target, f, alpha=a) for f, a in zip(found, levels, strict=True)]
    assert ours.item() == pytest.approx(2 * sum(theirs), rel=1e-6)


def test_the_least_pinball_loss_is_at_the_quantiles():
    target = np.random.default_rng(4).gamma(2, 0.5, 4001)
    known = torch.tensor(target, dtype=torch.float32).reshape(1, 1, 1, 1, -1)
    loss, where = Pinball(quantiles=[0.1, 0.5, 0.8]), body(target.size)

    def at(*codes):
        return loss(three(*map(float, codes), count=target.size), known, where).item()

    best = np.quantile(target, [0.5, 0.1, 0.8])
    for output in range(3):
        for moved in (-0.03, 0.03):
            other = best.copy()
            other[output] += moved
            assert at(*best) < at(*other)


def test_pinball_weighs_air_and_leaves_out_what_was_not_measured():
    target = torch.tensor([1.0, 1, 5, 5, 9, 9, 9, 9]).reshape(1, 1, 1, 1, 8)
    region = torch.tensor([2.0, 2, 1, 1, 0, 0, 0, 0]).reshape(1, 1, 1, 1, 8)
    found = Pinball(air_weight=0.5)(torch.zeros(1, 3, 1, 1, 8), target, region).item()
    assert found == pytest.approx(2 * 1.5 * (2 * 1 + 0.5 * 2 * 5) / (2 + 0.5 * 2), rel=1e-5)


@pytest.mark.parametrize("told", [[0.05, 0.95], [0.5, 0.5, 0.9], [0.1, 0.4, 0.9], [0, 0.5, 1]])
def test_quantiles_are_low_median_and_high(told):
    with pytest.raises(ValueError, match=r"low < 0\.5 < high"):
        Pinball(quantiles=told)


def keep(net, path):
    save_file({name: value.clone() for name, value in net.state_dict().items()}, path)


@pytest.mark.parametrize("backbone", [UNET, DYNUNET | {"deep_supervision": True}])
def test_a_network_with_bounds_starts_from_one_without(tmp_path, backbone):
    plain = network(backbone).eval()
    path = tmp_path / "plain.safetensors"
    keep(plain, path)
    bounded = of_three(backbone, seed=9)
    start_from(bounded, path)
    suv, low, high = bounded(hu()).detach().unbind(dim=1)
    assert torch.equal(suv, plain(hu()).detach()[:, 0])
    assert (low <= suv).all()
    assert (suv <= high).all()
    assert (high - low).max() > 0.1


def test_one_output_does_not_start_from_three_and_says_so_in_one_line(tmp_path):
    path = tmp_path / "three.safetensors"
    keep(of_three(UNET), path)
    with pytest.raises(CtpetError, match="weights of another network: size mismatch") as refusal:
        start_from(network(UNET), path)
    assert "\n" not in str(refusal.value)
