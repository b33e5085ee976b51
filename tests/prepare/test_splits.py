"""Folds: no patient on both sides, whatever the order, and whatever is added later."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctpet.prepare.cases import Case, CaseInvalid
from ctpet.prepare.splits import Splits, grow_folds, make_folds, read_splits, write_splits

PATIENTS = st.lists(st.text("0123456789abcdef", min_size=1, max_size=6), max_size=40)
FOLDS, SEEDS = st.integers(2, 8), st.integers(0, 2**32)


def case(number, patient):
    return Case(Path("none"), f"case-{number}", patient, (1, 1, 1), (), 3.0)


@given(PATIENTS, FOLDS, SEEDS)
def test_every_patient_is_in_one_fold_and_folds_are_even(patients, folds, seed):
    splits = make_folds(patients, folds, seed)
    sizes = [len(fold) for fold in splits.folds]
    assert sorted(p for fold in splits.folds for p in fold) == sorted(set(patients))
    assert len(sizes) == min(folds, len(set(patients)))
    assert not sizes or max(sizes) - min(sizes) <= 1


@given(PATIENTS, FOLDS, SEEDS, st.randoms())
def test_order_and_repetition_do_not_matter(patients, folds, seed, random):
    shuffled = patients + patients[:3]
    random.shuffle(shuffled)
    assert make_folds(shuffled, folds, seed) == make_folds(patients, folds, seed)


@given(PATIENTS.filter(bool), FOLDS, SEEDS)
def test_no_patient_is_learned_from_and_judged_on(patients, folds, seed):
    cases = [case(number, patient) for number, patient in enumerate(patients)]
    splits = make_folds(patients, folds, seed)
    for fold in range(len(splits.folds)):
        train, val = splits.train_cases(cases, fold), splits.val_cases(cases, fold)
        assert not {c.patient_hash for c in train} & {c.patient_hash for c in val}
        assert sorted(c.case_id for c in (*train, *val)) == sorted(c.case_id for c in cases)


@given(PATIENTS, PATIENTS, FOLDS, SEEDS)
def test_who_was_in_a_fold_stays_there(before, after, folds, seed):
    old = make_folds([*before, "first"], folds, seed)
    new = grow_folds(old, after)
    where = {patient: n for n, fold in enumerate(old.folds) for patient in fold}
    for number, fold in enumerate(new.folds):
        assert all(where.get(patient, number) == number for patient in fold)
    assert sorted(p for fold in new.folds for p in fold) == sorted(set(after))


def test_the_seed_matters():
    patients = [f"{n:02x}" for n in range(20)]
    assert make_folds(patients, 5, 1) != make_folds(patients, 5, 2)


def test_round_trip(tmp_path):
    splits = make_folds("abcdefg", 3, 7)
    write_splits(tmp_path, splits)
    assert read_splits(tmp_path) == splits


@pytest.mark.parametrize(
    "text", ["", "{}", '{"seed": 1, "folds": [["a"], ["a"]]}', '{"seed": 1, "folds": 3}']
)
def test_damaged_file_is_told(tmp_path, text):
    (tmp_path / "splits.json").write_text(text)
    with pytest.raises(CaseInvalid, match=r"splits\.json"):
        read_splits(tmp_path)


def test_unknown_patient_and_fold_are_told():
    splits = Splits(1, (("a",), ("b",)))
    with pytest.raises(CaseInvalid, match="in no fold"):
        splits.val_cases([case(1, "c")], 0)
    for fold in (-1, 2):
        with pytest.raises(CaseInvalid, match=f"no fold {fold}"):
            splits.train_cases([case(1, "a")], fold)


def test_one_fold_is_refused():
    with pytest.raises(ValueError, match="at least 2"):
        make_folds("abc", 1, 0)
