# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Samples from the cache are those of the files, whatever happens to it."""

import pickle
import re
import resource
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from mmengine.registry import init_default_scope
from PIL import Image
from pytest import MonkeyPatch
from same_samples import SEEDS, assert_same, flat, samples_of
from torch.utils.data import DataLoader

from mmfacesr.apis.config import load_config
from mmfacesr.datasets import FaceFolder, face_folder, packed_faces
from mmfacesr.datasets.fixed_steps import FixedSteps
from mmfacesr.datasets.transforms import CropFace, LoadFaceImage, face_crop
from mmfacesr.faces.table import LandmarkTable
from mmfacesr.registry import DATASETS, TRANSFORMS
from mmfacesr.utils.bad_samples import BadSampleError
from mmfacesr.utils.images import read_image, write_image

FACES = 8
LOAD = [dict(type='LoadFaceImage'), dict(type='CropFace')]
STEPS = [*LOAD, dict(type='ResizeFace', size=64), dict(type='RandomFlipFace')]
REDUCE = dict(type='Resize', keys=['gt'], output_keys=['img'], scale=0.5)
REDUCE |= dict(keep_ratio=True, interpolation='nearest', backend='cv2')
CONFIGS = {
    'dic/dic_x8c48b6_1xb8-150k_celeba.py': 'img',
    'sparnet/sparnet_attn2d-x8_1xb32-20e_celeba-aligned.py': 'img',
    'sparnet/sparnet_attn2d-x8_1xb32-20e_celeba.py': 'gt',
    'elsface/elsface_x4_1xb1-1750_synthetic.py': 'img',
    'pfsrnet/pfsrnet_pixel-x8_1xb4-600_synthetic.py': 'gt_x2',
}
BUILD = f"""
import glob, os, sys, time
from mmfacesr.datasets import FaceFolder, packed_faces
from mmfacesr.datasets.transforms import LoadFaceImage
root, cache, count, last = sys.argv[1:]
loads, load = [], LoadFaceImage.transform
def slow(self, results):
    loads.append(time.sleep(.05))
    if len(loads) > int(last): os.kill(os.getpid(), 9)
    return load(self, results)
LoadFaceImage.transform, packed_faces.BATCH = slow, 2
open(f'{{cache}}.{{os.getpid()}}', 'w').close()
while len(glob.glob(f'{{cache}}.*')) < int(count): time.sleep(.01)
FaceFolder(root, 'train', cache_folder=cache, pipeline={STEPS})
sys.stdout.write(f'loads {{len(loads)}}')
"""


@pytest.fixture
def root(faces_root: Path, tmp_path: Path) -> Path:
    """Eight drawn faces that a test may change."""
    init_default_scope('mmagic')
    return shutil.copytree(faces_root, tmp_path / 'faces')


@pytest.fixture
def loads(monkeypatch: MonkeyPatch) -> list[str]:
    found, load = [], LoadFaceImage.transform

    def transform(self: LoadFaceImage, results: dict) -> dict:
        found.append(results['file'])
        return load(self, results)

    monkeypatch.setattr(LoadFaceImage, 'transform', transform)
    return found


def live(root: Path, **kwargs: object) -> FaceFolder:
    options = dict(split='train', pipeline=STEPS) | kwargs
    return FaceFolder(str(root), **options)


def packed(root: Path, **kwargs: object) -> FaceFolder:
    return live(root, cache_folder=str(root.parent / 'cache'), **kwargs)


def fill(root: Path, count: int, last: int) -> tuple[list[int], str]:
    """Fill the cache in processes that begin together and die after last."""
    words = map(str, [root, root.parent / 'cache', count, last])
    command = [sys.executable, '-c', BUILD, *words]
    pipe = dict(stdout=subprocess.PIPE, text=True)
    found = [subprocess.Popen(command, **pipe) for _ in range(count)]
    texts = [process.communicate(timeout=60)[0] for process in found]
    return [process.returncode for process in found], '\n'.join(texts)


@pytest.mark.parametrize('split', ['train', 'val', 'test'])
@pytest.mark.parametrize('config', CONFIGS, ids=lambda path: Path(path).stem)
def test_samples_are_the_same(
    root: Path, repo: Path, loads: list, config: str, split: str
) -> None:
    built = []
    for cache in (None, str(root.parent / 'cache')):
        options = dict(data_root=str(root), cache_folder=cache)
        cfg = load_config(str(repo / 'configs' / config), options)
        built.append(DATASETS.build(cfg[f'{split}_dataloader'].dataset))
    files, cached = built
    assert len(loads) == len(files) == len(cached)
    assert_same(files, cached)
    assert len(loads) == (1 + len(SEEDS)) * len(files)
    assert CONFIGS[config] in cached._packed._fixed(cached.get_data_info(0))


def test_lr_files(root: Path, tmp_path: Path, loads: list) -> None:
    for file in (root / 'train').iterdir():
        half = read_image(file)[::2, ::2]
        write_image(tmp_path / 'LR/train' / file.name, half)
    pipeline = [LOAD[0], STEPS[-1], REDUCE]
    options = dict(pipeline=pipeline, lr_folder=str(tmp_path / 'LR'))
    dataset = packed(root, **options)
    assert len(loads) == 2 * FACES
    assert_same(dataset, live(root, **options))
    write_image(tmp_path / 'LR' / dataset.get_data_info(3)['file'], half * 0)
    assert samples_of(packed(root, **options))[3]['img'].max() == 0


