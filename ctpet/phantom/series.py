"""A phantom as DICOM: a CT series and a PET series of one study, as a scanner would write them.

They must pass through everything a patient's images pass through, and our own programs refuse
input whose Synthetic Data (0008,001C) is YES: here that is absent. What they are is said instead
by Quality Control Subject (0010,0200) YES, the standard's mark of a phantom (PS3.3 C.7.1.1), and
in Patient's Name and ID, Study Description, Image Comments and Series Description. Image Type is
ORIGINAL: the pixels are derived from no other image (PS3.3 C.7.6.1.1.2).
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import (
    UID,
    CTImageStorage,
    ExplicitVRLittleEndian,
    PositronEmissionTomographyImageStorage,
)

from ctpet import __version__
from ctpet.dicom.codes import FLUORINE_18
from ctpet.dicom.encode import Planes, image_planes, put_pixels, put_plane, quantise
from ctpet.dicom.encoded import CHARACTER_SET, encoded, write_file
from ctpet.dicom.modules.orientation import put_orientation
from ctpet.dicom.uid import derived_uid
from ctpet.findings import Finding
from ctpet.phantom.examination import BED_S, BEDS, Examination
from ctpet.progress import Progress, silent
from ctpet.suv import F18_HALF_LIFE_S, decay_factor, frame_decay_factor, mean_activity_time_s
from ctpet.volume import Volume

_IMPLEMENTATION_CLASS_UID = UID(derived_uid("ctpet", "implementation-class"))
_CT_BEFORE_PET = timedelta(minutes=2)
_COMMENT = "PHANTOM: digital patient of ctpet, no person; for tests and demonstrations"
_LOWEST_HU, _HIGHEST_HU = -1024, 3071


def write_ct_series(
    ct: Volume, exam: Examination, out: Path, *, progress: Progress = silent
) -> tuple[Path, ...]:
    """Write a CT as CT Image Storage (PS3.3 A.3), one file a slice, ``CT00001.dcm`` and on.

    HU are rounded to whole numbers within −1024 and 3071, as 12-bit scanners store them.

    Args:
        ct: HU, on an orthogonal grid.
        exam: what the header says.
        out: a folder; it is made.
        progress: told of the stage ``ct files``.
    """
    planes = image_planes(ct)
    ds = _common(exam, "CT", CTImageStorage, exam.reference - _CT_BEFORE_PET)
    ds.SeriesNumber, ds.SeriesDescription = "2", "PHANTOM CT 120 kV"
    ds.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    ds.PatientPosition = "HFS"
    ds.KVP, ds.ConvolutionKernel = "120", "PHANTOM"
    ds.AcquisitionNumber = "1"
    ds.RescaleIntercept, ds.RescaleSlope, ds.RescaleType = str(_LOWEST_HU), "1", "HU"
    ds.WindowCenter, ds.WindowWidth = "40", "400"

    def put(own: Dataset, k: int) -> None:
        hu = np.clip(np.rint(planes.volume.array[k]), _LOWEST_HU, _HIGHEST_HU)
        put_pixels(own, (hu - _LOWEST_HU).astype(np.int16))

    return _write(planes, ds, put, out / "CT", lambda done: progress("ct files", done))


def write_pet_series(
    pet: Volume, exam: Examination, out: Path, *, progress: Progress = silent
) -> tuple[Path, ...]:
    """Write a PET as PET Image Storage (PS3.3 A.21) in Bq/mL, ``PET00001.dcm`` and on.

    Decay is corrected to the series time (START). The caudal half of the slices belongs to the
    first bed, the other to the second; each has its own acquisition time, Frame Reference Time
    (PS3.3 C.8.9.4.1.5) and Decay Factor.

    Args:
        pet: SUVBW, on an orthogonal grid; values below zero are kept.
        exam: what the header says.
        out: a folder; it is made.
        progress: told of the stage ``pet files``.

    Raises:
        ValueError: the volume is not SUVBW.
    """
    if pet.quantity != "SUVBW":
        raise ValueError(f"a PET is made from SUVBW, not {pet.quantity}")
    planes = image_planes(pet)
    activity = planes.volume.array / np.float32(exam.suvbw_per_bqml)
    pixels = quantise(activity)
    ds = _common(exam, "PT", PositronEmissionTomographyImageStorage, exam.reference)
    ds.SeriesNumber, ds.SeriesDescription = "3", "PHANTOM FDG-PET WB AC"
    ds.ImageType = ["ORIGINAL", "PRIMARY"]
    _put_pet(ds, exam, len(planes.positions))
    ds.RescaleIntercept, ds.RescaleSlope = "0", pixels.slope_text
    cranial = bool(planes.normal[2] > 0)
    count = len(planes.positions)

    def put(own: Dataset, k: int) -> None:
        _put_bed(own, exam, (k if cranial else count - 1 - k) * BEDS // count)
        own.ImageIndex = k + 1
        put_pixels(own, pixels.array[k])

    return _write(planes, ds, put, out / "PET", lambda done: progress("pet files", done))


def _common(exam: Examination, modality: str, sop_class: UID, acquired: datetime) -> Dataset:
    """Return patient, study, series, frame of reference and equipment."""
    ds = Dataset()
    ds.SpecificCharacterSet = CHARACTER_SET
    ds.SOPClassUID, ds.Modality = sop_class, modality
    ds.PatientName, ds.PatientID = exam.name, exam.patient_id
    ds.PatientBirthDate, ds.PatientSex = f"{exam.birth_date:%Y%m%d}", exam.sex
    ds.PatientAge = f"{exam.age_years:03d}Y"
    ds.PatientSize, ds.PatientWeight = f"{exam.size_m:.2f}", f"{exam.weight_kg:.1f}"
    ds.QualityControlSubject = "YES"
    ds.StudyInstanceUID = exam.uid("study")
    ds.SeriesInstanceUID = exam.uid("series", modality)
    ds.FrameOfReferenceUID = exam.uid("frame-of-reference")
    ds.PositionReferenceIndicator = ""
    _put_time(ds, "Study", exam.reference - 2 * _CT_BEFORE_PET)
    for name in ("Series", "Acquisition", "Content"):
        _put_time(ds, name, acquired)
    ds.StudyID, ds.AccessionNumber, ds.ReferringPhysicianName = "1", "", ""
    ds.StudyDescription = "PHANTOM người số hoá (digital patient)"
    ds.ImageComments = _COMMENT
    ds.BodyPartExamined = "WHOLEBODY"
    ds.Manufacturer, ds.ManufacturerModelName = "ctpet", "PHANTOM"
    ds.SoftwareVersions = __version__
    ds.BurnedInAnnotation, ds.LossyImageCompression = "NO", "00"
    return ds


def _put_pet(ds: Dataset, exam: Examination, slices: int) -> None:
    """Write PET Series, Isotope and Patient Orientation (PS3.3 C.8.9.1, C.8.9.2, C.8.4.6)."""
    ds.Units, ds.CountsSource, ds.DecayCorrection = "BQML", "EMISSION", "START"
    ds.SeriesType = ["WHOLE BODY", "IMAGE"]
    ds.CorrectedImage = ["NORM", "DTIM", "ATTN", "SCAT", "DECY", "RAN"]
    ds.RandomsCorrectionMethod = "DLYD"
    ds.ScatterCorrectionMethod = ds.AttenuationCorrectionMethod = "PHANTOM: simulated as corrected"
    ds.ReconstructionMethod = "PHANTOM: Gaussian point spread"
    ds.NumberOfSlices = slices
    ds.CollimatorType = "NONE"
    ds.ActualFrameDuration = f"{1000 * BED_S:g}"
    ds.WindowCenter = f"{5 / exam.suvbw_per_bqml:.0f}"
    ds.WindowWidth = f"{10 / exam.suvbw_per_bqml:.0f}"
    item = Dataset()
    item.Radiopharmaceutical = "Fluorodeoxyglucose"
    item.RadiopharmaceuticalStartTime = f"{exam.injected:%H%M%S}"
    item.RadiopharmaceuticalStartDateTime = f"{exam.injected:%Y%m%d%H%M%S}"
    item.RadionuclideTotalDose = f"{exam.dose_bq:.0f}"
    item.RadionuclideHalfLife = f"{F18_HALF_LIFE_S:g}"
    item.RadionuclidePositronFraction = "0.967"
    item.RadionuclideCodeSequence = [FLUORINE_18.item()]
    ds.RadiopharmaceuticalInformationSequence = [item]
    lying = Dataset()
    lying.PatientPosition = "HFS"
    put_orientation(ds, lying, _unreported)


def _unreported(finding: Finding) -> None:
    """A position of the standard gives no finding."""


def _put_bed(ds: Dataset, exam: Examination, bed: int) -> None:
    """Write when a bed was acquired, and how its decay was corrected."""
    begun_s = bed * BED_S
    acquired = exam.reference + timedelta(seconds=begun_s)
    _put_time(ds, "Acquisition", acquired)
    _put_time(ds, "Content", acquired)
    mean_s = mean_activity_time_s(BED_S, F18_HALF_LIFE_S)
    ds.FrameReferenceTime = f"{1000 * (begun_s + mean_s):.3f}"
    factor = frame_decay_factor(BED_S, F18_HALF_LIFE_S) / decay_factor(begun_s, F18_HALF_LIFE_S)
    ds.DecayFactor = f"{factor:.8g}"


def _put_time(ds: Dataset, name: str, time: datetime) -> None:
    setattr(ds, f"{name}Date", f"{time:%Y%m%d}")
    setattr(ds, f"{name}Time", f"{time:%H%M%S}")


def _write(
    planes: Planes,
    common: Dataset,
    put: Callable[[Dataset, int], None],
    stem: Path,
    progress: Callable[[float], None],
) -> tuple[Path, ...]:
    """Write one file a plane: what all share, its place, and what ``put`` gives it."""
    stem.parent.mkdir(parents=True, exist_ok=True)
    paths, count = [], len(planes.positions)
    shared = encoded(common)
    for k in range(count):
        own = Dataset()
        own.SOPInstanceUID = derived_uid(str(common.SeriesInstanceUID), str(k))
        own.InstanceNumber = k + 1
        put_plane(own, planes, k)
        put(own, k)
        path = stem.with_name(f"{stem.name}{k + 1:05d}.dcm")
        write_file(path, _file_meta(common, own), shared | encoded(own))
        paths.append(path)
        progress((k + 1) / count)
    return tuple(paths)


def _file_meta(common: Dataset, own: Dataset) -> FileMetaDataset:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = common.SOPClassUID
    meta.MediaStorageSOPInstanceUID = own.SOPInstanceUID
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = _IMPLEMENTATION_CLASS_UID
    meta.ImplementationVersionName = f"CTPET_{__version__}"[:16]
    return meta
