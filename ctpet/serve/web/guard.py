"""Who may ask the page for what: a wall before every route.

A browser opens pages of others beside ours. What those make it send is told from the page's own
requests by the Host header (DNS rebinding), by Origin and Sec-Fetch-Site, and by a header that no
page of another origin can set without asking first (CSRF); there is no answer to such asking.
"""

import hashlib
import hmac
import secrets
from http.cookies import SimpleCookie

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ctpet.serve.web.settings import Settings

OWN_HEADER = "x-ctpet"
COOKIE = "ctpet"
LOGIN = "/api/login"
_OPEN = ("/api/login", "/api/session")
_READING = frozenset({"GET", "HEAD"})
_OWN_SITES = frozenset({"", "same-origin", "none"})
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
    "connect-src 'self' blob: data:; font-src 'self' data:; form-action 'none'; base-uri 'none'; "
    "frame-ancestors 'none'; require-trusted-types-for 'script'"
)
_HEADERS = {
    "content-security-policy": _POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), usb=()",
}


class Gate:
    """Who is let in."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._session = secrets.token_urlsafe(32)

    def log_in(self, token: str) -> str | None:
        """Return what the cookie of a browser that knows the token is to hold, or None."""
        known = self._settings.token
        if known is None or not _same(token, known):
            return None
        return self._session

    def knows(self, headers: Headers) -> bool:
        """Tell whether a browser has shown the token, or needs none."""
        if self._settings.token is None:
            return True
        cookie = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
        return cookie is not None and _same(cookie.value, self._session)

    def refusal(self, method: str, path: str, headers: Headers) -> tuple[int, str] | None:
        """Return the status and the code by which a request is refused; None: it passes."""
        if headers.get("host", "").lower() not in self._settings.hosts:
            return 421, "host-unknown"
        if headers.get("sec-fetch-site", "") not in _OWN_SITES and path != "/":
            return 403, "other-site"
        if method not in _READING and (code := self._foreign(headers)):
            return 403, code
        private = path.startswith("/api/") and path not in _OPEN
        return (401, "token-needed") if private and not self.knows(headers) else None

    def _foreign(self, headers: Headers) -> str | None:
        """Return why a request that changes something is not the page's own."""
        origin = headers.get("origin")
        if origin is not None and origin not in self._settings.origins:
            return "other-origin"
        return None if OWN_HEADER in headers else "own-header-missing"


class Guard:
    """ASGI middleware that answers what must not pass, and adds headers to every answer."""

    def __init__(self, app: ASGIApp, gate: Gate) -> None:
        self._app = app
        self._gate = gate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or pass it on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                answered = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    answered[name] = value
                if not scope["path"].startswith("/assets/"):
                    answered["cache-control"] = "no-store"
            await send(message)

        refused = self._gate.refusal(scope["method"], scope["path"], Headers(scope=scope))
        if refused is None:
            await self._app(scope, receive, marked)
            return
        status, code = refused
        await JSONResponse({"code": code}, status)(scope, receive, marked)


def _same(one: str, other: str) -> bool:
    """Compare in a time that tells nothing of what is the same, not even of lengths."""
    digests = [hashlib.sha256(text.encode("utf-8", "replace")).digest() for text in (one, other)]
    return hmac.compare_digest(*digests)
