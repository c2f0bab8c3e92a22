# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Hashes of files against hashlib and git, and what is known of them."""

import hashlib
import shutil
import subprocess
from pathlib import Path

import pytest

from mmfacesr.weights import WeightsError
from mmfacesr.weights.files import (
    CHUNK,
    Checksum,
    FileHashes,
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
    found = FileHashes(sha256='ab' * 32, git_blob='cd' * 20)
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
