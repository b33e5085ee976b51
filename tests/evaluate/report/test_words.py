"""Both languages say the same, and nothing is kept that is not said."""

from dataclasses import replace
from pathlib import Path
from string import Formatter

import pytest
from markupsafe import Markup

from ctpet.errors import InputRefused
from ctpet.evaluate.baselines import NOTHING
from ctpet.evaluate.covariates import Column, Covariates
from ctpet.evaluate.files import CaseFiles, Refused
from ctpet.evaluate.margin import Margin
from ctpet.evaluate.pictures import captions_of
from ctpet.evaluate.report import charts, froc_chart
from ctpet.evaluate.report.comparison_page import write_comparison
from ctpet.evaluate.report.page import write_report
from ctpet.evaluate.report.words import Key, Text, Words, load_words, read_organs, read_texts
from ctpet.evaluate.subgroups import participants
from ctpet.evaluate.tally import TallyErrors
from ctpet.findings import Finding
from tests.evaluate.report.comparisons import made_comparison
from tests.evaluate.report.made import assembled, evaluation, pictures, score, with_interval
from tests.evaluate.report.segmented import segmented_evaluation
from tests.evaluate.report.test_verdict import MANY

TEXTS = read_texts()


def fields(text):
    return sorted(name for _, name, _, _ in Formatter().parse(text) if name is not None)


def test_every_text_is_in_both_languages_with_the_same_placeholders():
    assert [key for key, text in TEXTS.items() if set(text) != {"en", "vi"}] == []
    assert [key for key, text in TEXTS.items() if not all(map(str.strip, text.values()))] == []
    assert [key for key, text in TEXTS.items() if fields(text["en"]) != fields(text["vi"])] == []


def test_every_tag_is_closed():
    for text in (text for both in TEXTS.values() for text in both.values()):
        for tag in ("b", "i", "em", "sub"):
            assert text.count(f"<{tag}>") == text.count(f"</{tag}>")


@pytest.mark.parametrize(
    "wrong",
    ["thực đo", "hòa hợp", "ổ giả ", "ổ giả,", "ổ giả.", "là giả ", "cho không", "vòm gan",
     "bịa", "nóng", "bệnh nhân số"],
)  # fmt: skip
def test_vietnamese_is_what_a_nuclear_physician_would_say(wrong):
    told = {key: f"{text['vi']} ".lower() for key, text in TEXTS.items()}
    assert [key for key, text in told.items() if wrong in text.replace("là giả tạo", "")] == []
    readme = Path(__file__).parents[3] / "README.vi.md"
    assert wrong not in readme.read_text("utf-8").lower()


def test_the_terms_agreed_on_are_used():
    assert TEXTS["metric.concordance"]["vi"] == "Hệ số tương hợp (CCC)"
    assert TEXTS["cases.fabricated"]["vi"] == "Ổ bắt thuốc giả tạo"
    assert TEXTS["tiers_table.free"]["vi"].startswith("gần như luôn đạt cao")
    assert "vòm hoành" in TEXTS["tier.body without dome"]["vi"]
    assert TEXTS["chart.measured"]["vi"] == "PET đo thực tế"


def test_organs_have_names():
    organs = read_organs()
    assert organs["liver"] == "gan"
    assert all(name == name.lower() and " " not in name and value for name, value in organs.items())


def test_every_text_is_shown_somewhere(tmp_path, monkeypatch):
    said = set()
    say = Words.say

    def listening(self, key, /, **values):
        said.add(key)
        return say(self, key, **values)

    monkeypatch.setattr(Words, "say", listening)
    for module in (charts, froc_chart):
        monkeypatch.setattr(module, "as_svg", lambda *_: Markup())  # spares the time of drawing
    for number, one in enumerate(some_of_every_sort()):
        shown = pictures(one)
        if len(one.cases) < 3:
            shown[0] = replace(shown[0], place="worst")
        write_report(one, shown, tmp_path / f"{number}.html")
    for has_ct in (False, True):
        captions_of(load_words(), "en", has_ct=has_ct)
    for number, one in enumerate(comparisons()):
        write_comparison(one, tmp_path / f"comparison-{number}.html")
    assert set(TEXTS) - said == set()


def appearance():
    one = evaluation(MANY, model=True)
    contract, digest = one.model
    return replace(one, model=(replace(contract, kind="appearance"), digest))


def mixed():
    """Better than nothing in the body, worse where the measured SUV is high."""
    one = evaluation(MANY, baselines=(NOTHING,))
    errors = one.baselines[0][NOTHING] | {"measured > 2.5": TallyErrors(0.01, 0.01, 0.0, 0.0)}
    return assembled(one.cases, [{NOTHING: errors} for _ in MANY])


