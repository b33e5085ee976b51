"""`ctpet train`: Hydra reads the overrides, one training or a sweep of them runs."""

import os
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import DictConfig
from omegaconf.errors import OmegaConfBaseException

from ctpet.errors import CtpetError
from ctpet.learn.train import train
from ctpet.prepare.cases import CaseInvalid
from ctpet.resources import config_choices, resource_folder

MAY_BE_NULL = frozenset({"experiment", "debug"})
"""Groups of which nothing need be chosen."""

_NULL_GROUP = re.compile(r"([\w/]+)=(?:null)?")
_MISSING = re.compile(r"Missing mandatory value: ([\w.]+)")


@hydra.main(version_base="1.3", config_path=str(resource_folder("configs")), config_name="train")
def main(config: DictConfig) -> float | None:
    """Train; returns the metric that sweeps optimise, where it was measured.

    A training that cannot start or go on ends the process with one line; in a sweep the line is
    told at once and the jobs after it run.

    Raises:
        CtpetError: in a sweep, which raises it again when all jobs have run.
    """
    try:
        with explained_configuration():
            return train(config).get(config.optimized_metric)
    except CtpetError as error:
        if HydraConfig.get().mode == RunMode.MULTIRUN:
            job = HydraConfig.get().job
            _tell(f"job {job.num} ({job.override_dirname}): {error}")
            raise
        _tell(str(error))
        raise SystemExit(error.exit_code) from error


def train_with(overrides: Sequence[str]) -> dict[str, float]:
    """Compose a configuration and train; returns the metrics of the last epoch, by name.

    Args:
        overrides: such as ``experiment=phantom``.

    Raises:
        CtpetError: the training cannot start or go on.
    """
    with explained_configuration():
        return train(compose(overrides))


def compose(overrides: Sequence[str]) -> DictConfig:
    """Compose the configuration of a training.

    Args:
        overrides: such as ``experiment=phantom``.

    Raises:
        HydraException: it cannot be composed; see :func:`explained_configuration`.
    """
    refuse_null_groups(overrides)
    folder = str(resource_folder("configs"))
    with hydra.initialize_config_dir(folder, version_base="1.3"):
        return hydra.compose("train", list(overrides))


def run(arguments: Sequence[str]) -> None:
    """Run as from the command line.

    Args:
        arguments: overrides such as ``experiment=phantom``, and Hydra's own options.

    Raises:
        CtpetError: the configuration cannot be composed, or jobs of a sweep failed.
        SystemExit: the training could not start or go on, and the line was told; or Hydra has
            shown what was asked for, such as the configuration.
    """
    sys.argv = [__file__, *arguments]  # Lightning starts further processes by it
    os.environ["HYDRA_FULL_ERROR"] = "1"  # or Hydra prints failures itself
    refuse_null_groups(arguments)
    with explained_configuration():
        main()


def refuse_null_groups(overrides: Sequence[str]) -> None:
    """Refuse ``GROUP=null``, which Hydra cannot take.

    Raises:
        CtpetError: naming the group and what may be chosen in it.
    """
    choices = config_choices()
    for override in overrides:
        found = _NULL_GROUP.fullmatch(override)
        if found and found[1] in choices.keys() - MAY_BE_NULL:
            told = ", ".join(choices[found[1]])
            raise CtpetError(f"{override}: one of a group is chosen by its name, here {told}.")


def _tell(line: str) -> None:
    print(f"ctpet: {line}", file=sys.stderr)  # noqa: T201


@contextmanager
def explained_configuration() -> Iterator[None]:
    """Turn what Hydra, OmegaConf and loading processes say into one line.

    Raises:
        CtpetError: saying what is missing, cannot be read or cannot be built.
    """
    try:
        yield
    except CaseInvalid as error:  # a loading process puts its traceback above the line
        line = str(error).strip().splitlines()[-1]
        raise CtpetError(line.removeprefix(f"{CaseInvalid.__module__}.CaseInvalid: ")) from error
    except (HydraException, OmegaConfBaseException) as error:
        reason = " ".join(str(error).split())
        if missing := _MISSING.search(reason):
            key = missing[1]
            raise CtpetError(f"{key} is missing. Give it as {key}=… .") from error
        raise CtpetError(f"The configuration cannot be built: {reason}") from error


if __name__ == "__main__":  # where Lightning starts the other processes of a distributed training
    main()
