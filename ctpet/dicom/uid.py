"""Unique identifiers derived from what they identify, so that a re-run gives the same ones."""

import hashlib


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
