"""Models side by side: the same patients, the same references, or nothing."""

import json
import shutil

import pytest

from ctpet.errors import InputRefused
from ctpet.evaluate.compare import compare
from ctpet.evaluate.endpoints import PRIMARY, TIER_ENDPOINTS
from ctpet.evaluate.files import Sources
from ctpet.evaluate.outputs import write_summary
from ctpet.evaluate.run import EvaluateRequest, evaluate
from tests.evaluate.pairs import write_patient

PATIENTS = 6


@pytest.fixture(scope="module")
def reports(tmp_path_factory):
    """Two reports on six patients: errors of 0.1 + 0.01 n, and of 0.3 throughout."""
    root = tmp_path_factory.mktemp("compare")
    for name, error in (("good", lambda n: 0.1 + 0.01 * n), ("bad", lambda _: 0.3)):
        for number in range(PATIENTS):
            write_patient(root / name, number, error=error(number))
        folder = root / name
        found = evaluate(
            EvaluateRequest(
                Sources(folder / "predicted", folder / "measured", folder / "ct"), title=name
            )
        )
        (root / f"report-{name}").mkdir()
        write_summary(found, root / f"report-{name}" / "summary.json")
    return root


def both(root):
    return compare([root / "report-good", root / "report-bad"])


def changed(reports, tmp_path, change):
    told = json.loads((reports / "report-bad" / "summary.json").read_text("utf-8"))
    change(told)
    path = tmp_path / "summary.json"
    path.write_text(json.dumps(told), "utf-8")
    return path


def test_models_stand_beside_each_other_with_a_paired_test(reports):
    found = both(reports)
    assert [entry.title for entry in found.entries] == ["good", "bad"]
    assert found.patients == PATIENTS
    (mae,) = [row for row in found.rows if (row.region, row.metric) == ("body", "mae")]
    assert [one.mean for one in mae.intervals] == pytest.approx([0.125, 0.3], rel=1e-4)
    pair = found.pairs[0]
    assert pair.endpoint == PRIMARY
    assert pair.difference.mean == pytest.approx(-0.175, rel=1e-4)
    assert pair.difference.high < 0
    assert pair.p == pair.p_adjusted == pytest.approx(2 / 2**PATIENTS)
    assert pair.standing == "better"
    assert 0 < pair.detectable < 0.1
    assert found.baselines["nothing"].mean > 0.5


def test_every_endpoint_that_both_have_is_tested_and_baselines_stand_beside(reports):
    found = both(reports)
    known = [one for one in TIER_ENDPOINTS if one.region != "in lesions"]
    assert [pair.endpoint for pair in found.pairs] == known
    assert {pair.difference.patients for pair in found.pairs} == {PATIENTS}
    beside = {(one.entry, one.name): one for one in found.beside_baselines}
    assert beside[0, "nothing"].standing == "better"
    assert beside[1, "HU bins"].standing == "worse", "0.3 in each of six patients"
    assert beside[1, "HU bins"].difference.low > 0
    assert beside[1, "HU bins"].p_adjusted < 0.05


def test_a_pair_is_compared_in_the_patients_that_both_have(reports, tmp_path):
    def lose(told):
        (high,) = [x for x in told["cases"][2]["regions"] if x["name"] == "predicted > 2.5"]
        high["values"]["mae"] = None

    found = compare([reports / "report-good", changed(reports, tmp_path, lose)])
    (pair,) = [x for x in found.pairs if x.endpoint.region == "predicted > 2.5"]
    assert pair.difference.patients == PATIENTS - 1
    own = [0.3 - 0.1 - 0.01 * n for n in (0, 1, 3, 4, 5)]
    assert pair.difference.mean == pytest.approx(-sum(own) / 5, rel=0.05)
    assert pair.p == pytest.approx(2 / 2 ** (PATIENTS - 1))
    (row,) = [x for x in found.rows if x.region == "predicted > 2.5"]
    assert [one.patients for one in row.intervals] == [PATIENTS, PATIENTS - 1]


