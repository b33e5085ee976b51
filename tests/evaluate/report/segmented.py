"""Evaluations made of numbers in which a segmenter's masks were given."""

from dataclasses import replace

import numpy as np

from ctpet.evaluate.detection import SEGMENTED_PETS, Candidate, Detection, candidate_values
from ctpet.evaluate.detection import found_values as found
from ctpet.evaluate.run import Evaluation
from ctpet.evaluate.score import CaseScore, Region
from tests.evaluate.report.made import assembled, evaluation

MISSED = float("nan")


def detection(lesions, false=(), *, on_measured=()) -> Detection:
    """A candidate on each lesion that is found, by its SUVmax, and others on none."""
    true = [Candidate(10, 1.0, suv, 1, MISSED) for suv in lesions if suv == suv]
    others = [Candidate(10, 1.0, suv, 0, float(suv in on_measured)) for suv in false]
    return Detection(tuple(map(float, lesions)), (*true, *others), 0.5)


def segmented(case: CaseScore, **found_on) -> CaseScore:
    """Give a case what a segmenter found, by PET, in place of its lesions."""
    number = len(next(iter(found_on.values())).lesions)
    regions = [one for one in case.regions if one.kind != "lesion"]
    regions += [
        Region("lesion", f"lesion {n + 1}", {"volume_ml": 2.0 + 4 * n, **found(found_on, n)})
        for n in range(number)
    ]
    for pet in SEGMENTED_PETS:
        if pet in found_on:
            regions.append(Region("detection", pet, found_on[pet].counts()))
            regions += [
                Region("candidate", f"{pet} {n}", values)
                for n, values in enumerate(candidate_values(found_on[pet]), start=1)
            ]
    return replace(case, regions=tuple(regions))


def segmented_evaluation(patients=6, pets=SEGMENTED_PETS) -> Evaluation:
    """Each patient: of three lesions two found on the measured PET, one on the prediction."""
    found_on = {
        "predicted": detection([5.0, MISSED, MISSED], [3.0, 7.0], on_measured=[3.0]),
        "measured": detection([9.0, 8.0, MISSED], [3.0]),
    }
    one = evaluation(list(np.linspace(0.1, 0.2, patients)))
    cases = [segmented(case, **{pet: found_on[pet] for pet in pets}) for case in one.cases]
    return assembled(cases, one.baselines)
