# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Weight files: safe types, equal bytes, whole or not at all."""

import os
import pickletools
import signal
import time
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import safetensors
import torch
from safetensors.torch import load_file
from torch import Tensor

from mmfacesr.weights import WeightsError, files
from mmfacesr.weights.files import hash_file, weights_bytes, write_weights_file

BOTH = pytest.mark.parametrize('suffix', ['.pth', '.safetensors'])


def make() -> dict[str, Tensor]:
    """Tensors of several kinds; the same values every time."""
    table = torch.arange(12.0).view(3, 4)
    return {
        'layer.weight': table.t(),
        'layer.part': table[1],
        'layer.mean': torch.nn.Parameter(torch.tensor([-0.0, 1e-40])),
        'layer.half': torch.tensor([0.1]).half(),
        'layer.count': torch.tensor(7),
    }


def visible(folder: Path) -> list[str]:
    """Names that a person or a program looking for weights sees."""
    return sorted(p.name for p in folder.iterdir() if p.name[0] != '.')


@BOTH
def test_values_come_back(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f'new/folder/a{suffix}'
    hashes = write_weights_file(path, make())
    assert hashes == hash_file(path)
    assert os.listdir(path.parent) == [path.name]
    if suffix == '.pth':
        found = torch.load(path, weights_only=True)
    else:
        found = load_file(path)
    assert found.keys() == make().keys()
    for key, value in make().items():
        assert found[key].dtype == value.dtype
        assert found[key].shape == value.shape
        assert torch.equal(found[key], value.detach()), key
    assert found['layer.mean'].signbit().tolist() == [True, False]


def test_old_and_safe_loaders_know_every_type(tmp_path: Path) -> None:
    state = torch.nn.Conv2d(1, 1, 1).state_dict()
    assert isinstance(state, OrderedDict) and state._metadata
    content = dict(
        meta=dict(name='a', step=3, alpha=0.5, last=None, done=True),
        netG=state,
        netD=make(),
    )
    path = tmp_path / 'a.ckpt'
    write_weights_file(path, content)
    found = torch.load(path, weights_only=True)
    assert found['meta'] == content['meta']
    assert type(found['netG']) is dict
    with zipfile.ZipFile(path) as file:
        names = {name.split('/')[0] for name in file.namelist()}
        operations = list(pickletools.genops(file.read('archive/data.pkl')))
    assert names == {'archive'}
    assert operations[0][:2][1] == 2  # the protocol
    assert {value for op, value, _ in operations if op.name == 'GLOBAL'} == {
        'torch._utils _rebuild_tensor_v2',
        'torch FloatStorage',
        'torch HalfStorage',
        'torch LongStorage',
        'collections OrderedDict',
    }


@BOTH
def test_metadata(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f'a{suffix}'
    write_weights_file(path, make(), dict(network='DIC', iter='9'))
    if suffix == '.pth':
        found = torch.load(path, weights_only=True)
        assert found.keys() == {'meta', 'state_dict'}
        assert found['meta'] == dict(network='DIC', iter='9')
        assert found['state_dict'].keys() == make().keys()
    else:
        with safetensors.safe_open(path, 'pt') as file:
            assert file.metadata() == dict(
                network='DIC', iter='9', format='pt'
            )
        length = int.from_bytes(path.read_bytes()[:8], 'little')
        assert length % 8 == 0


@BOTH
def test_equal_content_gives_equal_bytes(tmp_path: Path, suffix: str) -> None:
    metadata = {f'entry number {i}': str(i) for i in range(8)}
    files = set()
    for i in range(6):
        content = make()
        if i % 2:  # other objects, storages and order of the metadata
            content = {
                ''.join(list(key)): value.detach().clone()
                for key, value in content.items()
            }
            metadata = dict(reversed(metadata.items()))
        path = tmp_path / f'{"name" * i}a{suffix}'
        entries = metadata if suffix == '.safetensors' else None
        write_weights_file(path, content, entries)
        files.add(path.read_bytes())
    assert len(files) == 1


def test_repeated_strings_are_one_object() -> None:
    def copy_of(text: str) -> str:
        return ''.join(list(text))

    one = dict(a='a long text', b='a long text')
    other = dict(a=copy_of('a long text'), b=copy_of('a long text'))
    assert other['a'] is not other['b']
    assert weights_bytes(one, '.pth') == weights_bytes(other, '.pth')


@BOTH
def test_parts_of_a_large_storage_stay_small(suffix: str) -> None:
    part = torch.zeros(1_000_000)[:3]
    assert len(weights_bytes({'a': part}, suffix)) < 10_000


@pytest.mark.parametrize(
    'name, content, metadata, message',
    [
        ('a.bin', {}, None, r'ending in \.pth.*a\.bin'),
        ('a', {}, None, 'change its ending'),
        ('a.pth', {'x': {'y': np.float64(1)}}, None, 'float64 at x.y'),
        ('a.pth', {'x': [torch.ones(1)]}, None, 'list at x'),
        ('a.pth', {('x',): 1}, None, 'tuple at'),
        ('a.pth', torch.ones(1).numpy(), None, 'ndarray at the top'),
        (
            'a.pth',
            {'x': torch.ones(1, device='meta')},
            None,
            'tensor without values at x',
        ),
        ('a.pth', {'x': {'y': torch.ones(1)}}, {}, 'dict at x'),
        ('a.safetensors', {'x': {}}, None, 'dict at x'),
        ('a.safetensors', {'x': 1}, None, 'int at x'),
        ('a-01234567.pth', {'x': 1}, None, 'instead of 01234567'),
    ],
)
def test_refused(
    tmp_path: Path, name: str, content: dict, metadata: dict, message: str
) -> None:
    with pytest.raises(WeightsError, match=message):
        write_weights_file(tmp_path / name, content, metadata)
    assert os.listdir(tmp_path) == []


def test_a_name_may_claim_the_right_hash(tmp_path: Path) -> None:
    digits = write_weights_file(tmp_path / 'a.pth', make()).sha256
    write_weights_file(tmp_path / f'a-{digits[:12]}.pth', make())
    assert len(visible(tmp_path)) == 2


def test_nothing_is_replaced_unasked(tmp_path: Path) -> None:
    path = tmp_path / 'a.pth'
    path.write_text('mine')
    with pytest.raises(WeightsError, match='a.pth, which exists.*--force'):
        write_weights_file(path, make())
    assert path.read_text() == 'mine'
    write_weights_file(path, make(), force=True)
    assert torch.load(path, weights_only=True).keys() == make().keys()
    (tmp_path / 'b.pth').mkdir()
    with pytest.raises(WeightsError, match='exists'):
        write_weights_file(tmp_path / 'b.pth', make(), force=True)


def test_a_failed_check_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / 'a.pth'
    path.write_text('mine')
    seen = []

    def check(written: Path) -> None:
        seen.append(torch.load(written, weights_only=True).keys())
        # Not found by `*.pth` if the process is killed now.
        assert written.parent == tmp_path and written.suffix == '.tmp'
        raise WeightsError('no')

    with pytest.raises(WeightsError, match='no'):
        write_weights_file(path, make(), force=True, check=check)
    assert seen == [make().keys()]
    assert os.listdir(tmp_path) == ['a.pth'] and path.read_text() == 'mine'


def test_a_file_that_appears_meanwhile_is_kept(tmp_path: Path) -> None:
    path = tmp_path / 'a.pth'
    with pytest.raises(WeightsError, match='exists'):
        write_weights_file(
            path, make(), check=lambda _: path.write_text('theirs')
        )
    assert path.read_text() == 'theirs'


def kill_self(*_: object) -> None:
    """End this process as a lost machine would."""
    os.kill(os.getpid(), signal.SIGKILL)


def in_child(action: Callable[[], object]) -> int:
    """Start an action in a process of its own; return its id."""
    child = os.fork()
    if child == 0:
        try:
            action()
        finally:
            os._exit(3)
    return child


def wait_for_kill(child: int) -> None:
    """Wait until a process has been killed."""
    status = os.waitpid(child, 0)[1]
    assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL


@pytest.mark.parametrize('point', ['fsync', 'hash_file', 'check'])
@pytest.mark.parametrize('old', [True, False])
def test_killed_before_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, point: str, old: bool
) -> None:
    path = tmp_path / 'a.pth'
    if old:
        write_weights_file(path, {'old': torch.ones(3)})
    before = path.read_bytes() if old else None

    if point == 'fsync':
        monkeypatch.setattr(os, 'fsync', kill_self)
    elif point == 'hash_file':
        monkeypatch.setattr(files, 'hash_file', kill_self)
    check = kill_self if point == 'check' else None
    wait_for_kill(
        in_child(
            lambda: write_weights_file(path, make(), force=True, check=check)
        )
    )
    assert visible(tmp_path) == (['a.pth'] if old else [])
    assert not old or path.read_bytes() == before


def test_killed_at_any_time(tmp_path: Path) -> None:
    path = tmp_path / 'a.pth'
    contents = [{'x': torch.full((1_000_000,), i)} for i in (1.0, 2.0)]
    wholes = {weights_bytes(content, '.pth') for content in contents}

    def write_for_ever() -> None:
        while True:
            for content in contents:
                write_weights_file(path, content, force=True)

    write_weights_file(path, contents[0])
    for delay in (0.03, 0.05, 0.07, 0.09):
        child = in_child(write_for_ever)
        time.sleep(delay)
        os.kill(child, signal.SIGKILL)
        wait_for_kill(child)
        assert path.read_bytes() in wholes
        assert visible(tmp_path) == ['a.pth']
