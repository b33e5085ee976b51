"""Which model made some predictions, told by the records beside them."""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

from ctpet.errors import InputRefused
from ctpet.evaluate.files import CaseFiles
from ctpet.images import place_and_series
from ctpet.infer.model import Model, load_model
from ctpet.infer.shipped import find_model, shipped_models

RECORD_FILE = "run.json"


def find_maker(cases: Iterable[CaseFiles], given: Path | None) -> Model | None:
    """Return the model that made the predictions.

    Predictions of ``ctpet synthesize`` have a ``run.json`` beside them that names the model by its
    digest.

    Args:
        cases: whose predictions are meant.
        given: the model that the user named; None: a shipped one is found if the records of all
            predictions give its digest.

    Raises:
        InputRefused: ``model-differs``: a record names another model than the one given.
        ModelInvalid: the model given cannot be read.
    """
    digests = {_digest(case.files["predicted"]) for case in cases}
    if given is not None:
        model = load_model(given)
        if digests - {model.digest, ""}:
            raise InputRefused(
                "model-differs",
                f"Records beside the predictions name another model than {model.contract.name}",
                remedy="Name the model that made them, or leave it out",
            )
        return model
    if len(digests) != 1 or "" in digests:
        return None
    for name in shipped_models():
        path = find_model(name)
        if digests == {hashlib.sha256(path.read_bytes()).hexdigest()}:
            return load_model(path)
    return None


def _digest(predicted: Path) -> str:
    """Return the digest that the record beside a prediction gives; empty without one."""
    place, _ = place_and_series(predicted)
    folder = place if place.is_dir() else place.parent
    for record in (folder / RECORD_FILE, folder.parent / RECORD_FILE):
        try:
            return str(json.loads(record.read_text("utf-8"))["model"]["digest_sha256"])
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return ""
