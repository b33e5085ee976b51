"""What a table brings beside a model stands among the baselines, under its own name."""

import csv

import numpy as np
import pytest

from ctpet.contract import TrainingData, hash_patient
from ctpet.errors import InputRefused
from ctpet.evaluate.overlap import in_training
from ctpet.evaluate.report.lines import baseline_name
from ctpet.evaluate.report.words import load_words
from ctpet.evaluate.run import EvaluateRequest, evaluate
from ctpet.evaluate.table import table_cases
from tests.evaluate.pairs import ERRORS, write_patients

OTHER = "beside:other model"


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    folder = tmp_path_factory.mktemp("evaluation")
    return write_patients(folder)


def table(root, beside, name="pairs.csv"):
    """Each patient's files, and beside the prediction what a function of the row's names gives."""
    path = root / name
    files = sorted(each.name for each in (root / "predicted").iterdir())
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([OTHER, "reference", "ct", "predicted", "patient"])
        for number, each in enumerate(files):
            told = beside(number, each)
            writer.writerow([told, f"measured/{each}", f"ct/{each}", f"predicted/{each}", each])
    return path


def lines(path):
    evaluation = evaluate(EvaluateRequest(table=path))
    found = evaluation.summary.baselines
    return {(line.tier, line.metric): line for line in found if line.name == "other model"}


def test_a_perfect_one_has_no_error_and_the_model_is_worse_beside_it(root):
    found = lines(table(root, lambda _, each: f"measured/{each}"))
    line = found["body", "mae"]
    assert line.interval.mean == 0
    assert line.difference.mean == pytest.approx(np.mean(ERRORS), abs=1e-6)
    assert line.standing == "worse"
    assert found["body", "concordance"].interval.mean == pytest.approx(1)


def test_the_model_itself_beside_it_differs_in_nothing(root):
    line = lines(table(root, lambda _, each: f"predicted/{each}"))["body", "mae"]
    assert line.interval.mean == pytest.approx(np.mean(ERRORS), abs=1e-6)
    assert line.difference.mean == pytest.approx(0, abs=1e-9)


def test_it_counts_in_the_patients_that_it_is_given_for(root):
    path = table(root, lambda number, each: f"measured/{each}" if number else "", "some.csv")
    line = lines(path)["body", "mae"]
    assert line.interval.patients == len(ERRORS) - 1
    assert line.difference.mean == pytest.approx(np.mean(ERRORS[1:]), abs=1e-6)


def test_a_file_that_is_not_there_is_named_by_its_column(root):
    cases, refused = table_cases(table(root, lambda n, each: f"{'gone' if n else 'ct'}/{each}"))
    assert len(cases) == 1
    assert OTHER in refused[0].message


def test_another_column_stays_refused(root):
    path = table(root, lambda _, each: f"measured/{each}", "wrong.csv")
    path.write_text(path.read_text().replace(OTHER, "other model"))
    with pytest.raises(InputRefused, match="other model"):
        table_cases(path)


def test_its_name_is_told_as_it_was_given_and_a_baselines_in_words():
    words = load_words()
    assert words.say(baseline_name("a <b> model").name).of("en") == "a &lt;b&gt; model"
    assert words.say(baseline_name("HU bins").name).of("vi") != "HU bins"


def test_the_hash_of_a_prepared_case_stands_for_its_patient():
    hashed = hash_patient("anh", "00ff")
    data = TrainingData("made", "", "", "00ff", (hashed,))
    assert in_training([hashed], [data])
    assert in_training(["anh"], [data])
    assert not in_training([hash_patient("binh", "00ff"), "binh"], [data])
