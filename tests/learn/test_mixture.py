"""Several data sets in one training: who is cropped when, and what cannot be mixed."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from ctpet.errors import CtpetError
from ctpet.learn.crops import CropSettings
from ctpet.learn.data import CaseDataModule
from ctpet.learn.sampling import CropWeights, Draw, Turns, turn_counts
from ctpet.learn.together import cannot_be_told
from ctpet.prepare.cases import UNMEASURED, CaseInvalid, list_cases, write_case
from ctpet.prepare.dataset import read_dataset, write_dataset
from ctpet.prepare.splits import Splits, write_splits
from tests.case_factory import make_dataset

BOXES = {"side_mm": 32, "per_patient": 3, "seed": 7}


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    place = tmp_path_factory.mktemp("sets")
    return {
        "one": make_dataset(place / "one"),
        "two": make_dataset(place / "two", first=10, salt="11"),
        "three": make_dataset(place / "three", first=20, salt="22"),
    }


def module(folders, *, steps=10, batch_size=2, cases=None, datasets=None, **shared):
    """A data module of the named sets; each may say more of itself."""
    told = datasets or {name: {"dataset": str(folder)} for name, folder in folders.items()}
    crops = CropSettings((16, 16, 16), CropWeights(0.2, 0.4, 0.4), "pet", 1)
    data = CaseDataModule(
        crops=crops, steps_per_epoch=steps, batch_size=batch_size, validation_cases=cases,
        workers=0, **{"fold": 0, "datasets": told, **shared},
    )  # fmt: skip
    data.setup("fit")
    return data


def said(folders, **more):
    """Settings by name: the folder, and what is said of a set."""
    return {name: {"dataset": str(folders[name]), **own} for name, own in more.items()}


def epoch_of(data, epoch=0):
    loader = data.train_dataloader()
    loader.sampler.set_epoch(epoch)
    crops = []
    for batch in loader:
        crops += [
            (case_id, {key: batch[key][n] for key in ("ct", "target", "region")})
            for n, case_id in enumerate(batch["case_id"])
        ]
    return crops


def of(name, crops):
    return [crop for crop in crops if crop[0].startswith(f"{name}/")]


def same(one, other):
    return one[0] == other[0] and all(torch.equal(one[1][key], other[1][key]) for key in one[1])


# Whose turn it is


def test_shares_are_met_by_count_in_every_epoch():
    turns = Turns([0.7, 0.3], 250, seed=1)
    for epoch in range(3):
        drawn = [turns.turn(Draw(epoch, n)) for n in range(250)]
        assert Counter(which for which, _ in drawn) == {0: 175, 1: 75}
        for which, count in ((0, 175), (1, 75)):
            own = [draw for each, draw in drawn if each == which]
            assert own == [Draw(epoch, n) for n in range(count)]


@given(
    shares=st.lists(st.floats(0, 10) | st.just(0.0), min_size=1, max_size=5).filter(any),
    samples=st.integers(5, 400),
)
def test_counts_are_the_shares_to_a_whole_crop(shares, samples):
    counts = turn_counts(shares, samples)
    assert sum(counts) == samples
    for share, count in zip(shares, counts, strict=True):
        exact = samples * share / sum(shares)
        assert (count == 0) == (share == 0)
        assert abs(count - exact) < 1 + 4 * (min(s for s in shares if s) * samples < sum(shares))


def test_the_order_of_turns_is_mixed_and_differs_between_epochs_and_seeds():
    def order(seed, epoch):
        turns = Turns([0.5, 0.5], 40, seed)
        return [turns.turn(Draw(epoch, n))[0] for n in range(40)]

    first = order(1, 0)
    assert first == order(1, 0)
    assert first != order(1, 1)
    assert first != order(2, 0)
    assert first not in ([0] * 20 + [1] * 20, [0, 1] * 20, [1, 0] * 20)
    turns = Turns([0.5, 0.5], 40, 1)  # an epoch that is gone back to is the same
    seen = [turns.turn(Draw(epoch, 7)) for epoch in (0, 1, 0)]
    assert seen[0] == seen[2]


def test_one_data_set_is_drawn_as_ever():
    turns = Turns([1.0], 6, seed=1)
    assert [turns.turn(Draw(3, n)) for n in range(6)] == [(0, Draw(3, n)) for n in range(6)]


def test_a_small_share_gets_a_crop_an_epoch():
    assert turn_counts([1000, 1], 20) == [19, 1]
    assert turn_counts([1000, 0], 20) == [20, 0]
    with pytest.raises(CtpetError, match="An epoch has 1 crops, and each of 2 data sets"):
        turn_counts([1, 1], 1)


# Crops


def test_crops_of_a_data_set_do_not_depend_on_the_others(folders):
    alone = epoch_of(module(folders, datasets=said(folders, one={})))
    with_two = epoch_of(module(folders, datasets=said(folders, one={"share": 3}, two={})))
    with_three = epoch_of(module(folders, datasets=said(folders, three={"boxes": BOXES}, one={})))
    assert (len(of("one", with_two)), len(of("two", with_two))) == (15, 5)
    assert (len(of("one", with_three)), len(of("three", with_three))) == (10, 10)
    for others in (with_two, with_three):
        pairs = list(zip(of("one", others), alone, strict=False))
        assert len(pairs) >= 10
        assert all(same(a, b) for a, b in pairs)


def test_data_sets_are_not_cropped_alike(folders):
    crops = epoch_of(module(folders))
    one, two = of("one", crops), of("two", crops)
    assert [a[0][-1] for a in one[:6]] != [b[0][-1] for b in two[:6]]


def test_the_only_data_set_of_a_mixture_has_its_name_and_one_by_folder_has_none(folders):
    by_folder = module({}, dataset=str(folders["one"]), datasets=None)
    assert by_folder.settings[0].prefix == ""
    assert all("/" not in case_id for case_id, _ in epoch_of(by_folder))
    named = module(folders, datasets=said(folders, one={}))
    assert named.settings[0].prefix == "one/"


def test_each_data_set_has_its_own_target_weights_and_augmentation(folders, tmp_path):
    typical = make_dataset(tmp_path, first=30, salt="33")
    for case in list_cases(typical):
        arrays = {name: np.array(case.array(name)) for name in ("ct", "pet", "region")}
        write_case(case, {**arrays, "typical": np.full(case.shape, 9, np.float32)})

    def brighter(crop):
        return {**crop, "ct": crop["ct"] + 5000}

    told = {
        "one": {"dataset": str(folders["one"]), "augment": [brighter]},
        "typical": {"dataset": str(typical), "target": "typical", "weights":
                    {"anywhere": 1, "body": 0, "uptake": 0}},
    }  # fmt: skip
    data = module({}, datasets=told)
    crops = epoch_of(data)
    assert all(crop["ct"].min() > 3000 for _, crop in of("one", crops))
    assert all(crop["ct"].max() < 3000 for _, crop in of("typical", crops))
    assert all(crop["target"].unique().tolist() == [9] for _, crop in of("typical", crops))
    assert [each.crops.weights.anywhere for each in data.settings] == [0.2, 1]


def test_a_crop_shows_no_more_than_a_box(folders):
    boxed = epoch_of(module(folders, datasets=said(folders, one={"boxes": BOXES})))
    for _, crop in boxed:
        seen = crop["region"][0] != UNMEASURED
        assert seen.any()
        for key, beyond in (("ct", -1024), ("target", 0), ("region", UNMEASURED)):
            outside = crop[key][0].clone()
            outside[:8, :8, :8] = beyond
            assert outside.unique().tolist() == [beyond]


def test_a_box_as_large_as_the_crop_changes_nothing(folders):
    whole = epoch_of(module(folders, datasets=said(folders, one={})))
    boxed = epoch_of(
        module(folders, datasets=said(folders, one={"boxes": {**BOXES, "side_mm": 64}}))
    )
    assert all(same(a, b) for a, b in zip(whole, boxed, strict=True))


def test_the_extent_is_that_of_what_is_shown(folders):
    told = said(folders, one={"boxes": BOXES}, two={"fold": None})
    assert module(folders, datasets=told).extent_mm == (32.0, 64.0)


# Who is judged


def test_a_patient_is_judged_on_boxes_or_on_whole_cases(folders):
    data = module(folders, datasets=said(folders, one={"boxes": BOXES}, two={}), cases=None)
    by_set = Counter(one.dataset.name for one in data.judged)
    assert by_set == {"one": 2, "two": 2}
    assert [len(one.pieces) for one in data.judged] == [3, 3, 1, 1]
    assert {piece.shape for piece in data.judged[0].pieces} == {(8, 8, 8)}
    assert data.validation_cases[-1].shape == (24, 32, 40)
    again = module(folders, datasets=said(folders, one={"boxes": BOXES}), cases=1)
    assert again.judged[0].pieces == data.judged[0].pieces
    assert len(again.judged) == 1


def test_the_cases_of_a_patient_are_judged_together(tmp_path):
    folder = make_dataset(tmp_path)
    cases = list_cases(folder)
    patient = cases[0].patient_hash
    for case in cases[1:3]:
        arrays = {name: np.array(case.array(name)) for name in ("ct", "pet", "region")}
        write_case(replace(case, patient_hash=patient), arrays)
    write_splits(folder, Splits(1, ((patient,), (cases[3].patient_hash,))))
    (judged,) = module({}, dataset=str(folder), datasets=None).judged
    assert [piece.case_id for piece in judged.pieces] == ["case-00", "case-01", "case-02"]


def test_a_data_set_of_share_0_is_judged_and_not_learned_from(folders):
    data = module(folders, datasets=said(folders, one={}, two={"share": 0}))
    assert of("two", epoch_of(data)) == []
    assert {one.dataset.name for one in data.judged} == {"one", "two"}
    assert {case.case_id for case in data.training_cases} <= {f"case-0{n}" for n in range(4)}


# What is refused


@pytest.mark.parametrize(
    ("own", "words"),
    [
        ({"share": -1}, r"data\.datasets\.one\.share is -1"),
        ({"share": float("nan")}, r"data\.datasets\.one\.share is nan"),
        ({"share": "much"}, r"data\.datasets\.one\.share is much"),
        ({"validation_weight": -0.5}, r"data\.datasets\.one\.validation_weight is -0\.5"),
        (
            {"target": "typical pet"},
            r"data\.datasets\.one\.target is typical pet, and must be pet or",
        ),
        ({"fold": 9}, r"data\.datasets\.one: There is no fold 9; the folds are 0 to 1"),
        ({"fold": "all"}, r"data\.datasets\.one\.fold is all"),
        ({"weight": 3}, r"data\.datasets\.one knows no weight; it knows dataset, share"),
        ({"weights": {"body": 2}}, r"data\.datasets\.one\.weights cannot be meant"),
        ({"boxes": 96}, r"data\.datasets\.one\.boxes=96 cannot be meant"),
        ({"boxes": {**BOXES, "side_mm": -3}}, r"data\.datasets\.one\.boxes=.* cannot be meant"),
        ({"dataset": None}, r"data\.datasets\.one\.dataset is missing"),
        ({"dataset": "nowhere"}, r"data\.datasets\.one: nowhere holds no prepared cases"),
    ],
)
def test_a_setting_that_cannot_be_meant_is_named(folders, own, words):
    with pytest.raises(CtpetError, match=words):
        module(folders, datasets=said(folders, one=own, two={}))


def test_shares_and_weights_that_sum_to_nothing_are_refused(folders):
    for name in ("share", "validation_weight"):
        with pytest.raises(CtpetError, match=f"Every {name} that counts in data.datasets is 0"):
            module(folders, datasets=said(folders, one={name: 0}, two={name: 0}))


def test_a_weight_of_a_data_set_that_is_not_validated_counts_for_nothing(folders):
    told = said(folders, one={"fold": None}, two={"validation_weight": 0})
    with pytest.raises(CtpetError, match="Every validation_weight that counts"):
        module(folders, datasets=told)
    with pytest.raises(CtpetError, match=r"data\.datasets\.two has share 0 and fold null"):
        module(folders, datasets=said(folders, one={}, two={"share": 0, "fold": None}))


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"steps": "many"}, r"data\.steps_per_epoch is many, and must be a whole number from 1"),
        ({"batch_size": 0}, r"data\.batch_size is 0"),
        ({"cases": -1}, r"data\.validation_cases is -1, and must be a whole number from 0"),
    ],
)
def test_a_count_that_cannot_be_meant_is_named(folders, changed, words):
    with pytest.raises(CtpetError, match=words):
        module(folders, **changed)


def test_a_target_that_only_phantoms_have_is_refused_for_others(tmp_path, folders):
    other = make_dataset(tmp_path, first=30, salt="33")
    for path in other.glob("cases/*/typical.npy"):
        path.unlink()
    told = {**said(folders, one={}), "other": {"dataset": str(other), "target": "typical"}}
    with pytest.raises(
        CtpetError, match=r"data\.datasets\.other: case case-3\d has no typical\.npy"
    ):
        module({}, datasets=told)


def test_neither_both_a_list_nor_a_strange_name_is_taken(folders):
    one = str(folders["one"])
    with pytest.raises(CtpetError, match=r"data\.dataset is missing"):
        module({}, datasets=None, dataset=None, fold=None)
    with pytest.raises(CtpetError, match=r"Give one of both"):
        module(folders, dataset=one)
    with pytest.raises(CtpetError, match=r"goes by name, and has no list"):
        module({}, datasets=[{"dataset": one}])
    with pytest.raises(CtpetError, match=r"a/b is no name"):
        module({}, datasets={"a/b": {"dataset": one}})
    with pytest.raises(CtpetError, match=r"must be a mapping"):
        module({}, datasets={"one": one})


def test_a_data_set_is_given_once(tmp_path, folders):
    again = {name: {"dataset": str(folders["one"])} for name in ("one", "again")}
    with pytest.raises(CtpetError, match=r"again and data\.datasets\.one are the same data"):
        module({}, datasets=again)
    info = replace(read_dataset(folders["one"]), fingerprint="f1")
    for name in ("a", "b"):
        write_dataset(make_dataset(tmp_path / name), replace(info, fingerprint="f1"))
    copies = {name: {"dataset": str(tmp_path / name)} for name in ("a", "b")}
    with pytest.raises(CtpetError, match="are the same data"):
        module({}, datasets=copies)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"spacing_mm": (2.0, 2.0, 2.0)}, r"spacing_mm: \(4\.0, 4\.0, 4\.0\) and \(2\.0"),
        ({"tracer": "PSMA"}, "tracer: FDG and PSMA"),
        ({"units": "BQML"}, "units: SUVbw and BQML"),
    ],
)
def test_data_sets_that_differ_in_what_they_mean_are_refused(tmp_path, changed, words):
    one = make_dataset(tmp_path / "one", tracer="FDG")
    two = make_dataset(tmp_path / "two", first=10, salt="11")
    write_dataset(two, replace(read_dataset(two), **changed))
    told = {"one": {"dataset": str(one)}, "two": {"dataset": str(two)}}
    with pytest.raises(CtpetError, match=words):
        module({}, datasets=told)


def test_a_patient_learned_from_in_one_and_held_out_in_another_is_refused(tmp_path):
    one, two = (make_dataset(tmp_path / name) for name in ("one", "two"))
    folds = [tuple(sorted(f"{n:064x}" for n in fold)) for fold in ((0, 1), (2, 3))]
    write_splits(one, Splits(1, (folds[0], folds[1])))
    write_splits(two, Splits(1, (folds[1], folds[0])))
    (two / "cases" / "case-03" / "case.json").write_text(  # another examination of the patient
        (two / "cases" / "case-03" / "case.json").read_text().replace("3.0", "5.0")
    )
    told = {"one": {"dataset": str(one)}, "two": {"dataset": str(two)}}
    with pytest.raises(CtpetError, match=r"The patient of case case-0\d is held out in"):
        module({}, datasets=told)
    module({}, datasets={"one": told["one"], "two": {**told["two"], "fold": 1}})
    module({}, datasets={name: {**own, "fold": None} for name, own in told.items()})


def test_the_same_images_under_another_salt_are_seen(tmp_path):
    one = make_dataset(tmp_path / "one")
    two = make_dataset(tmp_path / "two", salt="11")
    for case in list_cases(two):
        arrays = {name: np.array(case.array(name)) for name in ("ct", "pet", "region")}
        write_case(replace(case, patient_hash=case.patient_hash[::-1]), arrays)
    hashes = tuple(sorted(case.patient_hash for case in list_cases(two)))
    write_splits(two, Splits(1, (hashes[2:], hashes[:2])))
    write_splits(one, Splits(1, ((f"{0:064x}", f"{2:064x}"), (f"{1:064x}", f"{3:064x}"))))
    told = {"one": {"dataset": str(one)}, "two": {"dataset": str(two)}}
    with pytest.raises(CtpetError, match=r"is held out in .* and learned from in"):
        module({}, datasets=told)


def test_what_salts_and_silence_hide_is_said(folders, tmp_path):
    lines = list(cannot_be_told(module(folders, datasets=said(folders, one={}, two={})).sets))
    assert "data.datasets.one and data.datasets.two share patients cannot be told" in lines[0]
    assert sum("does not say its tracer" in line for line in lines) == 2
    drawn = make_dataset(tmp_path, first=30, salt="33", sources=("phantom",))
    told = {**said(folders, one={}), "drawn": {"dataset": str(drawn)}}
    lines = list(cannot_be_told(module({}, datasets=told).sets))
    assert lines == [
        "data.datasets.one does not say its tracer; it is taken to be contract.tracer (ctpet "
        "prepare --tracer says it)."
    ]
    assert not list(cannot_be_told(module({}, dataset=str(folders["one"]), datasets=None).sets))


def test_a_fold_that_holds_everybody_is_refused(tmp_path):
    folder = make_dataset(tmp_path, count=1)
    with pytest.raises(CtpetError, match=r"data\.fold=0 holds everybody"):
        module({}, dataset=str(folder), datasets=None)
    write_splits(folder, Splits(1, ((f"{0:064x}",), ())))
    with pytest.raises(CtpetError, match=r"data\.fold=1 holds nobody"):
        module({}, dataset=str(folder), datasets=None, fold=1)


def test_a_case_in_no_fold_is_refused_by_its_data_set(folders, tmp_path):
    other = make_dataset(tmp_path, first=30, salt="33")
    write_splits(other, Splits(1, (("aa",), ("bb",))))
    told = {**said(folders, one={}), "other": {"dataset": str(other)}}
    with pytest.raises(CaseInvalid, match=r"data\.datasets\.other: Case case-30 is in no fold"):
        module({}, datasets=told)
