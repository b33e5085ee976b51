"""The application: its routes behind its guard, and the page itself."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from importlib import resources
from pathlib import Path

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.staticfiles import StaticFiles

from ctpet import __version__
from ctpet.serve.web.guard import Gate, Guard
from ctpet.serve.web.models import Models
from ctpet.serve.web.problem import Problem
from ctpet.serve.web.routes import model_routes, picture_routes, session_routes, study_routes
from ctpet.serve.web.runner import Runner
from ctpet.serve.web.settings import Settings
from ctpet.serve.web.store import Store


def make_app(settings: Settings, folder: Path) -> FastAPI:
    """Return the application.

    Args:
        settings: of this server.
        folder: private, for what is sent; studies in it are erased in the end.
    """
    store, gate = Store(folder, settings.limits), Gate(settings)

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        erasing = asyncio.create_task(store.erase_idle())
        yield
        erasing.cancel()
        await store.erase_all()

    app = FastAPI(
        title="ctpet page",
        version=__version__,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/openapi.json",
    )
    app.add_middleware(Guard, gate=gate)
    app.add_exception_handler(Problem, _answer_problem)
    app.add_exception_handler(RequestValidationError, _answer_invalid)
    app.include_router(session_routes(settings, gate), prefix="/api")
    models = Models()
    app.include_router(model_routes(models), prefix="/api/models")
    app.include_router(study_routes(store, Runner(settings.limits), models), prefix="/api/studies")
    app.include_router(picture_routes(store), prefix="/api/studies/{study_id}")
    page = Path(str(resources.files("ctpet.serve.web"))) / "static"
    app.mount("/", StaticFiles(directory=page, html=True), name="page")
    return app


async def _answer_problem(_: Request, problem: Exception) -> Response:
    if not isinstance(problem, Problem):
        raise problem
    return JSONResponse(problem.notice.model_dump(), problem.status)


async def _answer_invalid(request: Request, _: Exception) -> Response:
    """Say that a request is not as the API says, without repeating what it held."""
    problem = Problem(
        422,
        "request-invalid",
        "The request is not what this server's API takes.",
        "Yêu cầu không đúng với API của máy chủ.",
    )
    return await _answer_problem(request, problem)
