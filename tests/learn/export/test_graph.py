import os
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from ctpet.errors import CtpetError
from ctpet.infer.engines import open_backend
from ctpet.infer.runtime import onnxruntime
from ctpet.infer.session import open_session, quiet_options
from ctpet.learn.export.graph import TRACED, build_graph
from ctpet.learn.export.tiling import REFERENCE
from ctpet.learn.hu_channels import HuChannels
from ctpet.learn.network import SuvNetwork
from tests.learn.export.tiny import MULTIPLE

pytestmark = pytest.mark.slow

WINDOWS = [[-1024, 1024], [-160, 240]]


def some_hu(shape):
    return np.random.default_rng(3).normal(0, 400, shape).astype(np.float32)


def of_torch(network, hu):
    with torch.inference_mode():
        return network(torch.from_numpy(hu)).numpy()


@pytest.mark.parametrize("multiples", [(1, 1, 1), (5, 3, 9), (7, 11, 3), (2, 2, 2), TRACED])
def test_the_graph_is_the_network_at_every_size(trained, model, multiples):
    shape = tuple(n * m for n, m in zip(multiples, MULTIPLE, strict=True))
    hu = some_hu((1, 1, *shape))
    wanted = of_torch(trained.network, hu)
    seen = open_backend(model, shape, REFERENCE).run(hu)
    assert wanted.max() - wanted.min() > 1.0
    np.testing.assert_allclose(seen, wanted, rtol=0, atol=1e-4)


def test_sizes_may_change_from_run_to_run_and_crops_may_be_batched(trained, model):
    session = open_session(model.data, quiet_options(), ["CPUExecutionProvider"])
    for shape in ((3, 1, 8, 12, 20), (1, 1, 28, 4, 12)):
        hu = some_hu(shape)
        (seen,) = session.run(None, {"ct_hu": hu})
        np.testing.assert_allclose(seen, of_torch(trained.network, hu), rtol=0, atol=1e-4)


def test_one_input_one_output_with_the_same_free_sizes(model):
    session = open_session(model.data, quiet_options(), ["CPUExecutionProvider"])
    (taken,), (given,) = session.get_inputs(), session.get_outputs()
    assert (taken.name, given.name) == ("ct_hu", "pet_suvbw")
    assert taken.shape == given.shape == ["N", 1, "K", "J", "I"]
    assert onnxruntime.get_available_providers()


def test_trilinear_upsampling_scales_by_a_factor(graph):
    resizes = [node for node in graph.graph.node if node.op_type == "Resize"]
    assert len(resizes) == 1
    assert [bool(name) for name in resizes[0].input] == [True, False, True]


def test_nothing_of_this_machine_is_in_it(model):
    for trace in (b"site-packages", b".py", os.fsencode(Path.cwd())):
        assert trace not in model.data


class Resized(nn.Module):
    """Returns the size that was traced, whatever it is given."""

    def forward(self, channels):
        return nn.functional.interpolate(channels[:, :1], size=(16, 20, 24))


class Reshaped(nn.Module):
    """Takes only the size that was traced."""

    def forward(self, channels):
        return channels.reshape(-1, 2, 16, 20, 24)[:, :1]


@pytest.mark.parametrize("backbone", [Resized(), Reshaped()])
def test_a_network_that_fixes_a_size_is_refused(backbone):
    network = SuvNetwork(HuChannels(WINDOWS), backbone, 25.0).eval()
    with pytest.raises(CtpetError, match=r"fixes its size along|cannot be written as ONNX: \w"):
        build_graph(network, MULTIPLE, ["pet_suvbw"])
