"""Damaged archives and files: each is refused in words or read, and none ends in a defect."""

import io
import zipfile

import numpy as np
import pytest

from ctpet.dicom.scan_report import scan_report
from ctpet.errors import CtpetError
from ctpet.serve.web.sent import sent_path
from ctpet.serve.web.upload import suffix_of
from tests.dicom_factory import body_hu, ct_series, write_series


def whole(form, folder):
    series = write_series(ct_series(body_hu((3, 8, 8))), folder)
    slices = [path.read_bytes() for path in sorted(series.iterdir())]
    if form == "slice":
        return slices[0]
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, one in enumerate(slices):
            archive.writestr(f"{number}.dcm", one)
    return packed.getvalue()


def damaged(data, random):
    """Bytes changed, then cut off, left out or doubled, at random places."""
    spoilt = bytearray(data)
    for _ in range(random.integers(1, 20)):
        spoilt[int(random.integers(len(spoilt)))] = int(random.integers(256))
    start, end = sorted(random.integers(0, len(spoilt), 2).tolist())
    match random.integers(4):
        case 0:
            del spoilt[end:]
        case 1:
            del spoilt[start : min(end, start + 64)]
        case 2:
            spoilt[start:start] = spoilt[start : min(end, start + 64)]
    return bytes(spoilt)


@pytest.mark.parametrize("form", ["archive", "slice"])
@pytest.mark.filterwarnings("ignore")
def test_500_damaged_ones_are_read_or_refused(form, tmp_path):
    data, random = whole(form, tmp_path / "whole"), np.random.default_rng(15)
    incoming = tmp_path / "incoming"
    incoming.mkdir()
    refused = 0
    for _ in range(500):
        part = incoming / ".1.part"
        part.write_bytes(damaged(data, random))
        sent = part.rename(incoming / f"000001{suffix_of(part)}")
        try:
            scan_report(sent_path(incoming))
        except CtpetError:
            refused += 1
        sent.unlink()
    assert refused > 0
