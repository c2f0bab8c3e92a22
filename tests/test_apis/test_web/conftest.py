# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""A real server on a free port, whose finder and network do as told."""

import argparse
import http.client
import io
import json
import os
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple, Optional

import numpy as np
import pytest
import torch
from PIL import Image, ImageFile
from torch import Tensor, nn

from mmfacesr.apis.restoring.inferencer import FaceSRInferencer
from mmfacesr.apis.web.app import make_app
from mmfacesr.apis.web.offers import published_offers
from mmfacesr.apis.web.serving import Server
from mmfacesr.apis.web.turns import Turns
from mmfacesr.apis.web.uploads import Limits
from mmfacesr.datasets.synthetic_faces import render_face

MODEL = 'dic-small_x8c16b2_1xb4-500_synthetic'
MOST_BYTES = 3 << 20
MOST_PIXELS = 1_000_000
BOUNDARY = 'Boundary7d'
JOBS = 4


def enlarge(lr: Tensor) -> Tensor:
    """Every pixel eight times."""
    return nn.functional.interpolate(lr, scale_factor=8, mode='nearest')


class Finder:
    """Finds one small face in every picture, once it is let.

    Attributes:
        seen (list[int]): Red of the first pixel of the pictures so far.
        gate (threading.Event): Cleared, it waits.
        begun (threading.Event): Set as soon as a picture is looked at.
        fault (BaseException | None): What is raised instead.
    """

    def __init__(self) -> None:
        _, points = render_face(3, 160)
        points = (points - 16) * 24 / 128 + 20
        self.faces = [points.astype(np.float32)]
        self.reset()

    def reset(self) -> None:
        self.seen: list[int] = []
        self.fault: Optional[BaseException] = None
        self.gate, self.begun = threading.Event(), threading.Event()
        self.gate.set()

    def find(self, image: np.ndarray) -> list[np.ndarray]:
        self.begun.set()
        assert self.gate.wait(60)
        self.seen.append(int(image[0, 0, 0]))
        if self.fault:
            raise self.fault
        return self.faces if image.shape[0] >= 60 else []


class OneRestorer:
    """Stands for the models of visitors."""

    def __init__(self, restorer: FaceSRInferencer) -> None:
        self.restorer = restorer
        self.has = lambda offer: True
        self.get = lambda offer: restorer


