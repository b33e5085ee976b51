"""The adversarial objective: who learns from what, its own clipping, counting and resume."""

from functools import partial
from types import SimpleNamespace

import pytest
import torch
from hydra import compose, initialize_config_dir
from hydra.utils import instantiate
from lightning import Callback, Trainer, seed_everything
from lightning.pytorch.callbacks import EMAWeightAveraging, ModelCheckpoint
from torch import nn
from torch.optim import SGD, AdamW

from ctpet.contract import ModelContract, TrainingData
from ctpet.errors import CtpetError
from ctpet.learn.adversarial import Adversarial, AdversarialSettings
from ctpet.learn.data import CaseDataModule, CropSettings
from ctpet.learn.discriminator import with_spectral_norm
from ctpet.learn.export.weights_file import write_weights
from ctpet.learn.hu_channels import HuChannels
from ctpet.learn.network import SuvNetwork
from ctpet.learn.sampling import CropWeights
from ctpet.learn.schedule import warmup_cosine
from ctpet.learn.train import train
from ctpet.learn.weights import read_weights
from ctpet.resources import resource_folder
from tests.case_factory import make_dataset
from tests.onnx_factory import a_contract

pytestmark = pytest.mark.filterwarnings(
    "ignore:.*(number of training batches|does not have many workers|LeafSpec|litlogger)"
)
CONTRACT = ModelContract(
    name="made", model_version="0", kind="appearance", tracer="FDG", radionuclide="F-18",
    spacing_mm=(4.0, 4.0, 4.0), size_multiple=(4, 4, 4), halo_voxels=(4, 4, 4),
    hu_range=(-1024.0, 1024.0), suv_range=(0.0, 25.0), slice_spacing_seen_mm=(3.0, 3.0),
    extent_seen_mm=(64.0, 64.0), working_bytes_per_voxel=100, intended_use="tests",
    limitations="", trained_on=(TrainingData("made cases", "", "", "00", ()),),
)  # fmt: skip


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    return make_dataset(tmp_path_factory.mktemp("dataset"), count=4, folds=2)


class Distance(nn.Module):
    """Mean |d| over what was measured, all crops having equally much of it."""

    def forward(self, predicted, target, region):
        return ((predicted - target).abs() * (region > 0)).mean()


class Judge(nn.Module):
    """Two convolutions: one scale, one layer of features."""

    def __init__(self, in_channels):
        super().__init__()
        self.features = nn.Conv3d(in_channels, 4, 4, stride=2, padding=1)
        self.logits = nn.Conv3d(4, 1, 3)

    def forward(self, shown):
        features = torch.nn.functional.leaky_relu(self.features(shown), 0.2)
        return [self.logits(features)], [[features]]


class Drawn(nn.Module):
    """A backbone that predicts its weights, whatever the CT."""

    def __init__(self, side):
        super().__init__()
        self.code = nn.Parameter(torch.full((1, 1, side, side, side), 0.7))

    def forward(self, channels):
        return self.code + 0 * channels[:, :1]


def objective(
    *, backbone=None, spectral=False, clip_norm=1e9, accumulate=1, rates=(0.1, 0.1), scheduler=None,
    make=SGD,
):  # fmt: skip
    torch.manual_seed(1)
    convolutions = nn.Sequential(nn.Conv3d(2, 4, 3, padding=1), nn.Tanh(), nn.Conv3d(4, 1, 1))
    return Adversarial(
        network=SuvNetwork(HuChannels([(-1024, 1024), (-160, 240)]), backbone or convolutions, 25),
        discriminator=partial(with_spectral_norm, Judge) if spectral else Judge,
        loss=Distance(),
        optimizers={
            "network": partial(make, lr=rates[0]),
            "discriminator": partial(make, lr=rates[1]),
        },
        scheduler=scheduler,
        contract=CONTRACT,
        settings=AdversarialSettings(1.0, 1.0, clip_norm, accumulate),
    )


def crops(dataset, *, batch_size=1, steps=2):
    settings = CropSettings((16, 16, 16), CropWeights(0.0, 1.0, 0.0), "pet", 1)
    return CaseDataModule(
        dataset=str(dataset), fold=0, crops=settings, steps_per_epoch=steps,
        batch_size=batch_size, validation_cases=1, workers=0,
    )  # fmt: skip


def fit(module, data, *, epochs=1, callbacks=(), resume=None):
    seed_everything(3, verbose=False)
    trainer = Trainer(
        accelerator="cpu", max_epochs=epochs, logger=False, enable_progress_bar=False,
        enable_checkpointing=any(isinstance(c, ModelCheckpoint) for c in callbacks),
        enable_model_summary=False, num_sanity_val_steps=0, callbacks=list(callbacks),
    )  # fmt: skip
    trainer.fit(module, data, ckpt_path=resume, weights_only=False if resume else None)
    return trainer


