"""One rule for padding and fill: DICOM and NIfTI give the same volume and the same findings."""

import numpy as np
import pytest

from ctpet.job.source import read_source
from ctpet.job.usage import Stages
from ctpet.nifti import write_nifti
from ctpet.progress import silent
from tests.dicom_factory import ct_series, write_series
from tests.infer.bodies import torso, volume


def stored(fill):
    hu = np.pad(np.rint(torso((20, 60, 80))), ((1, 1), (6, 6), (6, 6)), constant_values=fill[0])
    hu[:, :3] = fill[-1]
    return hu.astype(np.int16)


@pytest.mark.parametrize("fill", [(0,), (255,), (3071,), (-2000,), (-3024, -2048), (-1024,)])
def test_dicom_and_nifti_agree(tmp_path, fill):
    hu = stored(fill)
    write_series(ct_series(hu, spacing_mm=(3.0, 4.0, 4.0)), tmp_path / "ct")
    write_nifti(volume(hu), tmp_path / "ct.nii.gz")
    dicom, nifti = (
        read_source(path, None, Stages([]), silent)
        for path in (tmp_path / "ct", tmp_path / "ct.nii.gz")
    )
    assert np.array_equal(dicom.volume.array, nifti.volume.array)
    assert dicom.findings == nifti.findings
    assert (dicom.volume.array[:, :6] == -1024).all()
    assert np.array_equal(dicom.volume.array[1:-1, 6:-6, 6:-6], hu[1:-1, 6:-6, 6:-6])
    expected = [] if fill == (-1024,) else ["padding-filled" if fill[0] < 0 else "fill-replaced"]
    assert [finding.code for finding in dicom.findings] == expected
