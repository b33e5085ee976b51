"""Reports as text, for a person at a terminal."""

from collections import Counter
from collections.abc import Sequence
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ctpet.contract import FamiliarityPromise, IntervalPromise
from ctpet.findings import Finding

if TYPE_CHECKING:
    from ctpet.dicom.scan_report import ScanReport, SeriesReport
    from ctpet.doctor import DoctorReport
    from ctpet.evaluate.compare import Comparison
    from ctpet.evaluate.detection_summary import DetectionSummary
    from ctpet.evaluate.intervals import Standing
    from ctpet.evaluate.run import Evaluation
    from ctpet.evaluate.statistics import Interval
    from ctpet.evaluate.subgroups import Participants
    from ctpet.evaluate.summary import BaselineLine, Line
    from ctpet.job.demo import DemoResult
    from ctpet.job.run import JobResult
    from ctpet.learn.crossval.run import Crossval
    from ctpet.learn.export.run import Exported
    from ctpet.learn.export.tiling import Tiling
    from ctpet.learn.plan.run import Planned
    from ctpet.learn.runs import Run
    from ctpet.prepare.run import PrepareResult

_MOST_NAMES = 8
_NAMES = {"mae": "MAE in SUVbw", "dice": "Dice"}
_STANDINGS = {
    "better": "{} is better than {}",
    "worse": "{} is worse than {}",
    "open": "no difference shown between {} and {}",
    "untested": "no test of {} and {}",
}
_RELEVANCES = {
    "superior": "better by more than the margin",
    "inferior": "worse by more than the margin",
    "equivalent": "equivalent within the margin",
    "non_inferior": "not inferior by the margin",
    "non_superior": "not superior by the margin",
    "open": "not shown to be equivalent",
}


def synthesis_text(result: "JobResult") -> str:
    """Say what a job left and where to look first."""
    record = result.record
    execution, output = record.execution, record.output
    seconds = sum(stage.seconds for stage in record.stages)
    folders = Counter(name.partition("/")[0] for name in output.files if "/" in name)
    contract = record.model
    lines = [
        record.notice,
        "",
        f"Model      {contract['name']} {contract['model_version']}, a {contract['kind']} model",
        f"           {contract['intended_use']}",
        f"Ran on     {execution['provider']}, {execution['precision']}, "
        f"{execution['threads']} threads, {seconds:.1f} s, "
        f"{record.peak_memory_bytes / 2**20:.0f} MiB",
        f"SUVbw      {output.suv_min:.2f} to {output.suv_max:.2f}",
    ]
    uids = {"pet": output.series_instance_uid}
    if output.interval is not None:
        lines.append(f"Interval   {output.interval.meaning}")
        uids["pet_low"] = output.interval.lower_series_instance_uid
        uids["pet_high"] = output.interval.upper_series_instance_uid
    lines += findings_text(record.findings)
    lines += ["", f"{result.out}"]
    for folder, slices in folders.items():
        lines.append(f"  {folder + '/':<12} {slices} slices, series {uids[folder]}")
    lines += [f"  {name}" for name in output.files if "/" not in name]
    return "\n".join(lines)


def findings_text(findings: tuple[Finding, ...], *, indent: str = "") -> list[str]:
    """Return one line a finding, remedy included."""
    return [
        f"{indent}{item.severity:<10} {item.message} [{item.code}]"
        + (f" Remedy: {item.remedy.rstrip('.')}." if item.remedy else "")
        for item in findings
    ]


def scan_text(report: "ScanReport") -> str:
    """List series with what is wrong with each; those that can be used are marked."""
    lines = []
    for series in report.series:
        lines += [*_series_lines(series), ""]
    for series in report.dropped:
        lines += [_series_head(series), ""]
    usable = sum(series.usable for series in report.series)
    lines += findings_text(report.findings)
    lines += [f"           {name}" for name in (*report.unreadable, *report.lost)]
    lines.append(
        f"{len(report.series)} series, {usable} that `ctpet synthesize` takes (*); "
        f"files that are not DICOM: {report.other_files}"
    )
    if report.patients > 1:
        lines.append(
            f"They belong to {report.patients} different patients: choose one series with --series."
        )
    elif usable > 1:
        lines.append("Choose one of them with --series and the UID below its line.")
    return "\n".join(lines)


