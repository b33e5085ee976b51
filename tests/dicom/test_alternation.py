"""Two passes that nothing but their content tells apart."""

import numpy as np
import pytest

from ctpet.dicom.alternation import refuse_alternating
from ctpet.dicom.discover import discover
from ctpet.dicom.stack import load_stack
from ctpet.errors import InputRefused
from tests.dicom.reading import read
from tests.dicom.test_read_real import unpacked
from tests.dicom_factory import ct_series


def body(places, centre=(0.0, 0.0), brighter=0.0):
    """A body that tapers and leans along z, cut at some places; float32 HU, with noise."""
    random = np.random.default_rng(int(1000 * abs(centre[0]) + brighter) + 1)
    j, i = np.meshgrid(np.linspace(-1, 1, 96), np.linspace(-1, 1, 96), indexing="ij")
    planes = np.full((len(places), 96, 96), -1000.0)
    for plane, z in zip(planes, places, strict=True):
        y, x = j - centre[0] - z / 900, i - centre[1]
        plane[(y / 0.6) ** 2 + (x / (0.7 + z / 1500)) ** 2 < 1] = 40 + brighter
        plane[(y / 0.4) ** 2 + (x / 0.4) ** 2 < z / 400] = -750
        plane[(y - 0.4) ** 2 + x**2 < 0.02] = 600
    return (planes + random.normal(0, 12, planes.shape)).astype(np.float32)


def interleaved(*passes):
    """Slices of several passes in turn."""
    return np.stack(passes, axis=1).reshape(-1, *passes[0].shape[1:])


PLACES = 3.0 * np.arange(40)


def test_one_pass_goes_on():
    refuse_alternating(body(PLACES))
    refuse_alternating(interleaved(body(PLACES), body(PLACES + 1.5)))


@pytest.mark.parametrize(
    "other", [{"centre": (0.08, 0)}, {"centre": (0, -0.05)}, {"brighter": 20}, {"brighter": 50}]
)
def test_two_passes_alternate(other):
    with pytest.raises(InputRefused, match="2 passes lie in each other") as refused:
        refuse_alternating(interleaved(body(PLACES), body(PLACES + 1.5, **other)))
    assert refused.value.code == "several-series"


def test_three_passes_alternate():
    with pytest.raises(InputRefused, match="3 passes"):
        refuse_alternating(
            interleaved(
                body(PLACES), body(PLACES + 1, brighter=30), body(PLACES + 2, centre=(0.1, 0))
            )
        )


def test_few_slices_or_flat_ones_say_nothing():
    refuse_alternating(interleaved(body(PLACES[:5]), body(PLACES[:5], brighter=50)))
    refuse_alternating(np.zeros((40, 64, 64), np.float32))
    refuse_alternating(np.tile(np.array([0, 1], np.float32), 20)[:, None, None])


def test_a_series_of_two_such_passes_is_refused(tmp_path):
    hu = interleaved(body(PLACES[:15]), body(PLACES[:15] + 1.5, brighter=50))
    slices = ct_series(np.rint(hu).astype(np.int16), spacing_mm=(1.5, 4, 4))
    with pytest.raises(InputRefused) as refused:
        read(slices, tmp_path)
    assert refused.value.code == "several-series"


@pytest.mark.parametrize("number", ["003", "025"])
def test_real_stacks_do_not_alternate_and_do_where_they_are_made_to(shared_data, tmp_path, number):
    unpacked(shared_data / "sts" / f"STS_{number}.tar.xz", tmp_path)
    for series in discover(tmp_path).series:
        planes = load_stack(series, quantity="HU" if series.modality == "CT" else "SUVBW").volume
        moved = planes.array.copy()
        moved[1::2] = np.roll(moved[1::2], max(2, moved.shape[1] // 12), axis=1)
        with pytest.raises(InputRefused):
            refuse_alternating(moved)


@pytest.mark.slow
def test_no_real_stack_alternates(shared_data, tmp_path):
    """Reading refuses none of them."""
    for archive in sorted(shared_data.glob("*/*.tar.xz")):
        for series in discover(unpacked(archive, tmp_path / archive.stem)).series:
            if series.modality in ("CT", "PT"):
                load_stack(series, quantity="HU" if series.modality == "CT" else "BQML")
