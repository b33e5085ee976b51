"""What an evaluation knows of itself, for the placeholders of texts; what it does not is absent."""

import numpy as np
import scipy

from ctpet import __version__
from ctpet.contract import ModelContract
from ctpet.evaluate.report import numbers
from ctpet.evaluate.report.leading import HIGH_TIER, focus_words
from ctpet.evaluate.report.lines import baseline_name, interval_of, some
from ctpet.evaluate.report.size_table import FOCI, total
from ctpet.evaluate.report.told import model_kind, model_text
from ctpet.evaluate.report.verdict import judged_lines
from ctpet.evaluate.report.words import Value
from ctpet.evaluate.run import Evaluation
from ctpet.evaluate.summary import JUDGED_METRIC, JUDGED_TIER, Summary, value_of
from ctpet.evaluate.voxel import HIGH_SUV


def known(evaluation: Evaluation) -> dict[str, Value]:
    """Return what is known, by the name of its placeholder."""
    found: dict[str, Value] = {
        "cases": len(evaluation.cases),
        "patients": evaluation.patients,
        "baselines": _baselines(evaluation.summary),
        "ctpet": __version__,
        "numpy": np.__version__,
        "scipy": scipy.__version__,
        **focus_words(),
        **_refused(evaluation),
        **_performance(evaluation.summary),
        **_worst(evaluation),
    }
    if evaluation.model is not None:
        contract, digest = evaluation.model
        found |= {**_model(contract), "digest": digest, **_overlap(evaluation)}
    if evaluation.participants is not None:
        found["covariates"] = tuple(one.column for one in evaluation.participants.described)
    return found


def _baselines(summary: Summary) -> tuple[Value, ...]:
    return tuple(baseline_name(name) for name in dict.fromkeys(x.name for x in summary.baselines))


def _refused(evaluation: Evaluation) -> dict[str, Value]:
    found: dict[str, Value] = {"refused": len(evaluation.refused)}
    codes = dict.fromkeys(one.code for one in evaluation.refused)
    return found | ({"codes": some(tuple(codes))} if codes else {})


def _performance(summary: Summary) -> dict[str, Value]:
    found: dict[str, Value] = {sort: total(summary, "foci", sort) for sort in FOCI}
    for name, tier in (("body", JUDGED_TIER), ("high_mae", HIGH_TIER)):
        mae = interval_of(summary, "tier", tier, JUDGED_METRIC)
        if np.isfinite(mae.mean):
            found[name] = f"{numbers.mean_of(mae)} {numbers.ends_of(mae)}".rstrip()
    if any(line.kind == "lesions" for line in summary.lines):
        found["lesions"] = total(summary, "lesions", "lesions")
    best = min(judged_lines(summary), key=lambda line: line.interval.mean, default=None)
    if best is not None and np.isfinite(best.detectable):
        found["detectable"] = numbers.number(best.detectable)
    return found | {"high": f"{HIGH_SUV:g}"}


def _worst(evaluation: Evaluation) -> dict[str, Value]:
    errors = {
        case.name: value_of(case, "tier", JUDGED_TIER, JUDGED_METRIC) for case in evaluation.cases
    }
    scored = {name: error for name, error in errors.items() if np.isfinite(error)}
    return {"worst": max(scored, key=lambda name: scored[name])} if scored else {}


def _model(contract: ModelContract) -> dict[str, Value]:
    found: dict[str, Value] = {
        "model": contract.name,
        "version": contract.model_version,
        "kind": model_kind(contract.kind),
        "tracer": contract.tracer,
        "intended_use": model_text(contract.intended_use),
        "trained_on": model_text(contract.learned_from),
        "training_patients": contract.patients,
        "spacing": " × ".join(f"{mm:g}" for mm in contract.spacing_mm),
    }
    for name, ends in (("hu", contract.hu_range), ("suv", contract.suv_range)):
        found |= {
            f"{name}_{end}": _plain(at) for end, at in zip(("low", "high"), ends, strict=True)
        }
    if contract.limitations:
        found["limitations"] = model_text(contract.limitations)
    if licences := dict.fromkeys(data.licence for data in contract.trained_on if data.licence):
        found["licence"] = "; ".join(licences)
    return found


def _overlap(evaluation: Evaluation) -> dict[str, Value]:
    """Return of how many cases the model saw the patient, did not, or nobody knows."""
    states = [case.in_training for case in evaluation.cases]
    names = (("seen", True), ("unseen", False), ("unknown", None))
    return {name: states.count(state) for name, state in names}


def _plain(value: float) -> str:
    return f"{value:g}".replace("-", "−")
