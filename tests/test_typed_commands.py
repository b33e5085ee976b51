"""Whatever is typed at a command ends in one line, its exit code, and nothing half-made."""

import pytest
import typer
from typer.core import TyperArgument, TyperGroup, TyperOption
from typer.testing import CliRunner

from ctpet.cli import app
from ctpet.errors import CtpetError
from tests.dicom_factory import ct_series, write_series


def by_what_is_typed(group):
    """Return the commands of ``group`` and of the groups in it, such as ``serve web``."""
    found = {}
    for name, command in group.commands.items():
        if isinstance(command, TyperGroup):
            found |= {f"{name} {inner}": one for inner, one in by_what_is_typed(command).items()}
        else:
            found[name] = command
    return found


COMMANDS = by_what_is_typed(typer.main.get_command(app))
NEEDED_TOGETHER = {"evaluate": ["a", "b"]}
"""Arguments of which a command needs several, though none by itself."""
DONE_BY = {
    "train": "ctpet.learn.command.run",
    "serve web": "ctpet.serve.web.run.serve",
}
"""What does a command's work, where :mod:`ctpet.api` does not."""


def ctpet(*typed):
    return CliRunner().invoke(app, list(map(str, typed)))


def least(name):
    """Return the shortest line that can be typed of a command."""
    typed = [*name.split(), *NEEDED_TOGETHER.get(name, [])]
    for one in COMMANDS[name].params:
        if one.required and isinstance(one, TyperArgument):
            typed.append("word")
        elif one.required and isinstance(one, TyperOption):
            typed += [one.opts[0], "word"]
    return typed


def lines_of(outcome):
    return [line for line in outcome.stderr.splitlines() if line.startswith("ctpet: ")]


FAILURES = [
    (CtpetError("it was made to fail"), "ctpet: it was made to fail"),
    (OSError(5, "Input/output error", "disk/x"), "ctpet: disk/x: Input/output error. Check"),
    (OSError(28, "No space left on device"), "ctpet: The disk is full. Free some space"),
    (OSError("368640 requested and 49088 written"), "ctpet: The disk is full"),  # numpy says so
    (MemoryError(), "ctpet: Memory ran out"),
]


@pytest.mark.parametrize(("failure", "told"), FAILURES)
@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_tells_a_failure_in_one_line_and_shows_it_with_debug(
    name, failure, told, monkeypatch
):
    def fail(*_, **__):
        raise failure

    monkeypatch.setattr(DONE_BY.get(name, f"ctpet.api.{name}"), fail)
    outcome = ctpet(*least(name))
    assert outcome.exit_code == 1
    (line,) = lines_of(outcome)
    assert line.startswith(told)
    assert "Traceback" not in outcome.stderr
    outcome = ctpet(*least(name), "--debug")
    assert outcome.exit_code == 1
    assert "Traceback (most recent call last)" in outcome.stderr
    assert lines_of(outcome) == [line]


@pytest.mark.parametrize("name", COMMANDS)
def test_no_command_takes_an_empty_word(name):
    for empty in ("", "  "):
        outcome = ctpet(*least(name), empty)
        assert outcome.exit_code == 2
        assert lines_of(outcome) == [
            "ctpet: an argument is empty. Give one, or leave it out. See ctpet --help."
        ]


@pytest.mark.parametrize("name", sorted(COMMANDS.keys() - {"train", "crossval"}))
def test_a_usage_error_is_one_line_and_debug_shows_where(name):
    outcome = ctpet(*least(name), "--no-such-option")
    assert outcome.exit_code == 2
    (line,) = lines_of(outcome)
    assert line.startswith("ctpet: No such option: --no-such-option")
    assert line.endswith(f"{name} --help.")
    assert "Traceback" in ctpet(*least(name), "--no-such-option", "--debug").stderr


@pytest.fixture
def place(tmp_path, monkeypatch):
    """An empty folder to type in, beside ``ct``, the files ``text``
    and ``ct.nii``, and an empty folder ``empty``."""
    write_series(ct_series(), tmp_path / "ct")
    (tmp_path / "text").write_text("x")
    (tmp_path / "ct.nii").write_text("x")
    (tmp_path / "empty").mkdir()
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    return here


LONG = "x" * 300

