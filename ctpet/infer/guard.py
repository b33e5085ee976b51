"""The input guard: tells a CT that a model may be used on from one that it may not.

A model returns plausible numbers for any input: an MR image, a picture, a CT whose intercept was
left out. What is no CT of a body is therefore refused before it is looked at by the model, and
what the model has not seen is a finding beside its result.
"""

from ctpet.contract import ModelContract
from ctpet.errors import InputRefused
from ctpet.findings import Finding
from ctpet.infer.rules.body import body_error, outline_body, truncation
from ctpet.infer.rules.contrast import contrast_agent
from ctpet.infer.rules.metal import metal
from ctpet.infer.rules.sample import take_sample
from ctpet.infer.rules.scale import no_air, scale_error, unconfirmed
from ctpet.infer.rules.seen import extent_finding, slices_error, spacing_finding
from ctpet.volume import Volume


def guard_ct(ct: Volume, contract: ModelContract) -> tuple[Finding, ...]:
    """Refuse a CT that the model may not be used on; return what is to be known of another.

    Args:
        ct: HU, on its own grid, as it was read.
        contract: of the model that is to be used on it.

    Returns:
        Findings of severity ``warning``; see :func:`judge_ct`.

    Raises:
        InputRefused: for the first finding of severity ``error``, with its code.
        ValueError: if ``ct`` is not in HU.
    """
    findings = judge_ct(ct, contract)
    for finding in findings:
        if finding.severity == "error":
            raise InputRefused(finding.code, finding.message, remedy=finding.remedy)
    return findings


def judge_ct(ct: Volume, contract: ModelContract) -> tuple[Finding, ...]:
    """Return everything that speaks against using a model on a CT, refusals as errors.

    Of the values at most one error is told, the most telling one; what follows from values
    (body, contents) is looked at only if they are trusted.

    Errors: ``slices-too-few``, ``slice-spacing-too-coarse``, ``no-body``,
    ``darker-than-air``, ``eight-bit``,
    ``offset-missing``, ``not-hu``, ``inverted``, ``air-misplaced``, ``clipped-above``,
    ``tissue-misplaced``, ``no-fat``, ``body-too-small``, ``body-too-large``.
    Warnings: ``slice-spacing-not-seen``, ``extent-not-seen``, ``no-air``,
    ``scale-unconfirmed``, ``truncated``, ``metal``, ``contrast-agent``.

    Raises:
        ValueError: if ``ct`` is not in HU.
    """
    if ct.quantity != "HU":
        raise ValueError(f"ct must be in HU, not {ct.quantity}")
    sampled = [slices_error(ct), spacing_finding(ct, contract), extent_finding(ct, contract)]
    return tuple(finding for finding in (*sampled, *_of_values(ct)) if finding)


def _of_values(ct: Volume) -> tuple[Finding | None, ...]:
    sample = take_sample(ct)
    if error := scale_error(sample):
        return (error,)
    body = outline_body(sample)
    if error := body_error(body):
        return (error,)
    return (
        no_air(sample),
        unconfirmed(sample),
        truncation(body),
        metal(sample),
        contrast_agent(sample),
    )