def around(middle):
    """Errors of eight patients that lie about ``middle`` in every way that a margin can tell."""
    steps = [0.0, 0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.07]
    for by, spread in ((0.3, 1), (-0.3, 1), (0.0, 1), (0.1, 2), (-0.1, 2), (0.0, 20)):
        yield [middle + by + spread * (step - 0.035) for step in steps]


def margins():
    """Pairs of every relevance."""
    margin = Margin(0.1, "g/mL")
    return [made_comparison([[0.5] * 8, maes], margin=margin) for maes in around(0.5)]


def beside_margins():
    """A model beside baselines, of every relevance."""
    for one in map(evaluation, around(1.0)):
        yield assembled(one.cases, one.baselines, margin=Margin(0.1, "g/mL"))


def comparisons():
    """Three models of which one saw a patient, too few patients to say anything, and a winner."""
    return [
        made_comparison([[0.1, 0.2, 0.3, 0.4, 0.5], [2.0] * 5, [0.05] * 5], seen=(2,)),
        made_comparison([[0.2] * 5, [0.1] * 5], seen=range(5)),
        made_comparison([[0.1, 0.2], [0.2, 0.3]], coverage=0.8),
        made_comparison([[0.1 * n for n in range(1, 9)], [2 + 0.1 * n for n in range(8)]]),
        made_comparison([[0.1 * n for n in range(1, 9)], [0.5] * 8]),
        *margins(),
    ]


def some_of_every_sort():
    finding = Finding("prediction-covers-part", "warning", "The prediction covers 90% of the body")
    refusal = InputRefused("no-body", "There is no body", remedy="Check")
    first = score("one", 0.1, findings=[finding])
    cold = score("two", 0.1, foci=(-3, -3))
    return [
        evaluation(MANY, seen=[True, None, *[False] * 8], model=True, resampled=True),
        evaluation(
            [0.1, 1.9] * 4, title="Named", refused=(Refused("r", refusal.code, str(refusal)),)
        ),
        evaluation(MANY),
        evaluation(MANY, seen=[True] * 10, model=True),
        evaluation([1.5] * 6),
        evaluation(MANY[:5]),
        evaluation([0.5, 1.4, 1.5, 0.7, 1.6, 1.2]),
        mixed(),
        *beside_margins(),
        appearance(),
        evaluation([0.2], baselines=(NOTHING,)),
        assembled([first], [evaluation([0.1]).baselines[0]]),
        assembled([cold], [evaluation([0.1]).baselines[0]]),
        assembled([score("gone", -6.0)], [evaluation([0.1]).baselines[0]]),
        with_interval(evaluation(MANY), 0.8),
        segmented_evaluation(),
        segmented_evaluation(pets=("predicted",)),
        replace(evaluation(MANY), participants=made_participants()),
    ]


def made_participants():
    values = {"case-0": 61.0, "case-1": 70.5}
    covariates = Covariates(
        lines={"case-0": 2, "case-1": 3, "nobody": 4},
        columns=(
            Column("age", values, "median"),
            Column("bmi", values, "given", (65.0,)),
            Column("site", {"case-0": "a"}, "groups"),
        ),
        left_out=(("a", "empty"), ("b", "identifier"), ("c", "many")),
    )
    cases = evaluation(MANY).cases
    files = [CaseFiles(case.name, case.name, {}) for case in cases]
    return participants(covariates, files, cases, range(len(cases)))


def test_what_is_filled_in_is_escaped_and_what_is_ours_is_not():
    words = Words({"k": {"en": "<b>{x}</b>", "vi": "{x}!"}}, {})
    found = words.say("k", x="<script>")
    assert found == Text(Markup("<b>&lt;script&gt;</b>"), Markup("&lt;script&gt;!"))


def test_a_text_may_stand_in_another():
    words = Words({"in": {"en": "a", "vi": "b"}, "out": {"en": "{x}", "vi": "{x}"}}, {})
    assert words.say("out", x=(Key("in"), "<")) == Text(Markup("a, &lt;"), Markup("b, &lt;"))


def test_a_text_that_is_alike_in_both_languages_is_written_once():
    assert Text(Markup("MAE"), Markup("MAE")).__html__() == "MAE"
    both = Text(Markup("a"), Markup("b")).__html__()
    assert both == '<span class="en" lang="en">a</span><span class="vi" lang="vi">b</span>'


def test_an_unknown_text_or_a_lacking_value_is_a_mistake():
    with pytest.raises(KeyError):
        load_words().say("no.such")
    with pytest.raises(KeyError):
        load_words().say("page.model", name="only")


def test_an_organ_without_a_translation_keeps_its_name():
    words = load_words()
    assert words.organ("kidney_left") == Text(Markup("kidney left"), Markup("thận trái"))
    assert words.organ("<organ_17>").vi == "&lt;organ 17&gt;"
