"""What was asked and cannot be done, told in both languages."""

from ctpet.serve.web.told import Notice, Told


class Problem(Exception):
    """An answer that is no success.

    Args:
        status: of HTTP.
        code: stable kebab-case name.
        english: one sentence that says what is wrong and what to do.
        vietnamese: the same.
    """

    def __init__(self, status: int, code: str, english: str, vietnamese: str) -> None:
        super().__init__(english)
        self.status = status
        self.notice = Notice(
            code=code,
            severity="error",
            text=Told(en=english, vi=vietnamese),
            remedy=Told(en="", vi=""),
        )
