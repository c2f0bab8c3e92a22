# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""A stand-in for the server of the page: what it answers is scripted."""

import asyncio
import json
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

import mmfacesr.apis.web

from .answers import answer

PAGE = Path(mmfacesr.apis.web.__file__).parent / 'page'
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' blob:; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
HOSTILE = '<img src=x onerror=alert(1)>'
MODELS = [
    dict(
        name='drawn',
        title='Drawn faces',
        license='Apache-2.0',
        restricted=False,
        here=True,
        note='comes with mmfacesr',
    ),
    dict(
        name='photos',
        title=f'Photos {HOSTILE}',
        license='CC BY-NC-SA 4.0',
        restricted=True,
        here=True,
        note='',
    ),
    dict(
        name='away',
        title='Not here',
        license='none stated',
        restricted=True,
        here=False,
        note='`mmfacesr download away`',
    ),
]
LIMITS = dict(bytes=200_000, pixels=1_000_000, pictures=5)


def line(**event: Any) -> bytes:
    return json.dumps(event).encode() + b'\n'


class StandIn:
    """Answers by how the name of a picture begins.

    'ok', 'none' (no face), 'slow' (waits for `go`), 'fails', 'refused',
    'busy' (refused once), 'cut' (the answer breaks off), 'odd' (no JSON).

    Attributes:
        requests (list[dict]): The forms that came, of all but busy answers.
        go (threading.Event): Lets the slow ones go on.
        lost (list[str]): Names of those whose page went away.
        results (dict[str, bytes]): Name -> the file that was sent for it.
        most (int): How many were answered at a time.
    """

    def __init__(self) -> None:
        self.tries: Counter = Counter()
        self.forget()

    def forget(self) -> None:
        """Begin anew, for the next test."""
        self.requests: list[dict[str, Any]] = []
        self.lost: list[str] = []
        self.results: dict[str, bytes] = {}
        self.tries.clear()
        self.now = self.most = 0
        self.go = threading.Event()
        self.limits = dict(LIMITS)

    def app(self) -> Any:
        return with_policy(
            Starlette(
                routes=[
                    Route('/options.json', self._options),
                    Route('/restore', self._restore, methods=['POST']),
                    Mount('/', StaticFiles(directory=PAGE, html=True)),
                ]
            )
        )

    async def _options(self, request: Request) -> Response:
        return JSONResponse(
            dict(
                version='1.2.3',
                models=MODELS,
                default='drawn',
                upscales=[1, 2, 4],
                limits=self.limits,
            )
        )

    async def _restore(self, request: Request) -> Response:
        form = await request.form()
        name = form['picture'].filename
        self.tries[name] += 1
        if name.startswith('busy') and self.tries[name] == 1:
            error = dict(error='too many')
            return JSONResponse(error, 503, {'Retry-After': '1'})
        data = await form['picture'].read()
        self.requests.append(dict(form, picture=name, data=data))
        if name.startswith('refused'):
            return JSONResponse(dict(error=f'no {HOSTILE}'), 415)
        return StreamingResponse(
            self._answer(name, form), media_type='application/octet-stream'
        )

    async def _answer(self, name: str, form: FormData) -> AsyncIterator[bytes]:
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            async for piece in self._pieces(name, form):
                yield piece
        except asyncio.CancelledError:
            self.lost.append(name)
            raise
        finally:
            self.now -= 1

    async def _pieces(self, name: str, form: FormData) -> AsyncIterator[bytes]:
        yield line(event='waiting', position=3)
        while name.startswith('slow') and not self.go.is_set():
            yield line(event='alive')
            await asyncio.sleep(0.02)
        yield line(event='working', stage='loading the model')
        yield line(event='working', stage='restoring')
        if name.startswith('fails'):
            yield line(event='failed', error=f'it is damaged {HOSTILE}')
        elif name.startswith('odd'):
            yield b'<p>a proxy says so\n'
        else:
            for piece in self._done(name, form):
                yield piece

    def _done(self, name: str, form: FormData) -> Iterator[bytes]:
        result, parts = answer(name, form)
        self.results[name] = parts[0]['data']
        data = b''.join(part.pop('data') for part in parts)
        head = line(event='done', result=result, parts=parts)
        yield head[:7]  # wherever a network cuts it
        yield head[7:] + data[:11]
        yield data[11:-5] if name.startswith('cut') else data[11:]


def with_policy(app: Any) -> Any:
    """Send the headers of the server with every answer."""

    async def guarded(scope: dict, receive: Any, send: Any) -> None:
        async def send_more(message: dict) -> None:
            if message['type'] == 'http.response.start':
                message['headers'] += [
                    (b'content-security-policy', POLICY.encode()),
                    (b'x-content-type-options', b'nosniff'),
                    (b'cache-control', b'no-store'),
                ]
            await send(message)

        await app(scope, receive, send_more)

    return guarded


@contextmanager
def serving(app: Any, seconds: float = 10) -> Iterator[str]:
    """Serve in a thread; gives the address."""
    config = uvicorn.Config(
        app, port=0, log_level='warning', timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    end = time.monotonic() + seconds
    while not server.started and time.monotonic() < end:
        time.sleep(0.01)
    assert server.started
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f'http://127.0.0.1:{port}/'
    finally:
        server.should_exit = True
        thread.join(seconds)
