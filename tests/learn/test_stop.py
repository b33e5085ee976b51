import errno
from types import SimpleNamespace

import pytest
import torch

from ctpet.learn.stop import TrainingStopped, explained_stop, refuse_nan

TRAINER = SimpleNamespace(current_epoch=2, global_step=510)


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (RuntimeError("DataLoader worker (pid 7) is killed by signal: Killed."), "loads crops was"),
        (OSError(errno.ENOSPC, "No space left on device"), "disk is full"),
        (OSError(errno.EACCES, "Permission denied"), "A file failed .Permission denied"),
    ],
)
def test_what_stops_a_training_from_outside_is_one_line_with_the_step(error, line, tmp_path):
    told = rf"{line}.*epoch 2, step 510.*There is no last\.ckpt yet.*resume=auto"
    with pytest.raises(TrainingStopped, match=told):  # noqa: SIM117
        with explained_stop(TRAINER, tmp_path / "last.ckpt"):
            raise error


def test_other_failures_are_not_dressed_up(tmp_path):
    error = RuntimeError("shape mismatch")
    with pytest.raises(RuntimeError) as caught, explained_stop(TRAINER, tmp_path / "last.ckpt"):
        raise error
    assert caught.value is error


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_loss_that_is_no_number_names_its_cases(value):
    with pytest.raises(TrainingStopped, match="epoch 1, step 7, cases a, b"):
        refuse_nan(torch.tensor(value), {"case_id": ["a", "b"]}, epoch=1, step=7)


def test_a_finite_loss_goes_on():
    refuse_nan(torch.tensor(3.0), {"case_id": ["a"]}, epoch=0, step=0)
