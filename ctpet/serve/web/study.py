"""What the server holds of one study, and what a browser is told of it."""

import asyncio
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel

from ctpet.serve.web.told import Notice

Phase = Literal[
    "receiving", "looking", "choosing", "ready", "queued", "working", "done", "refused", "failed"
]
VolumeName = Literal["ct", "pet", "low", "high", "measured"]
BUSY: frozenset[Phase] = frozenset({"looking", "queued", "working"})


class SeriesFound(BaseModel):
    """One series that was sent, as ``ctpet scan`` tells of it."""

    key: str
    modality: str
    number: str
    description: str
    kernel: str
    images: int
    rows: int
    columns: int
    spacing_mm: list[float]
    slice_thickness_mm: float | None
    usable: bool
    notices: list[Notice]


class Found(BaseModel):
    """What was sent."""

    series: list[SeriesFound]
    dropped: list[SeriesFound]
    notices: list[Notice]


class Made(BaseModel):
    """A result: by which model, of which version, with what to be known of it."""

    model: str
    model_version: str
    model_digest: str
    ctpet_version: str
    suv_max: float
    seconds: float
    coverage: float | None
    dicom: bool
    notices: list[Notice]


class StudyState(BaseModel):
    """All that a browser is told of a study.

    ``phase`` says what can be done: files are sent while ``receiving``; ``looking`` reads them;
    of several CTs one is chosen while ``choosing``; a PET is asked for when ``ready``.
    """

    id: str
    version: int
    phase: Phase
    files: int
    bytes: int
    stage: str
    fraction: float
    found: Found | None
    chosen: str | None
    volumes: list[VolumeName]
    notices: list[Notice]
    refusal: Notice | None
    model: str | None
    result: Made | None


@dataclass(eq=False)
class Study:
    """One study on the server's disk; its folder is erased with it."""

    id: str
    folder: Path
    phase: Phase = "receiving"
    files: int = 0
    bytes: int = 0
    stage: str = ""
    fraction: float = 0.0
    found: Found | None = None
    chosen: str | None = None
    volumes: list[VolumeName] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    refusal: Notice | None = None
    model: str | None = None
    result: Made | None = None
    task: "asyncio.Task[None] | None" = None
    version: int = 0
    used: float = field(default_factory=time.monotonic)
    gone: bool = False
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def incoming(self) -> Path:
        """Return the folder of what was sent."""
        return self.folder / "incoming"

    @property
    def out(self) -> Path:
        """Return the folder of the result."""
        return self.folder / "out"

    def volume(self, name: VolumeName) -> Path:
        """Return the file of a volume: NIfTI, not compressed, so that parts of it can be read."""
        return self.folder / "volumes" / f"{name}.nii"

    def change(self, **values: Any) -> None:
        """Change what is told, and tell it."""
        for name, value in values.items():
            setattr(self, name, value)
        self.version += 1
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    async def wait(self) -> None:
        """Wait until something has changed."""
        await self._changed.wait()

    def touch(self) -> None:
        """Note that somebody looks at the study."""
        self.used = time.monotonic()

    def state(self) -> StudyState:
        """Return what a browser is told now."""
        return StudyState.model_validate(
            {name: getattr(self, name) for name in StudyState.model_fields}
        )
