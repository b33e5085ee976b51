"""What is written is what ctpet's own reader gives back."""

from pathlib import Path

import numpy as np
import pytest

from ctpet.dicom.discover import discover
from ctpet.dicom.read_ct import read_ct
from ctpet.dicom.read_pet import read_pet
from ctpet.dicom.select import is_synthetic, select_ct
from ctpet.volume import Volume, covering_grid
from tests.dicom.pet_writing import write
from tests.dicom_factory import ct_series, write_series
from tests.validators import assert_valid_series


def there_and_back(study: Path) -> tuple[Volume, Volume, float]:
    """Read a CT, write a PET on its grid into its study, and read that."""
    source = select_ct(discover(study))
    ct = read_ct(source).volume
    grid = covering_grid(ct.geometry, (4.0, 4.0, 4.0))
    array = np.random.default_rng(3).gamma(1.2, 0.8, grid.shape).astype(np.float32)
    pet = Volume(array, grid, "SUVBW")
    writing = write(pet, source, study / "pt")
    (found,) = [s for s in discover(study).series if s.modality == "PT"]
    assert found.series_instance_uid == writing.series_instance_uid
    assert is_synthetic(found)
    return pet, read_pet(found).volume, writing.rescale_slope


def assert_same(pet: Volume, back: Volume, slope: float) -> None:
    assert back.geometry.shape == pet.geometry.shape
    np.testing.assert_allclose(back.geometry.affine, pet.geometry.affine, atol=1e-6)
    assert np.abs(back.array.astype(np.float64) - pet.array).max() <= slope * 0.5 + 1e-6


OBLIQUE = (0.9, 0.0, np.sqrt(0.19), 0.0, 1.0, 0.0)


@pytest.mark.parametrize(
    ("orientation", "position"),
    [((1, 0, 0, 0, 1, 0), "HFS"), ((-1, 0, 0, 0, 1, 0), "FFS"), (OBLIQUE, "HFS")],
)
def test_suv_and_place_come_back(
    orientation: tuple[float, ...], position: str, tmp_path: Path, require_tool
) -> None:
    slices = ct_series(orientation=orientation, patient_position=position)
    ct = write_series(slices, tmp_path / "study" / "ct")
    pet, back, slope = there_and_back(tmp_path / "study")
    assert_same(pet, back, slope)
    assert back.geometry.frame_of_reference_uid == slices[0].FrameOfReferenceUID
    assert_valid_series(tmp_path / "study" / "pt", ct, tmp_path / "judged", require_tool)


def test_what_discovery_repaired_is_written_as_repaired(tmp_path: Path) -> None:
    folder = write_series(ct_series(), tmp_path / "study" / "ct")
    for path in folder.iterdir():
        data = path.read_bytes()
        path.write_bytes(data.replace(b"\x08\x00\x05\x00CS\x0a\x00ISO_IR 192", b""))
    pet, back, slope = there_and_back(tmp_path / "study")
    assert_same(pet, back, slope)
    (found,) = [s for s in discover(tmp_path / "study").series if s.modality == "PT"]
    assert str(found.first.PatientName) == "Nguyễn^Văn Ánh"
