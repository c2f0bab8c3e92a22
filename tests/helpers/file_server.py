# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""A server of files that misbehaves as it is told to."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

PIECE = 1 << 14


@dataclass
class ServedFile:
    """One file, and how it is served; to be changed at any time.

    Args:
        content (bytes): What it holds.
        tag (str | None): ETag with its quotes. Defaults to None.
        age (float | None): Seconds since its Last-Modified. Defaults to None.
        ranges (bool): Whether Range is honored. Defaults to True.
        length (bool): Whether Content-Length is sent. Defaults to True.
        statuses (list[int]): Answers of the next requests, with no content.
        breaks (list[int]): Bytes after which the next answers break off.
        pauses (list[float]): Seconds of silence in the middle of the next.
        delay (float): Seconds before each piece. Defaults to 0.
        headers (dict): More headers, or others. Defaults to none.
        to (str | None): URL that requests are redirected to.
    """

    content: bytes
    tag: str | None = None
    age: float | None = None
    ranges: bool = True
    length: bool = True
    statuses: list[int] = field(default_factory=list)
    breaks: list[int] = field(default_factory=list)
    pauses: list[float] = field(default_factory=list)
    delay: float = 0
    headers: dict[str, str] = field(default_factory=dict)
    to: str | None = None

    def __post_init__(self) -> None:
        self.made = time.time()

    def validators(self) -> dict[str, str]:
        """Headers by which a client knows this content."""
        found = {}
        if self.tag:
            found['ETag'] = self.tag
        if self.age is not None:
            found['Last-Modified'] = formatdate(
                self.made - self.age, usegmt=True
            )
        return found


@dataclass(frozen=True)
class Request:
    """What a client asked for."""

    path: str
    headers: dict[str, str]

    @property
    def start(self) -> int | None:
        """First byte asked for, None for all."""
        asked = re.fullmatch(r'bytes=(\d+)-', self.headers.get('Range', ''))
        return int(asked[1]) if asked else None


class FileServer:
    """Files by their paths, and what was asked of them."""

    def __init__(self, port: int) -> None:
        self.url = f'http://127.0.0.1:{port}'
        self.files: dict[str, ServedFile] = {}
        self.requests: list[Request] = []

    def add(self, path: str, content: bytes = b'', **options) -> ServedFile:
        """Serve a file at a path, as in '/folder/name.pth'."""
        self.files[path] = ServedFile(content, **options)
        return self.files[path]

    def urls(self, *paths: str) -> list[str]:
        """URLs of some paths; of '/a.pth' if none is given."""
        return [self.url + path for path in paths or ('/a.pth',)]

    @property
    def starts(self) -> list[int | None]:
        """First bytes that were asked for."""
        return [request.start for request in self.requests]


class Handler(BaseHTTPRequestHandler):
    """Answers with what `FileServer.files` says."""

    def do_GET(self) -> None:  # noqa: N802
        served: FileServer = self.server.served
        request = Request(self.path, dict(self.headers))
        served.requests.append(request)
        file = served.files.get(self.path.split('?')[0])
        if file is None or file.statuses:
            self.answer(404 if file is None else file.statuses.pop(0), file)
        elif file.to:
            self.send_response(302)
            self.send_header('Location', file.to)
            self.end_headers()
        else:
            self.send(file, request)

    def answer(self, status: int, file: ServedFile | None) -> None:
        self.send_response(status)
        for name, value in (file.headers if file else {}).items():
            self.send_header(name, value)
        self.end_headers()

    def send(self, file: ServedFile, request: Request) -> None:
        start, content, headers = 0, file.content, file.validators()
        valid = request.headers.get('If-Range') in (None, *headers.values())
        if request.start is not None and file.ranges and valid:
            start, size = request.start, len(content)
            if start >= size:
                self.answer(416, None)
                return
            headers['Content-Range'] = f'bytes {start}-{size - 1}/{size}'
        # Before the client has anything to react to.
        end = start + file.breaks.pop(0) if file.breaks else len(content)
        silence = file.pauses.pop(0) if file.pauses else 0
        if file.length:
            headers['Content-Length'] = str(len(content) - start)
        headers.update(file.headers)
        self.send_response(206 if 'Content-Range' in headers else 200)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        for place in range(start, min(end, len(content)), PIECE):
            time.sleep(file.delay)
            self.wfile.write(content[place : min(place + PIECE, end)])
            if place - start >= (end - start) // 2:
                time.sleep(silence)
                silence = 0

    def log_message(self, *args: object) -> None:
        """Say nothing."""


class QuietServer(ThreadingHTTPServer):
    """Does not report clients that went away."""

    daemon_threads = True

    def handle_error(self, *args: object) -> None:
        """Say nothing."""


@contextmanager
def serving() -> Iterator[FileServer]:
    """Serve files at a free port of this machine."""
    with QuietServer(('127.0.0.1', 0), Handler) as server:
        server.block_on_close = False
        server.served = FileServer(server.server_port)
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server.served
        server.shutdown()
