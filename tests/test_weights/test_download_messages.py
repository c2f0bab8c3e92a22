# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Downloads that fail say what to do."""

import errno
import hashlib
import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from mmfacesr.weights import WeightsError
from mmfacesr.weights import download as module
from mmfacesr.weights.download import download
from mmfacesr.weights.files import Checksum

pytestmark = pytest.mark.usefixtures('hurry')
CONTENT = random.Random(1).randbytes(300_000)
SHA256 = hashlib.sha256(CONTENT).hexdigest()
NOTHING = Checksum()


@pytest.mark.parametrize(
    'checksum, digits',
    [
        (NOTHING, 'its hash is not known'),
        (Checksum(sha256='01234567'), 'sha256 01234567'),
        (Checksum(git_blob='a' * 40), f'git_blob {"a" * 40}'),
    ],
)
def test_without_network_the_message_says_what_to_do(
    place: Path, checksum: Checksum, digits: str, said: list
) -> None:
    with pytest.raises(WeightsError) as error:
        download(
            [
                'http://me:secret@localhost:9/a.pth?raw=true',
                'http://localhost:9/mirror.pth',
            ],
            place,
            checksum,
            what='the weights of a judge',
            remedy='do without it',
        )
    message = str(error.value)
    for part in (
        'download the weights of a judge',
        'refused from http://localhost:9/a.pth?raw=true;',
        'refused from http://localhost:9/mirror.pth.',
        'Fetch http://localhost:9/a.pth?raw=true',
        f'put that file, {digits}, at {place}, or do without it.',
    ):
        assert part in message
    assert 'secret' not in message + str(said)
    tries = [text for text, _ in said if 'next try in 0.01 s' in text]
    assert len(tries) == 4


@pytest.mark.parametrize(
    'kind, text, shown',
    [
        (requests.exceptions.InvalidURL, 'No host in {}', 'in http://h/a.pth'),
        # A status line may have 65,536 characters.
        (requests.ConnectionError, ': ' + 'a' * (1 << 16), 'Error: aaa'),
    ],
)
def test_error_of_requests_is_short_and_shows_no_password(
    place: Path,
    monkeypatch: pytest.MonkeyPatch,
    kind: type,
    text: str,
    shown: str,
) -> None:
    def refuse(url: str, **__: object) -> None:
        raise kind(text.format(url))

    monkeypatch.setattr(requests, 'get', refuse)
    with pytest.raises(WeightsError, match=shown) as error:
        download(['http://me:secret@h/a.pth'], place)
    assert 'secret' not in str(error.value) and len(str(error.value)) < 1000


@pytest.mark.parametrize('code', [errno.ENOSPC, errno.EIO])
def test_disk_that_cannot_be_written(
    server,
    place: Path,
    monkeypatch: pytest.MonkeyPatch,
    code: int,
    beside: Callable,
) -> None:
    def full(*_: object) -> None:
        raise OSError(code, os.strerror(code))

    server.add('/a.pth', CONTENT)
    monkeypatch.setattr(module, 'write_atomic', full)
    with pytest.raises(WeightsError) as error:
        download(server.urls(), place, remedy='do without it')
    for part in (os.strerror(code), str(place), 'MMFACESR_WEIGHTS_DIR'):
        assert part in str(error.value)
    # A full disk is left as it was.
    assert beside(place) == ([] if code == errno.ENOSPC else ['a.pth.part'])
    assert len(server.requests) == 1


def test_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / 'file').touch()
    with pytest.raises(WeightsError, match='Expected to write .* set MMFACE'):
        download(['http://localhost:9/a.pth'], tmp_path / 'file/a.pth')


@pytest.mark.skipif(os.name == 'nt' or os.geteuid() == 0, reason='as root')
def test_folder_that_cannot_be_written(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(WeightsError, match='Permission denied'):
        download(['http://localhost:9/a.pth'], tmp_path / 'a.pth')


@pytest.mark.parametrize('length', ['9' * 30, '9' * 5000])
def test_a_length_of_many_digits(server, place: Path, length: str) -> None:
    server.add('/a.pth', b'a', headers={'Content-Length': length})
    with pytest.raises(WeightsError, match='from http'):
        download(server.urls(), place)
