import numpy as np
import pytest

from ctpet.errors import CtpetError
from ctpet.infer.embed import write_contract
from ctpet.infer.window import PADDING_HU
from ctpet.learn.export.parity import ParityRow, check_parity, cut_crops
from tests.infer.bodies import torso

pytestmark = pytest.mark.slow


def row(precision="fp32", max_suv=0.0, excess_suv=0.0):
    return ParityRow("e", "p", "1", "cpu", precision, max_suv, 0.0, excess_suv)


def test_every_engine_here_gives_the_networks_numbers(trained, model):
    parity = check_parity(trained.network, model, torso((60, 40, 40)), "torso")
    own = [r for r in parity.rows if (r.engine, r.precision) == ("onnxruntime", "fp32")]
    assert len(own) == 1
    assert 0 <= own[0].mean_suv <= own[0].max_suv < 1e-4
    assert parity.case == "torso"
    assert parity.voxels == 3 * 60 * 40 * 40


def test_another_graph_is_refused(trained, graph, tmp_path):
    weights = max(graph.graph.initializer, key=lambda tensor: len(tensor.raw_data))
    kept = weights.raw_data
    try:
        changed = np.frombuffer(kept, np.float32) * np.float32(1.2)
        weights.raw_data = changed.tobytes()
        other = write_contract(graph, trained.contract, tmp_path / "m.onnx")
    finally:
        weights.raw_data = kept
    with pytest.raises(CtpetError, match="in fp32 differs from its network by up to"):
        check_parity(trained.network, other, torso((60, 40, 40)), "torso")


@pytest.mark.parametrize(
    ("one", "kept"),
    [
        (row(max_suv=0.01), True),
        (row(max_suv=0.0101), False),
        (row(max_suv=float("nan")), False),
        (row("bf16", max_suv=0.5, excess_suv=0.05), True),
        (row("bf16", max_suv=0.5, excess_suv=0.051), False),
        (row("bf16", excess_suv=float("nan")), False),
    ],
)
def test_limits_by_precision(one, kept):
    assert one.kept is kept


def test_crops_lie_apart_along_the_patient():
    ct = np.broadcast_to(np.arange(300, dtype=np.float32)[:, None, None], (300, 120, 100))
    crops = cut_crops(ct, (8, 8, 8))
    assert [crop.shape for crop in crops] == [(1, 1, 96, 96, 96)] * 3
    assert [crop[0, 0, 0, 0, 0] for crop in crops] == [20, 102, 183]


def test_beyond_a_small_ct_is_air():
    (crop, *_) = cut_crops(np.zeros((10, 16, 15), np.float32), (8, 8, 8))
    assert crop.shape == (1, 1, 16, 16, 16)
    assert (crop[0, 0, :10, :, :15] == 0).all()
    assert (crop[0, 0, 10:] == PADDING_HU).all()
    assert (crop[0, 0, :, :, 15] == PADDING_HU).all()
