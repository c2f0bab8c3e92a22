# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Who may ask, and what every answer tells the browser to refuse."""

from collections.abc import Collection
from typing import Optional

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

METHODS = ('GET', 'HEAD', 'POST')
LOOPBACK = ('127.0.0.1', 'localhost', '[::1]')
POLICY = '; '.join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' blob:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    'Content-Security-Policy': POLICY,
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'no-referrer',
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Resource-Policy': 'same-origin',
    'Cache-Control': 'no-store',
    'Permissions-Policy': 'camera=(), geolocation=(), microphone=(), usb=()',
}
OWN_SITE = ('same-origin', 'none')  # values of Sec-Fetch-Site


class Guard:
    """Refuses requests for other names and from other sites.

    A name of an attacker that leads to this machine (DNS rebinding), and a
    page of another site in the same browser, must not use the server.

    Args:
        app (ASGIApp): What it guards.
        hosts (Collection[str]): Names of the server besides those of the
            loopback and the address that a visitor came to. One without a
            port stands for itself, and for itself with the server's port.
    """

    def __init__(self, app: ASGIApp, hosts: Collection[str] = ()) -> None:
        self.app = app
        self.hosts = {bracketed(host.lower()) for host in hosts}

    async def __call__(
        self, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Answer, or let the app answer, with the headers added."""

        async def send_with_headers(message: Message) -> None:
            if message['type'] == 'http.response.start':
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        app = self.app
        if fault := self._fault(scope):
            status, text = fault
            headers = {'Connection': 'close'}  # what else comes is not read
            app = JSONResponse(dict(error=text), status, headers)
        await app(scope, receive, send_with_headers)

    def _fault(self, scope: Scope) -> Optional[tuple[int, str]]:
        """Say why a request is refused: the status and a text."""
        headers = Headers(scope=scope)
        hosts, method = headers.getlist('host'), scope['method']
        if method not in METHODS:
            return 405, f'Expected {", ".join(METHODS)}; got another method.'
        if 'content-length' in headers and 'transfer-encoding' in headers:
            return 400, (
                'Expected one length of the request, got Content-Length and '
                'Transfer-Encoding; send one of them.'
            )
        if len(hosts) != 1 or hosts[0].lower() not in self._names(scope):
            return 403, (
                'Expected a name of this server in the address, got another; '
                'use the address that `mmfacesr web` printed, or start it '
                'with --allow-host NAME.'
            )
        if method == 'POST' and not _from_own_site(headers):
            return 403, (
                'Expected a request of the page of this server, got one of '
                'another site; open the page and use it there.'
            )
        return None

    def _names(self, scope: Scope) -> set[str]:
        """Values of Host that mean this server."""
        address, port = scope['server']
        names = {*LOOPBACK, bracketed(address)}
        found = {f'{name}:{port}' for name in names | self.hosts}
        return found | self.hosts | (names if port == 80 else set())


def _from_own_site(headers: Headers) -> bool:
    """Whether a browser says that its own page sent this, or no browser."""
    site = headers.get('sec-fetch-site', 'none')
    origins = headers.getlist('origin')
    host = headers['host'].lower()
    same = all(x.lower().partition('://')[2] == host for x in origins)
    return same and len(origins) < 2 and site in OWN_SITE


def bracketed(host: str) -> str:
    """Write an address of IPv6 as in a URL, and leave others."""
    bare = host.count(':') > 1 and not host.startswith('[')
    return f'[{host}]' if bare else host