def model_text(model: dict[str, Any]) -> str:
    """Say what a model promises, and what it was fitted on."""
    told = model["trained_on"]
    trained_on = told if isinstance(told, list) else [told]
    ancestors = list(model.get("ancestors", ()))
    spacing = " × ".join(f"{value:g}" for value in model["spacing_mm"])
    rows = {
        "model": f"{model['name']} {model['model_version']}, a {model['kind']} model",
        "tracer": f"{model['tracer']} ({model['radionuclide']})",
        "use": model["intended_use"],
        "limits": model["limitations"],
        "grid": f"{spacing} mm (k, j, i)",
        "input": "{:g} to {:g} HU".format(*model["hu_range"]),
        "output": "{:g} to {:g} SUVbw".format(*model["suv_range"]),
        **_interval_row(model.get("interval")),
        **_familiarity_row(model.get("familiarity")),
        "windows": _windows(model),
        "fitted on": "; before that: ".join(
            ["; ".join(one["description"] for one in trained_on)]
            + [one["description"] for one in ancestors]
        ),
        "credit": "; ".join(dict.fromkeys(filter(None, map(_credit, [*trained_on, *ancestors]))))
        or "nobody is named",
        "file": f"{model['file_name']}, {model['size_bytes']} bytes",
        "sha256": model["digest_sha256"],
    }
    return "\n".join(f"{name:<10} {text}" for name, text in rows.items())


def _interval_row(told: dict[str, Any] | None) -> dict[str, str]:
    return {} if told is None else {"interval": IntervalPromise(**told).in_words}


def _familiarity_row(told: dict[str, Any] | None) -> dict[str, str]:
    if told is None:
        return {}
    return {
        "unlike": f"tells a CT that is unlike its training: {FamiliarityPromise(**told).in_words}"
    }


def _windows(model: dict[str, Any]) -> str:
    """Say whether a model may be run piece by piece, and what memory it takes."""
    memory = f"{model['working_bytes_per_voxel']} bytes a voxel"
    if model["halo_voxels"] is None:
        return f"none, it runs on whole volumes only; {memory}"
    halo = " × ".join(map(str, model["halo_voxels"]))
    return f"of any size, with a halo of {halo} voxels; {memory}"


def _credit(data: dict[str, Any]) -> str:
    licence = f"({data['licence']})" if data["licence"] else ""
    return " ".join(part for part in (data["attribution"], licence) if part)


def doctor_text(report: "DoctorReport") -> str:
    """Say what will run, and list each part with its remedy."""
    versions = ", ".join(f"{name} {number}" for name, number in report.versions.items())
    lines = [
        f"{versions}, {report.platform}",
        f"runs on    {report.provider} ({report.device}), {report.precision}, "
        f"{report.threads} threads",
        *(f"{'because' if n == 0 else '':<10} {reason}" for n, reason in enumerate(report.why)),
        f"memory     {report.memory_bytes / 2**30:.1f} GiB free, "
        f"{report.model_memory_bytes / 2**30:.1f} GiB of it for a model",
        "",
    ]
    for check in report.checks:
        lines.append(f"{check.status:<10} {check.name}: {check.detail}")
        if check.remedy:
            lines.append(f"{'':<10} {check.remedy}")
    return "\n".join(lines)


def demo_text(result: "DemoResult") -> str:
    """Say how near the model came, what was used, and where to look."""
    width = max(len(score.name) for score in result.scores)
    lines = [
        "SYNTHETIC – NOT FOR DIAGNOSIS",
        "",
        f"A digital patient, no person, and {result.model}, a {result.kind} model.",
        "Error inside the body, SUVbw:",
        "",
        f"{'prediction':<{width}}    MAE   RMSE    bias",
    ]
    lines += [
        f"{score.name:<{width}}  {score.mae:5.3f}  {score.rmse:5.3f}  {score.bias:+6.3f}"
        for score in result.scores
    ]
    return "\n".join(
        [
            *lines,
            "",
            "The body's mean and median are taken from the PET itself. The floor is the least",
            "error, over patients, that any model can have that sees only the CT.",
            "",
            f"{result.out}",
            "  comparison.png   look here first: CT, the patient's PET, the synthetic one, errors",
            "  phantom/         the patient: CT and PET as DICOM, labels, floors",
            "  result/          what `ctpet synthesize` makes of the CT",
            "",
            "On your own CT:    ctpet synthesize STUDY/ -o RESULT/",
        ]
    )


