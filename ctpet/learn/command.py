"""`ctpet train`: Hydra reads the overrides, one training or a sweep of them runs."""

import os
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException, InstantiationException
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError  # type: ignore[import-untyped]

from ctpet.errors import CtpetError
from ctpet.learn.meant import refuse_overrides
from ctpet.learn.train import train
from ctpet.prepare.cases import CaseInvalid
from ctpet.resources import config_choices, resource_folder

MAY_BE_NULL = frozenset({"experiment", "debug"})
"""Groups of which nothing need be chosen."""

WITH_VALUE = frozenset({
    "--cfg", "-c", "--package", "-p", "--config-path", "-cp", "--config-name", "-cn",
    "--config-dir", "-cd", "--experimental-rerun",
})  # fmt: skip
"""Hydra's options that a value follows."""

ABOUT = ("all", "config", "defaults", "defaults-tree", "plugins", "searchpath")
"""What Hydra's ``--info`` tells of."""

MODES = frozenset({"--run", "-r", "--multirun", "-m", "--cfg", "-c", "--info", "-i"})
"""Hydra's options of which one can be had."""

OTHERS = frozenset({"--resolve", "--version", "--hydra-help", "--shell-completion", "-sc"})
"""Hydra's options that stand alone."""

SHOWN = ("job", "hydra", "all")
"""What ``--cfg`` shows."""

SWEEP = frozenset({"--multirun", "-m"})

_NULL_GROUP = re.compile(r"([\w/]+)=(?:null)?")
_FULL_KEY = re.compile(r"full_key: ([\w.]+)")
_MISSING = re.compile(r"Missing mandatory value: ([\w.]+)")


class NotTyped(CtpetError):
    """Options that Hydra would not take, or not look at."""

    exit_code = 2


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
            _refuse_files_without_keys()
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
    refuse_overrides(overrides)
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
    options, overrides = apart(arguments)
    sys.argv[1:] = [*options, *overrides]
    refuse_null_groups(overrides)
    if not SWEEP & set(options):
        refuse_overrides(overrides)
    with explained_configuration(), explained_folder():
        main()


def apart(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return Hydra's options, each with its value, and the overrides; they may be typed mixed.

    Raises:
        NotTyped: there is no such option, its value is missing, or two cannot be had at once.
    """
    options: list[str] = []
    overrides: list[str] = []
    rest = iter(arguments)
    for argument in rest:
        if not argument.startswith("-"):
            overrides.append(argument)
            continue
        name, equal, _ = argument.partition("=")
        if name not in WITH_VALUE | MODES | OTHERS:
            raise NotTyped(f"There is no option {name}. `ctpet train --help` tells what there is.")
        options.append(argument)
        if name in WITH_VALUE and not equal:
            value = next(rest, None)
            if value is None:
                raise NotTyped(f"{argument} needs a value after it.")
            options.append(value)
        elif argument in ("--info", "-i"):
            following = next(rest, "all")
            options.append(following if following in ABOUT else "all")
            overrides += [] if following in ABOUT else [following]
    modes = [one for one in options if one in MODES]
    if len(modes) > 1:
        raise NotTyped(f"{' and '.join(modes)} cannot be had at once. Give one of them.")
    _refuse_idle(options)
    return options, overrides


def _refuse_idle(options: Sequence[str]) -> None:
    """Refuse what ``--cfg`` cannot show, and what only it would look at.

    Raises:
        NotTyped: naming the option.
    """
    told = " ".join(options)
    shown = re.search(r"(?:--cfg|-c)[ =](\S+)", told)
    if shown and shown[1] not in SHOWN:
        raise NotTyped(f"--cfg shows {', '.join(SHOWN)}, and no {shown[1]}.")
    alone = re.search(r"(?:^|\s)(--package|-p|--resolve)\b", told)
    if alone and not shown:
        raise NotTyped(f"{alone[1]} chooses what --cfg shows. Give --cfg job beside it.")


@contextmanager
def explained_folder() -> Iterator[None]:
    """Turn a run's folder that cannot be made into one line.

    Raises:
        CtpetError: in its place.
    """
    try:
        yield
    except OSError as error:
        if isinstance(error, HydraException):
            raise
        where = f" at {error.filename}" if error.filename else ""
        raise CtpetError(
            f"The run's folder cannot be written{where}: {error.strerror or error}. Choose another "
            "place by paths.runs=FOLDER, or another name=…"
        ) from error


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


def _refuse_files_without_keys() -> None:
    """Refuse chosen files of a user's folder that hold no keys: Hydra leaves them out in silence.

    Raises:
        CtpetError: naming the file.
    """
    runtime = HydraConfig.get().runtime
    own = [Path(one.path) for one in runtime.config_sources if one.provider == "command-line"]
    for group, choice in runtime.choices.items():
        for file in (folder / group / f"{choice}.yaml" for folder in own):
            if file.is_file() and not isinstance(OmegaConf.load(file), DictConfig):
                raise CtpetError(f"{file} is a list. Give KEY: VALUE, one a line.")


def _tell(line: str) -> None:
    print(f"ctpet: {' '.join(line.split())}", file=sys.stderr)  # noqa: T201


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
    except (YAMLError, UnicodeDecodeError) as error:
        reason = " ".join(str(error).split())
        raise CtpetError(f"A file of the configuration is no YAML: {reason}") from error
    except InstantiationException as error:
        raise CtpetError(f"The configuration cannot be built: {_where_and_why(error)}") from error
    except (HydraException, OmegaConfBaseException) as error:
        reason = " ".join(str(error).split())
        if missing := _MISSING.search(reason):
            key = missing[1]
            raise CtpetError(f"{key} is missing. Give it as {key}=… .") from error
        raise CtpetError(f"The configuration cannot be built: {reason}") from error


def _where_and_why(error: InstantiationException) -> str:
    """Return the key of a part that cannot be made, and why, without the names of Python."""
    told = " ".join(str(error).split())
    key = _FULL_KEY.search(told)
    if key is None or error.__cause__ is None:
        return told
    return f"{key[1]}: {' '.join(str(error.__cause__).split())}"


if __name__ == "__main__":  # where Lightning starts the other processes of a distributed training
    main()
