"""The contact sheet: every case at a glance, on one page that opens without a network."""

import base64
from collections import Counter
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path

from ctpet.prepare.cases import Case
from ctpet.prepare.dataset import DatasetInfo
from ctpet.prepare.limits import is_doubtful, told_of
from ctpet.prepare.picture import PICTURE_FILE, draw_case
from ctpet.prepare.splits import Splits
from ctpet.prepare.tables import Left

SHEET_FILE = "contact-sheet.html"

_SHOWN = {
    "body_dice": ("outline Dice", "{:.2f}"),
    "shift_mm": ("shift", "{:.0f} mm"),
    "dome_offset_mm": ("dome", "{:+.0f} mm"),
    "lateral_mismatch_ml": ("arms", "{:.0f} mL"),
    "soft_tissue_suv": ("soft tissue", "SUV {:.2f}"),
    "clipped_fraction": ("above SUV 20", "{:.2%}"),
    "pet_coverage": ("PET covers", "{:.0%}"),
}
_REFUSED_PICTURES = (
    "What can be read of each: CT and PET where their coordinates say, on a grid over both, or one "
    "alone where the other cannot be read. The list that ctpet prepare prints tells which is which."
)
_STYLE = """
:root { color-scheme: dark; }
body { background: #101214; color: #e8eaec; margin: 2rem auto; max-width: 66rem; padding: 0 1rem;
  font: 15px/1.45 "DejaVu Sans", system-ui, sans-serif; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; }
section { border-left: 6px solid #2f9e5b; margin: 1.2rem 0; padding: .2rem 0 .2rem .9rem; }
section.doubtful { border-color: #e0a21b; }
section.refused { border-color: #ff8a80; } .error { color: #ff8a80; margin: .2rem 0; }
img { max-width: 100%; display: block; margin: .4rem 0; background: #000; }
dl { display: flex; flex-wrap: wrap; gap: .2rem 1.4rem; margin: 0; font-size: .85rem; }
dl div { display: flex; gap: .4rem; } dt { color: #9aa4ad; } dd { margin: 0; }
p.info { color: #9aa4ad; margin: .2rem 0; font-size: .85rem; }
.warning { color: #ffc44d; margin: .2rem 0; } .code { font-family: monospace; }
table { border-collapse: collapse; } td, th { text-align: left; padding: .15rem 1.2rem .15rem 0; }
.refused td:last-child { color: #ff8a80; }
footer, .fine { color: #9aa4ad; font-size: .85rem; }
"""


def write_sheet(
    path: Path, info: DatasetInfo, cases: Sequence[Case], left: Sequence[Left], splits: Splits
) -> None:
    """Write the page: doubtful cases first, each with picture, measurements and warnings.

    A case without a picture gets one. Pictures are written into the page one after the other, so
    that a thousand of them need no more memory than one.

    Args:
        path: of the page.
        info: about the dataset.
        cases: in any order.
        left: what was refused in this run.
        splits: that every case is in.
    """
    in_order = sorted(cases, key=lambda case: (not is_doubtful(told_of(case)), case.case_id))
    with path.open("w", encoding="utf-8") as page:
        page.write(_head(info, sum(is_doubtful(told_of(case)) for case in cases)))
        for case in in_order:
            page.write(_section(case, splits))
        page.writelines(_refused(left))
        page.write(_foot(info))


def _head(info: DatasetInfo, doubtful: int) -> str:
    title = escape(info.description or "Prepared PET/CT pairs")
    spacing = " × ".join(f"{mm:g}" for mm in info.spacing_mm)
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f"<style>{_STYLE}</style></head>\n<body><h1>{title}</h1>\n"
        f"<p>{info.cases} cases of {info.patients} patients on a grid of {spacing} mm; "
        f"{doubtful} with warnings, which come first. Each row: CT (W 400 L 40 HU), PET "
        "(SUVbw 0 to 7) and both, coronal, then axial, through the planes with most uptake.</p>\n"
    )


def _section(case: Case, splits: Splits) -> str:
    findings = told_of(case)
    told = "".join(
        f"<div><dt>{label}</dt><dd>{form.format(case.quality[name])}</dd></div>"
        for name, (label, form) in _SHOWN.items()
        if name in case.quality
    )
    warnings = "".join(
        f'<p class="{finding.severity}">{"" if finding.severity == "info" else "⚠ "}'
        f"{escape(finding.message)} "
        f'<span class="code">[{finding.code}]</span></p>'
        for finding in findings
    )
    state = "doubtful" if is_doubtful(findings) else "good"
    return (
        f'<section class="{state}"><h2>{escape(case.case_id)} '
        f'<span class="fine">fold {splits.fold_of(case)}</span></h2>{warnings}\n'
        f'<img alt="CT, PET and fusion of {escape(case.case_id)}" '
        f'src="{_picture(case)}">\n<dl>{told}</dl></section>\n'
    )


def _picture(case: Case) -> str:
    path = case.folder / PICTURE_FILE
    if not path.exists():
        draw_case(case, path)
    return _inline(path.read_bytes())


def _inline(png: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(png).decode('ascii')}"


def _refused(left: Sequence[Left]) -> Iterator[str]:
    """Count what was refused, then show what there is to see of each."""
    if not left:
        return
    counts = sorted(Counter(one.code for one in left).items())
    rows = "".join(f'<tr><td class="code">{escape(c)}</td><td>{n}</td></tr>' for c, n in counts)
    yield (
        f'<h2>Refused in the last run: {len(left)}</h2><table class="refused">'
        f"<tr><th>reason</th><th>examinations</th></tr>{rows}</table>\n"
    )
    if any(one.picture for one in left):
        yield f'<p class="fine">{_REFUSED_PICTURES}</p>\n'
    yield from map(_refused_section, (one for one in left if one.picture))


def _refused_section(one: Left) -> str:
    told = f"{escape(one.told)} " if one.told else ""
    return (
        f'<section class="refused"><img alt="What can be read of {escape(one.case_id)}, refused" '
        f'src="{_inline(one.picture)}">\n<h2>{escape(one.case_id)}</h2>'
        f'<p class="error">{told}<span class="code">[{escape(one.code)}]</span></p></section>\n'
    )


def _foot(info: DatasetInfo) -> str:
    credit = " · ".join(escape(text) for text in (info.attribution, info.licence) if text)
    return (
        f"<footer><p>{credit}</p><p>ctpet {info.ctpet_version}; fingerprint "
        f'<span class="code">{info.fingerprint}</span></p></footer></body></html>\n'
    )
