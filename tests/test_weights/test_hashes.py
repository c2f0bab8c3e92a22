# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Hashes of files against hashlib and git, and what is known of them."""

import hashlib
import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from mmfacesr.weights import WeightsError, files
from mmfacesr.weights.files import (
    CHUNK,
    Checksum,
    checksum_in_name,
    hash_file,
)


@pytest.mark.parametrize('size', [0, 1, CHUNK, 2 * CHUNK + 3])
def test_hashes_are_those_of_hashlib_and_git(
    size: int, tmp_path: Path
) -> None:
    path = tmp_path / 'file'
    path.write_bytes(bytes(range(251)) * (size // 251) + b'x' * (size % 251))
    found = hash_file(path)
    assert found.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    if shutil.which('git') is None:
        pytest.skip('git is missing')
    known = subprocess.run(
        ['git', 'hash-object', '--no-filters', path],
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.git_blob == known.stdout.strip()


@pytest.mark.parametrize(
    'name, digits',
    [
        ('vgg19-dcbb9e9d.pth', 'dcbb9e9d'),
        ('dic_x8_CelebAHQ_20210611-5d3439ca.pth', '5d3439ca'),
        (f'face-{"0f" * 32}.safetensors', '0f' * 32),
        ('inception-2015-12-05-6726825d.pth', '6726825d'),
        ('face-12345678.pth', '12345678'),
        ('face-20210611.pth', None),
        ('face-2021061112.pth', '2021061112'),
        ('face-20211311.pth', '20211311'),
        ('face-decade.pth', None),
        ('face_dcbb9e9d.pth', None),
        ('face-dcbb9e9d', None),
        ('face-DCBB9E9D.pth', None),
        ('SPARNet-V16-S4-epoch20.pth', None),
    ],
)
def test_digits_in_names(name: str, digits: str | None) -> None:
    found = checksum_in_name(name)
    assert found == Checksum(sha256=digits)
    assert bool(found) == (digits is not None)


def test_what_is_known_is_compared() -> None:
    found = Checksum(sha256='ab' * 32, git_blob='cd' * 20)
    for known in (
        Checksum(),
        Checksum('AB' * 4),
        Checksum('ab' * 32, 'CD' * 20),
    ):
        assert known.fault(found) is None
    assert Checksum('ba' * 4).fault(found) == (
        f'sha256 {"ab" * 32} instead of babababa'
    )
    assert 'git_blob' in Checksum('ab' * 4, 'dc' * 20).fault(found)


@pytest.mark.parametrize(
    'known',
    [
        dict(sha256='abcdef0'),
        dict(sha256='ab' * 33),
        dict(sha256='0x' + 'ab' * 8),
        dict(git_blob='ab' * 19),
    ],
)
def test_what_is_no_hash_is_refused(known: dict) -> None:
    with pytest.raises(WeightsError, match='hex digits as'):
        Checksum(**known)


def read_counter(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Paths of the files that are opened to be hashed."""
    opened = []

    def count(path: str, mode: str) -> object:
        opened.append(path)
        return open(path, mode)

    monkeypatch.setattr(files, 'open', count, raising=False)
    return opened


def age(path: Path, seconds: float) -> None:
    """Set the time of a file's last change."""
    os.utime(path, (time.time() - seconds,) * 2)


def test_unchanged_file_is_read_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, link = tmp_path / 'file', tmp_path / 'link'
    path.write_bytes(b'one')
    age(path, 60)
    link.symlink_to(path)
    opened = read_counter(monkeypatch)
    found = {hash_file(path), hash_file(str(path)), hash_file(link)}
    assert len(found) == 1 and opened == [str(path)]


@pytest.mark.parametrize('change', ['time', 'size', 'inode'])
def test_changed_file_is_read_again(tmp_path: Path, change: str) -> None:
    path = tmp_path / 'file'
    path.write_bytes(b'one')
    age(path, 60)
    times = path.stat().st_atime_ns, path.stat().st_mtime_ns
    hash_file(path)
    content = b'other' if change == 'size' else b'two'
    if change == 'inode':
        path.rename(tmp_path / 'old')
    path.write_bytes(content)
    if change == 'time':
        age(path, 30)
    else:
        os.utime(path, ns=times)
    assert hash_file(path).sha256 == hashlib.sha256(content).hexdigest()


def test_file_that_has_just_changed_is_not_trusted(tmp_path: Path) -> None:
    """Two changes within one tick of the clock leave one time."""
    path = tmp_path / 'file'
    path.write_bytes(b'one')
    times = path.stat().st_atime_ns, path.stat().st_mtime_ns
    hash_file(path)
    path.write_bytes(b'two')
    os.utime(path, ns=times)
    assert hash_file(path).sha256 == hashlib.sha256(b'two').hexdigest()


def test_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=f'read {tmp_path}, got Is a dir'):
        hash_file(tmp_path)
