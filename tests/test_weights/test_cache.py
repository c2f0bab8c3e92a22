# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Where downloaded weights lie."""

import os
import re
from pathlib import Path

import pytest

from mmfacesr.weights import WeightsError, public_url
from mmfacesr.weights.sources import (
    file_name,
    place_of,
    weights_dir,
)

VARIABLES = ('MMFACESR_WEIGHTS_DIR', 'MMFACESR_HOME', 'XDG_CACHE_HOME')


@pytest.mark.parametrize(
    'environment, expected',
    [
        ({}, 'home/.cache/mmfacesr/weights'),
        (dict.fromkeys(VARIABLES, ''), 'home/.cache/mmfacesr/weights'),
        ({'XDG_CACHE_HOME': '{}/c'}, 'c/mmfacesr/weights'),
        ({'XDG_CACHE_HOME': '/x', 'MMFACESR_HOME': '~/m'}, 'home/m/weights'),
        ({'MMFACESR_HOME': '/x', 'MMFACESR_WEIGHTS_DIR': 'a/../w'}, 'w'),
    ],
)
def test_folder_follows_the_environment(
    environment: dict,
    expected: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv('HOME', str(tmp_path / 'home'))
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value.format(tmp_path))
    assert weights_dir() == tmp_path / expected
    assert weights_dir().is_absolute() and not weights_dir().exists()


@pytest.mark.parametrize(
    'url, expected',
    [
        (
            'https://github.com/FVL2020/ELSFace/raw/main/ckpt/checkpoint.pth',
            'github.com/FVL2020/ELSFace/raw/main/ckpt/checkpoint.pth',
        ),
        ('HTTPS://User:Secret@Host.org:443/a.pth', 'host.org/a.pth'),
        ('http://host:8080/~me/a+b,c=1.pth#top', 'host+8080/~me/a+b,c=1.pth'),
        ('http://host/a%2Db.pth', 'host/a-b.pth'),
        ('http://[::1]/a.pth', '__1/a.pth'),
        ('http://../a.pth', '_/a.pth'),
    ],
)
def test_a_person_finds_the_place(
    url: str, expected: str, folder: Path
) -> None:
    assert place_of(url) == folder / expected


def test_query_tells_files_apart(folder: Path) -> None:
    url = 'http://host/get.pth'
    places = [place_of(url + query) for query in ('', '?id=1', '?id=2')]
    assert len(set(places)) == 3
    for place in places[1:]:
        assert place.parent == folder / 'host'
        assert re.fullmatch(r'get-[0-9a-f]{8}\.pth', place.name)
    assert place_of(f'{url}?id=1') == places[1]


ODD_PATHS = [
    '../../etc/a.pth',
    '%2e%2e/%2e%2e/a.pth',
    '..%2F..%2Fa.pth',
    '..%5C..%5Ca.pth',
    'C:/a.pth',
    'a//b.pth',
    './b.pth',
    'folder./b.pth',
    'folder%20/b.pth',
    'a<b>:"|%3F*.pth',
    'a%00b%0A.pth',
    'ä/中.pth',
    'a.pth.json',
    'a.pth.part',
    '.a.pth.LOCK',
    'long' * 100 + '.pth',
    'a.',
]


@pytest.mark.parametrize('path', ODD_PATHS)
def test_odd_paths_are_harmless(path: str, folder: Path) -> None:
    place = place_of(f'http://host/{path}')
    inside = Path(os.path.abspath(place)).relative_to(folder / 'host')
    for part in inside.parts:
        assert re.fullmatch(r'[A-Za-z0-9_.+=@,~-]{1,200}', part)
        assert set(part) != {'.'} and not part.endswith('.')
        assert not part.lower().endswith(('.json', '.part', '.lock'))


def test_odd_paths_stay_apart(folder: Path) -> None:
    urls = [f'http://host/{path}' for path in ODD_PATHS]
    more = ('a%2Fb.pth', 'a_b.pth', 'a/b.pth', 'b.pth')
    urls += [f'http://host/{path}' for path in more]
    assert len({place_of(url) for url in urls}) == len(urls)


@pytest.mark.parametrize(
    'url',
    [
        'http://host',
        'http://host/',
        'http://host/folder/',
        'http://host/folder/..',
        'http://host/folder%2F',
        'http:///a.pth',
        'http://host:port/a.pth',
        'http://[::1/a.pth',
        'ftp://host/a.pth',
        'file:///a.pth',
        's3://bucket/a.pth',
    ],
)
def test_what_is_no_file_is_refused(url: str) -> None:
    message = f'http or https URL of a file.*got {re.escape(url)}; give'
    with pytest.raises(WeightsError, match=message):
        place_of(url)


def test_passwords_are_not_shown() -> None:
    assert public_url('https://me:p@ss@host/a@b') == 'https://host/a@b'
    assert public_url('https://host/a@b?c@d') == 'https://host/a@b?c@d'
    with pytest.raises(WeightsError) as error:
        place_of('ftp://me:secret@host/a.pth')
    assert 'secret' not in str(error.value)


def test_name_is_the_servers() -> None:
    assert file_name('http://host/f/a%20b-01234567.pth?x') == (
        'a b-01234567.pth'
    )
