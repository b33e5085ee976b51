"""Text from outside without the characters that command a terminal or turn a line around."""

import re

_COMMANDS = (
    "(?:\x1b\\[|\x9b)[0-?]*[ -/]*[@-~]"  # control sequences of ECMA-48, such as colours
    "|(?:\x1b\\]|\x9d)[^\x07\x1b\x9c]*(?:\x07|\x1b\\\\|\x9c)"  # commands with text, such as titles
    "|\x1b[ -/]*[0-~]"  # other escapes, such as changes of character set
    "|[\x00-\x1f\x7f-\x9f]"  # control characters, C0 and C1
    "|[\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ufff9-\ufffb]"  # line ends, directions, marks
)
_ANY = re.compile(_COMMANDS)
_BUT_LINES = re.compile(f"(?![\n\r\t\f])(?:{_COMMANDS})")


def printable(text: str) -> str:
    """Return text without control characters, escape sequences and changes of direction."""
    return _ANY.sub("", text)


def printable_lines(text: str) -> str:
    """Return text as :func:`printable` does, with its line ends and tabs."""
    return _BUT_LINES.sub("", text)


def escaped_json(text: str) -> str:
    """Return JSON in which such characters are written as escapes, which mean the same."""
    return _BUT_LINES.sub(lambda found: "".join(f"\\u{ord(c):04x}" for c in found[0]), text)
