"""Time a training step of each ready network, beside segresnet.

python scripts/benchmarks/networks.py [--side 96] [--steps 3] [--device cpu]

One crop a step, forward and backward, float32; the best of the steps counts.
"""

import argparse
import time

import torch
from hydra import compose, initialize_config_dir
from hydra.utils import instantiate

from ctpet.learn.network import SuvNetwork
from ctpet.resources import resource_folder

NETWORKS = ("segresnet", "unet", "dynunet", "attention_unet")


def network(name: str) -> SuvNetwork:
    """Build a ready network."""
    with initialize_config_dir(str(resource_folder("configs")), version_base="1.3"):
        config = compose("train", ["name=x", "data.dataset=x", f"network={name}"])
    made: SuvNetwork = instantiate(config.network)
    return made


def seconds(made: SuvNetwork, ct: torch.Tensor, steps: int) -> float:
    """Return the shortest of some steps, after one that is not counted."""
    found = []
    for _ in range(steps + 1):
        begun = time.perf_counter()
        made.code(ct).square().mean().backward()  # type: ignore[no-untyped-call]
        if ct.is_cuda:
            torch.cuda.synchronize()
        found.append(time.perf_counter() - begun)
    return min(found[1:])


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--side", type=int, default=96)
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--device", default="cpu")
    asked = parser.parse_args()
    ct = torch.randn(1, 1, *[asked.side] * 3, device=asked.device) * 400
    print("| network | million weights | seconds a step | of segresnet |\n|---|---|---|---|")
    first = None
    for name in NETWORKS:
        made = network(name).to(asked.device).train()
        made.to(memory_format=torch.channels_last_3d)  # type: ignore[call-overload]
        took = seconds(made, ct.contiguous(memory_format=torch.channels_last_3d), asked.steps)
        first = first or took
        weights = sum(p.numel() for p in made.parameters()) / 1e6
        print(f"| {name} | {weights:.2f} | {took:.2f} | {took / first:.2f} |", flush=True)


if __name__ == "__main__":
    main()
