"""Whatever byte of a file is wrong: it reads, or it is refused in one line; nothing else."""

import numpy as np
import pytest

from ctpet.dicom.check import check_series
from ctpet.dicom.discover import discover
from ctpet.dicom.read_ct import read_ct
from ctpet.dicom.select import select_ct
from ctpet.errors import InputRefused
from tests.dicom.reading import ramp_series
from tests.dicom_factory import enhanced_ct, write_series


@pytest.mark.parametrize("seed", range(6))
def test_damaged_headers(tmp_path, seed):
    rng = np.random.default_rng(seed)
    slices = ramp_series(4)
    whole = [[enhanced_ct(slices)], slices][seed % 2]
    intact = [
        path.read_bytes() for path in sorted(write_series(whole, tmp_path / "intact").iterdir())
    ]
    folder = tmp_path / "damaged"
    folder.mkdir()
    outcomes = set()
    for _ in range(40):
        files = [bytearray(data) for data in intact]
        hit = files if rng.random() < 0.5 else files[:1]
        for _ in range(rng.integers(1, 4)):
            at, value = rng.integers(132, len(intact[0]) - 40), rng.integers(256)
            for data in hit:
                data[at] = value
        for number, data in enumerate(files):
            (folder / f"{number}").write_bytes(data)
        try:
            found = discover(folder)
            for series in found.series:
                check_series(series)
            read_ct(select_ct(found))
        except InputRefused as refused:
            outcomes.add((refused.code, refused.remedy != "", str(refused).count("\n")))
    assert outcomes
    assert {(has_remedy, line_ends) for _, has_remedy, line_ends in outcomes} == {(True, 0)}


def test_a_transfer_syntax_of_two_values(tmp_path):
    folder = write_series(ramp_series(), tmp_path / "ct")
    for path in folder.iterdir():
        path.write_bytes(
            path.read_bytes().replace(b"1.2.840.10008.1.2.1\0", b"1.2.840\\1008.1.2.1\0")
        )
    with pytest.raises(InputRefused) as refused:
        read_ct(select_ct(discover(folder)))
    assert refused.value.code in {"transfer-syntax-unsupported", "no-dicom"}
