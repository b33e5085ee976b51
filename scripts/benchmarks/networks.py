"""Time a training step of each ready network beside segresnet, and tell how far each one sees.

python scripts/benchmarks/networks.py [--side 96] [--steps 3] [--device cpu]

One crop a step, forward and backward over all heads, float32; the best of the steps counts. How
far away the CT moves a prediction is seen in its gradient, along k, with untrained weights; what a
trained network uses of it is measured at export.
"""

import argparse
import time

import torch
from hydra import compose, initialize_config_dir
from hydra.utils import instantiate

from ctpet.learn.network import SuvNetwork
from ctpet.resources import resource_folder

NETWORKS = (
    "segresnet",
    "multiscale",
    "voxelwise",
    "unet",
    "dynunet",
    "dynunet network.backbone.deep_supervision=false",
    "attention_unet",
)
LONG = (320, 16, 16)
"""Voxels of the crop in which it is seen how far a network sees."""


def network(told: str) -> SuvNetwork:
    """Build a ready network from its name and further overrides."""
    with initialize_config_dir(str(resource_folder("configs")), version_base="1.3"):
        config = compose("train", ["name=x", "data.dataset=x", *f"network={told}".split()])
    made: SuvNetwork = instantiate(config.network)
    return made


def seconds(made: SuvNetwork, ct: torch.Tensor, steps: int) -> float:
    """Return the shortest of some steps, after one that is not counted."""
    found = []
    for _ in range(steps + 1):
        begun = time.perf_counter()
        heads = made.heads(made.show(ct))
        torch.stack([head.square().mean() for head in heads]).sum().backward()  # type: ignore[no-untyped-call]
        if ct.is_cuda:
            torch.cuda.synchronize()
        found.append(time.perf_counter() - begun)
    return min(found[1:])


def seen_voxels(made: SuvNetwork) -> int | None:
    """Return how many voxels away the CT moves a prediction; None: however far."""
    torch.manual_seed(0)
    ct = (torch.randn(1, 1, *LONG) * 400).requires_grad_()
    middle = LONG[0] // 2
    made.eval().code(ct)[0, 0, middle].sum().backward()
    assert ct.grad is not None  # noqa: S101
    moved = torch.nonzero(ct.grad.abs().amax(dim=(0, 1, 3, 4)))
    far = int((moved - middle).abs().max())
    return None if far >= middle - 1 else far


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--side", type=int, default=96)
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--device", default="cpu")
    asked = parser.parse_args()
    ct = torch.randn(1, 1, *[asked.side] * 3, device=asked.device) * 400
    print("| network | million weights | sees, voxels each way | seconds a step | of segresnet |")
    print("|---|---|---|---|---|")
    first = None
    for told in NETWORKS:
        made = network(told)
        weights = sum(p.numel() for p in made.parameters()) / 1e6
        far = seen_voxels(made)
        made.zero_grad()
        made.to(asked.device, memory_format=torch.channels_last_3d).train()  # type: ignore[call-overload]
        took = seconds(made, ct.contiguous(memory_format=torch.channels_last_3d), asked.steps)
        first = first or took
        name = told.replace("network.backbone.", "")
        sees = "all" if far is None else far
        print(f"| {name} | {weights:.2f} | {sees} | {took:.2f} | {took / first:.2f} |", flush=True)


if __name__ == "__main__":
    main()
