"""Work on a study, seen from the server: started, followed, ended."""

import asyncio
import contextlib
import json
import shutil
import sys
from collections.abc import AsyncIterator
from typing import Any

from ctpet.serve.web.settings import Limits
from ctpet.serve.web.study import Found, Made, SeriesFound, Study
from ctpet.serve.web.told import Notice, notice

_LINE_BYTES = 64 << 20


class Runner:
    """Does one study after another; of those that are only read, two at once."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._looking = asyncio.Semaphore(2)
        self._making = asyncio.Semaphore(1)

    def look(self, study: Study, series: str | None) -> None:
        """Begin to read what was sent."""
        study.change(phase="looking", stage="", fraction=0.0, refusal=None, notices=[], volumes=[])
        request = {"work": "look", "folder": str(study.folder), "series": series}
        work = self._work(study, request, self._looking, self._limits.look_s, "looking")
        study.task = asyncio.create_task(work)

    def make(self, study: Study, model: str, *, interval: bool) -> None:
        """Begin to make a PET, as soon as those before it are made."""
        seen = [name for name in study.volumes if name in ("ct", "measured")]
        study.change(phase="queued", stage="", fraction=0.0, refusal=None, result=None,
                     volumes=seen, model=model)  # fmt: skip
        request = {
            "work": "make",
            "folder": str(study.folder),
            "out": str(study.out),
            "model": model,
            "series": study.chosen,
            "interval": interval,
        }
        work = self._work(study, request, self._making, self._limits.job_s, "working")
        study.task = asyncio.create_task(work)

    async def cancel(self, study: Study) -> None:
        """End the work on a study; what was sent stays."""
        if study.task is not None:
            study.task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await study.task
        study.change(phase="ready" if "ct" in study.volumes else "receiving", model=None)

    async def _work(
        self,
        study: Study,
        request: dict[str, Any],
        turn: asyncio.Semaphore,
        limit_s: float,
        phase: str,
    ) -> None:
        async with turn:
            study.change(phase=phase)
            if request["work"] == "make":
                await asyncio.to_thread(shutil.rmtree, study.out, ignore_errors=True)
            try:
                async with asyncio.timeout(limit_s):
                    async for told in _lines(request):
                        _take(study, told)
            except TimeoutError:
                _fail(study, "too-slow", f"It took more than {limit_s:g} s", "Send a smaller study")
        if study.phase == phase:
            _fail(study, "ended", "The work ended before it was done", "Try again")


async def _lines(request: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
    """Run a piece of work; yield what it tells. It ends when this does."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "ctpet.serve.web.work"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        limit=_LINE_BYTES,
    )
    if process.stdin is None or process.stdout is None:
        raise RuntimeError("a process was started without pipes")
    try:
        process.stdin.write(json.dumps(request).encode() + b"\n")
        await process.stdin.drain()
        async for line in process.stdout:
            yield json.loads(line)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def _take(study: Study, told: dict[str, Any]) -> None:
    """Change a study by what its work told."""
    match told["tell"]:
        case "stage":
            study.change(stage=told["stage"], fraction=told["fraction"])
        case "found":
            study.change(found=_found(told["found"]))
        case "chosen":
            study.change(chosen=told["series"])
        case "choose":
            study.change(phase="choosing")
        case "notices":
            study.change(notices=[*study.notices, *_notices(told["notices"])])
        case "volume":
            volumes = [*study.volumes, told["name"]]
            notices = [*study.notices, *_notices(told["notices"])]
            ready = {"phase": "ready"} if told["name"] == "ct" else {}
            study.change(volumes=volumes, notices=notices, **ready)
        case "made":
            study.change(phase="done", result=_made(told["record"]))
        case "refused" | "failed" as kind:
            message = told["message"].replace(str(study.folder), "")
            refusal = notice(told["code"], "error", message, told["remedy"])
            study.change(phase=kind, refusal=refusal)


def _fail(study: Study, code: str, message: str, remedy: str) -> None:
    study.change(phase="failed", refusal=notice(code, "error", message, remedy))


def _found(report: dict[str, Any]) -> Found:
    return Found(
        series=[_series(one) for one in report["series"]],
        dropped=[_series(one) for one in report["dropped"]],
        notices=_notices(report["findings"]),
    )


def _series(one: dict[str, Any]) -> SeriesFound:
    told = {name: one[name] for name in SeriesFound.model_fields if name != "notices"}
    return SeriesFound(**told, notices=_notices(one["findings"]))


def _notices(findings: list[dict[str, str]]) -> list[Notice]:
    return [
        notice(one["code"], one["severity"], one["message"], one.get("remedy", ""))
        for one in findings
    ]


def _made(record: dict[str, Any]) -> Made:
    interval = record["output"].get("interval")
    return Made(
        model=record["model"]["name"],
        model_version=record["model"]["model_version"],
        model_digest=record["model"]["digest_sha256"],
        ctpet_version=record["versions"]["ctpet"],
        suv_max=record["output"]["suv_max"],
        seconds=sum(stage["seconds"] for stage in record["stages"]),
        coverage=interval["coverage"] if interval else None,
        dicom=record["input"]["format"] == "dicom",
        notices=_notices(record["findings"]),
    )
