# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Only files with a known hash are installed; real pip, small wheels."""

import hashlib
import re
import sys
import zipfile
from pathlib import Path

import pytest

STACKS = ('current', 'classic', 'newest')
METADATA = 'Metadata-Version: 2.1\nName: {}\nVersion: {}\n{}'
WHEEL = 'Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n'


def make_wheel(folder: Path, name: str, version: str, needs: str = '') -> Path:
    """Write a wheel of one empty module."""
    path = folder / f'{name}-{version}-py3-none-any.whl'
    info = f'{name}-{version}.dist-info'
    requires = f'Requires-Dist: {needs}\n' if needs else ''
    with zipfile.ZipFile(path, 'w') as archive:
        archive.writestr(f'{name}.py', '')
        text = METADATA.format(name, version, requires)
        archive.writestr(f'{info}/METADATA', text)
        archive.writestr(f'{info}/WHEEL', WHEEL)
        archive.writestr(f'{info}/RECORD', '')
    return path


def line_of(path: Path) -> str:
    """The line of a lock for a wheel."""
    name, version, *_ = path.name.split('-')
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return f'{name}=={version} --hash=sha256:{digest}\n'


@pytest.fixture
def pip_install(stacks, commands, tmp_path):
    """Install `facelib` as the plan installs libraries, from a folder."""

    def run() -> list[str]:
        _, build_tools = stacks.plan(tmp_path, 'current', '', False)[1]
        at = build_tools.index('-c')
        command = [
            sys.executable,
            *build_tools[1:at],
            *('-c', str(tmp_path / 'lock.txt'), 'facelib'),
            *('--no-index', '--find-links', str(tmp_path)),
            *('--no-cache-dir', '--target', str(tmp_path / 'site')),
        ]
        commands.run_logged(command, tmp_path / 'install.log')

    return run


def test_download_of_another_hash_is_refused(
    pip_install, commands, tmp_path, record_trials
):
    """A byte more, where a zip bears it: the wheel itself is whole."""
    wheel = make_wheel(tmp_path, 'facelib', '1.0')
    (tmp_path / 'lock.txt').write_text(line_of(wheel))
    wheel.write_bytes(wheel.read_bytes() + b'\0')
    got = hashlib.sha256(wheel.read_bytes()).hexdigest()
    with pytest.raises(commands.CommandError) as error:
        pip_install()
    is_out = not (tmp_path / 'site/facelib.py').exists()
    record_trials('supply chain', 'changed wheel', 1, is_out)
    assert is_out
    message = str(error.value)
    assert message.startswith('This download is not the file that was tested')
    assert 'facelib' in message.splitlines()[0]
    assert got in message and 'pip cache purge' in message


@pytest.mark.slow
def test_download_of_the_hash_is_installed(pip_install, tmp_path):
    wheel = make_wheel(tmp_path, 'facelib', '1.0')
    (tmp_path / 'lock.txt').write_text(line_of(wheel))
    make_wheel(tmp_path, 'facelib', '2.0')  # newer and not in the lock
    pip_install()
    assert (tmp_path / 'site/facelib-1.0.dist-info').is_dir()


@pytest.mark.slow
@pytest.mark.parametrize('locked', ['', 'helper==1.0\n'])
def test_dependency_without_a_hash_is_refused(
    pip_install, commands, tmp_path, record_trials, locked
):
    wheel = make_wheel(tmp_path, 'facelib', '1.0', needs='helper')
    make_wheel(tmp_path, 'helper', '1.0')
    (tmp_path / 'lock.txt').write_text(line_of(wheel) + locked)
    with pytest.raises(commands.CommandError, match='helper'):
        pip_install()
    is_out = not (tmp_path / 'site').exists()
    record_trials('supply chain', 'dependency without a hash', 1, is_out)
    assert is_out


def read_lock(path: Path) -> dict[str, tuple[str, int]]:
    """Versions and numbers of hashes by normalized names."""
    entry = r'(?m)^([\w.-]+)==(\S+)((?: \\\n    --hash=sha256:[0-9a-f]{64})+)$'
    text = path.read_text()
    found = re.findall(entry, text)
    assert len(found) == text.count('=='), 'a package without hashes'
    return {name: (v, hashes.count('--hash')) for name, v, hashes in found}


def normalized(name: str) -> str:
    return re.sub(r'[-_.]+', '-', name).lower()


@pytest.mark.parametrize('stack', STACKS)
def test_lock_has_the_versions_of_its_stack(stacks, stack):
    lines = stacks.constraints_of(stack).read_text().splitlines()
    pins = [x.split('==') for x in lines if '==' in x and x[0] != '#']
    versions = {normalized(name): version for name, version in pins}
    locked = read_lock(stacks.lock_of(stack))
    free = {name for name in locked if name not in versions}
    # They follow torch, whose version is pinned.
    assert all(re.match('nvidia|cuda|triton', name) for name in free), free
    for name in set(locked) - free:
        assert locked[name][0] == versions[name], name
    assert locked['pip'][0] == read_lock(stacks.PIP_LOCK)['pip'][0]


@pytest.mark.parametrize('stack', STACKS)
def test_lock_has_all_that_is_asked_for(stacks, stack):
    locked = read_lock(stacks.lock_of(stack))
    for file in [*stacks.libraries(stack), 'no_deps.txt']:
        for line in (stacks.REQUIREMENTS / file).read_text().splitlines():
            if line and line[0] != '#':
                assert normalized(line) in locked, (file, line)
    assert set(stacks.OPS_TOOLS) <= set(locked)


@pytest.mark.parametrize('stack', [*STACKS, 'full'])
@pytest.mark.parametrize('index', ['', 'an-index'])
def test_all_but_a_torch_of_an_index_is_hashed(stacks, tmp_path, stack, index):
    steps = stacks.plan(tmp_path, stack, index, True)
    installs = [x for x in steps if 'install' in x[1] and '-e' not in x[1]]
    unchecked = [t for t, c in installs if '--require-hashes' not in c]
    assert len(unchecked) == (2 if index else 0)
    assert all('not checked' in title for title in unchecked)
