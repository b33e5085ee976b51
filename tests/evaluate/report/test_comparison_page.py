"""The page that puts models side by side."""

import re

import pytest

from ctpet.evaluate.report.comparison_page import write_comparison
from tests.evaluate.report.comparisons import made_comparison
from tests.evaluate.report.reading import Page

GOOD, BAD, SEEN = [0.1, 0.2, 0.3, 0.4, 0.5], [2.0] * 5, [0.05] * 5
MORE_GOOD, MORE_BAD = [0.1 * n for n in range(1, 9)], [2 + 0.1 * n for n in range(8)]


def page(tmp_path, comparison, **options):
    write_comparison(comparison, tmp_path / "page.html", **options)
    return (tmp_path / "page.html").read_text("utf-8")


def test_a_patient_from_whom_a_model_learned_is_left_out_for_all_of_them(tmp_path):
    learned = [5.0, *MORE_GOOD[1:]]
    html = page(tmp_path, made_comparison([MORE_GOOD, learned], seen=(0,)))
    text = Page(html).text
    assert "Model B has learned from 1 of these 8 cases (c0). They are left out" in text
    assert html.count("trained on</span>") == 1
    row = next(line for line in text.splitlines() if line.startswith("|MAE"))
    assert re.findall(r"n (\d+)", row) == ["7", "7"]
    assert re.findall(r"0\.500", row) == ["0.500", "0.500"], "the mean without the first"
    assert "the same 8 cases of 8 patients" in text


def test_a_model_that_learned_from_all_patients_is_marked_and_its_lead_is_no_result(tmp_path):
    html = page(tmp_path, made_comparison([GOOD, BAD, SEEN], seen=range(5)))
    red = " ".join(Page(html).bad)
    assert "Model C has learned from 5 of these 5 cases (c0, c1, c2, c3, c4). Its figures" in red
    assert "Model C has the lowest MAE in the body, 0.0500 g/mL, and has learned" in red
    assert html.count("trained on</span>") == 5


def test_of_many_cases_a_few_are_named(tmp_path):
    comparison = made_comparison([[0.2] * 20, [0.1] * 20], seen=range(20))
    red = " ".join(Page(page(tmp_path, comparison)).bad)
    assert "from 20 of these 20 cases (c0, c1, c2, c3, c4, c5, c6, c7, …)" in red


def test_a_model_shown_to_be_below_a_baseline_is_told_so_in_red_words(tmp_path):
    red = " ".join(Page(page(tmp_path, made_comparison([MORE_GOOD, MORE_BAD]))).bad)
    assert "Model B is shown to be worse than the baseline no uptake" in red
    assert "Model A is shown to be worse" not in red
    few = " ".join(Page(page(tmp_path, made_comparison([GOOD, BAD]))).bad)
    assert "worse" not in few, "five patients cannot show it"


def test_a_winner_needs_evidence(tmp_path):
    text = Page(page(tmp_path, made_comparison([MORE_GOOD, MORE_BAD]))).text
    assert "Model A is shown to be better than every other: 0.450 g/mL" in text
    assert "|first is better|" in text
    close = [value + 0.05 * (-1) ** n + 0.01 for n, value in enumerate(MORE_GOOD)]
    text = Page(page(tmp_path, made_comparison([MORE_GOOD, close]))).text
    assert "Model A has the lowest mean MAE in the body, 0.450 g/mL" in text
    assert "is not shown to be better than Model B (adjusted p = 0.734)" in text
    assert "there is no winner" in text
    assert "shown to be better than every other" not in text


def test_every_cell_tells_its_patients(tmp_path):
    comparison = made_comparison([MORE_GOOD, MORE_BAD], without={("lesions", "dice"): (1, 3, 4)})
    text = Page(page(tmp_path, comparison)).text
    row = next(line for line in text.splitlines() if line.startswith("|Dice of lesions|"))
    assert "n 8" in row
    assert "n 5" in row
    pair = next(line for line in text.splitlines() if "|Dice of lesions|" in line[1:])
    assert "n 5" in pair


def test_what_is_not_known_is_said(tmp_path):
    text = Page(page(tmp_path, made_comparison([GOOD, BAD]))).text
    assert "It is not known whether Model A has learned from any of these patients" in text


def test_the_numbers_of_every_model_and_pair_are_there(tmp_path):
    text = Page(page(tmp_path, made_comparison([GOOD, BAD]))).text
    assert "Model A has the lowest mean MAE in the body, 0.300 g/mL" in text
    assert "−1.70" in text
    assert "0.062" in text  # 2 / 2⁵ flips
    assert "would be found four times in five" in text


def test_few_patients_get_words_and_no_interval(tmp_path):
    text = Page(page(tmp_path, made_comparison([GOOD[:2], BAD[:2]]))).text
    assert "with fewer than 5 there is no confidence interval and no p-value" in text
    assert "[" not in re.sub(r"\s", "", text)


def test_names_are_escaped_and_nothing_is_loaded(tmp_path):
    comparison = made_comparison([GOOD, BAD])
    object.__setattr__(comparison.entries[0], "title", "<script>x</script>")
    html = page(tmp_path, comparison)
    assert "<script>x" not in html
    assert not re.search(r"(src|href)=\"(?!data:|#)", html)


@pytest.mark.parametrize("language", ["en", "vi"])
def test_the_page_opens_in_the_language_asked_for(tmp_path, language):
    html = page(tmp_path, made_comparison([GOOD, BAD]), language=language)
    assert f'<html lang="{language}">' in html
    assert "Model A có MAE trung bình trong cơ thể thấp nhất" in html


def test_the_same_comparison_gives_the_same_bytes(tmp_path):
    first = page(tmp_path, made_comparison([GOOD, BAD]))
    assert first == page(tmp_path, made_comparison([GOOD, BAD]))


def test_foci_of_every_model_come_before_means_over_the_body(tmp_path):
    comparison = made_comparison([GOOD, BAD])
    text = Page(page(tmp_path, comparison)).text
    lines = [line for line in text.splitlines() if "measured foci of high uptake" in line]
    assert [line.split(":")[0] for line in lines] == ["Model A", "Model B"]
    counts = {word: each[1] for word, each in comparison.counts.items()}
    assert "{omitted} of {measured} measured".format_map(counts) in lines[1]
    assert text.index(lines[1]) < text.index("MAE in the body")