def test_a_report_is_compared_with_others_alone(reports):
    good = reports / "report-good"
    for again in (good, good / "summary.json"):
        with pytest.raises(InputRefused, match="named twice") as caught:
            compare([good, again])
        assert caught.value.code == "same-report"


def test_three_models_are_one_family(reports, tmp_path):
    again = shutil.copytree(reports / "report-good", tmp_path / "report-again")
    paths = [reports / "report-good", reports / "report-bad", again]
    found = compare(paths)
    assert [entry.title for entry in found.entries] == ["good", "bad", "good (2)"]
    primary = [pair for pair in found.pairs if pair.endpoint == PRIMARY]
    assert [(pair.first, pair.second) for pair in primary] == [(0, 1), (0, 2), (1, 2)]
    assert [pair.standing for pair in primary] == ["better", "open", "worse"]
    assert primary[1].p_adjusted == 1


def test_the_order_of_cases_does_not_matter(reports, tmp_path):
    path = changed(reports, tmp_path, lambda told: told["cases"].reverse())
    again = compare([reports / "report-good", path])
    assert again.pairs[0].difference == both(reports).pairs[0].difference


def test_whom_a_model_saw_is_kept(reports, tmp_path):
    def saw(told):
        for number, case in enumerate(told["cases"]):
            case["in_training"] = number == 2

    found = compare([reports / "report-good", changed(reports, tmp_path, saw)])
    assert found.entries[1].seen == ("patient-2",)
    assert found.counted == tuple(f"patient-{n}" for n in (0, 1, 3, 4, 5))
    assert found.patients == PATIENTS - 1
    good = [0.1 + 0.01 * n for n in (0, 1, 3, 4, 5)]
    assert found.rows[0].intervals[0].mean == pytest.approx(sum(good) / 5, rel=1e-4)
    assert {pair.difference.patients for pair in found.pairs} == {PATIENTS - 1}
    assert not found.entries[1].unchecked
    assert found.entries[0].unchecked


def drop(told):
    told["cases"].pop()


def swap(told):
    told["cases"][0]["patient"] = "another"


def other_reference(told):
    told["cases"][1]["reference_sha256"] = "00"


def other_settings(told):
    told["settings"]["hot_suv"] = 3.0


def other_body(told):
    case = told["cases"][3]
    (body,) = [x for x in case["regions"] if (x["kind"], x["name"]) == ("tier", "body")]
    body["values"]["voxels"] *= 0.9


def no_ct(told):
    del told["cases"][4]["baselines"]["HU bins"]


def other_format(told):
    told["format"] = 99


@pytest.mark.parametrize(
    ("change", "code", "named"),
    [
        (drop, "patients-differ", "patient-5"),
        (swap, "patients-differ", "patient-0"),
        (other_reference, "references-differ", "patient-1"),
        (other_settings, "settings-differ", "settings"),
        (other_body, "bodies-differ", "patient-3"),
        (no_ct, "bodies-differ", "patient-4"),
        (other_format, "report-unreadable", "99"),
    ],
)
def test_what_cannot_be_compared_is_refused(reports, tmp_path, change, code, named):
    with pytest.raises(InputRefused, match=named) as refused:
        compare([reports / "report-good", changed(reports, tmp_path, change)])
    assert refused.value.code == code


def test_a_file_that_is_no_summary_is_refused(reports, tmp_path):
    path = changed(reports, tmp_path, lambda told: told.pop("cases"))
    with pytest.raises(InputRefused, match="KeyError") as refused:
        compare([reports / "report-good", path])
    assert refused.value.code == "report-unreadable"


def test_one_report_or_none_is_refused(reports, tmp_path):
    with pytest.raises(InputRefused) as refused:
        compare([reports / "report-good"])
    assert refused.value.code == "one-report"
    with pytest.raises(InputRefused) as refused:
        compare([reports / "report-good", tmp_path])
    assert refused.value.code == "report-unreadable"


def test_a_report_without_a_title_is_called_after_its_folder(reports, tmp_path):
    path = changed(reports, tmp_path, lambda told: told.update(title=""))
    assert compare([reports / "report-good", path]).entries[1].title == tmp_path.name
