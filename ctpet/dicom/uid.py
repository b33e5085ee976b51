"""Unique identifiers: derived from what they identify, or a source's own, legal or not."""

import hashlib
import re

LONGEST = 64
_DIGITS_AND_DOTS = re.compile(r"[0-9.]+")


def derived_uid(*parts: str | bytes) -> str:
    """Return the ``2.25.`` UID of a sequence of parts.

    The 128 bits are the start of a SHA-256 over the parts, each with its length before it (so
    ``("ab", "c")`` and ``("a", "bc")`` differ), with the version (8, "custom") and variant bits of
    RFC 9562 set: PS3.5 B.2 wants a legal UUID behind ``2.25.``.

    Args:
        parts: text (taken as UTF-8) or bytes, in an order that matters.

    Raises:
        ValueError: if there is no part.
    """
    if not parts:
        raise ValueError("a UID needs at least one part to be derived from")
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8, "big"))
        digest.update(data)
    number = int.from_bytes(digest.digest()[:16], "big")
    number = number & ~(0xF << 76) | (8 << 76)
    number = number & ~(0x3 << 62) | (2 << 62)
    return f"2.25.{number}"


def irregularity(uid: str) -> str:
    """Say what is wrong with a UID (PS3.5 9.1); empty where nothing is.

    Some archives refuse such a UID, and others file by it as by any other.
    """
    if len(uid) > LONGEST:
        return f"is longer than {LONGEST} characters"
    if not _DIGITS_AND_DOTS.fullmatch(uid):
        return "holds other characters than digits and dots"
    components = uid.split(".")
    if "" in components:
        return "has an empty component"
    if any(len(one) > 1 and one[0] == "0" for one in components):
        return "has a component that begins with 0"
    return ""
