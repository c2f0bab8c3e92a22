# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""The index of weights: the facts, what is refused, where it is found."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from mmfacesr.utils import project_files
from mmfacesr.weights import WeightsError
from mmfacesr.weights.files import Checksum
from mmfacesr.weights.model_index import (
    WeightsEntry,
    close_names,
    find_entry,
    read_index,
)

GOOD = {
    'Name': 'net_x8',
    'In Collection': 'Net',
    'Config': 'configs/net/net_x8.py',
    'Weights': 'https://example.org/net.pth',
    'Weights License': 'MIT',
}


@pytest.fixture
def install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[list], Path]:
    """Lay out a package with some models; gives the metafile's path."""

    def install(models: list, root: str = '.') -> Path:
        package = tmp_path / 'site' / 'mmfacesr'
        metafile = package / root / 'configs' / 'net' / 'metafile.yml'
        metafile.parent.mkdir(parents=True, exist_ok=True)
        metafile.write_text(yaml.dump({'Models': models}))
        (package / root / 'model-index.yml').write_text(
            'Import:\n  - configs/net/metafile.yml\n'
        )
        monkeypatch.setattr(project_files, 'PACKAGE', package)
        return metafile

    return lambda models, root='.mim': install(models, root)


def test_entry_is_what_the_metafile_says(install: Callable) -> None:
    mirrors = ['http://mirror.example/net.pth', 'https://b.example/n?raw=1']
    digits = {'Weights SHA256': '01234567', 'Weights Git Blob': 'AB' * 20}
    more = {**digits, 'Weights Mirrors': mirrors, 'Weights Note': 'hello'}
    without = {'Name': 'untrained', 'In Collection': 'Net'}
    install([without, {**GOOD, **more}, {**GOOD, 'Name': 'plain'}])
    full, plain = read_index()
    assert full == WeightsEntry(
        name='net_x8',
        urls=('https://example.org/net.pth', *mirrors),
        checksum=Checksum('01234567', 'ab' * 20),
        license='MIT',
        config='configs/net/net_x8.py',
        collection='Net',
        note='hello',
    )
    assert plain.urls == full.urls[:1]
    assert not plain.checksum and plain.note == ''


def test_found_by_name_and_by_every_address(install: Callable) -> None:
    mirror = 'https://mirror.example/other.pth'
    other = {**GOOD, 'Name': 'other', 'Weights': 'https://example.org/o.pth'}
    install([GOOD, {**other, 'Weights Mirrors': [mirror]}])
    for source in ('other', other['Weights'], mirror):
        assert find_entry(source).name == 'other'
    assert find_entry('net_x8').name == 'net_x8'
    for source in ('OTHER', 'othe', mirror + '?a', 'net.pth', ''):
        assert find_entry(source) is None


@pytest.mark.parametrize(
    'change, fault',
    [
        ({'Weights License': None}, "a text as 'Weights License', got None"),
        ({'Weights License': ' '}, "'Weights License'"),
        ({'Weights SHA256': '0123456'}, '8 to 64 hex digits'),
        ({'Weights SHA256': '0123456g'}, 'hex digits'),
        ({'Weights SHA256': 12345678}, 'in quotes'),
        ({'Weights Git Blob': 'ab' * 19}, '40 to 40 hex digits'),
        ({'Weights': 'ftp://example.org/net.pth'}, r'http\(s\) URL'),
        ({'Weights': 'example.org/net.pth'}, 'URL'),
        ({'Weights': 'https://example.org/'}, 'URL of a file'),
        ({'Weights': 'https://example.org/a b'}, 'URL of a file'),
        ({'Weights': None}, 'URL of a file, got None'),
        ({'Weights Mirrors': 'https://b.example/n.pth'}, 'a list of URLs'),
        ({'Weights Mirrors': ['file:///n.pth']}, "got 'file:///n.pth'"),
        ({'Weights': 'package:../n.pth'}, "got 'package:../n.pth'"),
        (
            {'Weights': 'package:n.pth', 'Weights Mirrors': ['https://b/n']},
            "got 'package:n.pth'",
        ),
        ({'In Collection': None}, "'In Collection'"),
        ({'Weights Note': ['a']}, "'Weights Note'"),
    ],
)
def test_wrong_entry_is_refused_by_file_and_model(
    install: Callable, change: dict, fault: str
) -> None:
    metafile = install([{**GOOD, 'Name': 'fine'}, {**GOOD, **change}])
    with pytest.raises(WeightsError, match=fault) as error:
        read_index()
    assert f"{metafile}, model 'net_x8': Expected" in str(error.value)


