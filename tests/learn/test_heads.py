"""Deep supervision: every head is taught, by its weight, and only the final one predicts."""

from types import SimpleNamespace

import numpy as np
import onnx.reference
import pytest
import torch
from torch import nn

from ctpet.learn.adversarial import Adversarial
from ctpet.learn.average import average_networks
from ctpet.learn.export.graph import build_graph
from ctpet.learn.heads import deep_loss, head_weights, heads_of, in_full_size
from ctpet.learn.losses import Charbonnier
from ctpet.learn.regression import Regression
from ctpet.learn.trial import refuse_what_fails
from tests.learn.backbones import DYNUNET, network

NETS = "monai.networks.nets"
COMMON = {"spatial_dims": 3, "in_channels": 2, "out_channels": 1}
DEEP_DYNUNET = DYNUNET | {"deep_supervision": True, "deep_supr_num": 2}
SEGRESNET = COMMON | {
    "_target_": f"{NETS}.SegResNetDS",
    "init_filters": 8,
    "blocks_down": [1, 1, 1],
    "dsdepth": 2,
}
PLUS_PLUS = {
    "_target_": "ctpet.learn.heads.FinalLast",
    "backbone": COMMON
    | {
        "_target_": f"{NETS}.BasicUNetPlusPlus",
        "features": [2, 2, 2, 2, 2, 2],
        "norm": "batch",
        "deep_supervision": True,
    },
}
HALF = {
    "_target_": "ctpet.learn.half_resolution.HalfResolution",
    "backbone": SEGRESNET | {"in_channels": 8, "out_channels": 4},
    "channels": 2,
    "inner_in": 8,
    "inner_out": 4,
}
MULTIPLE = {"DynUNet": 4, "SegResNetDS": 4, "BasicUNetPlusPlus": 16, "at half resolution": 8}
BACKBONES = dict(zip(MULTIPLE, (DEEP_DYNUNET, SEGRESNET, PLUS_PLUS, HALF), strict=True))
HEADS = dict(zip(MULTIPLE, (3, 2, 4, 2), strict=True))


def a_batch(side=16):
    torch.manual_seed(5)
    size = (2, 1, side, side, side)
    region = torch.randint(0, 3, size, dtype=torch.uint8)
    return {
        "ct": torch.empty(size).uniform_(-1000, 1000),
        "target": torch.empty(size).uniform_(0, 9),
        "region": region,
        "case_id": ["a", "b"],
    }


def by_hand(code, batch, *, epsilon=0.01, air_weight=0.1):
    """The Charbonnier loss in numpy: the mean over crops of each one's weighted mean."""
    distance = code.detach().double().numpy() - np.sqrt(batch["target"].double().numpy())
    weight = np.choose(batch["region"].numpy(), [0.0, air_weight, 1.0])
    charbonnier = np.sqrt(distance**2 + epsilon**2) - epsilon
    axes = (1, 2, 3, 4)
    return float(((charbonnier * weight).sum(axes) / weight.sum(axes)).mean())


class Fixed(nn.Module):
    """Three heads that are multiples of a weight, whatever the CT; the final one alone predicts."""

    def __init__(self):
        super().__init__()
        self.code = nn.Parameter(torch.full((2, 1, 16, 16, 16), 0.7))
        self.inner = nn.Identity()

    def forward(self, channels):
        final = self.code[: len(channels)]
        if not self.training:
            return final
        return [final, 2 * final[..., ::2, ::2, ::2], 3 * final[..., ::4, ::4, ::4]]


def objective(kind, net, **more):
    made = kind(network=net, loss=Charbonnier(), scheduler=None, contract=None, **more)
    made.log = made.log_dict = lambda *_, **__: None
    return made


def test_each_head_weighs_half_of_the_one_before_and_all_one():
    assert head_weights(1) == (1.0,)
    assert head_weights(3) == pytest.approx((4 / 7, 2 / 7, 1 / 7))


def test_the_loss_of_a_step_is_the_weighted_sum_over_the_heads():
    batch, net = a_batch(), network(Fixed())
    found = objective(Regression, net, optimizer=None).training_step(batch, 0)
    code = torch.full((2, 1, 16, 16, 16), 0.7)
    losses = [by_hand(factor * code, batch) for factor in (1, 2, 3)]
    assert found.item() == pytest.approx(np.dot(losses, [4 / 7, 2 / 7, 1 / 7]), rel=1e-5)


