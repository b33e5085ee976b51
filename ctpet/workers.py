"""Work on all cores: results as they come, and a plain word when a worker dies."""

import multiprocessing
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


class WorkerDied(Exception):
    """A worker process ended without an answer, most often for want of memory."""


def spread(work: Callable[[T], R], items: Sequence[T], workers: int) -> Iterator[tuple[T, R]]:
    """Yield each item with the result of the work on it, in the order in which they end.

    Args:
        work: a function of a module; it and the items are sent to other processes.
        items: what to work on.
        workers: processes; 1 works in this one.

    Raises:
        WorkerDied: see there. What was yielded before is done.
        KeyboardInterrupt: after the work that had begun has ended.
    """
    if min(workers, len(items)) <= 1:
        for item in items:
            yield item, work(item)
        return
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(min(workers, len(items)), context, initializer=_ignore_interrupts)
    try:
        yield from _results(pool, work, items, ahead=2 * workers)
    except BrokenProcessPool as error:
        raise WorkerDied from error
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _results(
    pool: ProcessPoolExecutor, work: Callable[[T], R], items: Sequence[T], *, ahead: int
) -> Iterator[tuple[T, R]]:
    """Hand items out a few at a time, so that a stop leaves few of them waiting."""
    waiting = list(reversed(items))
    running: dict[Future[R], T] = {}
    while waiting or running:
        while waiting and len(running) < ahead:
            item = waiting.pop()
            running[pool.submit(work, item)] = item
        for future in wait(running, return_when=FIRST_COMPLETED).done:
            yield running.pop(future), future.result()


def _ignore_interrupts() -> None:
    """Leave Ctrl-C to the main process, so that what a worker has begun becomes whole."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
