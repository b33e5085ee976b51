"""The arithmetic of a training, by what the processor can do."""

import torch

BF16_INSTRUCTIONS = ("avx512_bf16", "amx_bf16", "bf16")
"""What torch calls them: AVX-512 BF16 and AMX of x86-64, BF16 of Arm."""


def training_precision(accelerator: str) -> tuple[str, str]:
    """Return Lightning's name of the precision to train in, and why it is this one.

    Processors without bf16 arithmetic emulate it, many times slower than float32
    (docs/decisions/0002-precision.md). Half precision (fp16) is never chosen: an adversarial
    training cannot scale its loss.

    Args:
        accelerator: of Lightning's trainer: ``cpu``, ``gpu``, ``auto`` …
    """
    on_gpu = accelerator != "cpu" and torch.cuda.is_available()
    device = "GPU" if on_gpu else "processor"
    if torch.cuda.is_bf16_supported(including_emulation=False) if on_gpu else _cpu_has_bf16():
        return "bf16-mixed", f"this {device} has bf16 arithmetic"
    return "32-true", f"this {device} has no bf16 arithmetic"


def _cpu_has_bf16() -> bool:
    has = torch.cpu.get_capabilities()
    return any(has.get(name, False) for name in BF16_INSTRUCTIONS)