@pytest.mark.parametrize("name", BACKBONES)
def test_every_head_of_a_network_is_taught(name):
    batch, net = a_batch(2 * MULTIPLE[name]), network(BACKBONES[name])
    net.train()
    heads = net.heads(net.show(batch["ct"]))
    assert len(heads) == HEADS[name]
    losses = [by_hand(head, batch) for head in heads]
    loss = deep_loss(Charbonnier(), heads, net.encode(batch["target"]), batch["region"])
    assert loss.item() == pytest.approx(np.dot(losses, head_weights(len(heads))), rel=1e-5)
    loss.backward()
    assert all(one.grad is not None for one in net.parameters())
    kernels = [one for one in net.parameters() if one.ndim > 1]  # norms leave biases no gradient
    assert all(one.grad.any() for one in kernels)


@pytest.mark.parametrize("name", BACKBONES)
def test_a_network_with_heads_may_be_trained(name):
    refuse_what_fails(network(BACKBONES[name]), (32, 32, 32), (MULTIPLE[name],) * 3)


@pytest.mark.slow
@pytest.mark.parametrize("name", BACKBONES)
def test_only_the_final_head_predicts_and_is_in_the_file(name):
    net = network(BACKBONES[name]).eval()
    graph = build_graph(net, (MULTIPLE[name],) * 3, ["pet_suvbw"])
    hu = a_batch(32)["ct"]
    with torch.no_grad():
        (head,) = net.heads(net.show(hu))
        torch.testing.assert_close(net(hu), net.decode(head))
        (seen,) = onnx.reference.ReferenceEvaluator(graph).run(None, {"ct_hu": hu.numpy()})
    np.testing.assert_allclose(seen, net(hu).detach().numpy(), atol=1e-4)


@pytest.mark.slow
def test_a_network_predicts_as_it_would_without_its_heads():
    deep, plain = network(DEEP_DYNUNET), network(DYNUNET)
    for _ in range(2):
        deep.train().heads(deep.show(a_batch()["ct"]))
    weights = {k: v for k, v in deep.state_dict().items() if k in plain.state_dict()}
    assert len(weights) < len(deep.state_dict())
    plain.load_state_dict(weights)
    graphs = [build_graph(one.eval(), (4, 4, 4), ["pet_suvbw"]).graph for one in (deep, plain)]
    held = [{one.raw_data for one in graph.initializer} for graph in graphs]
    assert held[0] == held[1]
    hu = a_batch()["ct"]
    torch.testing.assert_close(deep(hu), plain(hu), rtol=0, atol=0)


def test_in_an_adversarial_training_the_heads_are_taught_and_the_final_one_is_judged():
    shown = []

    class Judge(nn.Module):
        def __init__(self, in_channels):
            super().__init__()
            self.logits = nn.Conv3d(in_channels, 1, 4)

        def forward(self, x):
            shown.append(x[:, -1:])
            return [self.logits(x)], [[x]]

    batch, net = a_batch(), network(Fixed())
    made = objective(
        Adversarial,
        net,
        discriminator=Judge,
        optimizers={},
        settings=SimpleNamespace(validation_precision="fp32"),
    )
    parts = made.losses(batch)
    code = torch.full((2, 1, 16, 16, 16), 0.7)
    losses = [by_hand(factor * code, batch) for factor in (1, 2, 3)]
    assert parts["loss"].item() == pytest.approx(np.dot(losses, head_weights(3)), rel=1e-5)
    known = batch["region"] > 0
    torch.testing.assert_close(shown[-1][known], code[known])


def test_coarser_heads_are_spread_and_stacked_ones_taken_apart():
    fine, coarse = torch.zeros(1, 1, 4, 4, 4), torch.arange(8.0).reshape(1, 1, 2, 2, 2)
    _, spread = in_full_size([fine, coarse], fine)
    assert spread.shape == fine.shape
    assert spread[0, 0, 3, 1, 2] == coarse[0, 0, 1, 0, 1]
    stacked = torch.stack([fine, fine + 1], dim=1)
    torch.testing.assert_close(heads_of(stacked)[1], fine + 1)
    assert len(heads_of(fine)) == 1


def test_several_networks_average_by_their_final_heads():
    parts = [network(PLUS_PLUS).eval() for _ in range(2)]
    torch.nn.init.constant_(parts[1].backbone.backbone.final_conv_0_4.bias, 2.0)
    hu = a_batch()["ct"]
    with torch.no_grad():
        mean = average_networks(parts)(hu)
        one, other = (part(hu) for part in parts)
    assert (other - one).abs().max() > 1
    torch.testing.assert_close(mean, (one + other) / 2, rtol=0, atol=1e-3)
