"""An output belongs to one run; what a killed one left is removed, what a live one has never."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time

import pytest

from ctpet import claims
from ctpet.claims import (
    claimed,
    left_among_temporary,
    left_behind,
    scratch_beside,
    temporary_folder,
)
from ctpet.doctor import examine
from ctpet.errors import InputRefused
from ctpet.job.staging import staged, staged_file

WORKER = """
import sys, time
from pathlib import Path
from ctpet.job.staging import staged
with staged(Path(sys.argv[1]), needed_bytes=1) as folder:
    (folder / "pet.dcm").write_text("a patient")
    print("ready", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def working(tmp_path):
    """A process that stages into OUT and does not end by itself."""
    process = subprocess.Popen(
        [sys.executable, "-c", WORKER, str(tmp_path / "out")], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "ready\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def refusal_of(context):
    with pytest.raises(InputRefused) as caught, context:
        pytest.fail("the block must not run")
    return caught.value


@pytest.mark.usefixtures("working")
def test_a_second_run_learns_at_once_and_the_first_keeps_its_work(tmp_path):
    before = names(tmp_path)
    start = time.monotonic()
    refusal = refusal_of(staged(tmp_path / "out", needed_bytes=1))
    assert time.monotonic() - start < 1
    assert (refusal.code, refusal.exit_code) == ("out-claimed", 3)
    assert str(tmp_path / "out") in refusal.message
    assert names(tmp_path) == before
    assert left_behind(tmp_path) == ()


def test_what_a_killed_run_left_is_told_and_removed(working, tmp_path):
    working.send_signal(signal.SIGKILL)
    working.wait()
    (left,) = left_behind(tmp_path)
    assert (left / "result" / "pet.dcm").exists()
    told = examine(tmp_path).checks[-1]
    assert (told.name, told.status) == ("unfinished work", "stale")
    assert left.name in told.detail
    assert left.name in [one.name for one in left_behind(tmp_path.parent)]
    assert examine(tmp_path).healthy
    with staged(tmp_path / "out", needed_bytes=1) as folder:
        (folder / "new").touch()
        assert not left.exists()
    assert names(tmp_path) == ["out"]
    assert names(tmp_path / "out") == ["new"]
    assert examine(tmp_path).checks[-1].status == "ok"


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGSTOP")
def test_a_run_that_only_sleeps_is_alive(working, tmp_path):
    working.send_signal(signal.SIGSTOP)
    try:
        assert refusal_of(staged(tmp_path / "out", needed_bytes=1)).code == "out-claimed"
        assert left_behind(tmp_path) == ()
    finally:
        working.send_signal(signal.SIGCONT)


@pytest.mark.usefixtures("working")
def test_other_outputs_beside_it_are_free_and_untouched(tmp_path):
    before = names(tmp_path)
    for name in ("other", "out.partial-x", "ou"):
        with staged(tmp_path / name, needed_bytes=1):
            pass
    assert set(before) < set(names(tmp_path))


def test_an_output_called_like_a_scratch_folder_is_not_swept(tmp_path):
    with claimed(tmp_path / "out.partial-x"), scratch_beside(tmp_path / "out.partial-x") as folder:
        with claimed(tmp_path / "out"):
            pass
        assert folder.is_dir()


@pytest.mark.usefixtures("working")
def test_a_link_to_an_output_is_the_same_output(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "elsewhere").mkdir()
    link = tmp_path / "elsewhere" / "link"
    link.symlink_to(tmp_path / "out", target_is_directory=True)
    assert refusal_of(staged(link, needed_bytes=1)).code == "out-claimed"


def test_one_file_has_one_writer(tmp_path):
    with staged_file(tmp_path / "suv.nii", suffixes=(".nii",)) as path:
        path.touch()
        assert refusal_of(staged_file(tmp_path / "suv.nii", suffixes=(".nii",))).code == (
            "out-claimed"
        )
        with staged_file(tmp_path / "other.nii", suffixes=(".nii",)) as other:
            other.touch()
    assert names(tmp_path) == ["other.nii", "suv.nii"]


def test_a_result_that_came_meanwhile_is_kept(tmp_path, monkeypatch):
    """The first run ends between the second one's look at OUT and its claim."""
    out = tmp_path / "out"
    acquire = claims._acquire

    def ends_first(lock):
        out.mkdir()
        (out / "whole").touch()
        return acquire(lock)

    monkeypatch.setattr(claims, "_acquire", ends_first)
    assert refusal_of(staged(out, needed_bytes=1)).code == "out-not-empty"
    assert names(tmp_path) == ["out"]
    assert names(out) == ["whole"]


def race(out, start, wins):
    start.wait()
    try:
        with staged(out, needed_bytes=1) as folder:
            (folder / str(os.getpid())).touch()
            time.sleep(0.2)
    except InputRefused as refusal:
        wins.put(refusal.code)
    else:
        wins.put("done")


def test_of_several_at_once_one_wins(tmp_path):
    context = multiprocessing.get_context("spawn")
    start, wins = context.Event(), context.Queue()
    runs = [context.Process(target=race, args=(tmp_path / "out", start, wins)) for _ in range(4)]
    for run in runs:
        run.start()
    start.set()
    outcomes = [wins.get(timeout=60) for _ in runs]
    for run in runs:
        run.join()
    assert outcomes.count("done") == 1
    assert set(outcomes) <= {"done", "out-claimed", "out-not-empty"}
    assert names(tmp_path) == ["out"]
    assert len(names(tmp_path / "out")) == 1


def test_without_locks_there_is_no_claim_and_nothing_is_removed(tmp_path, monkeypatch):
    def no_locks(_descriptor):
        raise claims.CannotLock(95, "Operation not supported")

    monkeypatch.setattr(claims, "_try_lock", no_locks)
    (tmp_path / ".out.partial-abcdefgh").mkdir()
    with staged(tmp_path / "out", needed_bytes=1):
        pass
    assert names(tmp_path) == [".out.partial-abcdefgh", "out"]


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    """A folder for temporary files of this test alone, for child processes too."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


UNPACKING = """
import time
from ctpet.claims import temporary_folder
with temporary_folder() as folder:
    (folder / "slice.dcm").write_text("a patient")
    print("ready", flush=True)
    time.sleep(60)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="TMPDIR is POSIX")
def test_temporary_folders_of_the_killed_are_told_and_removed(temporary):
    process = subprocess.Popen([sys.executable, "-c", UNPACKING], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "ready\n"
    (temporary / "ctpet-of-somebody-else").mkdir()
    with temporary_folder():
        assert len(names(temporary)) == 3, "a live one's is kept"
    assert left_among_temporary() == ()
    process.kill()
    process.wait()
    process.stdout.close()
    (left,) = left_among_temporary()
    (temporary / "none").mkdir()
    assert left.name in examine(temporary / "none").checks[-1].detail
    with temporary_folder() as mine:
        assert not left.exists()
        (mine / "x").touch()
    (temporary / "none").rmdir()
    assert names(temporary) == ["ctpet-of-somebody-else"]
