"""The routes: few, each a question that the page asks. OpenAPI: ``/api/openapi.json``."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Request, Response
from fastapi import Path as InPath
from fastapi.responses import FileResponse, StreamingResponse
from pydantic import BaseModel, Field

from ctpet import __version__
from ctpet.serve.web.guard import COOKIE, Gate
from ctpet.serve.web.measure import Measured, measure_sphere
from ctpet.serve.web.models import Models
from ctpet.serve.web.problem import Problem
from ctpet.serve.web.results import ResultName, media_type, result_file
from ctpet.serve.web.runner import Runner
from ctpet.serve.web.settings import Settings
from ctpet.serve.web.store import Store
from ctpet.serve.web.study import BUSY, Study, StudyState, VolumeName
from ctpet.serve.web.told import ModelCard, Notice
from ctpet.serve.web.upload import receive

StudyId = Annotated[str, InPath(max_length=64)]
_NO_CHANGE_S = 15.0
_WRONG_TOKEN_S = 1.0
_REFUSALS: dict[int | str, dict[str, object]] = {
    status: {"model": Notice} for status in (401, 404, 408, 409, 413, 422, 429, 507)
}


class Session(BaseModel):
    """What the page is told first."""

    version: str
    token_needed: bool


class Login(BaseModel):
    """What opens a server beyond loopback."""

    token: str = Field(max_length=512)


class Look(BaseModel):
    """Which CT is meant, where there are several."""

    series: str | None = Field(None, max_length=128)


class Job(BaseModel):
    """Which model makes the PET; the default one, if none is named."""

    model: str | None = Field(None, max_length=64)


class Sphere(BaseModel):
    """A region to measure; LPS in mm."""

    centre_mm: tuple[float, float, float]
    radius_mm: float = Field(gt=0, le=100)


def session_routes(settings: Settings, gate: Gate) -> APIRouter:
    """Return the routes that open the page."""
    router = APIRouter(responses=_REFUSALS)

    @router.get("/session")
    async def session(request: Request) -> Session:
        """Tell the version, and whether the token must be shown first."""
        return Session(version=__version__, token_needed=not gate.knows(request.headers))

    @router.post("/login", status_code=204)
    async def login(body: Login, response: Response) -> None:
        """Take the token; the browser is known by a cookie from then on."""
        cookie = gate.log_in(body.token)
        if cookie is None:
            await asyncio.sleep(_WRONG_TOKEN_S)
            raise Problem(
                401,
                "token-wrong",
                "This is not the token that the server was started with.",
                "Đây không phải mã truy cập mà máy chủ được khởi động với.",
            )
        response.set_cookie(
            COOKIE, cookie, httponly=True, samesite="strict", secure=settings.scheme == "https"
        )

    return router


def model_routes(models: Models) -> APIRouter:
    """Return the routes that tell of models."""
    router = APIRouter(responses=_REFUSALS)

    @router.get("")
    def list_models() -> list[ModelCard]:
        """List the models that may be chosen, the default one first."""
        return list(models.cards.values())

    return router


def study_routes(store: Store, runner: Runner, models: Models) -> APIRouter:
    """Return the routes that bring a study in and make a PET of it."""
    router = APIRouter(responses=_REFUSALS)

    @router.post("", status_code=201)
    async def open_study() -> StudyState:
        """Open an empty study; who knows its id may see it."""
        return store.make().state()

    @router.put("/{study_id}/files/{number}", status_code=204)
    async def send(study_id: StudyId, number: int, request: Request) -> None:
        """Send one file of a study: a slice, an archive or a NIfTI file, as it is."""
        await receive(store, store.get(study_id), number, request.stream())

    @router.post("/{study_id}/look", status_code=202)
    async def look(study_id: StudyId, body: Look) -> StudyState:
        """Say that all files are sent, or which CT is meant; the study is read then."""
        study = _idle(store.get(study_id))
        runner.look(study, body.series)
        return study.state()

    @router.post("/{study_id}/job", status_code=202)
    async def make(study_id: StudyId, body: Job) -> StudyState:
        """Make a PET of the CT that was read."""
        study = _idle(store.get(study_id))
        card = models.card(body.model)
        if "ct" not in study.volumes:
            raise Problem(
                409,
                "no-ct-yet",
                "There is no CT to make a PET of. Send one, or choose one of those sent.",
                "Chưa có CT để tạo PET. Hãy gửi CT, hoặc chọn một CT trong số đã gửi.",
            )
        runner.make(study, card.name, interval=card.interval is not None)
        return study.state()

    @router.delete("/{study_id}/job", status_code=202)
    async def cancel(study_id: StudyId) -> StudyState:
        """End the work on a study; what was sent stays."""
        study = store.get(study_id)
        await runner.cancel(study)
        return study.state()

    @router.get("/{study_id}")
    async def state(study_id: StudyId) -> StudyState:
        """Tell how far a study is."""
        return store.get(study_id).state()

    @router.delete("/{study_id}", status_code=204)
    async def erase(study_id: StudyId) -> None:
        """Erase a study and all that was made of it."""
        await store.erase(store.get(study_id))

    return router


def picture_routes(store: Store) -> APIRouter:
    """Return the routes that show a study."""
    router = APIRouter(responses=_REFUSALS)

    @router.get("/events", response_class=StreamingResponse)
    async def events(study_id: StudyId) -> StreamingResponse:
        """Tell how far a study is, again and again (server-sent events of its state)."""
        study = store.get(study_id)
        return StreamingResponse(_states(study), media_type="text/event-stream")

    @router.get("/volumes/{name}", response_class=FileResponse)
    async def volume(study_id: StudyId, name: VolumeName) -> FileResponse:
        """Return a volume as NIfTI: HU or SUVbw."""
        study = store.get(study_id)
        path = study.volume(name)
        if name not in study.volumes or not path.is_file():
            raise Problem(
                404,
                "no-such-volume",
                "This study has no such volume yet.",
                "Lần chụp này chưa có khối ảnh đó.",
            )
        return FileResponse(path, media_type="application/octet-stream")

    @router.post("/sphere")
    def sphere(study_id: StudyId, body: Sphere) -> Measured:
        """Measure a sphere on every volume of a study, by the functions of `ctpet evaluate`."""
        return measure_sphere(store.get(study_id), body.centre_mm, body.radius_mm)

    @router.get("/results/{name}", response_class=FileResponse)
    def result(study_id: StudyId, name: ResultName) -> FileResponse:
        """Return a file of the result."""
        path = result_file(store.get(study_id), name)
        return FileResponse(path, media_type=media_type(name), filename=f"synthetic-{name}")

    return router


def _idle(study: Study) -> Study:
    """Return a study that nothing is made of now.

    Raises:
        Problem: ``busy``.
    """
    if study.phase in BUSY:
        raise Problem(
            409,
            "busy",
            "This study is being worked on. Wait, or cancel.",
            "Lần chụp này đang được xử lý. Hãy chờ, hoặc hủy.",
        )
    return study


async def _states(study: Study) -> AsyncIterator[str]:
    """Yield the state now and after each change; between them, signs of life."""
    while not study.gone:
        study.touch()
        version = study.version
        yield f"data: {study.state().model_dump_json()}\n\n"
        if study.version == version:
            try:
                async with asyncio.timeout(_NO_CHANGE_S):
                    await study.wait()
            except TimeoutError:
                yield ": still here\n\n"
    yield "event: gone\ndata: {}\n\n"
