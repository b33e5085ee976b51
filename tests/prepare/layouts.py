"""Pairs of NIfTI files in the layouts that public data sets have."""

import json

import numpy as np

from ctpet.nifti import write_nifti
from ctpet.prepare.run import PrepareRequest, run_prepare
from ctpet.prepare.splits import read_splits
from ctpet.volume import Volume
from tests.prepare.studies import SHAPE, grid, trunk, uptake

SPACING = (8.0, 8.0, 8.0)
BLOCK = np.s_[2:4, 18:22, 10:14]


def write(path, array, quantity="HU"):
    path.parent.mkdir(parents=True, exist_ok=True)
    write_nifti(Volume(np.asarray(array, np.float32), grid(), quantity), path)


def marks(**at):
    """A label map: a block of ones in the tumour, and of other numbers where ``at`` says."""
    mask = np.zeros(SHAPE, np.float32)
    mask[BLOCK] = 1
    for number, place in at.items():
        mask[place] = int(number.removeprefix("n"))
    return mask


class Writer:
    """Writes pairs that differ from each other by one HU each, as no two patients are alike."""

    def __init__(self, root):
        self.root, self.made = root, 0

    def pair(self, ct, pet, lesions=None, labels=None, *, scale=1.0):
        hu = trunk() + np.int16(self.made)
        self.made += 1
        if ct:
            write(self.root / ct, hu)
        if pet:
            write(self.root / pet, uptake(trunk()) * scale, "SUVBW")
        if lesions:
            write(self.root / lesions, marks())
        if labels:
            write(self.root / labels, (hu > 300) * 7)

    def json(self, name, content):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")


def prepare(source, out, **options):
    return run_prepare(PrepareRequest(str(source), out, SPACING, **options))


def codes(result):
    """Codes by the name of the source; empty where it was taken."""
    return {one.name: one.code for one in result.outcomes}


def told_apart(result):
    """Cases and patients that were counted, and the most cases that a patient has in two folds."""
    splits = read_splits(result.out)
    everyone = [patient for fold in splits.folds for patient in fold]
    assert len(everyone) == len(set(everyone))
    return result.info.cases, result.info.patients
