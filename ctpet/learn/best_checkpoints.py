"""The best epochs of a training, one or several."""

from lightning.pytorch.callbacks import ModelCheckpoint


class BestCheckpoints(ModelCheckpoint):
    """Keeps the best epochs by a validated metric.

    One is ``best.ckpt``; several are named by epoch and metric, such as
    ``best-epoch0007-mae0.2345.ckpt``, or they would be written over each other.
    """

    def __init__(
        self, dirpath: str, monitor: str = "val/mae", mode: str = "min", save_top_k: int = 1
    ) -> None:
        """Take where they go and which are best.

        Args:
            dirpath: folder.
            monitor: the metric, such as ``val/mae`` or ``val/sts/mae``.
            mode: ``min`` or ``max`` of it is best.
            save_top_k: how many are kept; -1: one of each epoch that was validated.
        """
        label = monitor.removeprefix("val/").replace("/", "-")
        several = f"best-epoch{{epoch:04d}}-{label}{{{monitor}:.4f}}"
        super().__init__(
            dirpath=dirpath,
            filename="best" if save_top_k == 1 else several,
            monitor=monitor,
            mode=mode,
            save_top_k=save_top_k,
            auto_insert_metric_name=False,
            enable_version_counter=False,
        )
