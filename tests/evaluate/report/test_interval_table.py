"""In red where a 90 % interval covers less than 85 %, and only there."""

import re
from dataclasses import replace

import pytest

from ctpet.evaluate.outputs import summary_json
from ctpet.evaluate.report.comparison_page import write_comparison
from ctpet.evaluate.report.interval_table import interval_alerts, interval_rows
from ctpet.evaluate.report.page import write_report
from ctpet.evaluate.report.words import load_words
from ctpet.texts import comparison_text, evaluation_text
from tests.evaluate.report.comparisons import made_comparison
from tests.evaluate.report.made import evaluation, with_interval
from tests.evaluate.report.test_verdict import MANY


def page(one, tmp_path):
    write_report(one, [], tmp_path / "report.html")
    return (tmp_path / "report.html").read_text("utf-8")


@pytest.mark.parametrize(("coverage", "red"), [(0.9, False), (0.8501, False), (0.8499, True)])
def test_red_is_where_too_little_is_covered(tmp_path, coverage, red):
    one = with_interval(evaluation(MANY), coverage)
    html = page(one, tmp_path)
    notice = re.search(r'<p class="notice bad">.*do not cover what they say', html)
    assert (notice is not None) == red
    table = html[html.index('<section id="intervals">') :].split("</section>")[0]
    assert ('<tr class="bad">' in table) == red
    assert bool(interval_alerts(one.summary)) == red
    text = evaluation_text(one, tmp_path)
    assert ("[coverage-short]" in text) == red
    assert f"interval covers {coverage:.3f}" in text
    assert summary_json(one)["interval"]["short"] == red


def test_the_table_has_regions_bins_and_organs():
    words = load_words()
    groups = dict(interval_rows(with_interval(evaluation(MANY), 0.9).summary, words))
    names = {key.name: [str(row.name.en) for row in rows] for key, rows in groups.items()}
    assert set(names) == {"intervals.tiers", "intervals.uptake", "intervals.organs"}
    assert names["intervals.uptake"][:2] == ["0–0.25", "0.25–0.5"]
    assert names["intervals.organs"] == ["liver"]
    (liver,) = groups[next(key for key in groups if key.name == "intervals.organs")]
    assert (liver.coverage.value, liver.width.value) == ("90.0", "1.50")
    assert liver.coverage.patients == len(MANY)


def test_without_bounds_there_is_nothing_of_it(tmp_path):
    one = evaluation(MANY)
    assert one.summary.standing is None
    assert "interval" not in summary_json(one)
    assert 'id="intervals"' not in page(one, tmp_path)
    assert "interval covers" not in evaluation_text(one, tmp_path)


@pytest.mark.parametrize(("coverage", "red"), [(0.9, False), (0.84, True)])
def test_a_comparison_names_the_model_that_covers_too_little(tmp_path, coverage, red):
    compared = made_comparison([[0.5] * 6, [0.6] * 6], coverage=coverage)
    assert [entry.title for entry, _ in compared.short] == (["Model B"] if red else [])
    write_comparison(compared, tmp_path / "comparison.html")
    html = (tmp_path / "comparison.html").read_text("utf-8")
    assert ("intervals of Model B do not cover what they say" in html) == red
    assert ("interval of Model B covers 0.840" in comparison_text(compared, tmp_path)) == red
    lower = replace(compared.entries[1], nominal=0.8)
    assert not replace(compared, entries=(compared.entries[0], lower)).short
