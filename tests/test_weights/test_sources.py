# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Weights from a file or a URL."""

import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
import torch

from mmfacesr.weights.errors import WeightsError
from mmfacesr.weights.sources import local_weights

CONTENT = bytes(range(256)) * 1000
DIGITS = hashlib.sha256(CONTENT).hexdigest()[:8]
WHAT = ('the weights of a judge', 'do without it')


class Handler(BaseHTTPRequestHandler):
    """Serves CONTENT under any name, `half` of it or nothing."""

    def do_GET(self) -> None:  # noqa: N802
        self.server.asked.append(self.path)
        if 'absent' in self.path:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header('Content-Length', str(len(CONTENT)))
        self.end_headers()
        half = len(CONTENT) // 2 if 'half' in self.path else None
        self.wfile.write(CONTENT[:half])

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def server(
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[ThreadingHTTPServer]:
    monkeypatch.setenv('no_proxy', '*')
    with ThreadingHTTPServer(('127.0.0.1', 0), Handler) as server:
        server.asked = []
        server.url = f'http://127.0.0.1:{server.server_port}'
        Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Where downloads go; not made yet."""
    monkeypatch.setattr(torch.hub, 'get_dir', lambda: str(tmp_path / 'hub'))
    return tmp_path / 'hub/checkpoints'


def test_path_is_returned_if_it_is_there(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv('HOME', str(tmp_path))
    with pytest.raises(WeightsError) as error:
        local_weights('~/judge.pth', *WHAT)
    for part in (*WHAT, str(tmp_path / 'judge.pth'), 'found none'):
        assert part in str(error.value)
    (tmp_path / 'judge.pth').touch()
    assert local_weights('~/judge.pth', *WHAT) == tmp_path / 'judge.pth'


@pytest.mark.parametrize(
    'name', [f'judge-{DIGITS}.pth', 'judge.pth', 'judge-face.pth']
)
def test_url_is_downloaded_once(
    server: ThreadingHTTPServer, folder: Path, name: str
) -> None:
    for _ in range(2):
        path = local_weights(f'{server.url}/some/{name}?raw=true', *WHAT)
        assert path == folder / name
        assert path.read_bytes() == CONTENT
    assert len(server.asked) == 1
    assert list(folder.iterdir()) == [path]


def test_many_may_ask_at_once(
    server: ThreadingHTTPServer, folder: Path
) -> None:
    url = f'{server.url}/judge-{DIGITS}.pth'
    with ThreadPoolExecutor(4) as pool:
        contents = pool.map(
            lambda _: local_weights(url, *WHAT).read_bytes(), range(8)
        )
        assert all(content == CONTENT for content in contents)
    assert [path.name for path in folder.iterdir()] == [f'judge-{DIGITS}.pth']


@pytest.mark.parametrize(
    'name, reason',
    [
        ('judge-01234567.pth', 'invalid hash value'),
        (f'half-{DIGITS}.pth', 'invalid hash value'),
        ('absent.pth', '404'),
    ],
)
def test_failed_download_leaves_nothing(
    server: ThreadingHTTPServer, folder: Path, name: str, reason: str
) -> None:
    with pytest.raises(WeightsError, match=reason):
        local_weights(f'{server.url}/{name}', *WHAT)
    assert server.asked == [f'/{name}'] and not list(folder.iterdir())


def test_without_network_the_message_says_what_to_do(folder: Path) -> None:
    url = 'http://localhost:9/judge.pth'
    with pytest.raises(WeightsError) as error:
        local_weights(url, *WHAT)
    for part in (*WHAT, url, str(folder / 'judge.pth')):
        assert part in str(error.value)
    # Put there by hand, as told.
    (folder / 'judge.pth').write_bytes(CONTENT)
    assert local_weights(url, *WHAT) == folder / 'judge.pth'


@pytest.mark.parametrize('url', ['http://localhost:9/', 'http://localhost:9'])
def test_url_without_a_name_is_refused(folder: Path, url: str) -> None:
    with pytest.raises(WeightsError, match='URL of a file .*judge'):
        local_weights(url, *WHAT)


def test_folder_that_cannot_be_made(folder: Path) -> None:
    folder.parent.parent.mkdir(exist_ok=True)
    folder.parent.touch()
    with pytest.raises(WeightsError, match='do without it'):
        local_weights('http://localhost:9/judge.pth', *WHAT)
