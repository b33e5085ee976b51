"""Where a training says it comes from."""

import csv
import shutil
import subprocess

import pytest

import ctpet
from ctpet.errors import CtpetError
from ctpet.learn.run_folder import git_state, read_begun
from ctpet.learn.train import train
from tests.case_factory import make_dataset
from tests.conftest import REPOSITORY
from tests.learn.made_runs import LIGHTNING_TALKS, config

pytestmark = LIGHTNING_TALKS


def git(folder, *arguments):
    identity = ["-c", "user.name=x", "-c", "user.email=x@example.org"]
    done = subprocess.run(
        ["git", "-C", str(folder), *identity, *arguments],
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path):
    """A repository of somebody's, with one commit."""
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    git(tmp_path, "init", "-q")
    (tmp_path / "mine.txt").write_text("mine")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "mine")
    return tmp_path


def test_a_repository_around_the_installation_is_somebody_elses(repository):
    package = repository / ".venv" / "lib" / "site-packages" / "ctpet"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    assert git_state(package) is None


def test_a_copy_that_is_not_tracked_has_no_commit(repository):
    (repository / "ctpet").mkdir()
    (repository / "ctpet" / "__init__.py").write_text("")
    assert git_state(repository / "ctpet") is None


def test_ctpets_own_source_has_its_commit(repository):
    (repository / "ctpet").mkdir()
    (repository / "ctpet" / "__init__.py").write_text("")
    git(repository, "add", ".")
    git(repository, "commit", "-q", "-m", "source")
    commit = git(repository, "rev-parse", "HEAD")
    assert git_state(repository / "ctpet") == {"commit": commit, "dirty": False}
    (repository / "mine.txt").write_text("changed")
    assert git_state(repository / "ctpet") == {"commit": commit, "dirty": True}


def test_the_code_that_runs_here_is_the_one_that_is_asked():
    assert (REPOSITORY / "ctpet" / "__init__.py").samefile(ctpet.__file__)


def test_a_run_without_its_files_does_not_go_on(tmp_path):
    with pytest.raises(CtpetError, match="begun with"):
        read_begun(tmp_path)


def test_epochs_that_were_not_validated_have_empty_cells(tmp_path):
    dataset = make_dataset(tmp_path / "cases")
    train(config(tmp_path, dataset, "trainer.max_epochs=4", "trainer.check_val_every_n_epoch=2"))
    with (tmp_path / "made" / "curves.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [bool(row["val/mae"]) for row in rows] == [False, True, False, True]
    assert all(row["train/loss_epoch"] for row in rows)
