# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Weights with an address: used again, checked again."""

import hashlib
import json
import logging
import random
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from mmfacesr.weights import WeightsError, sources
from mmfacesr.weights.files import Checksum, hash_file
from mmfacesr.weights.model_index import WeightsEntry
from mmfacesr.weights.sources import local_weights, place_of

pytestmark = pytest.mark.usefixtures('hurry')
CONTENT = random.Random(1).randbytes(50_000)
OTHER = random.Random(2).randbytes(50_000)
SHA256 = hashlib.sha256(CONTENT).hexdigest()
OTHER_SHA256 = hashlib.sha256(OTHER).hexdigest()
OFFLINE = 'http://localhost:9/a.pth'


@pytest.fixture(autouse=True)
def empty_index(index: Callable) -> None:
    index()


def put(url: str, content: bytes) -> Path:
    """Put a file at the place of a URL, as by hand."""
    path = place_of(url)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def test_record_tells_what_was_fetched(
    server, folder: Path, said: list
) -> None:
    server.add('/a.pth', CONTENT)
    (url,) = server.urls()
    found = local_weights(url)
    record = json.loads(found.path.with_name('a.pth.json').read_text())
    assert record.pop('date')[:2] == '20'
    assert record == dict(
        url=url,
        sha256=SHA256,
        git_blob=hash_file(found.path).git_blob,
        size=len(CONTENT),
        license=None,
    )
    told = [text for text, level in said if level == logging.WARNING]
    license, warning = told
    assert 'license' in license and url in license
    assert url in warning and SHA256 in warning and 'a.pth.json' in warning
    local_weights(url)
    assert len(server.requests) == 1
    assert [text for text, level in said if level > logging.INFO] == told


def test_another_content_is_refused_later(server, folder: Path) -> None:
    file = server.add('/a.pth', CONTENT)
    (url,) = server.urls()
    path = local_weights(url).path
    record = path.with_name('a.pth.json')
    # Fetched again: the server has another one by now.
    path.unlink()
    file.content = OTHER
    with pytest.raises(WeightsError) as error:
        local_weights(url)
    for part in (SHA256, OTHER_SHA256, f'delete {record} to accept'):
        assert part in str(error.value)
    assert not path.exists()
    # Replaced by someone: neither used nor touched.
    path.write_bytes(OTHER)
    asked = len(server.requests)
    message = re.escape(f'or delete {record} to accept it')
    with pytest.raises(WeightsError, match=message):
        local_weights(url)
    assert path.read_bytes() == OTHER and len(server.requests) == asked
    # Accepted, as told.
    record.unlink()
    assert local_weights(url).hashes.sha256 == OTHER_SHA256
    assert json.loads(record.read_text())['sha256'] == OTHER_SHA256


def test_file_placed_by_hand_is_checked_and_recorded(
    folder: Path, said: list
) -> None:
    path = put(OFFLINE, CONTENT)
    assert local_weights(OFFLINE).path == path
    assert any(SHA256 in text for text, _ in said)
    path.write_bytes(OTHER)
    with pytest.raises(WeightsError, match=f'instead of {SHA256}'):
        local_weights(OFFLINE)


def test_without_network_the_message_says_all(folder: Path) -> None:
    with pytest.raises(WeightsError) as error:
        local_weights(OFFLINE, 'a judge', 'do without it', sha256=SHA256)
    for part in ('a judge', OFFLINE, SHA256, 'or do without it'):
        assert part in str(error.value)
    # Put there by hand, as told.
    path = folder / 'localhost+9/a.pth'
    assert str(path) in str(error.value)
    put(OFFLINE, CONTENT)
    assert local_weights(OFFLINE, sha256=SHA256).path == path


