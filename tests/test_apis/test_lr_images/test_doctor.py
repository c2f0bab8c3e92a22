# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""What is wrong with LR files is found, and only that."""

import io
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image
from torch import Tensor, nn

from mmfacesr.apis.cli import main
from mmfacesr.apis.lr_images.doctor import examine
from mmfacesr.apis.lr_images.kernels import kernels_of
from mmfacesr.apis.models import ModelFacts
from mmfacesr.models import METHODS
from mmfacesr.utils.images import read_image

Images = list[np.ndarray]
KERNELS = (
    'area',
    'bicubic',
    'bilinear_chain',
    'matlab_bicubic',
    'opencv_cubic',
    'torch_antialias',
)


class Bicubic(nn.Module):
    """In place of a network."""

    def __init__(self) -> None:
        super().__init__()
        facts = METHODS['dic'].facts['x8'].to_dict()
        self.facts = ModelFacts(
            **facts, name='bicubic', size_requirement=None, weights_license=''
        )

    def forward(self, lr: Tensor) -> Tensor:
        return nn.functional.interpolate(lr, scale_factor=8, mode='bicubic')


def jpeg(image: np.ndarray, quality: int) -> np.ndarray:
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, 'JPEG', quality=quality)
    return np.array(Image.open(buffer))


def enlarged(images: Images, filter_: int) -> Images:
    return [
        np.array(Image.fromarray(image).resize((128, 128), filter_))
        for image in images
    ]


def test_nothing_is_wrong_with_good_files(write, hr: Path, lr: Images) -> None:
    found = examine(write('lr', lr), hr, Bicubic())
    assert (found.files, found.compared, found.bad) == (12, 12, {})
    advised = [one.topic for one in found.findings if one.advice]
    assert advised == ['kernel']  # how a config makes them itself
    assert found.of('size').says == 'all 16x16'
    assert found.of('channel order').values['order'] == 'RGB'
    assert found.of('framing').says == 'as the HR faces'
    assert 'jpeg_quality' not in found.of('traces of JPEG').values
    assert found.of('cost').values['loss'] == 0


@pytest.mark.parametrize('kernel', KERNELS)
def test_each_kernel_is_found(write, hr, faces: Images, kernel: str) -> None:
    made = write('lr', [kernels_of(8)[kernel](face) for face in faces])
    found = examine(made, hr).of('kernel')
    assert found.says == f'{kernel}, byte for byte'
    assert found.confidence == 'certain'
    assert f'lr_kernel={kernel}' in found.advice


def test_a_kernel_of_x4_is_found(write, hr: Path, faces: Images) -> None:
    made = [
        cv2.resize(face, (32, 32), interpolation=cv2.INTER_CUBIC)
        for face in faces
    ]
    found = examine(write('lr', made), hr)
    assert found.of('kernel').values['kernel'] == 'opencv_cubic'
    assert found.of('kernel').confidence == 'certain'


def test_what_is_of_no_kernel_is_not_named(write, hr, lr: Images) -> None:
    draw = np.random.default_rng(0)
    noisy = [
        (face + draw.normal(0, 12, face.shape)).clip(0, 255).astype(np.uint8)
        for face in lr
    ]
    found = examine(write('lr', noisy), hr).of('kernel')
    assert found.confidence == 'possible'


@pytest.mark.parametrize('quality', [50, 75, 90, 95])
def test_jpeg_is_found_in_files_and_pixels(
    write, lr: Images, quality: int
) -> None:
    found = examine(write('jpg', lr, 'jpg', quality=quality)).of('format')
    assert found.values['jpeg_quality'] == quality
    assert found.advice
    copies = write('png', [jpeg(face, quality) for face in lr])
    traces = examine(copies).of('traces of JPEG')
    assert abs(traces.values['jpeg_quality'] - quality) <= 5


def test_smooth_faces_have_no_traces_of_jpeg(write, faces: Images) -> None:
    smooth = [cv2.GaussianBlur(face, (0, 0), 3) for face in faces]
    found = examine(write('lr', smooth)).of('traces of JPEG')
    assert 'jpeg_quality' not in found.values


def test_exchanged_channels_are_found(write, hr: Path, lr: Images) -> None:
    folder = write('bgr', [face[..., ::-1] for face in lr])
    order = examine(folder, hr).of('channel order')
    assert order.values['order'] == 'BGR'
    assert order.confidence == 'certain'
    assert examine(folder, hr).of('kernel').says.startswith('bicubic, byte')
    alone = examine(folder).of('channel order')
    assert alone.values['order'] == 'BGR'
    assert alone.confidence == 'likely'
    gray = write('gray', [face.mean(2).astype(np.uint8) for face in lr])
    assert examine(gray).of('channel order').confidence == 'unknown'
    assert examine(gray, hr).of('channel order').confidence == 'unknown'


@pytest.mark.parametrize('move', [(1, 0), (-1, 0), (0, 1), (1, -1)])
def test_a_shift_is_found(write, hr: Path, lr: Images, move) -> None:
    right, down = move
    moved = [np.roll(face, (down, right), (0, 1)) for face in lr]
    found = examine(write('lr', moved), hr, Bicubic())
    values = found.of('framing').values
    np.testing.assert_allclose(
        (values['right'], values['down']), move, atol=0.05
    )
    assert found.of('framing').advice
    assert found.of('kernel').values['kernel'] == 'bicubic'
    assert found.of('cost').values['interval'][0] > 0.5


