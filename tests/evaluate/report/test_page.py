"""What the report says, shows and keeps to itself."""

import re
from dataclasses import replace

import numpy as np
import pytest

from ctpet.evaluate.baselines import NOTHING
from ctpet.evaluate.files import Refused
from ctpet.evaluate.report import page as page_module
from ctpet.evaluate.report.page import write_report
from ctpet.evaluate.tally import TallyErrors
from ctpet.findings import Finding
from tests.evaluate.pairs import ERRORS
from tests.evaluate.report.made import assembled, evaluation, pictures, score
from tests.evaluate.report.reading import Page

MANY = list(np.linspace(0.1, 0.3, 10))


@pytest.fixture(autouse=True)
def _without_charts(request, monkeypatch):
    """Spare the time of drawing but for the pages that are made once."""
    if not {"report", "page", "evaluated"} & set(request.fixturenames):
        monkeypatch.setattr(page_module, "case_figure", lambda *_: {"en": "", "vi": ""})
        for name in ("agreement_figure", "joint_figure"):
            monkeypatch.setattr(page_module, name, lambda *_: None)


def written(one, folder, language="en", shown=()):
    path = folder / f"{language}.html"
    write_report(one, shown, path, language=language)
    return path.read_text("utf-8")


@pytest.fixture(scope="module")
def page(report):
    return Page(report.read_text("utf-8"))


def test_the_mean_error_over_patients_is_in_the_summary_and_the_table(page):
    assert "MAE) of SUV in the body is 0.350 g/mL, 95 % confidence interval [" in page.text
    assert "over 6 patients (6 cases)" in page.text
    rows = [line for line in page.lines if line.startswith("|Model|")]
    assert [row.startswith("|Model|0.350[") for row in rows] == [True] * 5


def test_every_case_has_its_own_row(page):
    for number, error in enumerate(ERRORS):
        assert page.line(f"|patient-{number}|").startswith(
            f"|patient-{number}|{error:.3f}|+{error:.3f}|{error:.3f}|"
        )


def test_the_liver_is_too_hot_by_the_mean_error(page):
    row = page.line("|liver|")
    spread = 1.96 * np.std(ERRORS, ddof=1)
    limits = f"[{0.35 - spread:+.3f}; {0.35 + spread:+.3f}]".replace("-", "−")
    slope = "∝+0.868 (p = 0.003)"  # each patient 0.1 more error and 0.115 more of the mean
    assert row.startswith(f"|liver|+0.350{limits} {slope}n 6|+23.1 %n 6|")


def test_the_warning_comes_first_then_what_matters_then_means_over_the_body(page):
    order = [
        page.text.index(each)
        for each in (
            "SYNTHETIC – NOT FOR DIAGNOSIS",
            "Refused and in none of the figures: 1 (broken: ",
            "It is not known whether any of these patients",
            "measured foci of high uptake are omitted",
            "reference lesions found",
            "where uptake is high",
            "MAE in the body [",
            "Not shown to be better than every baseline",
            "Maximum intensity projections",
            "mean absolute error (MAE) of SUV in the body",
            "Refused: 1 not scored",
            "Model and baselines",
            "All measures by region",
            "Foci of high uptake",
            "Bland–Altman",
            "Each case, model and baselines",
            "HU and SUV",
            "Cases to look at",
            "All cases",
            "Statistics",
        )
    ]
    assert order == sorted(order)
    assert "broken" in page.line("|broken|")
    assert "Refused: 1 not scored" in page.bad
    assert any("Refused and in none" in each for each in page.bad)


def test_no_figure_is_loaded_and_none_leaves_the_page(report):
    html = report.read_text("utf-8")
    without_pictures = re.sub(r"data:image/png;base64,[^\"]+", "", html)
    assert not re.search(r"https?:|//[a-z]|@import|url\((?!#)", without_pictures)
    for tag, attributes in Page(html).tags:
        assert tag not in ("link", "iframe", "object", "embed", "base", "form")
        for name in ("src", "href", "xlink:href"):
            if attributes.get(name):
                assert attributes[name].startswith(("data:image/png;base64,", "#"))
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]+)"', html)
    assert "default-src 'none'" in policy
    assert "script-src 'sha256-" in policy


