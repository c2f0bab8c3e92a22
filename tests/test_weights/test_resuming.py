# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Downloads that break off and are continued, or not."""

import hashlib
import random
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

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


def break_off(
    urls: list[str],
    place: Path,
    checksum: Checksum = NOTHING,
    match: str = '100000 of 300000 bytes',
) -> None:
    """Download in a single try, which fails."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, 'PAUSES', ())
        with pytest.raises(WeightsError, match=match):
            download(urls, place, checksum)


@pytest.mark.parametrize(
    'checksum, ranges, starts',
    [
        (NOTHING, True, [None, TORN, 2 * TORN]),
        (KNOWN, True, [None, TORN, 2 * TORN]),
        (NOTHING, False, [None, TORN]),
    ],
)
def test_torn_file_is_continued(
    server,
    place: Path,
    checksum: Checksum,
    ranges: bool,
    starts: list,
    beside: Callable,
) -> None:
    breaks = [TORN] * (len(starts) - 1)
    server.add('/a.pth', CONTENT, tag='"v1"', ranges=ranges, breaks=breaks)
    download(server.urls(), place, checksum)
    assert place.read_bytes() == CONTENT and server.starts == starts
    assert beside(place) == ['a.pth']


@pytest.mark.parametrize(
    'validator', [dict(), dict(tag='W/"v1"'), dict(age=3600)]
)
def test_what_nobody_vouches_for_is_begun_anew(
    server, place: Path, validator: dict
) -> None:
    file = server.add('/a.pth', OTHER, breaks=[TORN], **validator)
    break_off(server.urls(), place, match='100000 of 300000 bytes')
    file.content = CONTENT
    download(server.urls(), place)
    assert server.starts == [None, None]
    assert place.read_bytes() == CONTENT


@pytest.mark.parametrize('checksum', [NOTHING, KNOWN])
def test_later_call_continues(
    server, place: Path, checksum: Checksum, beside: Callable
) -> None:
    file = server.add('/a.pth', CONTENT, tag='"v1"', breaks=[TORN])
    break_off(server.urls(), place, checksum, match='by other means')
    assert not place.exists()
    assert beside(place) == ['a.pth.part', 'a.pth.part.json']
    file.breaks = [TORN]
    file.statuses = [503]
    download(server.urls(), place, checksum)
    assert server.starts == [None, TORN, TORN, 2 * TORN]
    assert place.read_bytes() == CONTENT


def test_file_changed_midway_is_no_mixture(server, place: Path) -> None:
    file = server.add('/a.pth', OTHER, tag='"v1"', breaks=[TORN])
    break_off(server.urls(), place)
    file.content, file.tag = CONTENT, '"v2"'
    download(server.urls(), place)
    assert server.starts == [None, TORN]
    assert server.requests[1].headers['If-Range'] == '"v1"'
    assert place.read_bytes() == CONTENT


@pytest.mark.parametrize(
    'headers',
    [
        {'ETag': '"v2"'},  # If-Range not honored
        {'Content-Range': 'bytes 99999-299999/300000'},
        {'Content-Range': 'nonsense'},
    ],
)
def test_wrong_part_is_not_appended(
    server, place: Path, headers: dict
) -> None:
    file = server.add('/a.pth', OTHER, tag='"v1"', breaks=[TORN])
    break_off(server.urls(), place)
    file.content, file.headers = CONTENT, headers
    if 'Content-Range' in headers:
        # Once: without a range the answer is a whole file.
        break_off(server.urls(), place, match='another part of the file')
        file.headers = {}
    download(server.urls(), place)
    assert server.starts == [None, TORN, None]
    assert place.read_bytes() == CONTENT


def test_part_may_come_in_parts(server, place: Path) -> None:
    file = server.add('/a.pth', CONTENT, tag='"v1"', breaks=[TORN] * 3)
    break_off(server.urls(), place)
    # All that was announced, and less than there is.
    file.headers = {'Content-Length': str(TORN)}
    download(server.urls(), place)
    assert server.starts == [None, TORN, 2 * TORN]
    assert place.read_bytes() == CONTENT


def test_shorter_file_is_begun_anew(server, place: Path) -> None:
    file = server.add('/a.pth', OTHER, tag='"v1"', breaks=[TORN])
    short = CONTENT[: TORN // 2]
    known = Checksum(hashlib.sha256(short).hexdigest())
    break_off(server.urls(), place, known)
    file.content = short
    download(server.urls(), place, known)
    assert server.starts == [None, TORN, None]  # 416 in between
    assert place.read_bytes() == short


def test_bad_continuation_is_refused(
    server, place: Path, beside: Callable
) -> None:
    """A server that gives two files one tag."""
    file = server.add('/a.pth', OTHER, tag='"v1"', breaks=[TORN])
    break_off(server.urls(), place, KNOWN)
    file.content = CONTENT
    break_off(server.urls(), place, KNOWN, f'instead of {SHA256}')
    assert not beside(place)
    download(server.urls(), place, KNOWN)
    assert server.starts == [None, TORN, None]
    assert place.read_bytes() == CONTENT


def test_mirrors_are_not_mixed(server, place: Path) -> None:
    server.add('/a.pth', OTHER, tag='"v1"', breaks=[TORN])
    break_off(server.urls(), place)
    server.add('/b.pth', CONTENT, tag='"v1"')
    download(server.urls('/b.pth'), place)
    assert server.starts == [None, None]
    assert place.read_bytes() == CONTENT


def test_whole_partial_file_needs_no_network(
    place: Path, beside: Callable
) -> None:
    place.parent.mkdir(parents=True)
    (place.parent / 'a.pth.part').write_bytes(CONTENT)
    download(['http://localhost:9/a.pth'], place, KNOWN)
    assert place.read_bytes() == CONTENT and beside(place) == ['a.pth']


def test_what_is_sent_beyond_the_end_is_cut(server, place: Path) -> None:
    file = server.add('/a.pth', CONTENT, tag='"v1"', breaks=[TORN])
    break_off(server.urls(), place)
    file.content = CONTENT + OTHER
    size = len(CONTENT)
    file.headers = {'Content-Range': f'bytes {TORN}-{size - 1}/{size}'}
    download(server.urls(), place)
    assert place.read_bytes() == CONTENT


def test_interrupt_keeps_the_part_and_frees_the_lock(
    server, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    server.add('/a.pth', CONTENT, tag='"v1"', breaks=[TORN])
    with monkeypatch.context() as context:
        clock = SimpleNamespace(sleep=interrupt, monotonic=time.monotonic)
        context.setattr(module, 'time', clock)
        with pytest.raises(KeyboardInterrupt):
            download(server.urls(), place)
    assert (place.parent / 'a.pth.part').stat().st_size == TORN
    download(server.urls(), place)
    assert server.starts == [None, TORN]
    assert place.read_bytes() == CONTENT


def test_bar_starts_where_the_file_does(
    server, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bars = []

    class Bar(module.tqdm):
        def __init__(self, **options) -> None:
            bars.append(self)
            assert options['disable'] is None, 'on terminals only'
            super().__init__(**options | {'disable': False})

    monkeypatch.setattr(module, 'tqdm', Bar)
    server.add('/a.pth', CONTENT, tag='"v1"', breaks=[TORN])
    download(server.urls(), place)
    state = [
        (bar.desc.rstrip(': '), bar.initial, bar.n, bar.total) for bar in bars
    ]
    assert state == [
        ('a.pth', 0, TORN, len(CONTENT)),
        ('a.pth', TORN, len(CONTENT), len(CONTENT)),
    ]
