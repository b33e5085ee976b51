"""Every choice of a group that works on crops can be built, and keeps what it must."""

import numpy as np
import pytest
import torch
from hydra import compose, initialize_config_dir
from hydra.utils import instantiate
from monai.transforms import Compose

from ctpet.resources import resource_folder

CONFIGS = resource_folder("configs")


def choices(group):
    return sorted(path.stem for path in (CONFIGS / group).glob("[a-z]*.yaml"))


def composed(*overrides):
    with initialize_config_dir(str(CONFIGS), version_base="1.3"):
        return compose("train", overrides=["name=made", "data.dataset=none", *overrides])


def crop():
    rng = np.random.default_rng(1)
    target = rng.uniform(0, 5, (1, 16, 16, 16)).astype(np.float32)
    region = rng.integers(0, 3, target.shape).astype(np.float32)
    ct = rng.normal(0, 100, target.shape).astype(np.float32)
    return {k: torch.from_numpy(v) for k, v in (("ct", ct), ("target", target), ("region", region))}


@pytest.mark.parametrize("name", choices("augment"))
def test_augmentation_keeps_shapes_regions_and_the_scale_of_suv(name):
    pipeline = Compose(list(instantiate(composed(f"augment={name}").augment)))
    for seed in range(5):
        pipeline.set_random_state(seed=seed)
        found = pipeline(crop())
        assert {value.shape for value in found.values()} == {(1, 16, 16, 16)}
        assert set(np.unique(found["region"])) <= {0, 1, 2}
        assert 0 <= float(found["target"].min()) <= float(found["target"].max()) <= 5
        assert float((found["ct"] - crop()["ct"]).abs().mean()) < 200


@pytest.mark.parametrize("name", choices("loss"))
def test_a_loss_is_least_at_the_truth(name):
    loss = instantiate(composed(f"loss={name}").loss)
    target = torch.rand(1, 1, 16, 16, 16) * 4
    region = torch.full_like(target, 2)
    right, wrong = loss(target, target, region), loss(target + 0.5, target, region)
    assert right.item() == pytest.approx(0, abs=1e-5)
    assert wrong.item() > 0.01


@pytest.mark.parametrize("name", choices("trainer"))
def test_every_trainer_can_be_composed(name):
    assert composed(f"trainer={name}").trainer["_target_"] == "lightning.Trainer"


def test_several_processes_share_our_own_order_of_samples():
    assert composed("trainer=ddp").trainer.use_distributed_sampler is False
