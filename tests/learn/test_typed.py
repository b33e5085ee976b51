"""What nobody can mean is told by its key, before anything is read or written."""

import pytest

from ctpet.errors import CtpetError
from ctpet.learn.command import apart, compose
from ctpet.learn.kinds import refuse_wrong_kinds
from ctpet.learn.limits import LIMITS, refuse_beyond_limits
from ctpet.learn.meant import refuse_no_name, refuse_overrides, refuse_what_nobody_means
from ctpet.resources import config_choices

SAID = ["name=run", "data.dataset=cases"]

NOT_MEANT = [
    ("optimizer.lr=abc", "optimizer.lr is abc, and must be a number"),
    ("optimizer.lr=null", "optimizer.lr is null, and must be a number"),
    ("optimizer.lr=-1", "optimizer.lr is -1, and must be a number above 0"),
    ("optimizer.lr=nan", "optimizer.lr is nan, and must be a number above 0"),
    ("optimizer.lr=inf", "optimizer.lr is inf"),
    ("optimizer.lr=[]", "optimizer.lr is [], and must be a number"),
    ("optimizer.weight_decay=-1", "optimizer.weight_decay is -1, and must be a number from 0"),
    ("+optimizer.nope=1", "optimizer has no nope; torch.optim.AdamW takes amsgrad, betas"),
    ("optimizer._target_=torch.optim.Nope", "optimizer._target_ is torch.optim.Nope, which cannot"),
    ("optimizer._target_=os.sep", "optimizer._target_ is os.sep, and must be the path of a class"),
    ("scheduler.warmup=5", "scheduler.warmup is 5, and must be a number from 0 below 1"),
    ("scheduler.warmup=abc", "scheduler.warmup is abc, and must be a number"),
    ("scheduler.final=-1", "scheduler.final is -1, and must be a number from 0 to 1"),
    ("loss.epsilon=-1", "loss.epsilon is -1, and must be a number above 0"),
    ("loss.air_weight=true", "loss.air_weight is true, and must be a number"),
    (
        "callbacks.average.decay=5",
        "callbacks.average.decay is 5, and must be a number from 0 below",
    ),
    ("callbacks.average.decay=abc", "callbacks.average.decay is abc, and must be a number"),
    ("callbacks.average.warmup_steps=abc", "callbacks.average.warmup_steps is abc, and must be a"),
    ("callbacks.pictures.every_n_epochs=0", "callbacks.pictures.every_n_epochs is 0, and must be"),
    (
        "objective.validation_precision=abc",
        "objective.validation_precision is abc, and must be fp32",
    ),
    ("optimized_metric=null", "optimized_metric is null, and must be a text"),
    ("trainer.precision=bf16-true", "trainer.precision is bf16-true, and must be auto or 32-true"),
    ("trainer.precision=1", "trainer.precision is 1, and must be auto"),
    ("trainer.precision=16", "trainer.precision is 16-mixed, and must be bf16-mixed or 32-true"),
    ("trainer.max_epochs=0", "trainer.max_epochs is 0, and must be a whole number from 1 up"),
    ("trainer.devices=99999", "trainer.devices is 99999; this machine has"),
    ("trainer.gradient_clip_val=abc", "trainer.gradient_clip_val is abc, and must be a number"),
    (
        "+trainer.limit_train_batches=0",
        "trainer.limit_train_batches is 0, and must be a number above",
    ),
    (
        "+trainer.limit_val_batches=0.0",
        "trainer.limit_val_batches is 0.0, and must be a number above",
    ),
    ("+trainer.nope=1", "trainer has no nope"),
    ("data.batch_size=0", "data.batch_size is 0, and must be a number from 1"),
    ("data.batch_size=1.5", "data.batch_size is 1.5, and must be a whole number"),
    ("data.workers=-1", "data.workers is -1, and must be a number from 0"),
    ("data.fold=abc", "data.fold is abc, and must be a whole number or null"),
    ("data.crops=null", "data.crops is null, and must be a mapping with _target_"),
    ("data.crops.weights=5", "data.crops.weights is 5, and must be a mapping with _target_"),
    ("data.crops.target=pett", "data.crops.target is pett, and must be pet or typical"),
    ("data.crops.augment=abc", "data.crops.augment is abc, and must be a list"),
    ("data.crops.size_voxels=abc", "data.crops.size_voxels is abc, and must be a list"),
    ("network.suv_max=-1", "network.suv_max is -1, and must be a number above 0"),
    ("network.channels=null", "network.channels is null, and must be a mapping with _target_"),
    ("seed=-1", "seed is -1, and must be a whole number from 0 up"),
    ("seed=4294967296", "seed is 4294967296, and must be below 4294967296"),
    ("start_from=5", "start_from is 5, and must be a text"),
    ("start_from=''", "start_from is empty, and must be a text"),
]


@pytest.mark.parametrize(("override", "told"), NOT_MEANT)
def test_a_value_that_nobody_means_is_told_by_its_key(override, told):
    with pytest.raises(CtpetError) as caught:
        refuse_what_nobody_means(compose([*SAID, override]))
    assert str(caught.value).startswith(told)


