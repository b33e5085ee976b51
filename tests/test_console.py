"""What is shown while a command works: a bar with time left on a terminal, lines elsewhere."""

import io
import re
import time

import pytest

from ctpet.console import reporting

SHARES = {"scan": 0.25, "read": 0.25, "write": 0.5}


class Terminal(io.StringIO):
    """A stream that calls itself a terminal."""

    def isatty(self):
        return True

    def frames(self):
        """Every picture of the bar that was drawn, without colours and cursor movements."""
        text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", self.getvalue())
        return [frame.strip() for frame in re.split(r"[\r\n]+", text) if frame.strip()]


@pytest.fixture
def terminal(monkeypatch):
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "80")
    return Terminal()


def test_plain_lines_where_nobody_watches():
    stream = io.StringIO()
    with reporting(SHARES, stream=stream) as progress:
        for fraction in (0.0, 0.5, 1.0, 1.0):
            progress("scan", fraction)
        progress("read", 0.0)
    assert re.fullmatch(r"scan …\nscan: done in \d+\.\d s\nread …\n", stream.getvalue())


def test_quiet_is_silent_on_a_terminal_too(terminal):
    with reporting(SHARES, style="quiet", stream=terminal) as progress:
        progress("scan", 1.0)
    assert terminal.getvalue() == ""


def test_a_terminal_gets_a_bar_with_stage_part_and_time_left(terminal):
    with reporting(SHARES, stream=terminal) as progress:
        for step in range(1, 6):
            progress("scan", step / 5)
            time.sleep(0.12)
        progress("read", 0.5)
        time.sleep(0.12)
    frames = terminal.frames()
    assert any(re.match(r"scan .*\d+ %", frame) for frame in frames)
    assert re.match(r"read .* 38 % +\d\d:\d\d$", frames[-1]), frames[-1]


def test_a_stage_that_is_left_out_counts_as_done(terminal):
    with reporting(SHARES, stream=terminal) as progress:
        progress("read", 1.0)
        progress("write", 0.5)
    assert " 75 %" in terminal.frames()[-1]
