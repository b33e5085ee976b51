"""A plan is a training that runs: its file is read, its memory is kept, its crops fit the cases."""

import json
import shlex
import subprocess
import sys
from math import prod

import pytest
from omegaconf import OmegaConf
from typer.testing import CliRunner

from ctpet import api
from ctpet.cli import app
from ctpet.errors import CtpetError, InputRefused
from ctpet.learn.plan.choose import CPU_VOXELS, crops_up_to
from ctpet.learn.plan.machine import MEMORY_SHARE
from ctpet.learn.plan.seen import Seen
from ctpet.learn.room import GIB
from tests.case_factory import make_dataset


@pytest.fixture(scope="module")
def cases(tmp_path_factory):
    return make_dataset(tmp_path_factory.mktemp("cases"), shape=(40, 32, 48))


def seen(median, spacing_mm=(4.0, 4.0, 4.0)):
    return Seen((), spacing_mm, median, median, median, 10**9)


def make_dataset_of(cases, shape):
    """The made cases, said to be of another size: a plan reads no array."""
    for path in cases.glob("cases/*/case.json"):
        told = json.loads(path.read_text())
        path.write_text(json.dumps({**told, "shape": shape}))
    return cases


def planned(cases, **machine):
    return api.plan(cases, **({"device": "cpu"} | machine)).plan


def typed(*arguments):
    return CliRunner().invoke(app, ["plan", *map(str, arguments)])