@pytest.mark.parametrize(("override", "told"), [
    ("callbacks.stop.patience=abc", "callbacks.stop.patience is abc, and must be a number"),
    ("callbacks.stop.patience=-1", "callbacks.stop.patience is -1, and must be a number from 0"),
    ("callbacks.best.save_top_k=-2", "callbacks.best.save_top_k is -2, and must be a number from"),
])  # fmt: skip
def test_of_callbacks_that_are_not_chosen_by_default(override, told):
    with pytest.raises(CtpetError) as caught:
        refuse_what_nobody_means(compose([*SAID, "callbacks=best", override]))
    assert str(caught.value).startswith(told)


CHOICES = [
    (group, choice)
    for group, choices in config_choices().items()
    for choice in choices
    if not choice.startswith("_") and group not in ("paths", "debug", "discriminator")
]


@pytest.mark.parametrize(("group", "choice"), CHOICES)
def test_all_that_ships_can_be_meant(group, choice):
    clips = ["trainer.gradient_clip_val=null"] if choice == "adversarial" else []
    refuse_what_nobody_means(compose(["name=run", f"{group}={choice}", *clips]))


@pytest.mark.parametrize("override", [
    "optimizer.lr=1",
    "trainer.max_epochs=3",
    "trainer.gradient_clip_val=null",
    "trainer.precision=32",
    "trainer.precision=bf16",
    "scheduler=warmup_cosine",
    "callbacks.average.decay=0",
    "+optimizer.amsgrad=true",
    "+optimizer.betas=[0.9,0.99]",
    "data.validation_cases=null",
    "data.fold=null",
    "name=2026-01-01_a.b",
    "name=7",
])  # fmt: skip
def test_what_can_be_meant_is_let_through(override):
    rest = [each for each in SAID if not override.startswith("name") or "name" not in each]
    refuse_what_nobody_means(compose([*rest, override]))


def test_parts_of_a_user_s_own_are_held_to_nothing_they_do_not_say():
    config = compose([*SAID, "+own={_target_: builtins.dict, lr: -1, warmup: 500}"])
    refuse_wrong_kinds(config)
    refuse_beyond_limits(config)


def test_no_limit_excludes_itself():
    for name, one in LIMITS.items():
        assert max(one.least, one.above) < min(one.most, one.below), name


@pytest.mark.parametrize(
    "name", ["../x", "a/b", "", " ", "..", ".", "x" * 65, None, True, [1], "a\nb"]
)
def test_no_name_of_a_run(name):
    with pytest.raises(CtpetError, match=r"(?s)name is .*must be"):
        refuse_no_name(name)


@pytest.mark.parametrize(("overrides", "told"), [
    (["name=a", "name=b"], "name is given twice, as a and as b"),
    (["name=../x"], "name is ../x, and must be a text that can name"),
    (["name=" + "x" * 300], "name is xxxxxxxxxxxxxxxxxxxx…, 300 characters long"),
    (["paths.runs=null"], "paths.runs is null, and must be a text"),
    (["hydra.run.dir="], "hydra.run.dir is empty"),
    (["=1"], "=1 names no key"),
])  # fmt: skip
def test_folders_that_nobody_means_are_not_made(overrides, told):
    with pytest.raises(CtpetError) as caught:
        refuse_overrides(overrides)
    assert str(caught.value).startswith(told)


def test_the_same_name_twice_is_one_name():
    refuse_overrides(["name=a", "trainer.max_epochs=1", "trainer.max_epochs=2", "name=a"])


def test_options_may_stand_between_overrides():
    typed = ["name=a", "--config-dir", "d", "experiment=b", "-m", "optimizer.lr=1,2"]
    assert apart(typed) == (
        ["--config-dir", "d", "-m"],
        ["name=a", "experiment=b", "optimizer.lr=1,2"],
    )
    assert apart(["--info", "name=a"]) == (["--info", "all"], ["name=a"])
    assert apart(["--cfg", "job", "x=1"]) == (["--cfg", "job"], ["x=1"])
    assert apart(["--config-dir=d", "x=1"]) == (["--config-dir=d"], ["x=1"])
    assert apart(["-c", "job", "-p", "data", "--resolve"])[1] == []


@pytest.mark.parametrize(("typed", "told"), [
    (["name=a", "--cfg"], "--cfg needs a value"),
    (["--run", "-m"], "at once"),
    (["--nope"], "There is no option --nope"),
    (["-x", "name=a"], "There is no option -x"),
    (["--cfgs=job"], "There is no option --cfgs"),
    (["--cfg", "nope"], "--cfg shows job, hydra, all, and no nope"),
    (["--cfg=nope"], "--cfg shows job, hydra, all, and no nope"),
    (["--package", "data"], "--package chooses what --cfg shows"),
    (["name=a", "--resolve"], "--resolve chooses what --cfg shows"),
])  # fmt: skip
def test_options_that_hydra_would_not_look_at_are_usage_errors(typed, told):
    with pytest.raises(CtpetError, match=told) as caught:
        apart(typed)
    assert caught.value.exit_code == 2


def test_a_key_that_nothing_reads_is_told_and_one_that_others_refer_to_is_not():
    with pytest.raises(CtpetError, match="Nothing reads the key foo"):
        refuse_what_nobody_means(compose([*SAID, "+foo=1"]))
    side = "data.crops.size_voxels=[${side},${side},${side}]"
    refuse_what_nobody_means(compose([*SAID, "+side=32", side]))
    size = "data.crops.size_voxels=${own.size}"
    refuse_what_nobody_means(compose([*SAID, "+own.size=[32,32,32]", size]))
