"""Places that a row of a table names: archives unpacked, and what lies there looked at, once."""

from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from ctpet.dicom.discover import Discovery, discover
from ctpet.images import place_and_series
from ctpet.prepare.archive import is_archive, unpacked
from ctpet.prepare.marks_seen import MarksSeen, marks_seen


class Places:
    """Looks at places; what was unpacked is removed at the end."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._seen: dict[Path, Discovery] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.__exit__(kind, error, trace)

    def at(self, path: Path) -> tuple[Discovery, str | None]:
        """Return what lies at a place, and the series that the path chooses there.

        Raises:
            InputRefused: the place cannot be read.
        """
        place, chosen = place_and_series(path)
        if place not in self._seen:
            where = self._stack.enter_context(unpacked(place)) if is_archive(place) else place
            self._seen[place] = discover(where)
        return self._seen[place], chosen

    def marks_at(self, path: Path) -> list[MarksSeen]:
        """Return the files of marked structures at a place, of one series if the path says so.

        Raises:
            InputRefused: the place cannot be read.
        """
        discovery, chosen = self.at(path)
        return [one for one in marks_seen(discovery) if chosen in (None, one.own_series_uid)]
