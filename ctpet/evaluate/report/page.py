"""The report of one evaluation."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup

from ctpet.evaluate.agreement import RANGE_SUV
from ctpet.evaluate.detection import SEGMENTED_PETS
from ctpet.evaluate.lesions import SIZE_CLASSES
from ctpet.evaluate.pictures import Picture
from ctpet.evaluate.report import case_table, detection_table, error_tables, numbers, size_table
from ctpet.evaluate.report.agreement_table import agreement_rows, without_ratio
from ctpet.evaluate.report.charts import MOST_SUV
from ctpet.evaluate.report.checklist import checklists, count
from ctpet.evaluate.report.figures import agreement_figure, case_figure, froc_figure, joint_figure
from ctpet.evaluate.report.frame import write_page
from ctpet.evaluate.report.interval_table import interval_alerts, interval_rows, interval_words
from ctpet.evaluate.report.leading import focus_words, leading_figures, leading_headline
from ctpet.evaluate.report.lines import interval_of, some
from ctpet.evaluate.report.methods import methods
from ctpet.evaluate.report.participant_tables import participant_tables
from ctpet.evaluate.report.told import message_text
from ctpet.evaluate.report.verdict import alerts, tests_made, verdict
from ctpet.evaluate.report.words import Language, Text, Words, load_words
from ctpet.evaluate.run import Evaluation
from ctpet.evaluate.statistics import LEAST_PATIENTS
from ctpet.evaluate.summary import LESION_METRICS, ORGAN_METRICS, Summary

BURDEN_METRICS = LESION_METRICS[len(ORGAN_METRICS) :]


def write_report(
    evaluation: Evaluation, pictures: Sequence[Picture], path: Path, *, language: Language = "en"
) -> None:
    """Write one HTML file that needs nothing beside it; the same arguments give the same bytes.

    Args:
        evaluation: what was found.
        pictures: of some cases, in the order to be shown.
        path: where to write; an existing file is replaced.
        language: in which the page opens; it holds both.
    """
    words = load_words()
    tables = checklists(evaluation, words)
    write_page(
        "report.html.j2",
        words,
        path,
        language=language,
        title=_title(evaluation, words),
        model=evaluation.model[0] if evaluation.model else None,
        patients=evaluation.patients,
        refused=evaluation.refused,
        told=message_text,
        refused_names=some([f"{one.name}: {one.code}" for one in evaluation.refused]),
        alerts=(*alerts(evaluation), *interval_alerts(evaluation.summary)),
        lead=leading_headline(evaluation.summary),
        figures=leading_figures(evaluation.summary),
        projections=next((one for one in pictures if one.sort == "projections"), None),
        verdict=verdict(evaluation),
        strip=case_figure(evaluation, words),
        joint=joint_figure(evaluation, words),
        most_suv=f"{MOST_SUV:g}",
        pictures=[one for one in pictures if one.sort == "planes"],
        cases=case_table.case_rows(evaluation),
        case_columns=case_table.columns(evaluation),
        findings=case_table.finding_rows(evaluation.cases),
        methods=methods(evaluation, words),
        checklists=tables,
        checklist_counts=count(tables),
        **_errors(evaluation.summary),
        **_foci(evaluation.summary),
        **_detection(evaluation.summary, words),
        **_intervals(evaluation.summary, words),
        participants=participant_tables(evaluation.participants),
        **_agreement(evaluation.summary, words),
    )


def _title(evaluation: Evaluation, words: Words) -> Text:
    if not evaluation.title:
        return words.say("page.untitled")
    title = Markup.escape(evaluation.title)
    return Text(title, title)


def _errors(summary: Summary) -> dict[str, Any]:
    return {
        "methods_by_tier": error_tables.methods_by_tier(summary),
        "tests": tests_made(summary),
        "metric_table": error_tables.metric_table(summary),
        "range_suv": f"{RANGE_SUV:g}",
        "texture": error_tables.texture_rows(summary),
    }


def _foci(summary: Summary) -> dict[str, Any]:
    def mean(metric: str, unit: str = "") -> str:
        return numbers.with_patients(interval_of(summary, "lesions", "all", metric), unit)

    hot_dice = interval_of(summary, "foci", "body", "hot_dice")
    found = {
        "focus": focus_words(),
        "size_classes": SIZE_CLASSES,
        "foci_rows": size_table.size_rows(summary, "foci", size_table.FOCI),
        "uptake": size_table.uptake_ml(summary),
        "hot_dice": numbers.with_patients(hot_dice) if hot_dice.patients else "",
        "lesion_rows": [],
    }
    if not any(line.kind == "lesions" for line in summary.lines):
        return found
    return found | {
        "lesion_rows": size_table.size_rows(summary, "lesions", size_table.LESIONS),
        "segmentation": {
            "dice": mean("dice"),
            "measured_dice": mean("measured_dice"),
            "spurious": mean("spurious_ml", "mL"),
            "missed": mean("missed_ml", "mL"),
        },
        "autopet": {
            "dice": mean("autopet_dice"),
            "false_positive": mean("autopet_false_positive_ml", "mL"),
            "false_negative": mean("autopet_false_negative_ml", "mL"),
            "measured_false_positive": mean("measured_autopet_false_positive_ml", "mL"),
        },
    }


def _detection(summary: Summary, words: Words) -> dict[str, Any]:
    by_suv = [(pet, detection_table.suv_rows(summary, pet)) for pet in SEGMENTED_PETS]
    return {
        "detection_rows": detection_table.detection_rows(summary),
        "detection_by_size": detection_table.size_rows(summary),
        "detection_by_suv": [(pet, rows) for pet, rows in by_suv if rows],
        "froc": froc_figure(summary, words),
    }


def _intervals(summary: Summary, words: Words) -> dict[str, Any]:
    told = {} if summary.standing is None else interval_words(summary.standing)
    return {"interval_rows": interval_rows(summary, words), "interval_words": told}


def _agreement(summary: Summary, words: Words) -> dict[str, Any]:
    rows = [
        row
        for kind in ("lesion", "organ")
        for row in agreement_rows(summary, words, kind, ORGAN_METRICS)
    ]
    return {
        "agreement_rows": rows,
        "without_ratio": without_ratio(summary),
        "burden_rows": agreement_rows(summary, words, "lesion", BURDEN_METRICS),
        "few": any(one.agreement.bias.patients < LEAST_PATIENTS for one in summary.agreements),
        "least_patients": LEAST_PATIENTS,
        "agreement": agreement_figure(summary, words),
    }
