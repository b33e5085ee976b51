"""Loggers of trackers that know the network: local unless asked, without telemetry of their own."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lightning.pytorch.loggers import Logger, MLFlowLogger, WandbLogger

from ctpet.errors import CtpetError


def mlflow_logger(
    *, experiment_name: str, run_name: str, tracking_uri: str | None, folder: str
) -> Logger:
    """Return a logger of MLflow.

    Args:
        experiment_name: that runs are listed under.
        run_name: of this one.
        tracking_uri: of a server; None: a database in ``folder``.
        folder: for the database and files.

    Raises:
        CtpetError: mlflow is not installed.
    """
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    where = Path(folder).resolve()
    uri = tracking_uri or f"sqlite:///{where / 'mlflow.db'}"
    files = None if tracking_uri else (where / "mlflow").as_uri()
    with _needs("mlflow"):
        where.mkdir(parents=True, exist_ok=True)
        return MLFlowLogger(experiment_name, run_name, uri, artifact_location=files)


def wandb_logger(*, project: str, name: str, offline: bool, folder: str) -> Logger:
    """Return a logger of Weights & Biases.

    Args:
        project: that runs are listed under.
        name: of this one.
        offline: keep everything in ``folder``; else it is sent as it comes.
        folder: for files.

    Raises:
        CtpetError: wandb is not installed.
    """
    os.environ.setdefault("WANDB_ERROR_REPORTING", "false")
    with _needs("wandb"):
        return WandbLogger(name, save_dir=folder, project=project, offline=offline)


@contextmanager
def _needs(package: str) -> Iterator[None]:
    """Say which package is missing.

    Raises:
        CtpetError: in place of what Lightning raises.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        missing = (error.name or package).split(".")[0]
        raise CtpetError(
            f"logger={package} needs the package {missing}, which is not installed. Install it: "
            f"pip install {package}"
        ) from error
