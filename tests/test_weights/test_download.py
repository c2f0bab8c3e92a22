# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Downloads from servers that misbehave."""

import hashlib
import random
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import file_server
import pytest
import requests
from urllib3 import HTTPResponse

from mmfacesr.weights import WeightsError
from mmfacesr.weights import download as module
from mmfacesr.weights.download import download
from mmfacesr.weights.files import Checksum

pytestmark = pytest.mark.usefixtures('hurry')
CONTENT = random.Random(1).randbytes(300_000)
OTHER = random.Random(2).randbytes(300_000)
SHA256 = hashlib.sha256(CONTENT).hexdigest()
KNOWN = Checksum(sha256=SHA256)
TORN = 100_000
NOTHING = Checksum()
PAGE = b'\xef\xbb\xbf\n <!DOCTYPE html><title>Log in</title>'
POINTER = b'version https://git-lfs.github.com/spec/v1\noid sha256:0\n'


@pytest.mark.parametrize('checksum', [NOTHING, KNOWN])
def test_good_file(
    server, place: Path, checksum: Checksum, beside: Callable
) -> None:
    server.add('/a.pth', CONTENT)
    hashes = download(server.urls(), place, checksum)
    assert hashes.sha256 == SHA256 and place.read_bytes() == CONTENT
    assert beside(place) == ['a.pth']
    (request,) = server.requests
    assert request.headers['Accept-Encoding'] == 'identity'
    # A second call finds it.
    assert download(server.urls(), place, checksum) == hashes
    assert len(server.requests) == 1


def test_corrupt_file_never_gets_the_name(
    server, place: Path, beside: Callable
) -> None:
    server.add('/a.pth', OTHER, tag='"v1"', breaks=[TORN, TORN])
    found = hashlib.sha256(OTHER).hexdigest()
    with pytest.raises(
        WeightsError, match=f'sha256 {found} instead of {SHA256}'
    ):
        download(server.urls(), place, KNOWN)
    assert server.starts == [None, TORN, 2 * TORN], 'once, no more'
    assert not beside(place)


def test_wrong_file_at_the_place_is_put_aside(
    server, place: Path, said: list
) -> None:
    server.add('/a.pth', CONTENT)
    place.parent.mkdir(parents=True)
    place.write_bytes(OTHER)
    download(server.urls(), place, KNOWN)
    assert place.read_bytes() == CONTENT
    assert (place.parent / 'a.pth.damaged').read_bytes() == OTHER
    assert any('a.pth.damaged' in text for text, _ in said)


def test_silent_server_is_asked_again(server, place: Path, said: list) -> None:
    server.add('/a.pth', CONTENT, tag='"v1"', pauses=[1.0])
    download(server.urls(), place)
    assert len(server.requests) == 2 and server.starts[1] > 0
    assert place.read_bytes() == CONTENT
    assert any('of 300000 bytes' in text for text, _ in said)


