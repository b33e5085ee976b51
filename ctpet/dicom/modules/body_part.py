"""Which body parts a series may name without telling a side."""

from pydicom import Dataset

from ctpet.dicom.source_text import Report, source_text
from ctpet.findings import Finding

_TERMS = """
    ABDOMEN ABDOMENPELVIS AORTA BACK BLADDER BRAIN CEREBELLUM CERVIX CHEST CHESTABDOMEN
    CHESTABDPELVIS CIRCLEOFWILLIS COCCYX COLON CORONARYARTERY CSPINE CTSPINE DUODENUM ESOPHAGUS
    FACE GALLBLADDER HEAD HEADNECK HEART ILEUM ILIUM JAW JEJUNUM LARYNX LIVER LSPINE LSSPINE
    MAXILLA MEDIASTINUM MOUTH NECK NECKCHEST NECKCHESTABDOMEN NECKCHESTABDPELV NOSE PANCREAS
    PELVIS PENIS PHARYNX PROSTATE RECTUM SCALP SKULL SPINE SPLEEN SSPINE STERNUM STOMACH THYMUS
    THYROID TLSPINE TONGUE TRACHEA TSPINE URETER URETHRA UTERUS VAGINA VULVA WHOLEBODY
"""
WITHOUT_SIDE = frozenset(_TERMS.split())
"""The terms of PS3.16 annex L that name no paired structure. PS3.3 C.7.3.1 wants Laterality for
every other value, which a series of a whole volume does not have."""


def put_body_part(ds: Dataset, source: Dataset, report: Report) -> None:
    """Write Body Part Examined (0018,0015), PS3.3 C.7.3.1, as far as it can be copied.

    What is absent, several values, not a term of the standard or paired becomes WHOLEBODY, with
    a ``body-part`` finding.
    """
    text = source_text(source, "BodyPartExamined", report) or ""
    if text in WITHOUT_SIDE:
        ds.BodyPartExamined = text
        return
    ds.BodyPartExamined = "WHOLEBODY"
    what = "names a part that has sides, or no part that DICOM knows" if text else "is absent"
    report(
        Finding(
            "body-part",
            "info",
            f"Body Part Examined (0018,0015) of the CT {what}; the PET series says WHOLEBODY",
        )
    )