@pytest.mark.parametrize('by', ['index', 'name', 'caller'])
def test_damaged_file_is_fetched_again(
    server, folder: Path, by: str, index: Callable, said: list
) -> None:
    name = f'/a-{SHA256[:8]}.pth' if by == 'name' else '/a.pth'
    server.add(name, CONTENT)
    (url,) = server.urls(name)
    sha256 = SHA256 if by == 'caller' else None
    if by == 'index':
        index(WeightsEntry('judge', (url,), Checksum(SHA256), 'MIT', 'Judges'))
    path = local_weights(url, sha256=sha256).path
    path.write_bytes(CONTENT[:100])
    assert local_weights(url, sha256=sha256).path == path
    assert path.read_bytes() == CONTENT and len(server.requests) == 2
    assert any('fetched again' in text for text, _ in said)


@pytest.mark.parametrize('name', ['a.pth', f'a-{SHA256[:8]}.pth'])
def test_wrong_sha256_does_not_cost_the_file(
    server, folder: Path, name: str
) -> None:
    server.add(f'/{name}', CONTENT)
    url = f'{server.url}/{name}'
    path = local_weights(url).path
    wrong = SHA256[:8] + '0' * 56 if '-' in name else '01234567'
    with pytest.raises(WeightsError, match='delete it .*, or correct sha256'):
        local_weights(url, sha256=wrong)
    assert path.read_bytes() == CONTENT and len(server.requests) == 1


def test_given_hash_outranks_the_record(server, folder: Path) -> None:
    file = server.add('/a.pth', CONTENT)
    (url,) = server.urls()
    path = local_weights(url).path
    path.unlink()
    file.content = OTHER
    assert local_weights(url, sha256=OTHER_SHA256).path == path
    # From then on it is what was recorded.
    assert local_weights(url).hashes.sha256 == OTHER_SHA256


def test_file_of_torch_needs_a_proof(
    server, folder: Path, tmp_path: Path
) -> None:
    names = ('a.pth', f'a-{SHA256[:8]}.pth', 'b-01234567.pth')
    hub = tmp_path / 'hub/checkpoints'
    hub.mkdir(parents=True)
    for name in names:
        (hub / name).write_bytes(CONTENT)
        server.add(f'/{name}', CONTENT)
    found = [local_weights(f'{server.url}/{name}').path for name in names[:2]]
    assert found == [place_of(f'{server.url}/a.pth'), hub / names[1]]
    with pytest.raises(WeightsError, match='instead of 01234567'):
        local_weights(f'{server.url}/{names[2]}')
    assert [x.path for x in server.requests] == ['/a.pth', '/b-01234567.pth']
    # Where nothing but the caller knows.
    other = 'http://localhost:9/a.pth'
    assert local_weights(other, sha256=SHA256[:10]).path == hub / 'a.pth'
    assert local_weights(other).path == hub / 'a.pth', 'by the record'


@pytest.mark.parametrize(
    'text',
    ['', '{}', '[]', '{"url": 1}', '\xff', 'short', 'empty', 'deep'],
)
def test_damaged_record_is_ignored(
    folder: Path, said: list, text: str
) -> None:
    path = put(OFFLINE, CONTENT)
    local_weights(OFFLINE)
    record = path.with_name('a.pth.json')
    if text in ('short', 'empty'):
        fields = json.loads(record.read_text())
        fields['sha256'] = 'abc' if text == 'short' else None
        text = json.dumps(fields)
    if text == 'deep':
        text = '[' * 100_000
    record.write_bytes(text.encode('latin-1'))
    said.clear()
    local_weights(OFFLINE)
    assert 'it is ignored' in said[0][0] and str(record) in said[0][0]
    assert json.loads(record.read_text())['sha256'] == SHA256


def test_shared_folder_need_not_be_written(
    folder: Path, said: list, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, 'Permission denied')

    monkeypatch.setattr(sources, 'write_atomic', refuse)
    path = put(OFFLINE, CONTENT)
    assert local_weights(OFFLINE, sha256=SHA256).path == path
    _, (text, level) = said  # the first of its license
    assert 'cannot be written (Permission denied)' in text
    assert level == logging.WARNING
