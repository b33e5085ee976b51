"""What a reviewer reads in the terminal: each figure with its patients, and what was shown."""

from dataclasses import replace
from pathlib import Path

from ctpet.evaluate.margin import Margin
from ctpet.evaluate.tally import TallyErrors
from ctpet.texts import comparison_text, evaluation_text
from tests.evaluate.report.comparisons import made_comparison
from tests.evaluate.report.made import assembled, evaluation, score

MAES = [0.1, 0.2, 0.15, 0.12, 0.18, 0.11, 0.16, 0.14]
NONE = TallyErrors(*[float("nan")] * 4)


def told(one) -> dict[str, dict[str, str]]:
    """Return the rows of each figure, by figure and method."""
    found, block = {}, {}
    for line in evaluation_text(one, Path("out")).splitlines():
        if line.startswith("  ") and not line.startswith("  beside"):
            block[line[:22].strip()] = line[22:].strip()
        else:
            block = found.setdefault(line, {})
    return found


def test_every_figure_of_model_and_baseline_tells_its_patients():
    cases = [score(f"case-{n}", mae) for n, mae in enumerate(MAES)]
    errors = [dict(one["nothing"]) for one in evaluation(MAES).baselines]
    for each in errors[3:]:
        each["predicted > 2.5"] = NONE
    cases[1] = replace(
        cases[1],
        regions=tuple(one for one in cases[1].regions if one.name != "predicted > 2.5"),
    )
    rows = told(assembled(cases, [{"nothing": each} for each in errors]))
    body, high = rows["MAE in SUVbw, body"], rows["MAE in SUVbw, predicted > 2.5"]
    assert body["model"].endswith("n=8")
    assert "n=8, p = 0.008: better" in body["nothing"]
    assert high["model"].endswith("n=7")
    assert "1.000 n=3" in high["nothing"], "the baseline"
    assert high["nothing"].endswith("n=2"), "those that both have; no test"
    assert rows["concordance, body"]["nothing"].startswith("0.500 [0.500, 0.500] n=8")
    assert rows["MAE in SUVbw, in lesions"]["model"].endswith("n=8")


def test_few_patients_get_no_interval_and_no_verdict():
    rows = told(evaluation(MAES[:4]))
    assert rows["MAE in SUVbw, body"]["model"] == "0.143 n=4"
    assert rows["MAE in SUVbw, body"]["HU bins"].endswith("model -0.858 n=4")


def test_worse_is_said_only_where_it_is_shown():
    worse = evaluation_text(evaluation([1.5] * 8), Path("out"))
    assert ": worse" in worse
    chance = evaluation_text(evaluation([0.5, 1.9, 0.7, 1.6, 1.2, 0.9, 1.4, 1.1]), Path("out"))
    assert ": worse" not in chance
    assert ": not shown to differ" in chance


def test_a_comparison_crowns_nobody_without_evidence():
    close = [mae + 0.02 * (-1) ** n + 0.003 for n, mae in enumerate(MAES)]
    text = comparison_text(made_comparison([MAES, close], margin=Margin(50, "%")), Path("c"))
    assert "MAE in SUVbw, body: no difference shown between Model A and Model B" in text
    assert "equivalent within the margin" in text
    assert text.count("n=8") == 2 + 6
    far = comparison_text(made_comparison([MAES, [mae + 1 for mae in MAES]]), Path("c"))
    assert "Dice, lesions: Model A is worse than Model B" in far, "higher is better"
    assert "MAE in SUVbw, in lesions: Model A is better than Model B" in far
