# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""The weights that come with mmfacesr, and the model that has them."""

import hashlib
import json
import shutil
import socket
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors import safe_open
from skimage.metrics import peak_signal_noise_ratio

import mmfacesr
from mmfacesr.apis import cli
from mmfacesr.apis.face_network import FaceNetwork
from mmfacesr.datasets.synthetic_faces import face_seeds, render_face
from mmfacesr.weights import WeightsError, model_index
from mmfacesr.weights.model_index import (
    find_entry,
    packaged_model,
    read_index,
)
from mmfacesr.weights.sources import local_weights

MEGABYTE = 1_000_000
PACKAGED_MODEL = packaged_model()


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError('a socket was asked for')

    monkeypatch.setattr(socket, 'socket', refuse)
    monkeypatch.setattr(socket, 'getaddrinfo', refuse)


def test_one_file_is_in_the_package_and_is_what_the_index_says() -> None:
    (entry,) = (item for item in read_index() if item.packaged)
    assert entry.name == PACKAGED_MODEL
    assert entry.license == 'Apache-2.0' and not entry.restricted
    content = entry.packaged.read_bytes()
    assert len(content) <= 12 * MEGABYTE
    assert entry.checksum.sha256 == hashlib.sha256(content).hexdigest()
    assert entry.packaged.parent == (
        Path(mmfacesr.__file__).parent / 'weights/packaged'
    )
    (card,) = entry.packaged.parent.glob('*.md')
    assert entry.packaged.name in card.read_text()
    with safe_open(entry.packaged, 'pt') as file:
        kinds = {file.get_tensor(key).dtype for key in file.keys()}  # noqa: SIM118
    assert kinds == {torch.float16, torch.int64}


@pytest.mark.usefixtures('no_network')
def test_it_is_the_model_that_nobody_has_to_name() -> None:
    model = mmfacesr.get_model()
    assert model.facts.name == PACKAGED_MODEL
    assert model.facts.weights_license == 'Apache-2.0'
    assert not model.training
    named = mmfacesr.get_model(PACKAGED_MODEL, weights=True)
    fresh = mmfacesr.get_model(PACKAGED_MODEL)
    state = model.state_dict()
    assert all(v.dtype != torch.float16 for v in state.values())
    for key, value in named.state_dict().items():
        assert torch.equal(value, state[key])
    assert not torch.equal(
        fresh.state_dict()['encoder.0.conv2d.weight'],
        state['encoder.0.conv2d.weight'],
    )


def test_other_weights_go_into_it(tmp_path: Path) -> None:
    path = tmp_path / 'mine.pth'
    mine = mmfacesr.get_model(PACKAGED_MODEL).state_dict()
    torch.save(mine, path)
    model = mmfacesr.get_model(weights=path)
    assert model.facts.name == PACKAGED_MODEL
    assert model.facts.weights_license is None
    for key, value in model.state_dict().items():
        assert torch.equal(value, mine[key])


def test_it_restores_faces_that_it_has_not_seen() -> None:
    model = mmfacesr.get_model()
    network = FaceNetwork(model.facts, model)
    gains = []
    for seed in face_seeds('test', 6):
        face = render_face(seed, 160, look='snapshot')[0][16:-16, 16:-16]
        enlarged = network.input_of(network.lr_of(face))
        (restored,) = network.restore([enlarged])
        before, after = (
            peak_signal_noise_ratio(
                face[8:-8, 8:-8],
                np.round(image[8:-8, 8:-8]).astype(np.uint8),
            )
            for image in (enlarged, restored)
        )
        gains.append(after - before)
    assert np.mean(gains) > 1.5 and min(gains) > 0


def test_it_restores_photographs(shared_faces: Path) -> None:
    """Some faces of each source, as `mmfacesr restore` puts them back."""
    model = mmfacesr.get_model()
    network = FaceNetwork(model.facts, model)
    files = sorted((shared_faces / 'val').glob('*.jpg'))[::12]
    gains = []
    for file in files:
        face = np.array(Image.open(file))[16:-16, 16:-16]
        lr = network.lr_of(face)
        enlarged = network.input_of(lr)
        (restored,) = network.restore([enlarged])
        before, after = (
            peak_signal_noise_ratio(
                face[8:-8, 8:-8].astype(float),
                image[8:-8, 8:-8].astype(float),
                data_range=255,
            )
            for image in (enlarged, network.back_project(restored, lr))
        )
        gains.append(after - before)
    assert len(gains) == 20
    assert np.mean(gains) > 1.4 and min(gains) > 0


def test_the_command_restores_a_photo_by_it(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    """And says what it took, and that there are better ones."""
    photo, _ = render_face(3, 256)
    small = Image.fromarray(photo).resize((27, 27), Image.BICUBIC)
    picture = Image.new('RGB', (160, 160), (90, 110, 100))
    picture.paste(small, (60, 50))
    picture.save(tmp_path / 'small.png')
    given = [str(tmp_path / 'small.png'), '-o', str(tmp_path / 'out')]
    assert cli.main(['restore', *given, '--upscale', '2']) == 0
    said = capsys.readouterr().err
    assert 'By the weights in the package' in said and '-m NAME' in said
    report = json.loads((tmp_path / 'out/summary.json').read_text())
    assert report['model'] == PACKAGED_MODEL
    assert report['faces_restored'] == report['faces'] == 1


def test_a_damaged_file_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = find_entry(PACKAGED_MODEL).packaged
    shutil.copy(file, tmp_path)
    with (tmp_path / file.name).open('r+b') as copy:
        copy.seek(1_000_000)
        copy.write(b'\x00\x01\x02')
    monkeypatch.setattr(model_index, 'PACKAGED_FOLDER', tmp_path)
    with pytest.raises(
        WeightsError, match='Expected another file at .*sha256'
    ):
        mmfacesr.get_model()
    (tmp_path / file.name).unlink()
    with pytest.raises(WeightsError, match='No such file'):
        mmfacesr.get_model()


def test_a_wrong_sha256_is_refused() -> None:
    with pytest.raises(WeightsError, match='Expected one sha256'):
        local_weights(PACKAGED_MODEL, sha256='01234567')


def test_it_is_listed_as_here_and_needs_no_download(
    capsys: pytest.CaptureFixture,
) -> None:
    assert cli.main(['models', PACKAGED_MODEL]) == 0
    row = capsys.readouterr().out.splitlines()[1].split()
    assert row == [PACKAGED_MODEL, 'SPARNet', 'sha256', 'yes', 'Apache-2.0']
    assert cli.main(['download', PACKAGED_MODEL]) == 0
    path = capsys.readouterr().out.strip()
    assert Path(path) == find_entry(PACKAGED_MODEL).packaged