def test_links_and_labels_lead_somewhere_and_ids_are_unique(report):
    tags = Page(report.read_text("utf-8")).tags
    ids = [attributes["id"] for _, attributes in tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    for _, attributes in tags:
        for name in ("href", "xlink:href"):
            if (attributes.get(name) or "").startswith("#"):
                assert attributes[name][1:] in ids
        if "aria-labelledby" in attributes:
            assert attributes["aria-labelledby"] in ids


def test_no_path_of_the_machine_is_told(report, tmp_path_factory):
    assert str(tmp_path_factory.getbasetemp()) not in report.read_text("utf-8")


def test_a_model_worse_than_baselines_is_told_so_in_red_words(tmp_path):
    html = written(evaluation([1.5] * 6, baselines=(NOTHING, "HU bins")), tmp_path)
    page = Page(html)
    red = " ".join(page.bad)
    assert "The model is shown to be worse than 2 of 2 baselines by MAE in the body" in red
    assert red.count("its MAE in the body is 0.500 g/mL larger, simultaneous 95") == 2
    rows = [line for line in page.lines if line.startswith(("|no uptake|", "|median by HU|"))]
    assert len(rows) == 8
    told = ["model is worse" in row for row in rows]
    assert told == [True, True, False, False, True, True, True, True], "SUV > 0.5 is not tested"


def test_a_better_model_is_nowhere_called_worse(tmp_path):
    page = Page(written(evaluation(MANY, seen=[False] * 10, model=True), tmp_path))
    assert "worse" not in page.text[: page.text.index("May be copied into a paper")]
    assert page.bad == []


def test_cases_in_training_are_named_in_red_and_unknown_ones_told(tmp_path):
    page = Page(written(evaluation(MANY, seen=[True, None, *[False] * 8], model=True), tmp_path))
    assert "In the model’s training data: 1 of 10 cases (case-0)." in " ".join(page.bad)
    assert "model’s training data: case-1." in page.text
    assert page.line("|case-0|").endswith("|yes|")
    assert page.line("|case-1|").endswith("|not known|")
    assert page.line("|case-2|").endswith("|not found|")


def test_under_five_patients_there_is_no_interval_but_words(tmp_path):
    page = Page(written(evaluation(MANY[:4]), tmp_path))
    assert not re.search(r"\[[−+\d]", page.text)
    assert not re.search(r"\bp [=<] ", page.text)
    assert "With fewer than 5 patients no confidence interval is given." in page.text
    assert "no limits of agreement" in page.text
    assert re.search(r"\[[−+\d]", Page(written(evaluation(MANY[:5]), tmp_path)).text)


@pytest.mark.parametrize("language", ["en", "vi"])
def test_names_are_not_taken_for_html(tmp_path, language):
    name = "<script>alert(1)</script>"
    one = assembled(
        [score(name, 0.1, seen=True, findings=[Finding("odd", "warning", "<img src=x>")])],
        evaluation([0.1]).baselines,
        title=name,
        refused=(Refused("<b>", "odd", "<i>"),),
    )
    html = written(one, tmp_path, language, pictures(one))
    assert name not in html
    assert html.count("<script>") == 1
    assert "<img src=x>" not in html
    assert name in Page(html, language).text


@pytest.mark.parametrize(
    ("language", "shown", "other"),
    [
        ("en", "Foci of high uptake", "Các ổ bắt thuốc mạnh"),
        ("vi", "Các ổ bắt thuốc mạnh", "Foci of high uptake"),
    ],
)
def test_a_page_holds_both_languages_and_opens_in_one(tmp_path, language, shown, other):
    html = written(evaluation(MANY), tmp_path, language)
    assert f'<html lang="{language}">' in html
    assert shown in html
    assert other in html
    text = Page(html, language).text
    assert shown in text
    assert other not in text


def test_both_languages_show_the_same_numbers(report):
    html = report.read_text("utf-8")
    rows = [
        [re.findall(r"[−+]?\d[\d.]*", line) for line in Page(html, each).lines if line[0] == "|"]
        for each in ("en", "vi")
    ]
    assert rows[0] == rows[1]


def test_the_same_evaluation_gives_the_same_bytes(evaluated, tmp_path):
    assert written(evaluated, tmp_path) == written(evaluated, tmp_path)


def test_foci_are_counted_by_size(tmp_path):
    page = Page(written(evaluation([0.1] * 3), tmp_path))
    assert page.line("|of these fabricated|") == "|of these fabricated|3|0|0|0|3|3.00"
    assert page.line("|of these omitted|") == "|of these omitted|6|0|0|0|6|6.00"
    assert page.line("|found on both|") == "|found on both|0|3|0|0|3|3.00"


def test_without_lesions_ct_and_pictures_their_parts_are_left_out(tmp_path):
    cases = [score("one", 0.1, lesions=0)]
    one = assembled(cases, evaluation([0.1]).baselines, pooled={"measured": {}, "predicted": {}})
    page = Page(written(one, tmp_path))
    for absent in ("Reference", "MTV and TLG of lesions", "HU and SUV", "Cases to look at"):
        assert absent not in page.lines
    assert not any(tag == "img" for tag, _ in page.tags)


def test_pictures_are_inside_the_page(tmp_path):
    one = evaluation([0.1] * 3)
    page = Page(written(one, tmp_path, shown=pictures(one)))
    images = [attributes for tag, attributes in page.tags if tag == "img"]
    assert [each["lang"] for each in images] == ["en", "vi"] * 4
    assert "Median case: case-0. MAE in the body 0.400 g/mL." in page.text
    assert "Worst case: case-0, MAE 0.500 g/mL." in page.text
    assert page.text.count("There is no CT; the first column") == 1


def test_every_cell_tells_its_own_patients(tmp_path):
    # As seen: MS-SSIM in 4 of 16 patients, a baseline above SUV 2.5 in 3 where the model has 14.
    maes = np.linspace(0.1, 0.3, 16)
    cases = [
        without(
            score(f"case-{n}", mae),
            *[("body", "ms_ssim")] * (n >= 4),
            *[("predicted > 2.5", "mae")] * (n in (2, 9)),
            *[("liver", "suv_max_predicted")] * (n < 6),
        )
        for n, mae in enumerate(maes)
    ]
    none = TallyErrors(*[float("nan")] * 4)
    errors = [dict(one["nothing"]) for one in evaluation(maes).baselines]
    for number in range(3, 16):
        errors[number]["predicted > 2.5"] = none
    one = assembled(cases, [{"nothing": each} for each in errors])
    page = Page(written(one, tmp_path))
    ms_ssim = page.line("|MS-SSIM|").split("|")
    assert [re.findall(r"n (\d+)", cell) for cell in ms_ssim[2:4]] == [["16"], ["4"]]
    table = page.text[page.text.index("Model and baselines") :]
    group = table[table.index("Predicted SUV > 2.5\n") :].splitlines()
    model, baseline = (re.findall(r"n (\d+)", line) for line in group[1:3])
    assert model[0] == "14"
    assert baseline[:2] == ["3", "2"], "of the baseline, and of the patients that both have"
    assert "not shown to differ" not in group[2], "two patients are no test"
    liver = re.findall(r"n (\d+)", page.line("|liver|"))
    assert liver == ["16", "16", "10", "10", "16", "16"]


def without(case, *keys):
    """Take figures of some regions from a case."""
    regions = [
        replace(one, values={k: v for k, v in one.values.items() if (one.name, k) not in set(keys)})
        for one in case.regions
    ]
    return replace(case, regions=tuple(regions))


def test_a_metric_that_is_nowhere_defined_is_a_dash(tmp_path):
    one = evaluation([float("nan")] * 3, baseline=float("nan"))
    page = Page(written(one, tmp_path))
    assert "|MAE|–n 0|–n 0|–n 0" in page.text
    assert not re.search(r"\bnan\b", page.text)


def test_methods_name_versions_model_and_thresholds(tmp_path):
    one = evaluation(MANY, seen=[False] * 10, model=True, resampled=True)
    text = Page(written(one, tmp_path)).text
    for told in (
        f"numpy {np.__version__}",
        "made <b>up</b>, version 1.2.3 (regression)",
        "Two made patients (2 patients)",
        "R = 10 g/mL",
        "−300 HU",
        "SUV ≥ 4 (Boellaard",
        "one family of 20 two-sided paired sign-flip tests",
        "Predictions on another grid were resampled.",
    ):
        assert told in text


def test_many_cases_of_a_patient_count_as_one_patient(tmp_path):
    cases = [score(f"case-{n}", 0.1 * n, patient=f"p{n % 4}") for n in range(1, 9)]
    one = assembled(cases, evaluation([0.1] * 8).baselines)
    page = Page(written(one, tmp_path))
    assert "8 cases of 4 patients" in page.text
    assert not re.search(r"\[[−+\d]", page.text)


def test_a_page_is_replaced(tmp_path):
    path = tmp_path / "page.html"
    path.write_text("before", "utf-8")
    write_report(evaluation([0.1], title="After"), (), path)
    assert "<h1>After</h1>" in path.read_text("utf-8")
