"""``measurements.csv`` holds every value once, and its dictionary says what each is."""

import csv

import numpy as np
import pytest

from ctpet.evaluate.cells import text_cell
from ctpet.evaluate.dictionary import entry_of
from ctpet.evaluate.files import Sources
from ctpet.evaluate.long_table import COLUMNS, write_measurements
from ctpet.evaluate.outputs import write_cases
from ctpet.evaluate.run import EvaluateRequest, evaluate
from ctpet.evaluate.score import Region
from ctpet.evaluate.summary import value_of
from tests.evaluate.pairs import lesions, write_patient
from tests.evaluate.report.made import assembled, evaluation, score


@pytest.fixture(scope="module")
def scored(tmp_path_factory):
    root = tmp_path_factory.mktemp("long")
    for number, name in enumerate(("=cmd|' /C calc'!A0", "Ánh")):
        write_patient(root, number, error=0.25, name=name.replace("/", ""))
    names = ("predicted", "measured", "ct", "labels", "lesions")
    return evaluate(EvaluateRequest(Sources(*(root / name for name in names))))


def tables(one, folder):
    paths = folder / "measurements.csv", folder / "dictionary.csv"
    write_measurements(one, *paths)
    return paths


@pytest.fixture(scope="module")
def written(scored, tmp_path_factory):
    return tables(scored, tmp_path_factory.mktemp("tables"))


@pytest.fixture(scope="module")
def rows(written):
    return read(written[0])


@pytest.fixture(scope="module")
def dictionary(written):
    return read(written[1])


def read(path):
    with path.open(newline="", encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))


def where(rows, **cells):
    return [row for row in rows if all(row[name] == cell for name, cell in cells.items())]


def values(rows, **cells):
    return [float(row["value"] or "nan") for row in where(rows, **cells)]


def test_every_value_is_there_once_with_nine_digits(scored, rows):
    for case in scored.cases:
        own = where(rows, method="model", case=text_cell(case.name))
        assert len(own) == sum(len(set(region.values) - {"voxels"}) for region in case.regions)
        told = value_of(case, "tier", "body", "mae")
        assert values(own, kind="tier", region="body", metric="mae") == [pytest.approx(told, 1e-8)]
    keys = ("case", "method", "kind", "region", "size", "metric")
    assert len({tuple(row[key] for key in keys) for row in rows}) == len(rows)


def test_a_region_says_over_how_many_voxels(rows):
    lesion = where(rows, kind="lesion", metric="suv_max_error")
    assert [(row["voxels"], row["unit"]) for row in lesion] == [
        (str(np.count_nonzero(lesions())), "g/mL")
    ] * 2


def test_counts_stand_by_class_of_size(rows):
    found = where(rows, metric="detected_count")
    assert [(row["size"], row["value"]) for row in found] == [
        ("below 1 mL", "0"), ("1 to 5 mL", "0"), ("5 to 20 mL", "1"), ("20 mL or more", "0"),
    ] * 2  # fmt: skip


def test_baselines_are_methods(scored, rows):
    assert values(rows, method="nothing", region="body", metric="mae") == pytest.approx(
        [errors["nothing"]["body"].mae for errors in scored.baselines], rel=1e-8
    )
    assert {row["kind"] for row in rows if row["method"] != "model"} == {"tier"}


def test_the_dictionary_describes_all_that_is_there_and_nothing_else(rows, dictionary):
    columns = [row["name"] for row in where(dictionary, **{"is": "column"})]
    assert columns == list(rows[0]) == list(COLUMNS)
    metrics = {row["name"]: row for row in where(dictionary, **{"is": "metric"})}
    assert set(metrics) == {row["metric"] for row in rows}
    assert [name for name, row in metrics.items() if not row["definition"]] == []
    assert all(row["unit"] == metrics[row["metric"]]["unit"] for row in rows)


def test_values_lie_in_the_range_that_the_dictionary_gives(rows, dictionary):
    for row in where(dictionary, **{"is": "metric"}):
        known = [value for value in values(rows, metric=row["name"]) if value == value]
        low, high = float(row["least"] or "-inf"), float(row["most"] or "inf")
        assert all(low - 1e-6 <= value <= high + 1e-6 for value in known), row["name"]


def test_the_definitions_say_what_a_suffix_does():
    assert entry_of("tlg_41%_measured").definition == (
        "SUVmean x volume of the voxels of the region with SUV >= 41% of the maximum, "
        "on the measured PET"
    )
    assert (entry_of("mtv_4.0_predicted").unit, entry_of("mtv_4.0_predicted").least) == ("mL", "0")
    assert (entry_of("mtv_4.0_error").unit, entry_of("mtv_4.0_error").least) == ("mL", "")
    assert entry_of("suv_mean_relative_error").unit == ""
    assert entry_of("no_such_metric").definition == ""


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_no_name_is_a_formula(tmp_path, name):
    one = evaluation([0.1, 0.2])
    regions = (*one.cases[0].regions, Region("organ", name, {"volume_ml": -1.0}))
    named = score(name, 0.1)
    both = assembled([type(named)(name, "p", "00", None, regions), one.cases[1]], one.baselines)
    write_cases(both, tmp_path / "cases.csv")
    for path in (*tables(both, tmp_path), tmp_path / "cases.csv"):
        with path.open(newline="", encoding="utf-8-sig") as file:
            cells = [cell for row in csv.reader(file) for cell in row]
        assert [c for c in cells if c[:1] in tuple("=+@\t\r") and c] == []
        if path.name != "dictionary.csv":
            assert f"'{name}" in cells
            assert "-1" in cells  # a number keeps its sign


def test_a_byte_order_mark_only_where_it_is_needed(written, tmp_path):
    assert written[0].read_bytes()[:3] == b"\xef\xbb\xbf"
    assert written[1].read_bytes()[:4] == b"name"
    assert tables(evaluation([0.1, 0.2]), tmp_path)[0].read_bytes()[:4] == b"case"


def test_what_is_not_defined_is_empty_and_what_is_infinite_says_so(tmp_path):
    one = evaluation([0.1, 0.2])
    regions = (Region("tier", "body", {"voxels": 7, "mae": float("nan"), "psnr_db": np.inf}),)
    case = type(one.cases[0])("a", "a", "00", None, regions)
    path, _ = tables(assembled([case, one.cases[1]], one.baselines), tmp_path)
    lines = path.read_text("ascii").splitlines()
    assert "a,a,,model,tier,body,,mae,,g/mL,7" in lines
    assert "a,a,,model,tier,body,,psnr_db,inf,dB,7" in lines