def made_batch(side=16):
    generator = torch.Generator().manual_seed(2)
    region = torch.full((1, 1, side, side, side), 2.0)
    region[..., :5] = 0
    region[..., 5:7] = 1
    return {
        "ct": 200 * torch.randn(region.shape, generator=generator),
        "target": 4 * torch.rand(region.shape, generator=generator),
        "region": region,
        "case_id": ["made"],
    }


def copies(part):
    return [p.detach().clone() for p in part.parameters()]


def moved(part, before):
    """Norm of how far the weights of a part moved."""
    return (
        sum((p - b).square().sum() for p, b in zip(part.parameters(), before, strict=True)) ** 0.5
    )


def test_no_loss_reaches_the_weights_of_the_other_side():
    module = objective(spectral=True)
    parts = module.losses(made_batch())
    (parts["loss"] + parts["fooling"] + parts["features"]).backward()
    assert all(p.grad is None for p in module.discriminator.parameters())
    learnt = [p.grad.clone() for p in module.network.parameters()]
    assert all(grad.abs().max() > 0 for grad in learnt)
    parts["judging"].backward()
    for parameter, grad in zip(module.network.parameters(), learnt, strict=True):
        assert torch.equal(parameter.grad, grad)
    assert all(p.grad is not None for p in module.discriminator.parameters())


@pytest.mark.parametrize("still", ["network", "discriminator"])
def test_each_side_is_moved_by_its_own_optimiser(dataset, still):
    module = objective(rates=(0.0, 0.1) if still == "network" else (0.1, 0.0))
    before = {name: copies(getattr(module, name)) for name in ("network", "discriminator")}
    fit(module, crops(dataset))
    for name, weights in before.items():
        assert (moved(getattr(module, name), weights) > 0) == (name != still)


def test_a_step_is_no_longer_than_the_clipped_gradient(dataset):
    module = objective(clip_norm=1e-3, rates=(1.0, 1.0))
    parts = (module.network, module.discriminator)
    before = [copies(part) for part in parts]
    fit(module, crops(dataset, steps=1))
    for part, weights in zip(parts, before, strict=True):
        assert moved(part, weights).item() == pytest.approx(1e-3, rel=1e-2)


def test_accumulating_two_batches_is_one_of_twice_the_size(dataset):
    accumulated, doubled = objective(accumulate=2), objective()
    assert fit(accumulated, crops(dataset, steps=2)).global_step == 1
    assert fit(doubled, crops(dataset, batch_size=2, steps=1)).global_step == 1
    for name, weight in doubled.state_dict().items():
        torch.testing.assert_close(accumulated.state_dict()[name], weight, rtol=1e-5, atol=1e-6)


def test_batches_left_at_the_end_of_an_epoch_are_stepped_on(dataset):
    assert fit(objective(accumulate=2), crops(dataset, steps=3), epochs=2).global_step == 4


def test_what_was_not_measured_is_judged_by_nobody():
    """Neither what stands there in the target nor what is predicted there changes any loss."""
    module, batch = objective(backbone=Drawn(16)), made_batch()
    parts = module.losses(batch)
    sum(parts.values()).backward()
    grad = module.network.backbone.code.grad
    unknown = batch["region"] == 0
    assert (grad[unknown] == 0).all()
    assert (grad[~unknown] != 0).all()
    other = {**batch, "target": batch["target"].where(~unknown, 20.0)}
    found = module.losses(other)
    with torch.no_grad():
        module.network.backbone.code[unknown] = 3.0
    redrawn = module.losses(batch)
    for name, value in parts.items():
        assert found[name].item() == value.item()
        assert redrawn[name].item() == value.item()
    seen = module.losses({**batch, "target": batch["target"].where(unknown, 20.0)})
    assert all(seen[name].item() != parts[name].item() for name in ("loss", "features", "judging"))


def test_a_code_is_judged_as_it_ships():
    """A negative code is an uptake of 0, and no sign of a prediction."""
    module, batch = objective(backbone=Drawn(16)), made_batch()
    with torch.no_grad():
        module.network.backbone.code.fill_(-0.5)
    parts = module.losses({**batch, "target": torch.zeros_like(batch["target"])})
    assert parts["features"].item() == 0
    assert parts["loss"].item() > 0


def test_a_loss_that_is_no_number_stops(dataset):
    module = objective()
    with torch.no_grad():
        module.network.backbone[0].weight.fill_(float("nan"))
    with pytest.raises(CtpetError, match=r"epoch 0, step 0, cases case-\d\d"):
        fit(module, crops(dataset))


def test_half_precision_with_a_scaled_loss_is_refused():
    module = objective()
    module.trainer = SimpleNamespace(precision="16-mixed")
    with pytest.raises(CtpetError, match="bf16-mixed"):
        module.on_fit_start()


