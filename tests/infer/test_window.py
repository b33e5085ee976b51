"""Every voxel once, with its halo, and windowed equals one pass."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ctpet.errors import CtpetError
from ctpet.infer.backend import Execution
from ctpet.infer.engines import open_backend
from ctpet.infer.window import WindowPlan, plan_windows, run_windows
from tests.onnx_factory import a_contract, a_model, convolution_bytes, identity_bytes, strided_bytes

small = st.tuples(*[st.integers(1, 40)] * 3)
multiples = st.tuples(*[st.sampled_from([1, 2, 4, 8])] * 3)
halos = st.tuples(*[st.integers(0, 9)] * 3)


def nothing(_: float) -> None:
    """Nobody watches."""


def plan_or_none(shape, contract, voxels) -> WindowPlan | None:
    try:
        return plan_windows(shape, contract, voxels * contract.working_bytes_per_voxel)
    except CtpetError:
        return None


def smallest_voxels(shape, contract) -> int:
    sizes = []
    for n, m, h in zip(shape, contract.size_multiple, contract.halo_voxels, strict=True):
        sizes.append(-(-min(-(-n // m) * m, -(-(m + 2 * h) // m) * m) // m) * m)
    return int(np.prod(sizes))


@given(small, multiples, halos, st.integers(1, 70000))
@example((40, 33, 17), (4, 4, 4), (3, 3, 3), 2000)
@settings(deadline=None)
def test_every_voxel_is_kept_exactly_once_with_its_halo(shape, multiple, halo, voxels):
    contract = a_contract(size_multiple=multiple, halo_voxels=halo)
    plan = plan_or_none(shape, contract, voxels)
    if plan is None:
        assert voxels < smallest_voxels(shape, contract)
        return
    assert np.prod(plan.size) <= voxels
    times = np.zeros(shape, int)
    for cuts in plan.windows():
        times[tuple(slice(c.core_start, c.core_stop) for c in cuts)] += 1
        for axis, cut in enumerate(cuts):
            padded = -(-shape[axis] // multiple[axis]) * multiple[axis]
            stop = cut.start + plan.size[axis]
            assert plan.size[axis] % multiple[axis] == 0
            assert cut.start % multiple[axis] == 0
            assert cut.start >= 0
            assert stop <= padded
            assert cut.start == 0 or cut.core_start - cut.start >= halo[axis]
            assert stop == padded or stop - cut.core_stop >= halo[axis]
            assert cut.core_start < cut.core_stop
    assert (times == 1).all()


@given(small, multiples, halos, st.integers(1, 70000))
@settings(deadline=None)
def test_identity_returns_its_input_bit_by_bit(shape, multiple, halo, voxels):
    contract = a_contract(size_multiple=multiple, halo_voxels=halo)
    plan = plan_or_none(shape, contract, voxels)
    if plan is None:
        return
    hu = np.random.default_rng(0).normal(0, 500, shape).astype(np.float32)
    done = []
    (out,) = run_windows(hu, plan, lambda window: window.copy(), done.append)
    np.testing.assert_array_equal(out, hu)
    assert done == sorted(done)
    assert done[0] == 0.0
    assert done[-1] == 1.0


def test_memory_that_suffices_gives_one_window_of_the_padded_volume():
    contract = a_contract(size_multiple=(8, 16, 16), halo_voxels=(20, 20, 20))
    plan = plan_windows((29, 50, 61), contract, 10**9)
    assert plan.count == 1
    assert plan.size == (32, 64, 64)


def test_slabs_span_rows_and_columns_and_do_not_grow_with_the_slices():
    contract = a_contract(size_multiple=(4, 4, 4), halo_voxels=(4, 4, 4))
    budget = 64 * 64 * 32 * contract.working_bytes_per_voxel
    plans = [plan_windows((slices, 64, 64), contract, budget) for slices in (100, 400, 1600)]
    for plan in plans:
        assert plan.size[1:] == (64, 64)
        assert plan.size[0] <= 32
        assert len(plan.cuts[1]) == len(plan.cuts[2]) == 1


def test_rows_and_columns_are_cut_only_when_the_thinnest_slab_does_not_fit():
    contract = a_contract(size_multiple=(4, 4, 4), halo_voxels=(4, 4, 4))
    thinnest = 12 * 64 * 64 * contract.working_bytes_per_voxel
    fits = plan_windows((100, 64, 64), contract, thinnest)
    assert fits.size[1:] == (64, 64)
    cut = plan_windows((100, 64, 64), contract, thinnest - 1)
    assert len(cut.cuts[1]) > 1 or len(cut.cuts[2]) > 1


def test_a_model_for_whole_volumes_is_never_cut():
    contract = a_contract(size_multiple=(8, 16, 16), halo_voxels=None, working_bytes_per_voxel=1024)
    plan = plan_windows((29, 50, 61), contract, 32 * 64 * 64 * 1024)
    assert plan.count == 1
    assert plan.size == (32, 64, 64)
    wanted = (
        r"test-model runs on whole volumes only, and one of 29 × 50 × 61 voxels needs 128 MiB .* "
        r"may use 128 MiB\. Free memory, allow the model more of it, or take a model that tiles"
    )
    with pytest.raises(CtpetError, match=wanted):
        plan_windows((29, 50, 61), contract, 32 * 64 * 64 * 1024 - 1)


def test_a_whole_volume_comes_back_as_it_is_padding_left_out():
    contract = a_contract(size_multiple=(8, 8, 8), halo_voxels=None)
    hu = np.random.default_rng(0).normal(0, 500, (9, 17, 5)).astype(np.float32)
    plan = plan_windows(hu.shape, contract, 2**40)
    np.testing.assert_array_equal(run_windows(hu, plan, lambda x: x.copy(), nothing), hu[None])


def test_a_window_that_cannot_fit_says_what_is_needed():
    contract = a_contract(size_multiple=(8, 8, 8), working_bytes_per_voxel=4096)
    with pytest.raises(CtpetError, match=r"needs at least 2 MiB .* may use 1 MiB.*allow the model"):
        plan_windows((100, 100, 100), contract, 2**20)


def test_padding_is_air_and_is_cropped():
    seen = []
    plan = plan_windows((3, 5, 6), a_contract(size_multiple=(4, 4, 4)), 10**9)
    hu = np.full((3, 5, 6), 40, np.float32)
    (out,) = run_windows(hu, plan, lambda w: (seen.append(w.copy()), w)[1], nothing)
    assert out.shape == (3, 5, 6)
    (window,) = seen
    assert window.shape == (1, 1, 4, 8, 8)
    assert (window[0, 0, :3, :5, :6] == 40).all()
    assert np.count_nonzero(window == -1024) == 4 * 8 * 8 - 3 * 5 * 6


GRAPHS = {
    "identity": (identity_bytes, 1, 0),
    "convolution": (convolution_bytes, 1, 2),
    "strided": (strided_bytes, 4, 8),
}


@pytest.mark.parametrize("name", GRAPHS)
def test_windowed_equals_one_pass(name, tmp_path):
    build, multiple, halo = GRAPHS[name]
    model = a_model(tmp_path, build(), size_multiple=(multiple,) * 3, halo_voxels=(halo,) * 3)
    cpu = Execution(device="cpu", engine="onnxruntime")
    hu = np.random.default_rng(3).normal(0, 500, (61, 45, 38)).astype(np.float32)
    whole = plan_windows(hu.shape, model.contract, 10**10)
    (expected,) = run_windows(hu, whole, open_backend(model, whole.size, cpu).run, nothing)
    if name == "identity":
        np.testing.assert_allclose(expected, hu, rtol=1e-6)
    counts = set()
    for voxels in (24**3, 48 * 40 * 30, 24 * 48 * 40):
        plan = plan_windows(hu.shape, model.contract, voxels * 64)
        counts.add(plan.count)
        (out,) = run_windows(hu, plan, open_backend(model, plan.size, cpu).run, nothing)
        np.testing.assert_allclose(out, expected, rtol=1e-5, atol=1e-5 * np.abs(expected).max())
    assert len(counts) > 1
    assert min(counts) > 1


def test_a_halo_that_is_too_small_shows(tmp_path):
    """The test above can fail: with half the halo the windows' borders are seen."""
    model = a_model(tmp_path, convolution_bytes(), halo_voxels=(1, 1, 1))
    cpu = Execution(device="cpu", engine="onnxruntime")
    hu = np.random.default_rng(3).normal(0, 500, (40, 24, 24)).astype(np.float32)
    outs = []
    for voxels in (10**6, 12 * 24 * 24):
        plan = plan_windows(hu.shape, model.contract, voxels * 64)
        outs.append(run_windows(hu, plan, open_backend(model, plan.size, cpu).run, nothing)[0])
    assert np.abs(outs[0] - outs[1]).max() > 1e-2 * np.abs(outs[0]).max()