class Reply(NamedTuple):
    """An answer, and for a picture its events and parts."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def error(self) -> str:
        return json.loads(self.body)['error']

    @property
    def lines(self) -> list[dict[str, Any]]:
        return self._split()[0]

    @property
    def parts(self) -> dict[str, bytes]:
        return self._split()[1]

    def _split(self) -> tuple[list, dict]:
        lines, stream = [], io.BytesIO(self.body)
        while not lines or lines[-1]['event'] not in ('done', 'failed'):
            lines.append(json.loads(stream.readline()))
        parts = {
            part['key']: stream.read(part['bytes'])
            for part in lines[-1].get('parts', ())
        }
        assert stream.read() == b''
        return lines, parts


class Site:
    """A server as its visitors see it."""

    def __init__(self, port: int, finder: Finder, turns: Turns) -> None:
        self.port, self.finder, self.turns = port, finder, turns

    def ask(
        self, method: str, path: str, body: Any = None, **headers: str
    ) -> Reply:
        """Send a request; `a_b` is the header a-b."""
        headers = {key.replace('_', '-'): x for key, x in headers.items()}
        connection = http.client.HTTPConnection('127.0.0.1', self.port, 60)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            found = {k.lower(): v for k, v in answer.getheaders()}
            return Reply(answer.status, found, answer.read())
        finally:
            connection.close()

    def restore(self, data: bytes, name: str = 'x.png', **texts: str) -> Reply:
        """Send a picture as the page does."""
        return self.post(form(dict(picture=(name, data)), **texts))

    def post(self, body: Any, **headers: str) -> Reply:
        """Send a form."""
        kind = f'multipart/form-data; boundary={BOUNDARY}'
        headers = {'Content_Type': kind, **headers}
        return self.ask('POST', '/restore', body, **headers)

    def begin(self, data: bytes) -> socket.socket:
        """Send a picture, and do not wait for the answer."""
        return self.send(self.head(form(dict(picture=('x.png', data)))))

    def head(self, body: bytes, **headers: object) -> bytes:
        """A request as bytes, with its body."""
        lines = {
            'Host': f'127.0.0.1:{self.port}',
            'Content-Type': f'multipart/form-data; boundary={BOUNDARY}',
            'Content-Length': len(body),
            **{key.replace('_', '-'): x for key, x in headers.items()},
        }
        text = '\r\n'.join(
            f'{key}: {x}' for key, x in lines.items() if x is not None
        )
        return f'POST /restore HTTP/1.1\r\n{text}\r\n\r\n'.encode() + body

    def send(self, data: bytes) -> socket.socket:
        """Send bytes; the connection stays open."""
        connection = socket.create_connection(('127.0.0.1', self.port), 60)
        connection.sendall(data)
        return connection


def form(files: dict[str, tuple[str, bytes]], **texts: str) -> bytes:
    """The body of a form."""
    parts = [
        f'Content-Disposition: form-data; name="{key}"\r\n\r\n{text}'.encode()
        for key, text in texts.items()
    ] + [
        f'Content-Disposition: form-data; name="{key}"; filename="'.encode()
        + name.encode('utf-8', 'surrogateescape')
        + b'"\r\nContent-Type: image/png\r\n\r\n'
        + data
        for key, (name, data) in files.items()
    ]
    edge = f'--{BOUNDARY}'.encode()
    return b''.join(edge + b'\r\n' + x + b'\r\n' for x in parts) + edge + b'--'


def picture(red: int = 90, size: tuple[int, int] = (90, 80)) -> bytes:
    """A PNG whose red tells it from others; a face is found in it."""
    return encoded(pixels(red, size), 'PNG')


def pixels(red: int = 90, size: tuple[int, int] = (90, 80)) -> Image.Image:
    """A picture with structure, (width, height)."""
    array = np.random.default_rng(red).integers(0, 255, (*size[::-1], 3))
    array[..., 0] = red
    return Image.fromarray(array.astype(np.uint8))


def encoded(image: Image.Image, name: str, **options: Any) -> bytes:
    """The file of a picture."""
    buffer = io.BytesIO()
    image.save(buffer, name, **options)
    return buffer.getvalue()


def wait_until(check: Callable[[], bool]) -> None:
    """Wait for what another thread does."""
    end = time.monotonic() + 30
    while not check():
        assert time.monotonic() < end, 'nothing happened for 30 seconds'
        time.sleep(0.01)


@pytest.fixture(scope='package')
def restorer() -> FaceSRInferencer:
    torch.manual_seed(0)
    return FaceSRInferencer(MODEL, network=enlarge, show_progress=False)


@contextmanager
def serving(restorer: FaceSRInferencer, limits: Limits) -> Iterator[Site]:
    """Serve in a thread."""
    former, finder = restorer._finder, Finder()
    restorer._finder = finder
    turns = Turns(JOBS)
    app = make_app(
        published_offers(), OneRestorer(restorer), limits, turns, ['faces.org']
    )
    listener = socket.create_server(('127.0.0.1', 0))
    server = Server(app, argparse.Namespace(host='127.0.0.1', open=False))
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    wait_until(lambda: server.started)
    try:
        yield Site(listener.getsockname()[1], finder, turns)
    finally:
        finder.gate.set()
        server.should_exit = True
        thread.join()
        turns.pool.shutdown()
        restorer._finder = former


@pytest.fixture(scope='package')
def running(restorer: FaceSRInferencer) -> Iterator[Site]:
    limits = Limits(MOST_BYTES, MOST_PIXELS, 50, seconds=5)
    with serving(restorer, limits) as site:
        yield site


@pytest.fixture
def site(running: Site) -> Iterator[Site]:
    """The server, of which a test leaves nothing behind."""
    running.finder.reset()
    yield running
    running.finder.gate.set()
    wait_until(lambda: running.turns._taken == 0 and not running.turns._line)


WRITTEN: list[str] = []


def note_writing(event: str, args: tuple) -> None:
    """Note every file that Python opens to write, makes or renames."""
    writes = os.O_WRONLY | os.O_RDWR | os.O_CREAT
    if event == 'open' and isinstance(args[2], int) and args[2] & writes:
        WRITTEN.append(str(args[0]))
    if event in ('os.mkdir', 'os.rename', 'tempfile.mkstemp'):
        WRITTEN.append(str(args[0]))


@pytest.fixture(scope='session')
def audit() -> None:
    sys.addaudithook(note_writing)  # there is no way to remove one


@pytest.fixture
def written(audit: None) -> list[str]:
    """Grows by every file that is written from now on."""
    WRITTEN.clear()
    return WRITTEN


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Grows by every picture of which pixels are decoded."""
    found: list[str] = []
    load = ImageFile.ImageFile.load

    def note(image: Image.Image) -> Any:
        found.append(str(image.format))
        return load(image)

    monkeypatch.setattr(ImageFile.ImageFile, 'load', note)
    return found
