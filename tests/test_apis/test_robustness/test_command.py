# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Values by hand, rows that are kept, and what is written."""

import csv
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from skimage.metrics import peak_signal_noise_ratio
from torch import Tensor, nn

from mmfacesr.apis.cli import main
from mmfacesr.apis.face_network import FaceNetwork
from mmfacesr.apis.models import ModelFacts
from mmfacesr.apis.robustness import command, measuring, running
from mmfacesr.apis.robustness.changes import CHANGES, KERNEL, frame_of
from mmfacesr.apis.robustness.faces import SourceFaces
from mmfacesr.datasets.synthetic_faces import render_face
from mmfacesr.faces.detection import FaceLandmarks
from mmfacesr.faces.table import LandmarkError
from mmfacesr.models import METHODS

FACTS = METHODS['dic'].facts['x8']


class Bicubic(nn.Module):
    """Enlarges without a network, a little brighter than bicubic."""

    facts = ModelFacts(
        **FACTS.to_dict(),
        name='$bright$',
        size_requirement=None,
        weights_license=None,
    )

    def forward(self, lr: Tensor) -> Tensor:
        return 0.02 + nn.functional.interpolate(
            lr, scale_factor=8, mode='bicubic'
        )


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / 'faces'
    folder.mkdir()
    for seed in range(3):
        Image.fromarray(render_face(seed, 160)[0]).save(folder / f'{seed}.png')
    return folder


@pytest.fixture
def run(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable:
    monkeypatch.setattr(running, 'get_model', lambda *_: Bicubic())

    def run(*changes: str, out: str = 'out', options: tuple = ()) -> list:
        said = ['--data', str(data), '--out', str(tmp_path / out), *options]
        assert main(['robustness', *said, '--changes', *changes]) == 0
        with open(tmp_path / out / 'robustness.csv', newline='') as file:
            return list(csv.DictReader(file))

    return run


def test_names_are_those_of_the_changes() -> None:
    assert (*CHANGES, KERNEL) == command.NAMES


def test_values_by_hand(data: Path) -> None:
    """A shift moves the ground truth; bicubic is Pillow's."""
    network = FaceNetwork(FACTS, Bicubic())
    faces = SourceFaces(data, 128, 128)
    found = measuring.measure(network, faces, 'shift', 16, None)
    wanted = []
    for name in faces.names:
        x, y = map(int, frame_of('shift', 16, name).shift)
        picture = np.array(Image.open(data / name))
        truth = picture[16 + y : 144 + y, 16 + x : 144 + x]
        lr = Image.fromarray(truth).resize((16, 16), Image.BICUBIC)
        large = np.array(lr.resize((128, 128), Image.BICUBIC))
        wanted.append(
            peak_signal_noise_ratio(truth[8:-8, 8:-8], large[8:-8, 8:-8])
        )
    np.testing.assert_allclose(found['bicubic', 'PSNR'], wanted)
    assert (found['model', 'PSNR'] != found['bicubic', 'PSNR']).all()
    (row,) = [
        row
        for row in measuring.rows_of('shift', 16, found)
        if (row['method'], row['value']) == ('bicubic', 'PSNR')
    ]
    assert row['mean'] == pytest.approx(np.mean(wanted))
    assert row['low'] < row['mean'] < row['high'] and row['images'] == 3


def test_every_strength_changes_something(data: Path) -> None:
    network = FaceNetwork(FACTS, Bicubic())
    faces = SourceFaces(data, 128, 128, limit=1)
    for change in (*CHANGES, KERNEL):
        found = [
            measuring.measure(network, faces, change, strength)
            for strength in measuring.strengths_of(change, faces, 8)
        ]
        values = [one['bicubic', 'PSNR'].item() for one in found]
        # A recipe of chance may draw another one of the list.
        alike = len(values) - len({*values})
        assert len(values) > 2 and alike <= (change == KERNEL), change


class Detector:
    """Finds one face of few in dark images."""

    def find(self, file: str, image: np.ndarray) -> FaceLandmarks:
        if image.mean() > 100:
            raise LandmarkError(file, 'too bright')
        points = np.zeros((68, 2), np.float32)
        points[36:48, 0] = np.linspace(0, 10, 12)
        points[45, 0] = 20
        return FaceLandmarks.from_points(points + image.mean())


def test_faces_that_are_lost_are_counted() -> None:
    landmarks = measuring.Landmarks(Detector())
    dark = np.full((8, 8, 3), 50, np.uint8)
    both = landmarks.compare(dark + 3.2, dark)
    assert both == {'NME': pytest.approx(3 * 2**0.5 / 20), 'not found': 0}
    assert landmarks.compare(dark + 99.0, dark)['not found'] == 1
    assert np.isnan(landmarks.compare(dark, dark + 99)['not found'])


def test_rows_are_kept(
    run: Callable, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = run('noise', 'jpeg', out='at once')

    def measure_twice(*args: object) -> dict:
        if args[3] == 15:
            raise KeyboardInterrupt
        return measuring.measure(*args)

    monkeypatch.setattr(running, 'measure', measure_twice)
    with pytest.raises(SystemExit):
        run('noise', 'jpeg')
    monkeypatch.undo()
    monkeypatch.setattr(running, 'get_model', lambda *_: Bicubic())
    assert run('noise', 'jpeg') == first
    monkeypatch.setattr(running, 'measure', None)
    assert run('noise') == first, 'nothing is measured again'
    monkeypatch.setattr(running, 'measure', measuring.measure)
    assert run('kernel')[: len(first)] == first
    (data / '0.png').unlink()
    assert {row['change'] for row in run('jpeg')} == {'jpeg'}


def test_what_is_written(
    run: Callable, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    rows = run('shift', 'scale', 'blur', 'kernel')
    said = capsys.readouterr()
    assert '| shift | 0 |' in said.out and '| kernel | bicubic |' in said.out
    assert 'Left out: shift 1, 2, 4, 8, 12, 16; scale 1.1' in said.err
    assert 'only 0 pixels' in said.err
    plain = {
        (row['value'], row['mean'])
        for row in rows
        if row['method'] == 'model'
        and (row['change'], row['strength'])
        in (
            ('shift', '0'),
            ('scale', '1'),
            ('blur', '0'),
            ('kernel', 'bicubic'),
        )
    }
    assert {value for value, _ in plain} == {'PSNR', 'SSIM'}
    assert len(plain) == 2, 'the unchanged face is the same everywhere'
    facts = json.loads((tmp_path / 'out/robustness.json').read_text())
    assert facts['head']['faces'] == 3 and 'RGB' in facts['protocol']
    svg = (tmp_path / 'out/robustness.svg').read_bytes()
    run('shift', 'scale', 'blur', 'kernel', out='again')
    assert (tmp_path / 'again/robustness.svg').read_bytes() == svg
    with Image.open(tmp_path / 'out/robustness_ssim.png') as picture:
        assert picture.width > picture.height > 400


def test_models_that_do_not_enlarge_are_refused(
    run: Callable,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
) -> None:
    network = Bicubic()
    network.facts = None
    monkeypatch.setattr(running, 'get_model', lambda *_: network)
    with pytest.raises(SystemExit):
        run('shift')
    assert 'a model that enlarges' in capsys.readouterr().err
