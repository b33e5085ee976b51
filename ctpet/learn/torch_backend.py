"""Torch as a backend of the shipped window engine, so that validation measures what ships."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from ctpet.contract import ModelContract
from ctpet.infer.backend import BackendInfo, Execution, Precision
from ctpet.infer.synthesize import memory_budget_bytes
from ctpet.infer.window import plan_windows, run_windows


@dataclass(frozen=True, eq=False)
class TorchBackend:
    """Runs a network in torch; an :class:`ctpet.infer.backend.Backend`.

    Attributes:
        network: in evaluation mode; HU, (N, 1, K, J, I), to (N, outputs, K, J, I).
        device: where it lies.
        precision: of the arithmetic; bf16 is torch's autocast.
    """

    network: nn.Module
    device: torch.device
    precision: Precision = "fp32"

    @property
    def info(self) -> BackendInfo:
        """What runs the model."""
        return BackendInfo(
            engine="torch",
            provider="torch",
            version=torch.__version__,
            device=str(self.device),
            precision=self.precision,
            threads=torch.get_num_threads(),
        )

    def run(self, window: NDArray[np.float32]) -> NDArray[np.float32]:
        """Predict one window, HU, (1, 1, K, J, I), to SUVbw, (1, outputs, K, J, I)."""
        ct = torch.from_numpy(window).to(self.device)
        autocast = torch.autocast(
            self.device.type, torch.bfloat16, enabled=self.precision == "bf16"
        )
        with torch.inference_mode(), autocast:
            suv: NDArray[np.float32] = self.network(ct).float().cpu().numpy()
        return suv


def predict_array(
    ct_hu: NDArray[np.float32], backend: TorchBackend, contract: ModelContract
) -> NDArray[np.float32]:
    """Predict a CT that lies on the model's grid, window by window as hospitals do.

    Args:
        ct_hu: HU, (k, j, i).
        backend: what runs the network.
        contract: gives size multiple, halo and memory.

    Returns:
        SUVbw, (outputs, k, j, i): the PET, then its bounds if there are.

    Raises:
        CtpetError: the model does not fit the memory.
    """
    k, j, i = ct_hu.shape
    if backend.device.type == "cuda":
        free_bytes, _ = torch.cuda.mem_get_info(backend.device)
    else:
        free_bytes = memory_budget_bytes(Execution(device="cpu"))
    plan = plan_windows((k, j, i), contract, free_bytes)
    return run_windows(ct_hu, plan, backend.run, lambda _: None)