def trains(command, folder):
    assert command[:2] == ["ctpet", "train"]
    more = ["debug=two_steps", "~callbacks.progress", "trainer.precision=32-true"]
    done = subprocess.run(
        [sys.executable, "-m", "ctpet", *command[1:], *more],
        capture_output=True, text=True, check=False, cwd=folder,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.mark.slow
def test_the_printed_command_trains_on_prepared_phantoms(tmp_path):
    prepare = [
        "prepare",
        "phantom:1-2",
        tmp_path / "cases",
        "--spacing",
        "12",
        "--folds",
        "2",
        "-q",
    ]
    assert CliRunner().invoke(app, [*map(str, prepare)]).exit_code == 0
    out = tmp_path / "plans" / "experiment" / "whole.yaml"
    shown = typed(tmp_path / "cases", "-o", out)
    assert shown.exit_code == 0, shown.output
    command = shlex.split(shown.output.splitlines()[-1])
    trains(command, tmp_path)
    run = tmp_path / "runs" / "whole"
    trained, plan = OmegaConf.load(run / "config.yaml"), OmegaConf.load(out)
    assert trained.data.crops.size_voxels == plan.data.crops.size_voxels
    assert trained.data.crops.target == "typical"
    assert (run / "checkpoints" / "best.ckpt").is_file()


@pytest.mark.slow
def test_a_mixture_is_planned_and_trains(tmp_path, cases):
    other = make_dataset(tmp_path / "other set", first=9, count=2, salt="11")
    (other / "cases" / "case-09" / "typical.npy").unlink()
    out = tmp_path / "experiment" / "mixed.yaml"
    command = api.plan([cases, other], out, device="cpu").command
    data = OmegaConf.load(out).data.datasets
    assert {name: (one.share, one.target) for name, one in data.items()} == {
        cases.name: (4, "typical"), "other-set": (2, "pet"),
    }  # fmt: skip
    trains(shlex.split(command), tmp_path)


def test_a_crop_is_a_cube_in_mm_and_ends_at_the_median_case():
    assert crops_up_to(seen((200, 100, 100)), 8, CPU_VOXELS)[-1] == (96, 96, 96)
    assert crops_up_to(seen((200, 100, 100)), 8, CPU_VOXELS)[0] == (8, 8, 8)
    assert crops_up_to(seen((200, 41, 41)), 8, CPU_VOXELS)[-1] == (200, 48, 48)
    coarse = crops_up_to(seen((100, 200, 200), (8.0, 4.0, 4.0)), 8, CPU_VOXELS)[-1]
    assert coarse == (56, 120, 120)
    for crop in crops_up_to(seen((61, 47, 90)), 4, CPU_VOXELS):
        assert all(n % 4 == 0 for n in crop)
        assert prod(crop) <= CPU_VOXELS


@pytest.mark.slow
def test_what_is_planned_keeps_to_its_share_of_the_memory(cases):
    large = make_dataset_of(cases, (800, 400, 400))
    plans = []
    for device, memory_gib in (("cpu", 0.65), ("gpu", 0.7), ("gpu", 4), ("gpu", 80)):
        plans.append(planned(large, device=device, memory_gib=memory_gib))
        assert plans[-1].needed_bytes <= MEMORY_SHARE * memory_gib * GIB
        assert plans[-1].batch_size >= (2 if device == "gpu" else 1)
    poor, small, middle, rich = plans
    assert poor.network.filters < rich.network.filters
    assert prod(small.crop) < prod(middle.crop) <= prod(rich.crop)
    assert middle.batch_size < rich.batch_size
    assert planned(large, memory_gib=64).crop == (96, 96, 96)


def test_too_little_memory_is_one_line(cases):
    with pytest.raises(CtpetError, match=r"takes .*, and a machine of 0\.1 GiB has 0\.1 GiB"):
        planned(cases, memory_gib=0.1)
    for nonsense in (0, -1, float("nan"), float("inf")):
        with pytest.raises(CtpetError, match=r"--memory-gib is .*, and must be a number above 0"):
            planned(cases, memory_gib=nonsense)


def test_thin_cases_get_a_shallower_network_that_their_crops_fit(tmp_path):
    thin = make_dataset(tmp_path, shape=(20, 40, 40))
    plan = planned(thin)
    assert (plan.network.levels, plan.network.size_multiple, plan.crop[0]) == (2, 4, 20)
    flat = planned(make_dataset(tmp_path / "flat", shape=(6, 40, 40)))
    assert flat.crop[0] == 8
    assert flat.bottom == 2
    assert flat.precision[0] == "32-true"


def test_another_machine_chooses_its_own_precision_and_is_counted_in_the_larger(cases):
    elsewhere = planned(cases, memory_gib=24)
    assert elsewhere.precision[0] == "auto"
    assert elsewhere.needed_bytes >= planned(cases).needed_bytes


def test_a_gpu_that_is_not_here_is_one_line(cases, monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(CtpetError, match="--device gpu --memory-gib 24"):
        planned(cases, device="gpu")
    assert planned(cases, device="auto").machine.accelerator == "cpu"


def test_one_patient_is_learned_from_and_nobody_is_held_out(tmp_path):
    alone = make_dataset(tmp_path / "alone", count=1)
    shown = OmegaConf.create(api.plan(alone, device="cpu").text)
    assert shown.data.fold is None
    assert {"override /callbacks": "default"} in shown.defaults


def test_cases_of_another_spacing_are_named(tmp_path):
    dataset = make_dataset(tmp_path)
    path = dataset / "cases" / "case-02" / "case.json"
    told = json.loads(path.read_text())
    told["affine"][2][0] = 5
    path.write_text(json.dumps(told))
    with pytest.raises(
        InputRefused, match=r"cases of 4 × 4 × 4 mm, and 1 of .*case-02 \(5 × 4 × 4"
    ):
        planned(dataset)


def test_a_folder_of_data_sets_is_told_with_the_command(tmp_path):
    for name in ("a", "b"):
        make_dataset(tmp_path / name)
    told = typed(tmp_path)
    assert told.exit_code == 3
    assert f"ctpet plan {tmp_path}/a {tmp_path}/b" in " ".join(told.output.split())


def test_data_sets_of_different_spacing_are_not_mixed(tmp_path, cases):
    other = make_dataset(tmp_path, first=9)
    path = other / "dataset.json"
    path.write_text(path.read_text().replace("4.0", "8.0"))
    for case in other.glob("cases/*/case.json"):
        told = json.loads(case.read_text())
        told["affine"] = [[2 * x for x in row] for row in told["affine"][:3]] + [[0, 0, 0, 1]]
        case.write_text(json.dumps(told))
    with pytest.raises(CtpetError, match="differ in spacing_mm"):
        planned([cases, other])


@pytest.mark.parametrize(
    ("out", "told"),
    [
        ("mine.yaml", "Give -o .*experiment/mine.yaml"),
        ("experiment/mine.txt", "NAME.yaml"),
        ("experiment/my plan.yaml", "NAME.yaml"),
        ("experiment/phantom.yaml", "experiment phantom of its own"),
    ],
)
def test_a_file_that_would_not_be_found_is_refused(tmp_path, cases, out, told):
    with pytest.raises(InputRefused, match=told):
        api.plan(cases, tmp_path / out, device="cpu")
    assert not any(tmp_path.rglob("*.*"))


def test_nothing_is_overwritten_and_nothing_need_be_written(tmp_path, cases):
    out = tmp_path / "experiment" / "mine.yaml"
    text = api.plan(cases, out, device="cpu").text
    with pytest.raises(InputRefused, match="exists"):
        api.plan(cases, out, device="cpu")
    assert out.read_text("utf-8") == text
    shown = typed(cases, "--device", "cpu")
    assert OmegaConf.create(shown.output).data.dataset == str(cases)
    told = json.loads(typed(cases, "--device", "cpu", "--json").output)
    assert told["size_voxels"] == list(OmegaConf.load(out).data.crops.size_voxels)