def test_a_mirror_that_matters_stays_first(root: Path) -> None:
    packed(root, pipeline=[*STEPS[:-1], REDUCE])  # the same, but no mirror
    pipeline = [*STEPS, REDUCE]  # takes the left one of two pixels
    assert_same(packed(root, pipeline=pipeline), live(root, pipeline=pipeline))


def test_only_steps_without_chance_are_packed() -> None:
    init_default_scope('mmagic')
    fixed = [dict(type='DegradeBlindly', seed=0), REDUCE]
    others = [dict(type='DegradeBlindly'), dict(REDUCE, backend=None)]
    for step in [*fixed, *others, dict(type='RandomResizedCropFace')]:
        steps = [LoadFaceImage(), TRANSFORMS.build(step), CropFace()]
        rest = FixedSteps(steps).rest.transforms
        assert rest == ([] if step in fixed else steps[1:])
    with pytest.raises(ValueError, match='LoadFaceImage.*cache_folder=None'):
        FixedSteps([CropFace()])


def test_changes(root: Path, loads: list, monkeypatch: MonkeyPatch) -> None:
    cache = root.parent / 'cache'
    name = packed(root).get_data_info(3)['file']
    Image.new('RGB', (160, 150), 'red').save(root / name)
    loads.clear()
    dataset = packed(root)
    assert loads == [name] and samples_of(dataset)[3]['gt'][0, 0, 0] == 255
    assert_same(packed(root, split='val'), live(root, split='val'))
    assert len([*cache.iterdir()]) == 1
    table = LandmarkTable.load(root / 'landmarks68.npz')
    table.sha256[:] = ''
    landmarks = [STEPS[0], dict(type='LoadLandmarks'), *STEPS[1:]]
    changes = [dict(crop_size=64), dict(pipeline=LOAD)]  # of several sizes
    changes += [dict(pipeline=landmarks)] * 2  # and other points
    for count, change in enumerate(changes, 2):
        table.points += 1
        table.save(root / 'landmarks68.npz')
        assert_same(packed(root, **change), live(root, **change))
        assert len([*cache.iterdir()]) == count
    code = root.parent / 'face_crop.py'
    code.write_bytes(Path(face_crop.__file__).read_bytes() + b'# changed')
    monkeypatch.setattr(face_crop, '__file__', str(code))
    packed(root)
    assert len([*cache.iterdir()]) == count + 1


def test_workers_and_copies(root: Path, monkeypatch: MonkeyPatch) -> None:
    options = dict(pipeline=STEPS[:-1], test_mode=True)
    wanted = [flat(s['gt']) for s in samples_of(live(root, **options))]
    dataset = packed(root, **options)
    monkeypatch.setattr(LoadFaceImage, 'transform', None)

    def start(_: int) -> None:  # what is open must not cross a fork
        assert packed_faces._open.cache_info().currsize == 0

    for count in (0, 2, 0):
        loader = DataLoader(dataset, num_workers=count, worker_init_fn=start)
        assert [flat(s['gt'][0].numpy()) for s in loader] == wanted
    copy = samples_of(pickle.loads(pickle.dumps(dataset)))
    assert [flat(s['gt']) for s in copy] == wanted


def test_killed_work_goes_on(root: Path, loads: list) -> None:
    assert fill(root, 1, last=5)[0] == [-9]
    dataset = packed(root)
    assert len(loads) == FACES - 4  # two transactions were whole
    assert_same(dataset, live(root))


def test_two_fill(root: Path, loads: list, monkeypatch: MonkeyPatch) -> None:
    monkeypatch.setitem(packed_faces.OPTIONS, 'map_size', 2**14)
    packed(root, indices=2)  # grows its map, others make it larger again
    assert len(loads) > 2
    text = fill(root, 2, last=FACES)[1]
    assert sum(map(int, re.findall(r'loads (\d+)', text))) == FACES - 2
    loads.clear()
    samples_of(packed(root))
    assert loads == []
    assert_same(packed(root), live(root))


def test_damage(root: Path, loads: list, monkeypatch: MonkeyPatch) -> None:
    log: list[str] = []
    monkeypatch.setattr(packed_faces, 'print_log', lambda s, *_: log.append(s))
    dataset = packed(root)
    key = packed_faces._key(dataset.get_data_info(2))
    for place in (0, 20, -1):
        with dataset._packed._begin() as transaction:
            entry = bytes(transaction.get(key))
        with (dataset._packed.folder / 'data.mdb').open('r+b') as file:
            file.seek(file.read().index(entry) + place % len(entry))
            file.write(bytes([entry[place] ^ 1]))
        log.clear()
        assert_same(dataset, live(root))
        assert len(log) == 1 and 'damaged' in log[0]
        loads.clear()
        samples_of(packed(root))
        assert loads == []


def test_bad_images(root: Path, monkeypatch: MonkeyPatch) -> None:
    log: list[str] = []
    monkeypatch.setattr(face_folder, 'print_log', lambda s, **_: log.append(s))
    name = live(root).get_data_info(2)['file']
    (root / name).write_bytes((root / name).read_bytes()[:2000])
    for _ in range(2):  # filling the cache, and using it
        assert_same(packed(root), live(root))
        assert len(log) == 2 and log[0] == log[1]
        with pytest.raises(BadSampleError, match=name):
            packed(root, test_mode=True)[2]
        log.clear()


def test_failed_writes(root: Path, monkeypatch: MonkeyPatch) -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
    try:
        for free, message in ((0, 'No space'), (2**30, 'remove it')):
            usage = SimpleNamespace(free=free)
            monkeypatch.setattr(shutil, 'disk_usage', lambda _, u=usage: u)
            with pytest.raises(OSError, match=message):
                packed(root)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert_same(packed(root), live(root))
