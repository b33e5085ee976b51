"""The coordinate system that the PET series shares with its CT."""

from pydicom import Dataset

from ctpet.dicom.source_text import Report, legal_text, source_uid
from ctpet.dicom.uid import derived_uid
from ctpet.findings import Finding


def put_frame_of_reference(
    ds: Dataset, source: Dataset, known_uid: str | None, report: Report
) -> None:
    """Write the Frame of Reference module, PS3.3 C.7.4.1: the CT's own.

    A CT without one gets a UID derived from its series UID, the same in every run and for every
    model, so that its synthetic series overlay one another; viewers cannot know that it is the
    CT's too, which the ``frame-of-reference-absent`` finding says.

    Args:
        ds: the data set to write into.
        source: header of one CT instance.
        known_uid: the frame of reference that the volume carries, if any.
        report: is given the finding.

    Raises:
        ValueError: if the volume carries another frame of reference than the CT.
    """
    uid = source_uid(source, "FrameOfReferenceUID")
    if uid and known_uid and uid != known_uid:
        raise ValueError("the PET volume lies in another frame of reference than its CT")
    if not uid:
        uid = known_uid or derived_uid("frame-of-reference", str(source.SeriesInstanceUID))
        report(
            Finding(
                "frame-of-reference-absent",
                "warning",
                "The CT has no Frame of Reference UID (0020,0052); the PET series has one of its "
                "own, at the same coordinates",
                "Viewers will not fuse the two by themselves; register them as identical.",
            )
        )
    ds.FrameOfReferenceUID = uid
    ds.PositionReferenceIndicator = legal_text(source, "PositionReferenceIndicator", report) or ""
