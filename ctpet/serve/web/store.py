"""The studies of one server: found by ids that cannot be guessed, and erased in the end."""

import asyncio
import contextlib
import secrets
import shutil
import time
from pathlib import Path

from ctpet.serve.web.problem import Problem
from ctpet.serve.web.settings import GIB, Limits
from ctpet.serve.web.study import Study

_LOOK_S = 30.0


class Store:
    """Studies below one folder."""

    def __init__(self, folder: Path, limits: Limits) -> None:
        self.folder = folder
        self.limits = limits
        self._studies: dict[str, Study] = {}

    def make(self) -> Study:
        """Open an empty study.

        Raises:
            Problem: ``too-many-studies``, or ``disk-full``.
        """
        if len(self._studies) >= self.limits.studies:
            raise Problem(
                429,
                "too-many-studies",
                f"This server has {self.limits.studies} studies open, which is its limit. Close "
                "one in its page, or wait until one is erased.",
                f"Máy chủ đang mở {self.limits.studies} lần chụp, là giới hạn của nó. Hãy đóng một "
                "lần chụp trong trang của nó, hoặc chờ đến khi có lần chụp được xóa.",
            )
        self.refuse_full_disk()
        study = Study(secrets.token_urlsafe(24), self.folder / secrets.token_hex(16))
        study.incoming.mkdir(parents=True)
        (study.folder / "volumes").mkdir()
        self._studies[study.id] = study
        return study

    def refuse_full_disk(self) -> None:
        """Refuse to take more while the disk keeps too little.

        Raises:
            Problem: ``disk-full``.
        """
        if shutil.disk_usage(self.folder).free < self.limits.free_bytes:
            least = self.limits.free_bytes / GIB
            raise Problem(
                507,
                "disk-full",
                f"The server's disk has less than {least:g} GiB free. Free some space there.",
                f"Đĩa của máy chủ còn trống dưới {least:g} GiB. Hãy giải phóng dung lượng.",
            )

    def get(self, study_id: str) -> Study:
        """Return a study.

        Raises:
            Problem: ``no-such-study``.
        """
        study = self._studies.get(study_id)
        if study is None:
            raise Problem(
                404,
                "no-such-study",
                "This study is not on the server, or was erased. Send it again.",
                "Máy chủ không có lần chụp này, hoặc nó đã được xóa. Hãy gửi lại.",
            )
        study.touch()
        return study

    async def erase(self, study: Study) -> None:
        """End what is made of a study, and take it from the disk."""
        self._studies.pop(study.id, None)
        if study.task is not None:
            study.task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await study.task
        await asyncio.to_thread(shutil.rmtree, study.folder, ignore_errors=True)
        study.change(gone=True)

    async def erase_all(self) -> None:
        """Erase every study."""
        for study in list(self._studies.values()):
            await self.erase(study)

    async def erase_idle(self) -> None:
        """Erase, for ever, what nobody has looked at for long."""
        while True:
            await asyncio.sleep(min(_LOOK_S, self.limits.idle_s))
            for study in list(self._studies.values()):
                if time.monotonic() - study.used > self.limits.idle_s:
                    await self.erase(study)
