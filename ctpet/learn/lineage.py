"""What the weights that a training starts from bring along: whom they saw, what they are for."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open

from ctpet.contract import METADATA_KEY, ModelContract, contract_from_json
from ctpet.errors import CtpetError, ModelInvalid
from ctpet.learn.run_folder import CONTRACT_FILE

MADE_FOR = ("spacing_mm", "tracer", "radionuclide", "hu_range", "suv_range")
"""Fields of a contract that weights are bound to."""


def read_parent(weights: Path) -> ModelContract:
    """Read the contract of the weights that a training starts from.

    Args:
        weights: ``.safetensors`` of an export, or ``RUN/checkpoints/NAME.ckpt``.

    Raises:
        CtpetError: there is none, so nobody can say whom the weights have seen.
    """
    try:
        if weights.suffix == ".safetensors":
            with safe_open(weights, framework="pt") as file:
                text = (file.metadata() or {})[METADATA_KEY]
        else:
            text = (weights.parent.parent / CONTRACT_FILE).read_text("utf-8")
        return contract_from_json(text)
    except (OSError, KeyError, SafetensorError, ModelInvalid) as error:
        raise CtpetError(
            f"{weights} does not say whom its weights have seen ({type(error).__name__}). Start "
            "from RUN/checkpoints/….ckpt in the folder of its training, or from the .safetensors "
            "of an export."
        ) from error


def refuse_another_kind(parent: ModelContract, child: ModelContract, allow: Sequence[str]) -> None:
    """Refuse to go on with weights that were made for something else.

    Args:
        parent: of the weights.
        child: of the training.
        allow: which of :data:`MADE_FOR` may differ.

    Raises:
        CtpetError: naming what differs, with both values.
    """
    if unknown := sorted(set(allow) - set(MADE_FOR)):
        may = ", ".join(MADE_FOR)
        raise CtpetError(f"start_differs holds {', '.join(unknown)}; it may hold {may}.")
    pairs = {name: (getattr(parent, name), getattr(child, name)) for name in MADE_FOR}
    other = [name for name, both in pairs.items() if name not in allow and not _same(*both)]
    if other:
        told = "; ".join(
            f"{name} {json.dumps(before)}, now {json.dumps(now)}"
            for name, (before, now) in pairs.items()
            if name in other
        )
        raise CtpetError(
            f"The weights of {parent.name} were made for something else: {told}. If that is meant, "
            f"say so: start_differs=[{','.join(other)}]."
        )


def _same(one: object, other: object) -> bool:
    if isinstance(one, tuple) and isinstance(other, tuple):
        return bool(np.allclose(one, other, rtol=1e-3))
    return one == other
