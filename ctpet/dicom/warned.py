"""pydicom's Python warnings, collected so that they become findings and never reach the screen."""

import re
import threading
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from ctpet.findings import Finding

_ONE_AT_A_TIME = threading.RLock()
_QUOTED = re.compile(r"""['"].*['"]""", re.DOTALL)
"""From the first quotation mark to the last: what is quoted may hold marks of either kind."""

_LINK = re.compile(r"\s*Please see <[^>]*>[^.]*\.?")


@contextmanager
def collected_warnings() -> Iterator[list[warnings.WarningMessage]]:
    """Collect every warning raised inside into the list that is yielded.

    Python keeps one warning filter for all threads (until 3.14), so calls from several threads
    take turns: a filter is never restored while another call still collects.
    """
    with _ONE_AT_A_TIME, warnings.catch_warnings(record=True) as collected:
        warnings.simplefilter("always")
        yield collected


def without_values(message: str) -> str:
    """Return a warning's text without what it quotes, which may be patient data."""
    text = _LINK.sub("", _QUOTED.sub("…", message))
    return " ".join(text.split()).rstrip(".")


def header_warning_findings(messages: Sequence[str]) -> tuple[Finding, ...]:
    """Return one ``header-warning`` for each distinct message, with how often it came."""
    return _counted("header-warning", messages)


def pixel_warning_findings(messages: Sequence[str]) -> tuple[Finding, ...]:
    """Return one ``pixel-warning`` for each distinct message, with how often it came."""
    return _counted("pixel-warning", messages)


def _counted(code: str, messages: Sequence[str]) -> tuple[Finding, ...]:
    counts = Counter(without_values(message) for message in messages)
    return tuple(
        Finding(code, "info", f"{text} ({count}×)") for text, count in sorted(counts.items())
    )
