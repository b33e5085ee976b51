"""What became of each examination, as files that may travel: no name, path or date is in them."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ctpet.prepare.cases import Case
from ctpet.prepare.limits import LIMITS, told_of
from ctpet.prepare.splits import Splits

TABLE_FILE = "table.csv"
_ALWAYS = ("case_id", "status", "fold", "codes")


@dataclass(frozen=True, slots=True)
class Left:
    """An examination that is no case.

    Attributes:
        case_id: that it would have had; empty where there was no pair.
        code: the reason.
        told: the reason as a sentence that names no file and no person; may be empty.
        picture: PNG of what could be read; empty where nothing could.
    """

    case_id: str
    code: str
    told: str = ""
    picture: bytes = b""


def write_table(path: Path, cases: Sequence[Case], left: Sequence[Left], splits: Splits) -> None:
    """Write a CSV: every case with its fold, findings and measurements, then what was refused.

    Only the code says why something was refused: sentences of readers may name files.
    """
    names = [*dict.fromkeys(limit.name for limit in LIMITS)]
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, [*_ALWAYS, *names], restval="")
        writer.writeheader()
        for case in cases:
            codes = " ".join(dict.fromkeys(finding.code for finding in told_of(case)))
            row = {"case_id": case.case_id, "status": "taken", "codes": codes}
            told = {name: f"{case.quality[name]:.4g}" for name in names if name in case.quality}
            writer.writerow({**row, "fold": splits.fold_of(case), **told})
        for one in left:
            writer.writerow({"case_id": one.case_id, "status": "refused", "codes": one.code})
