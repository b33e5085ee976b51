"""Which names of structures are lesions, and which are organs."""

import re

_LESION = re.compile(
    r"(?<!peri)(?<!peri[ _-])(tumou?r|lesion|metasta|neoplas|malignan|cancer|carcinoma|sarcoma|"
    r"melanoma|lymphoma|gtv|hypermetabolic)|\bttb\b",
    re.IGNORECASE,
)
_NOT = re.compile(
    r"\b(no|non|not|without|minus|free)\b|o?edema|^(body|normal|healthy)", re.IGNORECASE
)


def is_lesion_name(name: str) -> bool:
    """Tell whether a structure's name says that it is a lesion.

    ``GTV`` (gross tumour volume, ICRU 50) does; ``CTV`` and ``PTV``, which are margins, do not.
    """
    words = re.sub(r"[_\W]+", " ", re.sub(r"([a-z])([A-Z])", r"\1 \2", name))
    return bool(_LESION.search(words)) and not _NOT.search(words)