def _series_lines(series: "SeriesReport") -> list[str]:
    return [_series_head(series), *findings_text(series.findings, indent="   ")]


def _series_head(series: "SeriesReport") -> str:
    spacing = "×".join(f"{value:.3g}" for value in series.spacing_mm) or "?"
    size = f"{series.images} × {series.rows}×{series.columns}"
    thick = f", slices {series.slice_thickness_mm:.3g} mm" if series.slice_thickness_mm else ""
    mark = "*" if series.usable else " "
    pixels = f"{spacing} mm" if spacing else ""
    where = f"study {series.study}, series {series.number or '?'}"
    parts = (where, pixels + thick, series.kernel, series.description)
    told = "  ".join(part for part in parts if part)
    head = f"{mark}  {series.modality or '--':<4} {size:<16} {told}"
    return f"{head}\n   {series.key or 'no SeriesInstanceUID'}"


def prepare_text(result: "PrepareResult") -> str:
    """List what was taken, what is doubtful, what was refused and why."""
    rows = []
    for one in sorted(result.outcomes, key=lambda one: one.status == "refused"):
        why = f"{one.message.rstrip('.')} [{one.code}]" if one.code else ""
        rows.append(f"{one.status:<8} {one.case_id or '-':<18} {one.name}")
        rows += [f"{'':<8} {line}" for line in findings_text(one.findings)]
        rows += [f"{'':<8} {why}"] if why else []
    count = {
        status: sum(one.status == status for one in result.outcomes)
        for status in ("taken", "kept", "refused")
    }
    doubtful = sum(bool(one.warnings) for one in result.outcomes)
    rows += ["", *findings_text(result.notes)] if result.notes else []
    rows += [
        "",
        f"{count['taken']} taken, {count['kept']} kept, {count['refused']} refused; "
        f"{doubtful} with warnings",
        f"{result.info.cases} cases of {result.info.patients} patients in {result.out}",
    ]
    return "\n".join(rows)


def runs_text(found: "Sequence[Run]") -> str:
    """Tell of each run in a line, and of its best epoch."""
    if not found:
        return "no run of a training here"
    wide = max(len(str(run.folder)) for run in found)
    lines = []
    for run in found:
        epochs = "" if run.of_epochs is None else f"{run.epochs} of {run.of_epochs} epochs"
        best = "" if run.best is None else f"{run.metric} {run.best:.4g} in epoch {run.best_epoch}"
        told = (f"{run.folder!s:<{wide}}", f"{run.state:<18}", f"{epochs:<17}", best)
        lines.append("  ".join(told).rstrip())
    return "\n".join(lines)


def plan_text(planned: "Planned") -> str:
    """Say what the cases are, what is proposed for them, and how it is trained."""
    from ctpet.learn.plan.experiment_file import by, in_mm
    from ctpet.learn.room import gib

    plan = planned.plan
    seen, network, (precision, why) = plan.seen, plan.network, plan.precision
    sets = [
        f"cases      {one.folder}: {one.cases} of {one.patients} patients, {one.held_out} held out"
        for one in seen.sets
    ]
    return "\n".join(
        [
            *sets,
            f"spacing    {by(seen.spacing_mm)} mm",
            f"shape      {by(seen.median)} voxels is the median, {in_mm(seen.median, plan)}; "
            f"{by(seen.smallest)} to {by(seen.largest)}",
            f"crop       {by(plan.crop)} voxels, {in_mm(plan.crop, plan)}",
            f"batch      {plan.batch_size}",
            f"network    segresnet: {network.levels} levels, {network.filters} channels, "
            f"{network.weights / 1e6:.1f} million weights",
            f"precision  {precision}: {why}",
            f"memory     {gib(plan.needed_bytes)} predicted; {plan.machine.name} has "
            f"{gib(plan.machine.memory_bytes)}",
            "",
            f"wrote {planned.out}",
            f"  {planned.command}",
        ]
    )


def crossval_text(result: "Crossval", out: Path) -> str:
    """Say how the folds' networks did, and what may be done with them."""
    lines = [
        evaluation_text(result.evaluation, out / "report"),
        *([result.predicted.bounds] if result.predicted.bounds else []),
        "",
        f"again:  {result.predicted.command}",
        f"one file of all folds, which nobody is left to judge:  {result.predicted.export_command}",
    ]
    return "\n".join(lines)


