"""Who a DICOM header is about, as far as it must be known to keep patients apart."""

from collections.abc import Iterable
from dataclasses import dataclass

from pydicom import Dataset


@dataclass(frozen=True, slots=True)
class Person:
    """The identifying attributes of a patient; they stay in memory.

    Attributes:
        patient_id: (0010,0020), stripped.
        name: (0010,0010), letters and digits only, without case.
        birth_date: (0010,0030).
        sex: (0010,0040).
    """

    patient_id: str
    name: str
    birth_date: str
    sex: str

    @classmethod
    def of(cls, header: Dataset) -> "Person":
        """Read a header."""
        name = str(header.get("PatientName") or "").casefold()
        return cls(
            patient_id=str(header.get("PatientID") or "").strip(),
            name="".join(letter for letter in name if letter.isalnum()),
            birth_date=str(header.get("PatientBirthDate") or "").strip(),
            sex=str(header.get("PatientSex") or "").strip().upper(),
        )

    @property
    def key(self) -> str:
        """What the patient is hashed by: the identifier, else name and birth date; or empty."""
        if self.patient_id:
            return self.patient_id
        return f"{self.name} {self.birth_date}" if self.name and self.birth_date else ""


def contradict(persons: Iterable[Person]) -> bool:
    """Tell whether headers cannot be about one patient: two names, birth dates or sexes.

    What a header leaves empty contradicts nothing.
    """
    several = list(persons)
    return any(
        len({getattr(person, name) for person in several} - {""}) > 1
        for name in ("name", "birth_date", "sex")
    )
