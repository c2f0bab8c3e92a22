# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Weights from a path, a URL or a name."""

import hashlib
import random
from collections.abc import Callable
from pathlib import Path

import pytest
from mmengine.logging import MMLogger

from mmfacesr.weights import WeightsError
from mmfacesr.weights.files import Checksum, hash_file
from mmfacesr.weights.model_index import WeightsEntry
from mmfacesr.weights.sources import local_weights, place_of

pytestmark = pytest.mark.usefixtures('hurry')
CONTENT = random.Random(1).randbytes(50_000)
OTHER = random.Random(2).randbytes(50_000)
SHA256 = hashlib.sha256(CONTENT).hexdigest()
WHAT = ('the weights of a judge', 'do without it')


def entry(*urls: str, name: str = 'judge', **options) -> WeightsEntry:
    """An entry of the model index."""
    options = dict(checksum=Checksum(), license='MIT') | options
    return WeightsEntry(
        name=name, urls=urls, config=None, collection='Judges', **options
    )


def test_path_is_returned_if_it_is_there(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, index: Callable
) -> None:
    index()
    monkeypatch.setenv('HOME', str(tmp_path))
    for source in ('~/judge.pth', Path('~/judge.pth')):
        with pytest.raises(WeightsError) as error:
            local_weights(source, *WHAT)
        for part in (*WHAT, str(tmp_path / 'judge.pth'), 'found none'):
            assert part in str(error.value)
    path = tmp_path / 'judge.pth'
    path.write_bytes(CONTENT)
    found = local_weights('~/judge.pth', *WHAT)
    assert (found.path, found.source) == (path, str(path))
    assert found.hashes == hash_file(path)
    assert [x.name for x in tmp_path.iterdir()] == ['judge.pth']


def test_path_is_checked(tmp_path: Path) -> None:
    path = tmp_path / 'judge.pth'
    path.write_bytes(CONTENT)
    assert local_weights(path, sha256=SHA256[:8].upper()).path == path
    with pytest.raises(WeightsError, match=f'{SHA256} instead of 01234567'):
        local_weights(path, sha256='01234567')
    with pytest.raises(WeightsError, match='8 to 64 hex digits'):
        local_weights(path, sha256='0123')


@pytest.mark.parametrize('source', ['no-such', 'x2', ''])
def test_unknown_name_is_explained(
    source: str, index: Callable, tmp_path: Path
) -> None:
    index(entry('http://host/a.pth', name='sparnet-x2-celeba'))
    with pytest.raises(WeightsError) as error:
        local_weights(source, *WHAT)
    for part in (
        'a file, a URL or a name of the model index',
        f'got {source!r}; `mmfacesr models` lists the names',
        *WHAT,
    ):
        assert part in str(error.value)
    close = 'close ones: sparnet-x2-celeba'
    assert (close in str(error.value)) == (source != 'no-such')


def test_file_comes_before_a_name(
    index: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    index(entry('http://localhost:9/a.pth'))
    Path('judge').write_bytes(CONTENT)
    assert local_weights('judge').path == Path('judge')


def test_name_and_urls_are_one_file(
    server, folder: Path, index: Callable
) -> None:
    official, mirror = server.urls('/down/a.pth', '/mirror/b.pth')
    server.add('/mirror/b.pth', CONTENT)
    index(entry(official, mirror))
    expected = place_of(official)
    for source in ('judge', official, mirror):
        found = local_weights(source, *WHAT)
        assert found.path == expected and found.source == source
        assert found.hashes == hash_file(expected)
    asked = [request.path for request in server.requests]
    assert asked == ['/down/a.pth', '/mirror/b.pth']


@pytest.mark.parametrize(
    'name, checksum, is_good',
    [
        ('a', Checksum(SHA256), True),
        ('a', Checksum(git_blob='a' * 40), False),
        ('a', Checksum('01234567'), False),
        (f'a-{SHA256[:8]}', None, True),
        ('a-01234567', None, False),
    ],
)
def test_index_and_name_are_obeyed(
    server,
    folder: Path,
    index: Callable,
    name: str,
    checksum: Checksum | None,
    is_good: bool,
) -> None:
    server.add(f'/{name}.pth', CONTENT)
    (url,) = server.urls(f'/{name}.pth')
    index(*(() if checksum is None else [entry(url, checksum=checksum)]))
    if is_good:
        assert local_weights(url).path.read_bytes() == CONTENT
        return
    with pytest.raises(WeightsError, match='instead of .*or do without'):
        local_weights(url, *WHAT)
    assert not place_of(url).exists()


def test_hashes_that_differ_need_no_network(
    folder: Path, index: Callable
) -> None:
    index()
    url = 'http://localhost:9/a-01234567.pth'
    with pytest.raises(WeightsError, match='one sha256 .*01234567.*76543210'):
        local_weights(url, sha256='76543210')
    index(entry(url, checksum=Checksum('89abcdef')))
    with pytest.raises(WeightsError, match='one sha256 .*89abcdef.*01234567'):
        local_weights(url)


def test_restricted_license_is_shown_once_before(
    server, folder: Path, index: Callable, said: list
) -> None:
    license = 'CC BY-NC-SA 4.0'
    index(entry(*server.urls(), license=license))
    with pytest.raises(WeightsError, match='404'):
        local_weights('judge')
    notices = [text for text, _ in said if license in text]
    assert len(notices) == 1, 'before anything is fetched'
    assert 'judge' in notices[0] and server.urls()[0] in notices[0]
    server.add('/a.pth', CONTENT)
    for _ in range(3):
        local_weights('judge')
    assert len([text for text, _ in said if license in text]) == 2


def test_open_license_needs_no_notice(
    server, folder: Path, index: Callable, said: list
) -> None:
    server.add('/a.pth', CONTENT)
    index(entry(*server.urls(), checksum=Checksum(SHA256)))
    local_weights('judge')
    assert [text.split()[0] for text, _ in said] == ['Fetching']


def test_unknown_license_is_told(
    server, folder: Path, index: Callable, said: list
) -> None:
    server.add('/a.pth', CONTENT)
    index()
    for _ in range(2):
        local_weights(server.urls()[0])
    assert len([text for text, _ in said if 'license of' in text]) == 1


def test_password_is_neither_kept_nor_shown(
    server, folder: Path, index: Callable, said: list
) -> None:
    server.add('/a.pth', CONTENT)
    index()
    url = server.urls()[0]
    found = local_weights(url.replace('://', '://me:secret@'))
    assert 'Basic' in server.requests[0].headers['Authorization']
    assert found.source == url and found.path == place_of(url)
    kept = [path.read_bytes() for path in folder.rglob('*') if path.is_file()]
    assert b'secret' not in b''.join(kept) and 'secret' not in str(said)


@pytest.mark.usefixtures('server')
def test_missing_logger_is_no_fault(
    server, folder: Path, index: Callable, capsys: pytest.CaptureFixture
) -> None:
    MMLogger._instance_dict.clear()
    server.add('/a.pth', CONTENT)
    index()
    local_weights(server.urls()[0])
    assert 'Nothing was known' in capsys.readouterr().out