def export_text(result: "Exported", out: Path) -> str:
    """Say what was measured, and which files there are."""
    contract = result.contract
    lines = [f"{contract.name} {contract.model_version}, SYNTHETIC – NOT FOR DIAGNOSIS", ""]
    lines += [
        f"{row.provider} {row.precision}: within {row.max_suv:.2g} SUV of the network, "
        f"{row.mean_suv:.2g} on average"
        for row in result.parity.rows
    ]
    lines += [f"not compared: {reason}" for reason in result.parity.absent]
    if contract.interval is not None:
        factors = ", ".join(f"{factor:.2g}" for factor in contract.interval.factors)
        lines.append(f"interval   {contract.interval.in_words}")
        lines.append(f"           widths times {factors}, from low to high predicted SUV")
    usual = contract.familiarity
    lines.append(
        f"unlike     a CT is told to be unlike the training: {usual.in_words}"
        if usual
        else f"unlike     not told of a CT: {result.unfamiliar.rstrip('.')}"
    )
    return "\n".join(
        [
            *lines,
            f"halo       {_halo(result.tiling)}",
            f"memory     {contract.working_bytes_per_voxel} bytes a voxel",
            f"sha256     {result.digest_sha256}",
            "",
            f"{out}, {result.size_bytes / 1e6:.1f} MB",
            f"  {out.stem}.md            the card: read it, and add what only you know",
            f"  {out.stem}.safetensors   the weights, to train on from",
            f"  {out.stem}.yaml          the configuration",
        ]
    )


def _halo(tiling: "Tiling | None") -> str:
    if tiling is None:
        return "none: whole volumes only, as was asked"
    moved = tiling.max_difference_suv[tiling.halo_voxels]
    return (
        f"{tiling.halo_voxels} voxels: {tiling.windows} windows change no voxel by more than "
        f"{moved:.2g} SUV"
    )


def evaluation_text(result: "Evaluation", out: Path) -> str:
    """Say how the model stands beside the baselines, what was refused, and where the report is."""
    from ctpet.evaluate.endpoints import TIER_ENDPOINTS

    summary = result.summary
    rows = [f"refused {one.name}: {one.message.rstrip('.')} [{one.code}]" for one in result.refused]
    rows += [""] if rows else []
    seen = [case.name for case in result.cases if case.in_training]
    if seen:
        rows.append(f"the model was trained on {len(seen)} of these cases: {_few(seen)}")
    own = {(line.region, line.metric): line for line in summary.lines if line.kind == "tier"}
    for where in [(one.region, one.metric) for one in TIER_ENDPOINTS]:
        beside = [one for one in summary.baselines if (one.tier, one.metric) == where]
        if where in own:
            rows += _beside_baselines(own[where], beside, result.title or "model")
    rows += ["", f"{len(result.cases)} cases of {result.patients} patients; mean over patients"]
    if summary.margin:
        rows.append(f"margin stated for MAE in the body: {summary.margin}")
        rows += [
            f"  beside {line.name}: {_RELEVANCES[line.relevance]}"
            for line in summary.baselines
            if line.relevance != "unstated"
        ]
    rows += _intervals_told(summary.standing)
    rows += _detection_told(summary.detection)
    rows += _participants_told(result.participants)
    rows += _case_findings(result)
    return "\n".join([*rows, f"wrote {out}/report.html"])


def _intervals_told(standing: "Standing | None") -> list[str]:
    """Say what intervals cover of what they say; as a warning where it is too little."""
    if standing is None:
        return []
    from ctpet.evaluate.intervals import TOLERATED

    told = (
        f"a {standing.nominal:.4g} interval covers {_interval(standing.coverage)} of a patient's "
        f"voxels in the body; its width is {_interval(standing.width)} SUVbw"
    )
    if not standing.short:
        return [told]
    message = f"{told[0].upper()}{told[1:]}: less than {standing.nominal - TOLERATED:.4g}"
    remedy = "Calibrate on patients like these (ctpet export --calibrate-on)"
    return findings_text((Finding("coverage-short", "warning", message, remedy),))


def _detection_told(found: "DetectionSummary | None") -> list[str]:
    """Say how many lesions a segmenter finds, of all its candidates."""
    told = {
        "predicted": "a segmenter finds on the predicted PET",
        "measured": "on the measured PET, its ceiling",
        "synthesis": "of those found there, on the predicted PET too",
    }
    return [
        f"{told[line.judged]}: {line.found} of {line.lesions} lesions, "
        f"{line.false_positives.mean:.3g} false positives a patient"
        for line in (found.lines if found else ())
        if not line.least_suv
    ]