@pytest.mark.parametrize('status', [408, 425, 429, 500, 503])
def test_passing_faults_are_tried_again(
    server, place: Path, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = server.add('/a.pth', CONTENT, statuses=[status, status])
    file.headers = {'Retry-After': '30'}
    slept = []
    clock = SimpleNamespace(sleep=slept.append, monotonic=time.monotonic)
    monkeypatch.setattr(module, 'time', clock)
    download(server.urls(), place)
    assert len(server.requests) == 3
    # As the server asks, up to a bound.
    assert slept[:2] == [0.05, 0.05]


def test_pauses_grow_and_progress_begins_anew(
    server, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = server.add('/a.pth', CONTENT, tag='"v1"', breaks=[TORN])
    file.statuses = [500, 500]
    slept = []
    clock = SimpleNamespace(sleep=slept.append, monotonic=time.monotonic)
    monkeypatch.setattr(module, 'time', clock)
    monkeypatch.setattr(module, 'PAUSES', (1, 2))
    download(server.urls(), place)
    assert slept == [1, 2, 1]
    # Never longer than so long.
    place.unlink()
    file.breaks = [10_000] * 30
    clock.monotonic = iter(range(100)).__next__
    monkeypatch.setattr(module, 'LONGEST', 9)
    with pytest.raises(WeightsError, match='or 9 s'):
        download(server.urls(), place)
    assert 4 < len(server.requests) < 4 + 9


@pytest.mark.parametrize('status', [401, 403, 404, 410])
def test_mirror_is_asked_at_once(server, place: Path, status: int) -> None:
    server.add('/a.pth', OTHER, statuses=[status] * 2)
    server.add('/wrong.pth', OTHER)
    server.add('/b.pth', CONTENT)
    download(server.urls('/a.pth', '/wrong.pth', '/b.pth'), place, KNOWN)
    asked = [request.path for request in server.requests]
    assert asked == ['/a.pth', '/wrong.pth', '/b.pth']
    assert place.read_bytes() == CONTENT


def test_redirect_is_followed(server, place: Path) -> None:
    server.add('/a.pth', to='/far/b.pth')
    server.add('/far/b.pth', CONTENT, tag='"v1"', breaks=[TORN])
    download(server.urls(), place)
    assert place.read_bytes() == CONTENT
    assert server.starts == [None, None, TORN, TORN]


def test_redirects_that_are_not_followed(server, place: Path) -> None:
    server.add('/a.pth', to='/a.pth')
    server.add('/b.pth', to='file:///etc/passwd')
    with pytest.raises(WeightsError, match='30 redirects.*InvalidSchema'):
        download(server.urls('/a.pth', '/b.pth'), place)


def test_redirect_to_plain_http_is_refused(place: Path, monkeypatch) -> None:
    def get(_: str, **__: object) -> requests.Response:
        answers = [requests.Response() for _ in schemes]
        for answer, scheme in zip(answers, schemes):
            answer.status_code, answer.raw = 404, HTTPResponse()
            answer.url = f'{scheme}://me:secret@host/a.pth'
        answers[-1].history = answers[:-1]
        answers[-1].status_code = 200
        return answers[-1]

    monkeypatch.setattr(requests, 'get', get)
    schemes = ('http', 'https', 'http')
    with pytest.raises(WeightsError, match='https to http://host/a.pth'):
        download(['http://host/a.pth'], place)
    schemes = ('http', 'https', 'https')
    with pytest.raises(WeightsError, match='unknown length'):
        download(['http://host/a.pth'], place)


@pytest.mark.parametrize(
    'content, reason',
    [(PAGE, 'web page'), (POINTER, 'git-lfs'), (b'', "nothing: b''")],
)
@pytest.mark.parametrize('checksum', [NOTHING, KNOWN])
def test_page_is_no_file(
    server,
    place: Path,
    content: bytes,
    reason: str,
    checksum: Checksum,
    beside: Callable,
) -> None:
    server.add('/a.pth', content)
    with pytest.raises(WeightsError, match=reason):
        download(server.urls(), place, checksum)
    assert not beside(place)


def test_hash_outranks_the_look_of_a_file(server, place: Path) -> None:
    server.add('/a.pth', PAGE)
    digest = hashlib.sha256(PAGE).hexdigest()
    assert download(server.urls(), place, Checksum(digest)).sha256 == digest


def test_length_must_be_known_somehow(
    server, place: Path, beside: Callable
) -> None:
    file = server.add('/a.pth', CONTENT, length=False, breaks=[TORN])
    with pytest.raises(WeightsError, match='unknown length'):
        download(server.urls(), place)
    assert not beside(place)
    # The hash tells a torn file from the whole one.
    file.breaks = [TORN]
    with pytest.raises(WeightsError, match='instead of'):
        download(server.urls(), place, KNOWN)
    download(server.urls(), place, KNOWN)
    assert place.read_bytes() == CONTENT


def test_body_in_chunks_has_an_end(server, place: Path) -> None:
    body = b'%x\r\n%s\r\n' % (len(CONTENT), CONTENT)
    file = server.add('/a.pth', body, length=False)
    file.headers = {'Transfer-Encoding': 'chunked'}
    with pytest.raises(WeightsError, match='no more than 300000 of'):
        download(server.urls(), place)
    file.content = body + b'0\r\n\r\n'
    download(server.urls(), place)
    assert place.read_bytes() == CONTENT


def test_compressed_answer_is_refused(server, place: Path) -> None:
    file = server.add('/a.pth', CONTENT)
    file.headers = {'Content-Encoding': 'gzip'}
    with pytest.raises(WeightsError, match="coding 'gzip'"):
        download(server.urls(), place)


@pytest.mark.parametrize('chunked', [False, True])
def test_too_large_a_file_leaves_nothing(
    server, place: Path, beside: Callable, monkeypatch, chunked: bool
) -> None:
    body = b'%x\r\n%s\r\n0\r\n\r\n' % (len(CONTENT), CONTENT)
    file = server.add('/a.pth', body if chunked else CONTENT)
    file.length = not chunked
    file.headers = {'Transfer-Encoding': 'chunked'} if chunked else {}
    monkeypatch.setattr(module, 'MOST_BYTES', len(CONTENT) - 1)
    with pytest.raises(WeightsError, match=f'over {len(CONTENT) - 1} B'):
        download(server.urls(), place, KNOWN)
    assert not beside(place)
    monkeypatch.setattr(module, 'MOST_BYTES', len(CONTENT))
    assert download(server.urls(), place, KNOWN)


def test_dripping_server_comes_to_an_end(
    server, place: Path, beside: Callable, monkeypatch
) -> None:
    """A byte now and then is no silence."""
    monkeypatch.setattr(file_server, 'PIECE', 1)
    server.add('/a.pth', CONTENT, delay=0.02)
    start = time.monotonic()
    monkeypatch.setattr(module, 'LONGEST', 0.3)
    with pytest.raises(WeightsError, match='or 0.3 s'):
        download(server.urls(), place, KNOWN)
    assert time.monotonic() - start < 5
    assert not beside(place)
