"""A checkpoint is whole or the one before is: on a full disk, after a kill, on any file system."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from ctpet.errors import CtpetError
from ctpet.learn.train import checkpoint_to_resume, train
from ctpet.learn.whole_checkpoints import WholeCheckpointIO, checkpoint_words, progress_of
from tests.case_factory import make_dataset
from tests.learn.made_runs import LIGHTNING_TALKS, config

pytestmark = LIGHTNING_TALKS
MIB = 2**20


def state(epoch, size_bytes=0):
    return {
        "epoch": epoch,
        "global_step": 10 * epoch,
        "x": torch.zeros(size_bytes, dtype=torch.int8),
    }


@pytest.mark.disk_mib(3)
def test_a_full_disk_leaves_the_checkpoint_before(small_disk):
    path = small_disk / "checkpoints" / "last.ckpt"
    WholeCheckpointIO().save_checkpoint(state(1, MIB), path)
    with pytest.raises(OSError, match="No space"):
        WholeCheckpointIO().save_checkpoint(state(2, 2 * MIB + MIB // 2), path)
    assert progress_of(path) == (1, 10)
    assert [one.name for one in path.parent.iterdir()] == ["last.ckpt"]


@pytest.mark.disk_mib(3)
def test_a_training_on_a_full_disk_says_what_is_there(small_disk, tmp_path):
    dataset = make_dataset(tmp_path / "cases")
    run = small_disk / "made"
    train(config(small_disk, dataset, "trainer.max_epochs=1", "logger={}"))
    size = (run / "checkpoints" / "last.ckpt").stat().st_size
    free = os.statvfs(small_disk).f_bavail * os.statvfs(small_disk).f_frsize
    (small_disk / "filler").write_bytes(bytes(free - size // 2))
    with pytest.raises(CtpetError, match=r"disk is full.*last\.ckpt is whole, of epoch 0, step 2"):
        train(config(small_disk, dataset, "trainer.max_epochs=2", "logger={}", "resume=auto"))
    assert progress_of(run / "checkpoints" / "last.ckpt") == (0, 2)


def test_a_kill_during_the_write_leaves_the_checkpoint_before(tmp_path):
    path = tmp_path / "last.ckpt"
    WholeCheckpointIO().save_checkpoint(state(1), path)
    script = """
import sys, torch
from ctpet.learn.whole_checkpoints import WholeCheckpointIO
state = {"epoch": 2, "global_step": 1, "weights": torch.zeros(20_000_000, dtype=torch.int8)}
print("writes", flush=True)
while True:
    WholeCheckpointIO().save_checkpoint(state, sys.argv[1])
"""
    writer = subprocess.Popen([sys.executable, "-c", script, path], stdout=subprocess.PIPE)
    writer.stdout.readline()
    partial = path.with_name("last.ckpt.partial")
    while not (partial.exists() and partial.stat().st_size):
        assert writer.poll() is None
    os.kill(writer.pid, signal.SIGKILL)
    writer.communicate()
    assert progress_of(path)[0] in (1, 2)
    WholeCheckpointIO().save_checkpoint(state(3), path)
    assert [one.name for one in tmp_path.iterdir()] == ["last.ckpt"]


@pytest.mark.parametrize("cut", [0, 100, -1])
def test_a_damaged_checkpoint_is_not_gone_on_from(tmp_path, cut):
    path = tmp_path / "checkpoints" / "last.ckpt"
    WholeCheckpointIO().save_checkpoint(state(1), path)
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(CtpetError, match=r"last\.ckpt cannot be read .*best\.ckpt"):
        checkpoint_to_resume(tmp_path, when="auto")
    assert "cannot be read" in checkpoint_words(path)


def test_nothing_is_called_whole_that_is_not_there(tmp_path):
    assert checkpoint_words(tmp_path / "last.ckpt").startswith("There is no last.ckpt yet")


def test_remote_options_are_refused():
    with pytest.raises(TypeError, match="no storage options"):
        WholeCheckpointIO().save_checkpoint(state(1), Path("x.ckpt"), {"any": 1})
