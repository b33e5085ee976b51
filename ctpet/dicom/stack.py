"""Decode a series into one volume, in the right order, with its geometry. For CT and PET."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset

from ctpet.dicom.alternation import refuse_alternating
from ctpet.dicom.files import UNREADABLE, FileOpener, unreadable
from ctpet.dicom.frames import Frame
from ctpet.dicom.layout import Layout, lay_out
from ctpet.dicom.pixels import decode
from ctpet.dicom.quantify import PlaneNotes, Rescale, note_findings, padding_of, quantify
from ctpet.dicom.series import SeriesInfo
from ctpet.dicom.warned import collected_warnings, pixel_warning_findings
from ctpet.errors import InputRefused
from ctpet.findings import Finding
from ctpet.progress import Progress, silent
from ctpet.volume import Quantity, Volume
from ctpet.volume.no_data import fill_no_data

Scale = Callable[[Dataset], float]
Planes = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Stack:
    """A decoded series.

    Attributes:
        volume: float32 (k, j, i); k grows along the slice normal (row × column).
        headers: the instances that were used, each once, in order along the normal. There are
            fewer than slices where one was interpolated or the series is multi-frame.
        findings: what was seen and changed while decoding; not those of the series itself.
    """

    volume: Volume
    headers: tuple[Dataset, ...]
    findings: tuple[Finding, ...]


def load_stack(
    series: SeriesInfo,
    *,
    quantity: Quantity,
    scale: Scale | None = None,
    assume: Rescale | None = None,
    progress: Progress = silent,
) -> Stack:
    """Decode, rescale slice by slice, and stack.

    Each slice is computed in float32 from its own RescaleSlope (0028,1053) and RescaleIntercept
    (0028,1052), whatever its stored type. Padding becomes −1024 HU, or 0 of another quantity, and
    so does what a tool filled into a CT (:mod:`ctpet.volume.no_data`). One missing slice is
    interpolated, identical duplicates are dropped, varying spacing is resampled by true positions;
    each with a finding.

    Decoding is sequential: no decoder in use releases the interpreter lock, so that threads gain
    nothing (`scripts/benchmarks/read_ct.py`); stopping it stops it.

    Args:
        series: from :func:`ctpet.dicom.discover.discover`.
        quantity: what slope × stored + intercept, times ``scale``, is.
        scale: a factor for each instance by its header, such as Bq/mL to SUV.
        assume: the rescale of a series that has none; None refuses it.
        progress: called with the stage ``"read"``.

    Raises:
        InputRefused: an ``error`` among the series' own findings; those of
            :func:`ctpet.dicom.layout.lay_out` and
            :func:`ctpet.dicom.pixels.decode`; ``rescale-missing``, ``rescale-invalid``,
            ``duplicates-differ``, ``several-series`` (slices alternate), ``pixels-not-finite``,
            ``file-unreadable``; those of :func:`ctpet.volume.no_data.fill_no_data`.
    """
    refuse_errors(series.findings)
    layout = lay_out(series)
    planes = _Planes(series, layout, quantity, _rescales(series, layout, scale, assume))
    with collected_warnings() as collected, FileOpener() as opener:
        array, notes = _read_slots(planes, opener, progress)
        dropped = _drop_duplicates(planes, opener, array)
        warned = pixel_warning_findings([str(warning.message) for warning in collected])
    filled = fill_no_data(array, layout.geometry.axis_along_body) if quantity == "HU" else []
    volume = Volume(_on_grid(array, layout), layout.geometry, quantity)
    refuse_alternating(volume.array)
    used = dict.fromkeys(slot[0].instance for slot in layout.slots)
    return Stack(
        volume,
        headers=tuple(series.headers[instance] for instance in used),
        findings=(*layout.findings, *note_findings(notes, quantity), *filled, *dropped, *warned),
    )


def refuse_errors(findings: Iterable[Finding]) -> None:
    """Raise the first finding of severity ``error`` as an InputRefused of the same code."""
    for finding in findings:
        if finding.severity == "error":
            raise InputRefused(finding.code, finding.message, remedy=finding.remedy)


@dataclass(frozen=True, eq=False)
class _Planes:
    """What turns one frame into one plane of quantities."""

    series: SeriesInfo
    layout: Layout
    quantity: Quantity
    rescales: dict[Frame, Rescale]

    def read(
        self, opener: FileOpener, frames: Sequence[Frame], outs: Sequence[Planes]
    ) -> list[PlaneNotes]:
        """Decode frames of one file into ``outs``, (rows, columns) each."""
        instance = frames[0].instance
        padding = padding_of(self.series.headers[instance])
        notes = []
        try:
            with opener.open(self.series.files[instance]) as stream:
                stored = decode(stream, [frame.number for frame in frames])
                for frame, out, plane in zip(frames, outs, stored, strict=True):
                    notes.append(quantify(plane, self.rescales[frame], padding, self.quantity, out))
        except InputRefused as refusal:
            raise self._placed(refusal, instance) from refusal
        except UNREADABLE as error:
            raise self._placed(unreadable(error), instance) from error
        return notes

    def _placed(self, refusal: InputRefused, instance: int) -> InputRefused:
        places = [
            number
            for number, slot in enumerate(self.layout.slots, start=1)
            if any(frame.instance == instance for frame in slot)
        ]
        return InputRefused(
            refusal.code,
            f"Slice {places[0]} of {len(self.layout.slots)} (counted along the normal) has "
            f"{refusal.message}",
            remedy=refusal.remedy,
        )


def _rescales(
    series: SeriesInfo, layout: Layout, scale: Scale | None, assume: Rescale | None
) -> dict[Frame, Rescale]:
    frames = [frame for slot in layout.slots for frame in slot]
    missing = sum(_given(frame) is None for frame in frames)
    if missing and (assume is None or missing < len(frames)):
        raise InputRefused(
            "rescale-missing",
            f"{missing} of {len(frames)} images have no RescaleSlope (0028,1053) or "
            "RescaleIntercept (0028,1052), so their unit is unknown",
            remedy="Export the original images; a Modality LUT is not read",
        )
    factors = [1.0 if scale is None else scale(header) for header in series.headers]
    rescales = {}
    for frame in frames:
        given = _given(frame) or assume or Rescale(1, 0)
        if not np.isfinite((given.slope, given.intercept)).all() or given.slope == 0:
            raise InputRefused(
                "rescale-invalid",
                f"RescaleSlope (0028,1053) is {given.slope:g} and RescaleIntercept (0028,1052) "
                f"{given.intercept:g}; the slope may not be 0 and both must be finite",
                remedy="Send the series again from the scanner or archive",
            )
        factor = factors[frame.instance]
        rescales[frame] = Rescale(given.slope * factor, given.intercept * factor)
    return rescales


def _given(frame: Frame) -> Rescale | None:
    if frame.slope is None or frame.intercept is None:
        return None
    return Rescale(frame.slope, frame.intercept)


def _read_slots(
    planes: _Planes, opener: FileOpener, progress: Progress
) -> tuple[Planes, list[PlaneNotes]]:
    """Decode the first frame of every slot, file by file; a missing slice repeats the one below."""
    layout = planes.layout
    _, rows, columns = layout.geometry.shape
    places = layout.rows_of_slots
    array = np.empty((max(places) + 1, rows, columns), np.float32)
    by_file: dict[int, list[tuple[Frame, Planes]]] = {}
    for slot, place in zip(layout.slots, places, strict=True):
        by_file.setdefault(slot[0].instance, []).append((slot[0], array[place]))
    notes: list[PlaneNotes] = []
    for number, work in enumerate(by_file.values(), start=1):
        notes += planes.read(opener, [frame for frame, _ in work], [out for _, out in work])
        progress("read", number / len(by_file))
    for k in sorted(set(range(len(array))) - set(places)):
        array[k] = array[k - 1]
    return array, notes


def _drop_duplicates(planes: _Planes, opener: FileOpener, array: Planes) -> list[Finding]:
    """Decode every duplicate and compare it with the plane it repeats."""
    layout = planes.layout
    again = np.empty(layout.geometry.shape[1:], np.float32)
    dropped = 0
    for number, (slot, place) in enumerate(
        zip(layout.slots, layout.rows_of_slots, strict=True), start=1
    ):
        for frame in slot[1:]:
            planes.read(opener, [frame], [again])
            if not np.array_equal(again, array[place]):
                raise InputRefused(
                    "duplicates-differ",
                    f"Slice {number} of {len(layout.slots)} (counted along the normal) is there "
                    f"{len(slot)} times with different pixels, and neither acquisition, phase nor "
                    "time tells them apart",
                    remedy="Export one reconstruction or phase as a series of its own",
                )
            dropped += 1
    if not dropped:
        return []
    return [
        Finding(
            "duplicates-dropped",
            "warning",
            f"{dropped} images repeat another at the same place with the same pixels; they are "
            "left out",
        )
    ]


def _on_grid(array: Planes, layout: Layout) -> Planes:
    """Interpolate linearly along k where slices are missing or their spacing varies."""
    index = layout.index
    if not layout.varies:
        for k in sorted(set(range(len(array))) - set(layout.rows_of_slots)):
            np.add(array[k - 1], array[k + 1], out=array[k])
            array[k] *= 0.5
        return array
    grid = np.empty(layout.geometry.shape, np.float32)
    for k in range(len(grid)):
        upper = min(max(int(np.searchsorted(index, k)), 1), len(index) - 1)
        weight = np.clip((k - index[upper - 1]) / (index[upper] - index[upper - 1]), 0, 1)
        grid[k] = array[upper - 1] * np.float32(1 - weight) + array[upper] * np.float32(weight)
    return grid
