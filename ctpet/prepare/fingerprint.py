"""One number that tells two prepared datasets apart."""

import hashlib
from pathlib import Path

from ctpet.prepare.cases import CASE_FILE, list_cases


def dataset_fingerprint(dataset: Path) -> str:
    """Return the SHA-256, hex, of the ``case.json`` of every case, in order of case_id.

    Raises:
        CaseInvalid: there is no case.
    """
    digest = hashlib.sha256()
    for case in list_cases(dataset):
        digest.update((case.folder / CASE_FILE).read_bytes())
    return digest.hexdigest()
