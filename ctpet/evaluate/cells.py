"""Cells of the CSV files that people open in spreadsheets."""

_STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def text_cell(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula.

    A text that could start one gets an apostrophe in front (OWASP, CSV Injection). Numbers are not
    for this function: their minus sign is theirs.
    """
    return f"'{text}" if text.startswith(_STARTS_A_FORMULA) else text
