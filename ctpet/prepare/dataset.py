"""What a prepared folder says about itself: ``dataset.json``."""

import json
import re
import secrets
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from ctpet import __version__
from ctpet.checked import LONGEST_LO
from ctpet.claims import lock_of
from ctpet.errors import InputRefused
from ctpet.phantom.domain import is_digital
from ctpet.prepare.cases import CASE_FILE, CASES_FOLDER, DATASET_FILE, CaseInvalid, check_format
from ctpet.volume.geometry import Spacing3

DATASET_FORMAT = 1
SUVBW = "SUVbw"
_SALT_BYTES = 16
_HEX = re.compile(r"(?:[0-9A-Fa-f]{2}){1,64}")
_LONGEST = 1000


@dataclass(frozen=True, slots=True)
class About:
    """What the user says about the data; None keeps what was said before.

    Attributes:
        description: one sentence naming the data.
        attribution: who must be credited, with the data's identifier.
        licence: SPDX name or the data's own.
        salt: of the patients' hashes, hex; None: a random one. The same salt gives the same
            hashes, and so the same folds, wherever the data are prepared.
        tracer: of every PET, such as FDG.
    """

    description: str | None = None
    attribution: str | None = None
    licence: str | None = None
    salt: str | None = None
    tracer: str | None = None


@dataclass(frozen=True, slots=True)
class DatasetInfo:
    """The content of ``dataset.json``.

    Attributes:
        spacing_mm: grid of all cases, (k, j, i).
        salt: random hex that goes into every hash; made once.
        description: one sentence naming the data.
        attribution: who must be credited.
        licence: SPDX name or the data's own.
        sources: kinds of source that it was made from, sorted.
        cases: how many there are; 0 until the first run has ended.
        patients: how many there are.
        fingerprint: :func:`ctpet.prepare.fingerprint.dataset_fingerprint`; empty without cases.
        ctpet_version: that wrote this file.
        format: version of this file.
        tracer: of every PET, such as FDG; empty: nobody has said.
        units: of the PET arrays.
    """

    spacing_mm: Spacing3
    salt: str
    description: str = ""
    attribution: str = ""
    licence: str = ""
    sources: tuple[str, ...] = ()
    cases: int = 0
    patients: int = 0
    fingerprint: str = ""
    ctpet_version: str = __version__
    format: int = DATASET_FORMAT
    tracer: str = ""
    units: str = SUVBW

    @property
    def known_tracer(self) -> str:
        """The tracer, where somebody has said it or all sources give FDG alone.

        DICOM does: what names another tracer there, or none, is refused.
        """
        if self.tracer or not self.sources:
            return self.tracer
        known = all(kind == "dicom" or is_digital(kind) for kind in self.sources)
        return "FDG" if known else ""


def open_dataset(out: Path, spacing_mm: Spacing3, about: About) -> DatasetInfo:
    """Return what a dataset is that is begun or gone on with; nothing is written.

    Where there are cases, spacing, salt and tracer stay as they were.

    Raises:
        InputRefused: ``out-not-empty``: the folder holds something else; ``spacing-differs``;
            ``salt-differs``; ``tracer-differs``; ``not-hex``; ``no-text``.
        CaseInvalid: its ``dataset.json`` cannot be read.
    """
    said = {name: text for name, text in asdict(about).items() if text is not None}
    for name, text in said.items():
        _refuse_unsayable(name, text)
    if any((out / CASES_FOLDER).glob(f"*/{CASE_FILE}")):
        info = read_dataset(out)
        if info.spacing_mm != spacing_mm:
            raise InputRefused(
                "spacing-differs",
                f"{out} holds cases at {_mm(info.spacing_mm)}, not at {_mm(spacing_mm)}",
                remedy="Give the same --spacing, or a new folder",
            )
        if about.salt not in (None, info.salt):
            raise InputRefused(
                "salt-differs",
                f"{out} hashes its patients with another salt than {about.salt}",
                remedy="Leave --salt out, or name a new folder",
            )
        if about.tracer is not None and info.known_tracer not in ("", about.tracer):
            raise InputRefused(
                "tracer-differs",
                f"{out} holds PETs of {info.known_tracer}, not of {about.tracer}",
                remedy="Name a new folder: one data set is of one tracer",
            )
    elif (out / DATASET_FILE).exists():
        old = read_dataset(out)
        info = replace(old, spacing_mm=spacing_mm, salt=about.salt or old.salt)
    elif out.exists() and set(out.iterdir()) - {lock_of(out / CASES_FOLDER)}:
        raise InputRefused(
            "out-not-empty",
            f"{out} holds something that is no prepared dataset",
            remedy="Name a new folder",
        )
    else:
        info = DatasetInfo(spacing_mm, about.salt or secrets.token_hex(_SALT_BYTES))
    return replace(info, **said, ctpet_version=__version__)


def _refuse_unsayable(name: str, text: str) -> None:
    """Refuse what cannot stand in a card or go into a hash.

    Raises:
        InputRefused: ``not-hex``; ``no-text``.
    """
    if name == "salt" and not _HEX.fullmatch(text):
        raise InputRefused(
            "not-hex",
            f"The salt is {text[:20]!r}, {len(text)} characters long",
            remedy="Give an even number of hex digits, 128 at most, such as 00ff",
        )
    longest = LONGEST_LO if name == "tracer" else _LONGEST
    if not text.strip() or not text.isprintable() or len(text) > longest:
        raise InputRefused(
            "no-text",
            f"The {name} is empty, {len(text)} characters long, or holds control characters",
            remedy=f"Give one line of {longest} characters at most",
        )


def read_dataset(out: Path) -> DatasetInfo:
    """Read ``dataset.json`` of a prepared folder.

    Raises:
        CaseInvalid: there is none, or it is of another format.
    """
    path = out / DATASET_FILE
    try:
        told = json.loads(path.read_text("utf-8"))
        check_format(told["format"], DATASET_FORMAT)
        for name in ("spacing_mm", "sources"):
            told[name] = tuple(told[name])
        return DatasetInfo(**told)
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise CaseInvalid(
            f"{path} is no dataset: {error}. Make one with `ctpet prepare`."
        ) from error


def write_dataset(out: Path, info: DatasetInfo) -> None:
    """Write ``dataset.json``; whoever reads it meanwhile sees the old one or the new one.

    What goes without saying is left out, so that older versions of ctpet read the file.
    """
    untold = {"tracer": "", "units": SUVBW}
    told = {k: v for k, v in asdict(info).items() if untold.get(k) != v}
    beside = out / f".{DATASET_FILE}.new"
    beside.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", "utf-8")
    beside.replace(out / DATASET_FILE)


def _mm(spacing_mm: Spacing3) -> str:
    return " × ".join(f"{value:g}" for value in spacing_mm) + " mm"
