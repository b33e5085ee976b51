"""A cross-validation from a configuration to one report."""

import json
import shlex
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ctpet.claims import claimed
from ctpet.contract import TrainingData
from ctpet.evaluate.run import EvaluateRequest, Evaluation
from ctpet.learn.crossval.folds import Fold, open_folds, train_folds
from ctpet.learn.crossval.held_out import predict_folds, write_bounds, write_table
from ctpet.learn.lineage import read_parent
from ctpet.progress import Progress, silent

STAGE_SHARES = {"train": 0.7, "predict": 0.2, "match": 0.01, "score": 0.07, "report": 0.02}
PREDICTIONS_FOLDER, REPORT_FOLDER, RECORD_FILE = "predictions", "report", "crossval.json"


@dataclass(frozen=True, slots=True)
class CrossvalRequest:
    """What to cross-validate.

    Attributes:
        overrides: as of ``ctpet train``, such as ``experiment=sts``.
        out: folder of the runs, the predictions and the report; new, or begun before.
        folds: which; None: all.
        workers: processes that score.
    """

    overrides: tuple[str, ...]
    out: Path
    folds: tuple[int, ...] | None = None
    workers: int = 1


@dataclass(frozen=True, slots=True)
class Predicted:
    """All patients of the folds, each predicted once.

    Attributes:
        request: of their evaluation.
        checkpoints: of the folds' networks.
        command: that makes this again.
        bounds: how they were calibrated, in words; empty: there are none.
    """

    request: EvaluateRequest
    checkpoints: tuple[Path, ...]
    command: str
    bounds: str = ""

    @property
    def export_command(self) -> str:
        """What makes one file of the folds' networks, averaged.

        Each of them has seen the patients of the others: nobody is left to judge the file on.
        """
        return shlex.join(["ctpet", "export", *map(str, self.checkpoints), "-o", "MODEL.onnx"])

    def to_json(self) -> dict[str, Any]:
        """Return the record as a JSON object."""
        return {
            "command": self.command,
            "checkpoints": [str(path) for path in self.checkpoints],
            "export": self.export_command,
            **({"bounds": self.bounds} if self.bounds else {}),
        }


@dataclass(frozen=True, slots=True)
class Crossval:
    """A cross-validation that came to its end.

    Attributes:
        predicted: the folds' networks and where their predictions are.
        evaluation: of the predictions, the trees' beside them.
    """

    predicted: Predicted
    evaluation: Evaluation


def predict_all(request: CrossvalRequest, *, progress: Progress = silent) -> Predicted:
    """Train the folds and predict each patient once, by the network that did not see him.

    What an earlier call has done is kept, and compared key by key: a folder that holds another
    experiment is refused before anything is written.

    Args:
        request: what to cross-validate.
        progress: told the stages ``train`` and ``predict``.

    Raises:
        CtpetError: the configuration, the data or a training cannot be used, or a network has
            seen whom it is to predict.
        InputRefused: another command works on the folder.
    """
    folds = open_folds(request.overrides, request.out, request.folds)
    request.out.mkdir(parents=True, exist_ok=True)
    with claimed(request.out):
        train_folds(folds, request.overrides, progress)
        predictions = request.out / PREDICTIONS_FOLDER
        predict_folds(folds, predictions, progress)
        bounds = write_bounds(folds, predictions)
        table = write_table(folds, predictions)
        found = Predicted(
            request=EvaluateRequest(
                table=table,
                title=_title(folds),
                workers=request.workers,
                trained_on=_trained_on(folds),
            ),
            checkpoints=tuple(fold.checkpoint for fold in folds),
            command=_command(request),
            bounds=bounds,
        )
        record = json.dumps(found.to_json(), indent=1, ensure_ascii=False)
        (request.out / RECORD_FILE).write_text(record + "\n", "utf-8")
        shutil.rmtree(request.out / REPORT_FOLDER, ignore_errors=True)
    return found


def _title(folds: Sequence[Fold]) -> str:
    name = folds[0].config.contract.name
    seen = {judged.pieces[0].patient_hash for fold in folds for judged in fold.data.judged}
    return f"{name}, cross-validated: {len(seen)} patients in {len(folds)} folds"


def _trained_on(folds: Sequence[Fold]) -> dict[str, tuple[TrainingData, ...]]:
    """Return what the network that predicted each piece was fitted on."""
    found: dict[str, tuple[TrainingData, ...]] = {}
    for fold in folds:
        seen = read_parent(fold.checkpoint).ever_seen
        found |= {piece.case_id: seen for one in fold.data.judged for piece in one.pieces}
    return found


def _command(request: CrossvalRequest) -> str:
    folds = [] if request.folds is None else ["--folds", ",".join(map(str, request.folds))]
    return shlex.join(["ctpet", "crossval", *request.overrides, "-o", str(request.out), *folds])
