"""How long a digital patient takes: drawing, fractions at 4 mm, labels, and a CT of clinical size.

Run it as ``python scripts/benchmarks/phantom.py [SEED ...]``; processor and wall time are both
told, since a busy machine shows in the second only.
"""

import resource
import sys
import time
from collections.abc import Callable
from typing import TypeVar

from ctpet.phantom import (
    clinical_geometry,
    draw_anatomy,
    render_ct,
    render_fractions,
    render_labels,
)
from ctpet.volume import covering_grid

Result = TypeVar("Result")


def timed(name: str, work: Callable[[], Result]) -> Result:
    wall, processor = time.perf_counter(), time.process_time()
    result = work()
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"  {name}: {wall:.2f} s ({processor:.2f} s processor), peak {peak} MiB")
    return result


def main() -> None:
    for seed in [int(n) for n in sys.argv[1:]] or [1, 2, 3]:
        print(f"seed {seed}")
        anatomy = timed("draw", lambda seed=seed: draw_anatomy(seed))
        full = clinical_geometry(anatomy)
        small = covering_grid(full, (4.0, 4.0, 4.0))
        timed(f"fractions {small.shape}", lambda a=anatomy, g=small: render_fractions(a, g))
        timed(f"labels {small.shape}", lambda a=anatomy, g=small: render_labels(a, g))
        timed(f"CT {full.shape}", lambda a=anatomy, g=full: render_ct(a, g, seed=a.seed))


if __name__ == "__main__":
    main()
