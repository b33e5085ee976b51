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
    ],
)
def test_what_stops_a_training_from_outside_is_one_line_with_the_step(error, line):
    with pytest.raises(TrainingStopped, match=rf"{line}.*epoch 2, step 510.*resume=auto"):  # noqa: SIM117
        with explained_stop(TRAINER):
            raise error


@pytest.mark.parametrize("error", [RuntimeError("shape mismatch"), OSError(errno.EACCES, "no")])
def test_other_failures_are_not_dressed_up(error):
    with pytest.raises(type(error)) as caught, explained_stop(TRAINER):
        raise error
    assert caught.value is error


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_loss_that_is_no_number_names_its_cases(value):
    with pytest.raises(TrainingStopped, match="epoch 1, step 7, cases a, b"):
        refuse_nan(torch.tensor(value), {"case_id": ["a", "b"]}, epoch=1, step=7)


def test_a_finite_loss_goes_on():
    refuse_nan(torch.tensor(3.0), {"case_id": ["a"]}, epoch=0, step=0)