def test_every_eighth_pixel_is_moved_by_less_than_a_pixel(
    write, hr: Path, faces: Images
) -> None:
    """Pixel 0 of 8 lies 3.5 / 8 before the middle of its block."""
    found = examine(write('lr', [f[::8, ::8] for f in faces]), hr)
    values = found.of('framing').values
    wanted = 3.5 / 8
    np.testing.assert_allclose(
        (values['right'], values['down']), wanted, atol=0.1
    )


def test_a_part_of_the_hr_face_is_found(write, faces, lr: Images) -> None:
    large = [
        np.pad(face, ((16, 16), (16, 16), (0, 0)), 'reflect') for face in faces
    ]
    found = examine(write('lr', lr), write('hr160', large))
    assert abs(found.of('framing').values['zoom'] - 0.8) < 0.01
    assert found.of('kernel').says == 'bicubic, byte for byte'


def test_other_faces_are_noticed(write, hr: Path, lr: Images) -> None:
    found = examine(write('lr', [face[::-1] for face in lr]), hr)
    assert 'not like the HR faces' in found.of('framing').says


@pytest.mark.parametrize(
    'name, filter_',
    [('bicubic', 3), ('bilinear', 2), ('nearest', 0), ('lanczos', 1)],
)
def test_enlarged_copies_are_found(
    write, hr, lr: Images, name: str, filter_: int
) -> None:
    found = examine(write('large', enlarged(lr, filter_)), hr)
    assert found.of('enlarged').values['filter'] == name
    assert found.of('enlarged').values['small'] == 16
    assert found.of('kernel').values['kernel'] == 'bicubic'


def test_sharp_faces_are_no_enlarged_copies(hr: Path) -> None:
    assert examine(hr).of('enlarged').values == {}


def test_compressed_enlarged_copies_are_likely(write, lr: Images) -> None:
    large = [jpeg(face, 90) for face in enlarged(lr, 3)]
    found = examine(write('lr', large)).of('enlarged')
    assert (found.confidence, found.values['small']) == ('likely', 16)


def test_odd_files_are_named(write, lr: Images) -> None:
    folder = write('lr', lr)
    (folder / 'bad\x1b.png').write_bytes(b'no image')
    Image.fromarray(lr[0]).resize((20, 20)).save(folder / 'b.png')
    Image.fromarray(lr[0]).convert('RGBA').save(folder / 'c.png')
    deep = lr[0].astype(np.uint16) * 257
    cv2.imwrite(str(folder / 'd.png'), deep[..., ::-1])
    found = examine(folder)
    assert list(found.bad) == ['bad\x1b.png']
    assert '1 20x20' in found.of('size').says
    assert found.of('size').advice
    assert '1 color with alpha, 8 bit' in found.of('pixels').says
    assert '1 color, 16 bit' in found.of('pixels').says
    assert 'c.png, d.png' in found.of('pixels').advice


def test_what_cannot_be_told_is_said(write, lr: Images, hr: Path) -> None:
    found = examine(write('lr', lr))
    for topic in ('framing', 'kernel', 'cost'):
        assert found.of(topic).confidence == 'unknown'
        assert '--hr' in found.of(topic).advice
    tiny = write('tiny', [face[:12, :12] for face in lr])
    found = examine(tiny, hr, Bicubic())
    assert found.of('cost').confidence == 'unknown'
    assert '16x16' in found.of('cost').advice


def test_names_that_do_not_fit_are_an_error(write, lr, tmp_path: Path) -> None:
    folder = write('lr', lr)
    other = tmp_path / 'other'
    other.mkdir()
    Image.fromarray(lr[0]).save(other / 'else.png')
    with pytest.raises(FileNotFoundError, match=r'00, 01, 02.*got else'):
        examine(folder, other)


def test_cost_is_that_of_the_pixels(write, hr, faces, lr: Images) -> None:
    """Against scikit-image and a network known by its formula."""
    from skimage.metrics import peak_signal_noise_ratio

    made = [kernels_of(8)['opencv_cubic'](face) for face in faces]
    found = examine(write('lr', made), hr, Bicubic()).of('cost').values

    def mean(small: Images) -> float:
        large = [
            cv2.resize(
                f.astype(np.float32), (128, 128), interpolation=cv2.INTER_CUBIC
            ).clip(0, 255)
            for f in small
        ]
        return np.mean(
            [
                peak_signal_noise_ratio(
                    b[8:-8, 8:-8].astype(np.float32),
                    a[8:-8, 8:-8],
                    data_range=255,
                )
                for a, b in zip(large, faces)
            ]
        )

    assert abs(found['psnr_own'] - mean(lr)) < 0.01
    assert abs(found['psnr_these'] - mean(made)) < 0.01
    loss = found['psnr_own'] - found['psnr_these']
    assert abs(found['loss'] - loss) < 1e-6
    assert found['interval'][0] < loss < found['interval'][1]


def test_command_prints_lines_and_json(
    write, lr: Images, capsys: pytest.CaptureFixture
) -> None:
    folder = write('lr', lr)
    (folder / '04x.png').write_bytes(b'')
    assert main(['doctor', str(folder)]) == 0
    text = capsys.readouterr().out
    assert 'certain   all 16x16.' in text
    assert '1 files are left out' in text
    assert main(['doctor', str(folder), '--json', '--limit', '5']) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found['files'], found['looked_at']) == (12, 5)
    topics = [one['topic'] for one in found['findings']]
    assert {'size', 'format', 'channel order', 'kernel'} <= set(topics)
    with pytest.raises(SystemExit):
        main(['doctor', str(folder), '--model', 'any'])
    assert read_image(folder / '00.png').shape == (16, 16, 3)
