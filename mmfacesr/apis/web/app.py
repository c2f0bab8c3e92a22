# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""The routes of the server."""

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import aclosing, suppress
from functools import partial
from importlib import resources
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mmfacesr.apis.web.answers import line
from mmfacesr.apis.web.guard import Guard
from mmfacesr.apis.web.offers import Offer
from mmfacesr.apis.web.turns import Turns
from mmfacesr.apis.web.uploads import (
    UPSCALES,
    Limits,
    Upload,
    receive_upload,
)
from mmfacesr.apis.web.working import Restorers, note_fault, restore_upload
from mmfacesr.version import __version__

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

PAGE = 'page'
INDEX = 'index.html'
TYPES = {
    '.html': 'text/html; charset=utf-8',
    '.css': 'text/css; charset=utf-8',
    '.js': 'text/javascript; charset=utf-8',
    '.txt': 'text/plain; charset=utf-8',
    '.svg': 'image/svg+xml',
}
MOST_UPLOADS = 4  # at a time
SEND_SECONDS = 20  # for each piece of an answer
DRAIN_SECONDS = 2  # for the rest of a request that was refused


def make_app(
    offers: Sequence[Offer],
    restorers: Restorers,
    limits: Limits,
    turns: Turns,
    hosts: Collection[str] = (),
) -> ASGIApp:
    """Make the server.

    Args:
        offers (Sequence[Offer]): What visitors may choose, the default first.
        restorers (Restorers): Gives the models.
        limits (Limits): What visitors may send.
        turns (Turns): Whose turn it is.
        hosts (Collection[str]): Further names of the server.
    """
    routes = [
        Route(path, partial(_static, body, kind))
        for path, (body, kind) in page_files().items()
    ]
    routes += [
        Route('/favicon.ico', _no_icon),
        Route('/options.json', partial(_options, offers, limits)),
        Route(
            '/restore',
            Restore(offers, restorers, limits, turns),
            methods=['POST'],
        ),
    ]
    app = Starlette(
        routes=routes,
        exception_handlers={HTTPException: _error, Exception: _fault},
    )
    app.router.redirect_slashes = False
    return Guard(app, hosts)


def page_files() -> dict[str, tuple[bytes, str]]:
    """Read the page: path of the address -> content and type.

    They are all that is served: no path of a request is looked up anywhere.
    """
    folder = resources.files(__package__).joinpath(PAGE)
    found = {}
    for path, file in _files_in(folder, ''):
        kind = TYPES.get(path[path.rfind('.') :])
        if kind:
            found[path] = file.read_bytes(), kind
    found['/'] = found.pop(f'/{INDEX}')
    return found


def _files_in(
    folder: 'Traversable', path: str
) -> list[tuple[str, 'Traversable']]:
    found = []
    for item in folder.iterdir():
        name = f'{path}/{item.name}'
        found += _files_in(item, name) if item.is_dir() else [(name, item)]
    return found


async def _static(body: bytes, kind: str, request: Request) -> Response:
    return Response(body, media_type=kind)


async def _no_icon(request: Request) -> Response:
    return Response(status_code=204)  # browsers ask for one by themselves


async def _options(
    offers: Sequence[Offer], limits: Limits, request: Request
) -> Response:
    return JSONResponse(
        dict(
            version=__version__,
            models=[offer.to_dict() for offer in offers],
            default=offers[0].name,
            upscales=UPSCALES,
            limits=dict(
                bytes=limits.bytes,
                pixels=limits.pixels,
                pictures=limits.pictures,
            ),
        )
    )


async def _error(request: Request, error: HTTPException) -> Response:
    return JSONResponse(
        dict(error=error.detail), error.status_code, error.headers
    )


async def _fault(request: Request, error: Exception) -> Response:
    note_fault(error)
    return JSONResponse(dict(error='Something went wrong; try again.'), 500)


class Restore:
    """Takes a picture and answers by what was made of it."""

    def __init__(
        self,
        offers: Sequence[Offer],
        restorers: Restorers,
        limits: Limits,
        turns: Turns,
    ) -> None:
        self._offers = {offer.name: offer for offer in offers}
        self._default = offers[0].name
        self._restorers = restorers
        self._limits = limits
        self._turns = turns
        self._uploads = asyncio.Semaphore(MOST_UPLOADS)

    async def __call__(
        self, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Answer a request."""
        request = Request(scope, receive)
        try:
            with self._turns.place():
                upload = await self._receive(request)
                answer = Stream(self._events(upload))
                del upload
                await answer(scope, receive, send)
        except HTTPException as error:
            await _drain(request, self._limits.bytes)
            headers = {**(error.headers or {}), 'Connection': 'close'}
            detail, status = error.detail, error.status_code
            raise HTTPException(status, detail, headers) from error
        except (ClientDisconnect, asyncio.TimeoutError):
            pass  # gone, or does not read

    async def _receive(self, request: Request) -> Upload:
        """Take what is uploaded, if it comes in time."""
        seconds = self._limits.seconds
        try:
            upload = await asyncio.wait_for(self._take(request), seconds)
        except asyncio.TimeoutError:
            raise HTTPException(
                408,
                f'Expected a picture within {seconds:.0f} seconds, got only '
                'a part of it; send a smaller one, or try again later.',
            ) from None
        offer = self._offers.get(upload.model)
        if offer is None or not offer.here:
            raise HTTPException(
                400,
                'Expected a model of /options.json whose weights are here, '
                'got another; choose one of these.',
            )
        return upload

    async def _take(self, request: Request) -> Upload:
        async with self._uploads:
            return await receive_upload(request, self._limits, self._default)

    async def _events(self, upload: Upload) -> AsyncIterator[bytes]:
        """Yield the answer."""
        offer = self._offers[upload.model]
        work = partial(restore_upload, upload, offer, self._restorers)
        async with aclosing(self._turns.follow(work)) as events:
            async for event in events:
                if event['event'] != 'result':
                    yield line(event)
                    continue
                for piece in event['result'].pieces():
                    yield piece


class Stream(StreamingResponse):
    """An answer that ends with who reads it."""

    media_type = 'application/octet-stream'

    async def stream_response(self, send: Send) -> None:
        """Send pieces as they come, to who takes them in time."""

        async def send_in_time(message: Message) -> None:
            await asyncio.wait_for(send(message), SEND_SECONDS)

        async with aclosing(self.body_iterator):
            await super().stream_response(send_in_time)


async def _drain(request: Request, most: int) -> None:
    """Read the rest of a request, so that its sender reads the answer."""

    async def read() -> None:
        count = 0
        async for chunk in request.stream():
            count += len(chunk)
            if count > most:
                return

    with suppress(asyncio.TimeoutError, ClientDisconnect, RuntimeError):
        await asyncio.wait_for(read(), DRAIN_SECONDS)