TYPED = [
    (2, "scan", "Missing argument"),
    (2, "scan ../ct ../ct", "Got unexpected extra argument"),
    (3, "scan nowhere", "There is no file or folder at nowhere"),
    (3, "scan ../text", "No DICOM image lies at ../text"),
    (3, "scan ../empty", "No DICOM image lies at ../empty"),
    (1, f"info {LONG}", "xxxxxx"),
    (1, "info nowhere", "There is no model nowhere"),
    (2, "synthesize ../ct", "Missing option '--out'"),
    (2, "synthesize ../ct -o a -o b", "-o and -o are one option. Give it once"),
    (2, "synthesize ../ct -o a --out=b", "-o and --out=b are one option"),
    (2, "synthesize ../ct --out=", "the value of --out is empty"),
    (2, "synthesize ../ct -o out --threads 0", "Invalid value for '--threads'"),
    (2, "synthesize ../ct -o out --precision fp16", "Invalid value for '--precision'"),
    (3, f"synthesize ../ct -o new/{LONG}", "Nothing can be written at new/xxx"),
    (3, "synthesize ../ct -o ../text/out", "Nothing can be written at ../text/out"),
    (3, "synthesize ../ct -o /proc/out", "Nothing can be written at /proc/out"),
    (3, "synthesize ../ct -o new/../..", "The output folder new/../.. already holds something"),
    (3, f"suv ../ct -o {LONG}.nii", "Nothing can be written at xxx"),
    (3, "demo -o out --seed 1099511627776", "No digital patient has the seed 1099511627776"),
    (3, "phantom out --seed 1099511627775 --count 2", "No digital patient has the seed 10995"),
    (3, "doctor nowhere", "There is no folder at nowhere"),
    (3, "doctor ../text", "There is no folder at ../text"),
    (3, "prepare nowhere out --spacing 16", "There is no file or folder at nowhere"),
    (3, "prepare phantom:1-99999999 out", "phantom:1-99999999 names no digital patients, or"),
    (3, "prepare phantom:9999999999999 out", "No digital patient has the seed 9999999999999"),
    (1, f"prepare {LONG} out", "xxx"),
    (3, "synthesize ../ct -o ../ct/new", "The output ../ct/new lies inside the input ../ct"),
    (3, "synthesize ../ct.nii -o out --series 1.2", "ct.nii is a NIfTI file, which holds no"),
    (3, "suv ../ct -o ../ct/suv.nii", "The output ../ct/suv.nii lies inside the input ../ct"),
    (3, "suv ../ct -o .nii.gz", "The output file .nii.gz has no name before its .nii.gz"),
    (3, "compare a b -o ..html", "The output file ..html has no name before its .html"),
    (3, "prepare ../ct ../ct/cases", "The output ../ct/cases lies inside the input ../ct"),
    (3, "prepare phantom:1 out --layout dicom", "phantom:1 is digital patients, and the layout"),
    (3, "prepare phantom:1 out --table t.csv", "phantom:1 is digital patients, and the table"),
    (3, "prepare ../ct out --layout nifti --table t.csv", "../ct is of the layout nifti, and the"),
    (3, "prepare ../ct out --salt xyz", "The salt is 'xyz', 3 characters long"),
    (3, "prepare ../ct out --salt abc", "The salt is 'abc', 3 characters long"),
    (3, f"prepare ../ct out --tracer {LONG}", "The tracer is empty, 300 characters long, or"),
    (3, "prepare ../ct out --licence \x1b[1m", "The licence is empty, 4 characters long, or"),
    (2, "prepare ../ct out --spacing inf", "Invalid value for '--spacing'"),
    (2, "prepare ../ct out --spacing nan", "Invalid value for '--spacing'"),
    (2, "prepare ../ct out --folds 1000", "Invalid value for '--folds'"),
    (3, "evaluate ../ct ../empty -o ../ct/report", "The output ../ct/report lies inside the in"),
    (3, "export nowhere -o a\\b.onnx", "A model's name must be at most 64 printable"),
    (1, "export nowhere -o new/a.onnx", "nowhere does not lie in the folder of a training"),
    (3, "plan nowhere -o experiment/null.yaml", "An experiment is NAME.yaml"),
    (2, "train name=a --nope", "There is no option --nope"),
    (2, "train name=a --package data", "--package chooses what --cfg shows"),
    (3, "runs nowhere", "There is no folder at nowhere"),
    (2, "compare -o out.html", "Missing argument"),
    (2, "nothing", "No such command 'nothing'"),
]  # fmt: skip


@pytest.mark.parametrize(("code", "typed", "told"), TYPED)
def test_what_cannot_be_meant_is_told_and_leaves_nothing(code, typed, told, place):
    outcome = ctpet(*typed.split(" "))
    assert (outcome.exit_code, outcome.stdout) == (code, "")
    (line,) = lines_of(outcome)
    assert line.startswith(f"ctpet: {told}")
    assert "defect" not in line
    assert list(place.iterdir()) == []


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize("asked", [[], ["--json"], ["-q"]])
def test_what_is_refused_of_a_source_is_told_where_quiet_says_nothing_else(asked):
    outcome = ctpet("prepare", "../ct", "out", "--workers", 1, *asked)
    assert outcome.exit_code == 3
    (line,) = lines_of(outcome)
    assert line.startswith("ctpet: refused ")
