"""One piece of work in a process of its own, so that it can be ended and its memory comes back.

The server writes a request, one line of JSON, and keeps the pipe open; when the pipe ends, so does
the process, however the server ended. What is told goes back as lines of JSON.
"""

import gzip
import json
import os
import shutil
import sys
import threading
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, TextIO

from ctpet.errors import CtpetError, InputRefused, told_by_system
from ctpet.findings import Finding
from ctpet.serve.web.volumes import write_shown
from ctpet.volume import Volume

Tell = Callable[[dict[str, Any]], None]


def look(request: dict[str, Any], tell: Tell) -> None:
    """Find the series that were sent, and read the CT, and a measured PET if there is one.

    Tells ``found``, then ``volume`` for each volume that can be shown. Of several CTs without a
    choice it tells only what was found, and ``choose``.
    """
    from ctpet.nifti import is_nifti_name, read_nifti_ct
    from ctpet.serve.web.sent import sent_path

    folder = Path(request["folder"])
    path = sent_path(folder / "incoming")
    if is_nifti_name(path):
        tell({"tell": "stage", "stage": "read", "fraction": 0.0})
        reading = read_nifti_ct(path)
        _show(reading.volume, folder, "ct", reading.findings, tell)
        return
    _look_at_dicom(path, folder, request.get("series"), tell)


def _look_at_dicom(path: Path, folder: Path, series: str | None, tell: Tell) -> None:
    from ctpet.dicom.discover import discover
    from ctpet.dicom.read_ct import read_ct
    from ctpet.dicom.scan_report import scan_report
    from ctpet.dicom.select import select_ct

    progress = _progress(tell)
    report = scan_report(path, progress=progress)
    tell({"tell": "found", "found": report.to_json()})
    discovery = discover(path)
    try:
        chosen = select_ct(discovery, series=series)
    except InputRefused as refusal:
        if refusal.code != "several-series":
            raise
        tell({"tell": "choose"})
        return
    reading = read_ct(chosen, progress=progress)
    tell({"tell": "chosen", "series": chosen.key})
    _show(reading.volume, folder, "ct", reading.findings, tell)
    _show_measured(discovery, reading.volume, folder, tell)


def _show_measured(discovery: Any, ct: Volume, folder: Path, tell: Tell) -> None:
    """Show the measured PET of the study, if there is one that lies over the CT."""
    from ctpet.dicom.read_pet import read_pet
    from ctpet.dicom.select_pet import select_pet

    if not any(one.modality == "PT" for one in discovery.series):
        return
    try:
        pet = read_pet(select_pet(discovery))
    except InputRefused as refusal:
        message = f"The PET of this study is not shown: {refusal.message}"
        told = Finding(refusal.code, "warning", message, refusal.remedy)
        tell({"tell": "notices", "notices": [asdict(told)]})
        return
    frames = {v.geometry.frame_of_reference_uid for v in (ct, pet.volume)} - {None}
    if len(frames) < 2:
        _show(pet.volume, folder, "measured", pet.findings, tell)


def make(request: dict[str, Any], tell: Tell) -> None:
    """Make the PET of a study, and what shows it; tells ``made``."""
    from ctpet import api
    from ctpet.serve.web.sent import sent_path

    folder, out = Path(request["folder"]), Path(request["out"])
    also: list[api.Also] = ["nifti", "interval"] if request["interval"] else ["nifti"]
    result = api.synthesize(
        sent_path(folder / "incoming"),
        out,
        model=request["model"],
        series_instance_uid=request.get("series"),
        also=also,
        progress=_progress(tell),
    )
    for name, file in (("pet", "pet"), ("low", "pet_low"), ("high", "pet_high")):
        packed = out / f"{file}.nii.gz"
        if packed.exists():
            with gzip.open(packed) as source, _volume(folder, name).open("wb") as target:
                shutil.copyfileobj(source, target)
            tell({"tell": "volume", "name": name, "notices": []})
    tell({"tell": "made", "record": result.record.to_json()})


_WORK = {"look": look, "make": make}


def _show(
    volume: Volume, folder: Path, name: str, findings: tuple[Finding, ...], tell: Tell
) -> None:
    """Write a volume as a page draws it, and tell that it is there."""
    write_shown(volume, _volume(folder, name))
    tell({"tell": "volume", "name": name, "notices": [asdict(one) for one in findings]})


def _volume(folder: Path, name: str) -> Path:
    return folder / "volumes" / f"{name}.nii"


def _progress(tell: Tell) -> Callable[[str, float], None]:
    last: dict[str, float] = {}

    def progress(stage: str, fraction: float) -> None:
        if fraction in (0.0, 1.0) or fraction - last.get(stage, 0.0) >= 0.02:
            last[stage] = fraction
            tell({"tell": "stage", "stage": stage, "fraction": fraction})

    return progress


def _tell_failure(error: Exception, tell: Tell) -> None:
    if isinstance(error, CtpetError):
        code = getattr(error, "code", type(error).__name__)
        message, remedy = getattr(error, "message", str(error)), getattr(error, "remedy", "")
        kind = "refused" if isinstance(error, InputRefused) else "failed"
    elif isinstance(error, OSError):
        (message, remedy), code, kind = told_by_system(error), "system", "failed"
    elif isinstance(error, MemoryError):
        code, kind = "memory", "failed"
        message, remedy = "Memory ran out", "End other programs, or send a smaller study."
    else:
        code, kind = "unexpected", "failed"
        message, remedy = (
            f"Unexpected {type(error).__name__}",
            "This is a defect of ctpet: report it.",
        )
    tell({"tell": kind, "code": code, "message": message, "remedy": remedy})


def _end_with(pipe: TextIO) -> None:
    """End the process when the other end of a pipe is gone."""
    pipe.read()
    os._exit(1)


def main() -> None:
    """Do what the first line of standard input asks."""
    lines = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what libraries print is no answer

    def tell(told: dict[str, Any]) -> None:
        lines.write(json.dumps(told) + "\n")
        lines.flush()

    request = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with, args=(sys.stdin,), daemon=True).start()
    try:
        _WORK[request["work"]](request, tell)
    except Exception as error:  # noqa: BLE001  (whatever it is, the page tells of it)
        _tell_failure(error, tell)
    lines.close()
    os._exit(0)


if __name__ == "__main__":
    main()
