"""Start the page's server: on loopback, or with a token and TLS beyond it."""

import contextlib
import ipaddress
import secrets
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import uvicorn

from ctpet.claims import temporary_folder
from ctpet.errors import CtpetError
from ctpet.serve.web.app import make_app
from ctpet.serve.web.eraser import erased_in_the_end
from ctpet.serve.web.settings import LOOPBACK, Settings, hosts_of

LEAST_TOKEN = 20
_FINISH_S = 5


@dataclass(frozen=True, slots=True)
class Serving:
    """Where the page is served.

    Attributes:
        host: address to listen on.
        port: 0: any that is free.
        names: by which browsers reach it, beside its address.
        certificate: TLS, PEM; with its key it turns TLS on.
        key: of the certificate, PEM.
        token_file: holds the token, one line; None: one is made, beyond loopback.
    """

    host: str = "127.0.0.1"
    port: int = 8040
    names: tuple[str, ...] = ()
    certificate: Path | None = None
    key: Path | None = None
    token_file: Path | None = None

    @property
    def on_loopback(self) -> bool:
        """Whether only this machine can reach it."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False


def serve(serving: Serving, say: Callable[[str], None]) -> None:
    """Serve the page until the process is told to end; what was sent is erased then.

    Args:
        serving: where.
        say: is told where the page is, and the token where one was made.

    Raises:
        CtpetError: it would be reachable from other machines without TLS, the token is too short,
            or the address cannot be had.
    """
    token = _token(serving, say)
    listening = _listen(serving)
    port = listening.getsockname()[1]
    scheme = "https" if serving.certificate else "http"
    addresses = LOOPBACK if serving.on_loopback else (serving.host, *serving.names)
    settings = Settings(hosts_of(addresses, port), scheme=scheme, token=token)
    with temporary_folder() as folder, erased_in_the_end(folder):
        config = uvicorn.Config(
            make_app(settings, folder),
            access_log=False,
            log_level="warning",
            server_header=False,
            timeout_graceful_shutdown=_FINISH_S,
            ssl_certfile=serving.certificate,
            ssl_keyfile=serving.key,
        )
        name = f"[{serving.host}]" if ":" in serving.host else serving.host
        say(f"ctpet page: {scheme}://{name}:{port}/   (Ctrl-C ends it and erases what was sent)")
        with contextlib.suppress(KeyboardInterrupt):  # it ends as it is meant to
            uvicorn.Server(config).run(sockets=[listening])


def _token(serving: Serving, say: Callable[[str], None]) -> str | None:
    if not serving.on_loopback and (serving.certificate is None or serving.key is None):
        raise CtpetError(
            f"{serving.host} can be reached from other machines, and images of patients would go "
            "there unencrypted. Give --certificate and --key (PEM), or serve on 127.0.0.1."
        )
    if serving.token_file is not None:
        token = serving.token_file.read_text("utf-8").strip()
        if len(token) < LEAST_TOKEN:
            raise CtpetError(
                f"The token has {len(token)} characters; at least {LEAST_TOKEN} are needed. Make "
                "one with: python3 -c 'import secrets; print(secrets.token_urlsafe(32))'"
            )
        return token
    if serving.on_loopback:
        return None
    token = secrets.token_urlsafe(32)
    say(f"token: {token}")
    return token


def _listen(serving: Serving) -> socket.socket:
    try:
        family, kind, *_, address = socket.getaddrinfo(
            serving.host, serving.port, type=socket.SOCK_STREAM
        )[0]
        listening = socket.socket(family, kind)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen()  # whoever is told the address may come at once
    except OSError as error:
        raise CtpetError(
            f"The page cannot be served at {serving.host} port {serving.port}: "
            f"{error.strerror or error}. Choose another with --port, or end what uses it."
        ) from error
    return listening
