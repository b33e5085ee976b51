"""Whether crops are loaded as fast as they are learned from, as ratios in one run.

Run from a checkout: python -m scripts.benchmarks.loader experiment=phantom
Overrides are those of `ctpet train`, several data sets among them. Loading and training take turns,
and the best round counts. Validation is that of the first patient of each data set.
"""

import sys
import time

import torch
from hydra import compose, initialize_config_dir
from hydra.utils import instantiate
from omegaconf import OmegaConf

from ctpet.learn.data import CaseDataModule
from ctpet.learn.draft_contract import draft_contract
from ctpet.learn.heads import deep_loss
from ctpet.learn.network import SuvNetwork
from ctpet.learn.torch_backend import TorchBackend
from ctpet.learn.validation import validate_case
from ctpet.resources import resource_folder

BATCHES, ROUNDS = 6, 3


def main() -> None:
    with initialize_config_dir(str(resource_folder("configs")), version_base="1.3"):
        config = compose("train", overrides=[*sys.argv[1:], "name=loader", "data.workers=0"])
    data: CaseDataModule = instantiate(config.data)
    data.setup("fit")
    network: SuvNetwork = instantiate(config.network)
    network.to(memory_format=torch.channels_last_3d)
    loss = instantiate(config.loss)
    optimizer = instantiate(config.optimizer)(network.parameters())
    loading, training = [], []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        batches = [batch for batch, _ in zip(data.train_dataloader(), range(BATCHES), strict=False)]
        loading.append((time.perf_counter() - started) / BATCHES)
        started = time.perf_counter()
        for batch in batches:
            ct = batch["ct"].contiguous(memory_format=torch.channels_last_3d)
            with torch.autocast("cpu", torch.bfloat16):
                heads = network.heads(network.show(ct))
            deep_loss(loss, heads, network.encode(batch["target"]), batch["region"]).backward()
            optimizer.step()
            optimizer.zero_grad()
        training.append((time.perf_counter() - started) / BATCHES)
    crops = config.data.batch_size
    load, step = min(loading), min(training)
    print(f"{crops} crops of {list(config.data.crops.size_voxels)} voxels a batch")
    print(f"loading   {crops / load:8.1f} samples/s, one process")
    print(f"training  {crops / step:8.1f} samples/s, {torch.get_num_threads()} threads")
    print(f"loading takes {load / step:.2f} of a step, and is done beside it by workers")
    backend = TorchBackend(network.eval(), torch.device("cpu"))
    promised = OmegaConf.to_container(config.contract, resolve=True)
    learned = [(one.info, one.training) for one in data.sets if one.training]
    contract = draft_contract(promised, network, learned, data.extent_mm)
    for judged in {one.dataset.name: one for one in reversed(data.judged)}.values():
        started = time.perf_counter()
        for piece in judged.pieces:
            validate_case(piece, backend, contract)
        seconds = time.perf_counter() - started
        pieces = f"{len(judged.pieces)} of {list(judged.pieces[0].shape)} voxels"
        print(f"validating a patient of {judged.dataset.key} takes {seconds:.2f} s: {pieces}")


if __name__ == "__main__":
    main()
