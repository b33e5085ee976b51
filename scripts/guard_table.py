"""What the guard says, as a table: ``python -m scripts.guard_table DATA``, in the root.

DATA is the folder of shared test data.
"""

import sys
import tarfile
import tempfile
from pathlib import Path

from ctpet.dicom.discover import discover
from ctpet.dicom.read_ct import read_ct
from ctpet.infer.guard import judge_ct
from ctpet.infer.model import load_model
from ctpet.infer.shipped import find_model
from ctpet.nifti import read_nifti_ct
from tests.infer.bodies import BAD_VALUES, bad_ct, bad_grids


def real_cts(data):
    """Yield name and volume of every real CT."""
    for archive in sorted((data / "sts").glob("STS_*.tar.xz")):
        with tempfile.TemporaryDirectory() as folder, tarfile.open(archive) as tar:
            tar.extractall(folder, [m for m in tar if "/CT/" in m.name], filter="data")
            yield archive.name.split(".")[0], read_ct(discover(Path(folder)).series[0]).volume
    yield "ct-organs", read_nifti_ct(data / "ct-organs" / "example_ct.nii.gz").volume
    for name in ("gantry-tilt", "missing-slice"):
        yield name, read_ct(discover(data / "ct-odd" / name).series[0]).volume


def main():
    contract = load_model(find_model(None)).contract
    print("| CT made to be bad | refused as | message |\n|---|---|---|")
    made = {name: bad_ct(name) for name in BAD_VALUES}
    made |= {name: ct for name, (ct, _) in bad_grids().items()}
    for name, ct in made.items():
        error = next(f for f in judge_ct(ct, contract) if f.severity == "error")
        print(f"| {name} | `{error.code}` | {error.message} |")
    print("\n| real CT | says |\n|---|---|")
    for name, ct in real_cts(Path(sys.argv[1])):
        found = judge_ct(ct, contract)
        print(f"| {name} | {'; '.join(f'`{f.code}` {f.message}' for f in found)} |")


if __name__ == "__main__":
    main()