def _case_findings(result: "Evaluation") -> list[str]:
    """Say what was seen and changed while reading, each once, with the cases that have it."""
    cases: dict[Finding, list[str]] = {}
    for case in result.cases:
        for finding in dict.fromkeys(case.findings):
            cases.setdefault(finding, []).append(case.name)
    return [
        f"{line} ({_few(names)})"
        for finding, names in cases.items()
        for line in findings_text((finding,))
    ]


def _few(names: "Sequence[str]") -> str:
    return ", ".join(names[:_MOST_NAMES]) + (", …" if len(names) > _MOST_NAMES else "")


def _participants_told(found: "Participants | None") -> list[str]:
    """Say which of the covariates' rows and columns were of no use, and who has none."""
    if found is None:
        return []
    told = {
        "patients without a row in the covariates": found.without_row,
        "lines of the covariates about nobody scored": found.unused_lines,
        "columns of the covariates left out": [f"{name} ({why})" for name, why in found.left_out],
    }
    return [f"{what}: {', '.join(map(str, names))}" for what, names in told.items() if names]


def _beside_baselines(own: "Line", beside: "Sequence[BaselineLine]", title: str) -> list[str]:
    """Return one figure of the model, of the baselines, and how far they are apart."""
    return [
        f"{_NAMES.get(own.metric, own.metric)}, {own.region}",
        f"  {title:<20} {_interval(own.interval)}",
        *(f"  {one.name:<20} {_interval(one.interval):<29} {_apart(one)}" for one in beside),
    ]


def _apart(line: "BaselineLine") -> str:
    """Return model − baseline, and what was shown; nothing where no patient has both."""
    if line.standing == "untested":
        return f"model {_interval(line.difference, '+')}" if line.difference.patients else ""
    shown = {"better": "better", "worse": "worse", "open": "not shown to differ"}[line.standing]
    return f"model {_interval(line.difference, '+')}, p {_p(line.p_adjusted)}: {shown}"


def _p(adjusted: float) -> str:
    return "< 0.001" if adjusted < 0.001 else f"= {adjusted:.3f}"


def _interval(one: "Interval", sign: Literal["-", "+"] = "-") -> str:
    if isnan(one.mean):
        return "–"
    ends = "" if isnan(one.low) else f" [{one.low:{sign}.3f}, {one.high:{sign}.3f}]"
    return f"{one.mean:{sign}.3f}{ends} n={one.patients}"


def comparison_text(result: "Comparison", out: Path) -> str:
    """Give each model's MAE in the body, whom it saw, what was shown, and where the page is."""
    rows = []
    for entry, one in zip(result.entries, result.rows[0].intervals, strict=True):
        seen = f"  trained on {len(entry.seen)} of these cases" if entry.seen else ""
        unknown = "  training data not known" if entry.unchecked else ""
        rows.append(f"{entry.title:<24} MAE {_interval(one)} SUVbw{seen}{unknown}")
    rows.append("")
    for pair in result.pairs:
        names = [result.entries[each].title for each in (pair.first, pair.second)]
        where = "lesions" if pair.endpoint.kind == "lesions" else pair.endpoint.region
        p = "" if isnan(pair.p_adjusted) else f", p {_p(pair.p_adjusted)}"
        told = _STANDINGS[pair.standing]
        rows.append(
            f"{_NAMES.get(pair.endpoint.metric, pair.endpoint.metric)}, {where}: "
            f"{told.format(*names)} (difference {_interval(pair.difference, '+')}{p})"
            + ("" if pair.relevance == "unstated" else f"; {_RELEVANCES[pair.relevance]}")
        )
    for entry, one in result.short:
        covers = f"covers {_interval(one)} of a patient's voxels in the body"
        message = f"The {entry.nominal:.4g} interval of {entry.title} {covers}"
        rows += findings_text((Finding("coverage-short", "warning", message),))
    left_out = [name for name in result.entries[0].cases if name not in result.counted]
    if left_out:
        rows.append(f"left out, for a model was trained on them: {_few(left_out)}")
    return "\n".join([*rows, "", f"{result.patients} patients", f"wrote {out}"])
