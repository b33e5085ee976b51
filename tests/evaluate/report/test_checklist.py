"""What journals ask for: every item once, answered only where the answer is known."""

import csv
from dataclasses import replace

import pytest

from ctpet.evaluate.files import Refused
from ctpet.evaluate.report.checklist import FILLED, PART, checklists, count, write_checklist
from ctpet.evaluate.report.page import write_report
from ctpet.evaluate.report.words import load_words
from tests.evaluate.report.made import assembled, contract, evaluation, score
from tests.evaluate.report.reading import Page
from tests.evaluate.report.test_verdict import MANY

CLAIM = [str(number) for number in range(1, 45)]
TRIPOD = [
    *("1", "2", "3a", "3b", "3c", "4", "5a", "5b", "6a", "6b", "6c", "7", "8a", "8b", "8c"),
    *("9a", "9b", "9c", "10", "11", "12a", "12b", "12c", "12d", "12e", "12f", "12g", "13", "14"),
    *("15", "16", "17", "18a", "18b", "18c", "18d", "18e", "18f", "19", "20a", "20b", "20c"),
    *("21", "22", "23a", "23b", "24", "25", "26", "27a", "27b", "27c"),
]


def told(one, guideline, number, language="en"):
    rows = {row.number: row for row in checklists(one, load_words())[guideline]}
    row = rows[number]
    return row.state, " ".join(answer.of(language).unescape() for answer in row.answers)


def test_every_item_of_both_guidelines_is_there_once_and_in_order():
    found = checklists(evaluation(MANY), load_words())
    assert [row.number for row in found["claim"]] == CLAIM
    assert [row.number for row in found["tripod"]] == TRIPOD
    for answered in (FILLED, PART):
        assert set(answered["claim"]) <= set(CLAIM)
        assert set(answered["tripod"]) <= set(TRIPOD)


def test_what_is_known_is_told_with_its_numbers():
    one = evaluation(MANY, seen=[True, None, *[False] * 8], model=True)
    one = replace(one, refused=(Refused("x", "no-body", "There is no body"),))
    assert told(one, "claim", "35") == (
        "filled",
        "10 cases of 10 patients were scored, 1 refused. Reasons of refusal: no-body.",
    )
    state, text = told(one, "claim", "20")
    assert state == "part"
    assert "Of 10 cases 1 are of patients in the training data, 8 are not found" in text
    assert "of 1 it is not known" in text
    state, text = told(one, "tripod", "22")
    assert "made <b>up</b> 1.2.3: HU from −1000 to 1000 in, SUVbw from 0 to 20" in text
    assert told(one, "claim", "38")[1].startswith("18 of 45 foci of high uptake omitted")
    assert "MAE in the body 0.153 [" in told(one, "tripod", "23a")[1]
    assert told(one, "claim", "39")[1].endswith("MAE in the body is case-1.")
    assert told(one, "claim", "14", "vi")[1].startswith("PET đo thực tế, SUVbw (g/mL)")


@pytest.mark.parametrize(
    ("guideline", "number"),
    [("claim", "44"), ("claim", "13"), ("tripod", "17"), ("tripod", "18b"), ("tripod", "5b")],
)
def test_what_only_the_author_knows_is_blank(guideline, number):
    assert told(evaluation(MANY, model=True), guideline, number) == ("blank", "")


@pytest.mark.parametrize(
    ("guideline", "number"), [("claim", "22"), ("claim", "3"), ("tripod", "12g"), ("tripod", "24")]
)
def test_without_a_model_what_it_would_tell_is_blank(guideline, number):
    assert told(evaluation(MANY), guideline, number) == ("blank", "")
    assert told(evaluation(MANY, model=True), guideline, number)[0] != "blank"


def test_a_contract_that_leaves_things_out_blanks_them():
    one = evaluation(MANY, model=True)
    silent = replace(contract(), limitations="")
    assert "own words" not in told(replace(one, model=(silent, "ab")), "claim", "40")[1]
    assert "All & sundry" in told(one, "claim", "40")[1]


def test_nothing_that_is_not_a_number_is_told():
    cases = [score("one", float("nan"), lesions=0)]
    one = assembled(cases, evaluation([0.1]).baselines)
    for rows in checklists(one, load_words()).values():
        assert "nan" not in " ".join(each.en for row in rows for each in row.answers)
    assert told(one, "claim", "37") == ("blank", "")
    assert told(one, "claim", "39") == ("blank", "")


def test_the_file_has_every_item_in_both_languages_and_blanks_to_fill(tmp_path):
    one = evaluation(MANY, model=True)
    path = tmp_path / "checklist.csv"
    write_checklist(one, path)
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["item"] for row in rows] == [*CLAIM, *TRIPOD]
    assert {row["author"] for row in rows} == {""}
    by_state = count(checklists(one, load_words()))
    assert sum(row["state_en"] == "answered" for row in rows) == by_state["filled"]
    for row in rows:
        blank = row["state_en"] == "to be filled by the author"
        assert (row["known_en"] == "") == (row["known_vi"] == "") == blank
        assert row["asks_en"] != row["asks_vi"]
        assert not any(
            "&" in cell or "\xa0" in cell for name, cell in row.items() if name[:4] != "know"
        )
    (model,) = [row for row in rows if row["item"] == "22" and row["guideline"].startswith("CLAIM")]
    assert model["known_en"].startswith("made <b>up</b> 1.2.3: HU from")


def test_the_page_ends_with_both_tables(tmp_path):
    write_report(evaluation(MANY, model=True), (), tmp_path / "page.html")
    page = Page((tmp_path / "page.html").read_text("utf-8"))
    assert page.line("|44|") == "|44|Funding and the role of funders|to be filled by the author"
    assert page.line("|12f|").startswith("|12f|Updating of the model|None: made <b>up</b> was")
    by_state = count(checklists(evaluation(MANY, model=True), load_words()))
    told = f"{by_state['filled']} items are answered, {by_state['part']} in part"
    assert told in page.text