def test_entry_needs_a_name_and_a_license(install: Callable) -> None:
    for key in ('Name', 'Weights License', 'In Collection'):
        install([{k: v for k, v in GOOD.items() if k != key}])
        with pytest.raises(WeightsError, match=f'text as {key!r}, got None'):
            read_index()


@pytest.mark.parametrize('text', [None, 'a: [', '- 1', b'\xff', ''])
def test_broken_file_of_the_index_is_named(
    install: Callable, text: object
) -> None:
    metafile = install([GOOD])
    for path in (metafile, metafile.parents[2] / 'model-index.yml'):
        whole = path.read_bytes()
        path.unlink()
        if text is not None:
            path.write_bytes(text if text == b'\xff' else text.encode())
        with pytest.raises(WeightsError) as error:
            read_index()
        assert str(path) in str(error.value)
        path.write_bytes(whole)
    assert [entry.name for entry in read_index()] == ['net_x8']
    metafile.write_text('Models:')  # none yet
    assert read_index() == ()


@pytest.mark.parametrize(
    'license, restricted',
    [
        ('Apache-2.0', False),
        ('Apache-2.0 (MMagic)', False),
        ('BSD-3-Clause (pytorch-fid)', False),
        ('MIT', False),
        ('MIT (non-commercial)', True),
        ('MIT (not for sale)', True),
        ('"MIT" and "non-commercial use"', True),
        ('MIT and CC BY-NC-SA 4.0', True),
        ('CC BY-NC-SA 4.0 (authors)', True),
        ('none stated', True),
        ('mit', True),
    ],
)
def test_open_is_only_what_is_known_to_be(
    license: str, restricted: bool
) -> None:
    entry = WeightsEntry('a', ('https://b/c',), Checksum(), license)
    assert entry.restricted is restricted


def test_index_of_a_wheel(
    repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wheel carries all of it in `.mim`; no clone is around."""
    in_clone = read_index()
    carried = tmp_path / 'site-packages/mmfacesr/.mim'
    shutil.copytree(repo / 'configs', carried / 'configs')
    shutil.copy(repo / 'model-index.yml', carried)
    monkeypatch.setattr(project_files, 'PACKAGE', carried.parent)
    assert project_files.project_root() == carried
    assert read_index() == in_clone
    assert all(carried in path.parents for path in known_paths())


def known_paths() -> list[Path]:
    """The leaf configs, at least one a method."""
    paths = list(project_files.known_configs())
    assert {path.parent.name for path in paths} >= {'dic', 'sparnet'}
    return paths


def test_close_names() -> None:
    assert close_names('unaligned') == ['pfsrnet_x8-unaligned']
    # Too short to resemble a whole name.
    hd = ['sparnet-hd_attn2d_1xb2-10e_ffhq', 'sparnet-hd_attn3d_1xb2-10e_ffhq']
    assert close_names('HD_') == hd
    assert close_names('VGG19_imagnet')[0] == 'vgg19_imagenet'
    assert all('sparnet' in name for name in close_names('sparnt'))
    assert close_names('sparnt')
    near = close_names('pfsrnet')
    assert 3 <= len(near) == len(set(near)) <= 5
    assert all('pfsrnet' in name for name in near[:3])
    assert close_names('%%%') == []
