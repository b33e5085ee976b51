"""Files of marked structures that lie beside the places of a table, found by their first bytes."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from ctpet.claims import is_ours

_PEEK_BYTES = 1024
"""Holds the file meta information (PS3.10 7.1) and the SOP class behind it."""
_MARKS = re.compile(rb"1\.2\.840\.10008\.5\.1\.4\.1\.1\.(66\.4|66\.7|481\.3)(?![0-9.])")
"""Segmentation, Label Map Segmentation and RT Structure Set Storage (PS3.4 B.5)."""
_Content = Literal["marks", "dicom", "other"]


class MarksBeside:
    """Looks into the folders that hold places, each once, however many rows share them."""

    def __init__(self) -> None:
        self._near: dict[Path, tuple[Path, ...]] = {}

    def of(self, places: Iterable[Path]) -> tuple[Path, ...]:
        """Return the files of marks beside some places, and in folders beside them.

        A folder that begins with images is passed over: what lies among images is of these.

        Args:
            places: folders and files; what lies in them is not looked at.
        """
        there = {place.resolve() for place in places}
        files: set[Path] = set()
        for parent in {place.parent for place in there}:
            if parent not in self._near:
                self._near[parent] = tuple(_near(parent))
            files.update(self._near[parent])
        return tuple(sorted(file for file in files if there.isdisjoint((file, *file.parents))))


def _near(parent: Path) -> list[Path]:
    folders, files = _entries(parent)
    found = [file for file in files if _content(file) == "marks"]
    return found + [file for folder in folders for file in _marks_in(folder)]


def _marks_in(folder: Path) -> list[Path]:
    found = []
    for file in _entries(folder)[1]:
        content = _content(file)
        if content == "dicom":
            break
        if content == "marks":
            found.append(file)
    return found


def _entries(folder: Path) -> tuple[list[Path], list[Path]]:
    """Return the folders and the files in a folder; none if it cannot be listed."""
    try:
        there = [p for p in sorted(folder.iterdir()) if p.name[0] != "." and not is_ours(p.name)]
        folders = [path for path in there if path.is_dir()]
        return folders, [path for path in there if path.is_file()]
    except OSError:
        return [], []


def _content(path: Path) -> _Content:
    try:
        with path.open("rb") as file:
            start = file.read(_PEEK_BYTES)
    except OSError:
        return "other"
    if _MARKS.search(start):
        return "marks"
    return "dicom" if start[128:132] == b"DICM" else "other"
