"""Whether crops are loaded as fast as they are learned from, as ratios in one run.

Run from a checkout: python -m scripts.benchmarks.loader experiment=phantom
Overrides are those of `ctpet train`. Loading and training take turns, and the best round counts.
"""

import sys
import time

import torch
from hydra import compose, initialize_config_dir
from hydra.utils import instantiate

from ctpet.learn.data import CaseDataModule
from ctpet.learn.network import SuvNetwork
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
                code = network.code(ct)
            loss(code.float(), network.encode(batch["target"]), batch["region"]).backward()
            optimizer.step()
            optimizer.zero_grad()
        training.append((time.perf_counter() - started) / BATCHES)
    crops = config.data.batch_size
    load, step = min(loading), min(training)
    print(f"{crops} crops of {list(config.data.crops.size_voxels)} voxels a batch")
    print(f"loading   {crops / load:8.1f} samples/s, one process")
    print(f"training  {crops / step:8.1f} samples/s, {torch.get_num_threads()} threads")
    print(f"loading takes {load / step:.2f} of a step, and is done beside it by workers")


if __name__ == "__main__":
    main()
