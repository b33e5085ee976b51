"""Reports as text, for a person at a terminal."""

from ctpet.findings import Finding
from ctpet.job.run import JobResult


def synthesis_text(result: JobResult) -> str:
    """Say what a job left and where to look first."""
    record = result.record
    execution, output = record.execution, record.output
    seconds = sum(stage.seconds for stage in record.stages)
    slices = sum(name.startswith("pet/") for name in output.files)
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
    lines += findings_text(record.findings)
    lines += ["", f"{result.out}"]
    if slices:
        lines.append(f"  pet/         {slices} slices, series {output.series_instance_uid}")
    lines += [f"  {name}" for name in output.files if not name.startswith("pet/")]
    return "\n".join(lines)


def findings_text(findings: tuple[Finding, ...], *, indent: str = "") -> list[str]:
    """Return one line a finding, remedy included."""
    return [
        f"{indent}{item.severity:<10} {item.message} [{item.code}]"
        + (f" {item.remedy}" if item.remedy else "")
        for item in findings
    ]
