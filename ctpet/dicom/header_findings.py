"""What is told of the headers of one stack, each finding with how many headers it is about."""

from collections import Counter
from collections.abc import Sequence

from pydicom import Dataset
from pydicom.datadict import dictionary_description

from ctpet.dicom.header import HeaderNotes
from ctpet.dicom.uid import irregularity
from ctpet.findings import Finding

_UIDS = ("FrameOfReferenceUID", "SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID")


def note_findings(notes: Sequence[HeaderNotes]) -> list[Finding]:
    """Tell what was done to headers while they were read."""
    removed = Counter(tag for one in notes for tag in set(one.removed))
    findings = [
        Finding(
            "header-value-unreadable",
            "warning",
            f"{tag} cannot be read in {count} of {len(notes)} headers and is treated as absent",
        )
        for tag, count in sorted(removed.items())
    ]
    cleaned = Counter(tag for one in notes for tag in set(one.cleaned))
    findings += [
        Finding(
            "control-characters",
            "warning",
            f"{tag} holds control characters in {count} of {len(notes)} headers; they are left out",
        )
        for tag, count in sorted(cleaned.items())
    ]
    assumed = Counter(one.character_set for one in notes)
    findings += [
        Finding(
            "character-set-absent",
            "warning",
            f"{assumed[name]} of {len(notes)} headers hold text beyond ASCII and name no "
            f"character set (0008,0005); it is read as {told}",
        )
        for name, told in (("ISO_IR 192", "UTF-8"), ("ISO_IR 100", "Latin-1"))
        if assumed[name]
    ]
    return findings


def uid_findings(headers: Sequence[Dataset]) -> list[Finding]:
    """Tell of UIDs that are not as the standard wants them; they are kept as they are."""
    counts = Counter(
        (keyword, why)
        for header in headers
        for keyword in _UIDS
        if isinstance(uid := header.get(keyword), str) and uid and (why := irregularity(uid))
    )
    return [
        Finding(
            "uid-irregular",
            "warning",
            f"{dictionary_description(keyword)} {why} in {count} of {len(headers)} headers; it is "
            "kept as it is",
            "Nothing needs to be done, unless an archive refuses the result",
        )
        for (keyword, why), count in sorted(counts.items())
    ]


def truncated_findings(count: int) -> list[Finding]:
    """Tell of files that name the series and end before their image."""
    if not count:
        return []
    return [
        Finding(
            "files-truncated",
            "error",
            f"{count} more files of this series end before their image",
            "Send the series again from the scanner or archive",
        )
    ]