@pytest.mark.parametrize(("network", "shown"), [("segresnet", 3), ("multiscale", 18)])
def test_the_discriminator_takes_what_the_network_shows_and_the_code(network, shown):
    with initialize_config_dir(str(resource_folder("configs")), version_base="1.3"):
        overrides = ["objective=adversarial", f"network={network}", "name=made"]
        config = compose("train", overrides=overrides)
    module = instantiate(config.objective, network=instantiate(config.network), contract=CONTRACT)
    first = next(m for m in module.discriminator.modules() if isinstance(m, nn.Conv3d))
    assert first.in_channels == shown + 1
    assert all(part.isfinite() for part in module.losses(made_batch()).values())


class StopAfterFirstEpoch(Callback):
    def on_train_epoch_end(self, trainer, pl_module):  # noqa: ARG002
        trainer.should_stop = True


@pytest.mark.filterwarnings("ignore:Checkpoint directory .* is not empty")
def test_a_resumed_run_ends_with_the_same_bits(tmp_path, dataset):
    """Both networks, the vectors of spectral norm, averages, optimisers and rates."""

    def run(folder, *more, resume=None):
        module = objective(
            spectral=True, clip_norm=1.0, rates=(0.01, 0.02), make=AdamW,
            scheduler=partial(warmup_cosine, warmup=0.3),
        )  # fmt: skip
        last = ModelCheckpoint(
            dirpath=folder, filename="last", enable_version_counter=False,
            save_on_train_epoch_end=True,
        )  # fmt: skip
        average = EMAWeightAveraging(decay=0.5, update_every_n_steps=2)
        fit(
            module,
            crops(dataset, steps=4),
            epochs=2,
            callbacks=[last, average, *more],
            resume=resume,
        )
        return torch.load(folder / "last.ckpt", weights_only=False)

    whole = run(tmp_path / "whole")
    stopped = run(tmp_path / "cut", StopAfterFirstEpoch())
    resumed = run(tmp_path / "cut", resume=tmp_path / "cut" / "last.ckpt")
    assert (stopped["global_step"], resumed["global_step"], whole["global_step"]) == (4, 8, 8)
    for part in ("state_dict", "current_model_state"):
        assert whole[part].keys() == resumed[part].keys()
        for key, value in whole[part].items():
            assert torch.equal(value, resumed[part][key]), (part, key)
        assert not torch.equal(
            whole[part]["network.backbone.0.weight"], stopped[part]["network.backbone.0.weight"]
        )
    assert any(key.endswith("._u") for key in whole["state_dict"])
    assert whole["averaging_state"] == resumed["averaging_state"]
    assert whole["averaging_state"]["n_averaged"] == 4
    assert whole["lr_schedulers"] == resumed["lr_schedulers"]
    assert len(whole["lr_schedulers"]) == 2
    for made, again in zip(whole["optimizer_states"], resumed["optimizer_states"], strict=True):
        for number, state in made["state"].items():
            assert state["step"] == 8
            assert torch.equal(state["exp_avg_sq"], again["state"][number]["exp_avg_sq"])


def test_the_experiment_starts_from_a_regression_and_leaves_averaged_weights(tmp_path, dataset):
    with initialize_config_dir(str(resource_folder("configs")), version_base="1.3"):
        config = compose(
            "train",
            overrides=[
                "experiment=phantom_gan", "debug=two_steps", f"paths.runs={tmp_path}",
                f"data.dataset={dataset}", f"start_from={tmp_path / 'start.safetensors'}",
                "data.fold=0", "data.crops.size_voxels=[16,16,16]",
                "network.backbone.backbone.init_filters=8",
                "network.backbone.backbone.blocks_down=[1,1]",
                "network.backbone.backbone.blocks_up=[1]", "optimizer.lr=1e-6",
                "trainer.log_every_n_steps=1",
            ],
        )  # fmt: skip
    torch.manual_seed(0)
    network = instantiate(config.network)
    start = network.state_dict()
    of_start = a_contract(hu_range=(-1024, 1600), suv_range=(0, 25))
    write_weights(network, of_start, tmp_path / "start.safetensors")
    metrics = train(config)
    assert metrics["val/gradient_ratio"] > 0
    assert metrics["val/power_ratio"] > 0
    assert {"train/judging", "train/fooling", "train/features", "train/loss"} <= metrics.keys()
    assert 0 < metrics["rate-network"] < metrics["rate-discriminator"]
    assert config.contract.kind == "appearance"
    last = tmp_path / "phantom-gan" / "checkpoints" / "last.ckpt"
    found = read_weights(last)
    assert found.keys() == start.keys()
    weight = "backbone.fold.weight"
    assert 0 < (found[weight] - start[weight]).abs().max() < 1e-5
    assert torch.load(last, weights_only=False)["averaging_state"]["n_averaged"] == 2
