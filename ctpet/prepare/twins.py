"""The same images a second time: under another name they would be learned from and judged on."""

from collections.abc import Sequence

from ctpet.prepare.cases import Case

Reason = tuple[str, str]


def twins(cases: Sequence[Case]) -> dict[str, Reason]:
    """Return the cases to leave out because another has the same CT, as case_id → code, sentence.

    Of twins of one patient the first by case_id stays; of twins that name different patients
    none does, because nobody can say whose images they are.
    """
    by_ct: dict[str, list[Case]] = {}
    for case in sorted(cases, key=lambda case: case.case_id):
        if "ct" in case.digests:
            by_ct.setdefault(case.digests["ct"], []).append(case)
    out: dict[str, Reason] = {}
    for same in by_ct.values():
        if len({case.patient_hash for case in same}) > 1:
            reason = ("same-images-two-patients", "Its CT is also that of another patient")
            out |= {case.case_id: reason for case in same}
        else:
            reason = ("same-case-twice", "Its CT is that of another examination of the patient")
            out |= {case.case_id: reason for case in same[1:]}
    return out
