# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Damaged files of every kind: a clear refusal or plain values, no crash.

The files are read in a process of their own, with little memory, so that a
crash is seen.
"""

import io
import json
import os
import random
import resource
import subprocess
import sys
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[2]
MEMORY = 8 << 30
NUM_MUTATIONS = 300
NUM_CUTS = 40
FORMATS = ('zip', 'pickle in zip', 'legacy', 'safetensors')
# With objects.
MODULES = ('module, pickle in zip', 'module, legacy')


def whole_file(kind: str) -> bytes:
    """A checkpoint with something of everything that is allowed."""
    import numpy as np
    import torch
    from safetensors.torch import save

    tensors = {
        'conv.weight': torch.arange(24.0).view(2, 3, 4),
        'conv.bias': torch.ones(3).half(),
        'counter': torch.tensor(3),
        'flags': torch.tensor([True, False]),
    }
    if kind == 'safetensors':
        return save(tensors)
    if kind in MODULES:
        net = torch.nn.Sequential(
            torch.nn.Conv2d(1, 2, 3), torch.nn.BatchNorm2d(2)
        )
        net.score = np.float64(1.5)
        return saved(net, 'legacy' in kind)
    content = {
        'state_dict': torch.nn.Linear(2, 2).state_dict() | tensors,
        'view': tensors['conv.weight'][:, 1],
        'optimizer': {'param_groups': [{'betas': (0.9, 0.999), 'lr': 1e-3}]},
        'meta': {'score': np.float64(1.5), 'best': np.int64(3), 1: {2, 'a'}},
        'rest': [torch.Size([2]), torch.float32, 1j, b'\xff', None, 1 << 40],
    }
    return saved(content, kind == 'legacy')


def saved(content: object, legacy: bool) -> bytes:
    """What torch.save writes."""
    import torch

    buffer = io.BytesIO()
    torch.save(content, buffer, _use_new_zipfile_serialization=not legacy)
    return buffer.getvalue()


def mutate(data: bytes, random: random.Random) -> bytes:
    """Damage some bytes."""
    data = bytearray(data)
    for _ in range(random.choice((1, 1, 2, 5))):
        at, size = random.randrange(len(data)), random.choice((1, 4, 8, 40))
        block = data[at : at + size]
        match random.randrange(7):
            case 0:
                data[at] ^= 1 << random.randrange(8)
            case 1:
                data[at] = random.randrange(256)
            case 2:
                data[at : at + size] = b'\xff' * len(block)
            case 3:
                data[at : at + size] = bytes(len(block))
            case 4:
                del data[at : at + size]
            case 5:
                data[at:at] = block
            case 6:
                other = random.randrange(len(data))
                data[other : other + len(block)] = block
        data = data or bytearray(b'\x80')
    return bytes(data)


def mutations(kind: str, count: int, seed: int) -> Iterator[bytes]:
    """Yield damaged files."""
    generator = random.Random(f'{kind} {seed}')
    whole = whole_file(kind)
    if not kind.endswith('pickle in zip'):
        yield from (mutate(whole, generator) for _ in range(count))
        return
    # With the right checksum, so that the pickle is looked at.
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    for _ in range(count):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, 'w') as archive:
            for name, data in entries.items():
                if name.endswith('data.pkl'):
                    data = mutate(data, generator)
                archive.writestr(name, data)
        yield buffer.getvalue()


def check_plain(value: object) -> None:
    """Look at everything; an address that is not ours would crash."""
    import torch

    if type(value) in (dict, list, tuple, set, torch.Size):
        parts = value.items() if type(value) is dict else value
        for part in parts:
            check_plain(part)
    elif type(value).__name__ == 'OrderedDict':
        check_plain(dict(value))
    elif isinstance(value, torch.Tensor):
        assert value.layout == torch.strided and value.device.type == 'cpu'
        value.to(torch.complex64).sum().item()
    else:
        assert type(value) in (
            *(bool, int, float, complex, str, bytes, bytearray, type(None)),
            *(torch.dtype, torch.device),
        ), value


def read_all(folder: Path, count: int, seed: int) -> dict:
    """Read whole, damaged and cut files; count what became of them."""
    from mmfacesr.weights import WeightsError
    from mmfacesr.weights.reading import read_weights_file

    counts, path = {}, folder / 'a.pth'

    def outcome(data: bytes) -> str:
        path.write_bytes(data)
        try:
            check_plain(read_weights_file(path))
        except WeightsError as error:
            assert str(error).startswith(f'Expected {path} to be')
            assert len(str(error)) < 1000 and str(error).isprintable()
            return 'refused'
        return 'read'

    for kind in FORMATS + MODULES:
        whole = whole_file(kind)
        assert outcome(whole) == 'read'
        counts[kind] = Counter(map(outcome, mutations(kind, count, seed)))
        cuts = range(0, len(whole), max(1, len(whole) // NUM_CUTS))
        counts[f'{kind}, cut'] = Counter(outcome(whole[:n]) for n in cuts)
    return counts


@pytest.fixture(scope='module')
def counts(tmp_path_factory: pytest.TempPathFactory) -> dict:
    """What became of all files in a process of its own."""
    path = os.pathsep.join([str(REPO), os.environ.get('PYTHONPATH', '')])
    done = subprocess.run(
        [sys.executable, __file__, str(tmp_path_factory.mktemp('fuzz'))],
        env={**os.environ, 'PYTHONPATH': path.strip(os.pathsep)},
        text=True,
        capture_output=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize('kind', FORMATS + MODULES)
def test_damaged_files(counts: dict, kind: str) -> None:
    assert set(counts[kind]) == {'read', 'refused'}
    assert sum(counts[kind].values()) == NUM_MUTATIONS


@pytest.mark.parametrize('kind', FORMATS + MODULES)
def test_cut_files(counts: dict, kind: str) -> None:
    assert set(counts[f'{kind}, cut']) == {'refused'}
    assert counts[f'{kind}, cut']['refused'] >= NUM_CUTS


if __name__ == '__main__':
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    numbers = [int(number) for number in sys.argv[2:]] or [NUM_MUTATIONS, 0]
    print(json.dumps(read_all(Path(sys.argv[1]), *numbers)))  # noqa: T201
