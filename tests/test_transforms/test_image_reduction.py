# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Every named LR kernel against the library or the rule it is called after."""

from functools import partial

import cv2
import numpy as np
import pytest
import torch
from mmengine.dataset import Compose
from mmengine.registry import TRANSFORMS, init_default_scope
from PIL import Image

import mmfacesr.compat.mmagic_base  # noqa: F401 (registers Resize)
from mmfacesr.apis.recipes import kernel_names, read_recipe
from mmfacesr.datasets.reductions import matlab_bicubic
from mmfacesr.datasets.synthetic_faces import render_face
from mmfacesr.datasets.transforms import ReduceImage

SIZE = 128


def keys_cubic(x: float) -> float:
    x = abs(x)
    if x <= 1:
        return 1.5 * x**3 - 2.5 * x**2 + 1
    return -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2 if x < 2 else 0.0


def matlab_line(line: np.ndarray, scale: int) -> list[np.ndarray]:
    """A row of pixels by MATLAB's rule, one output pixel after the other."""
    found = []
    for out in range(len(line) // scale):
        center = (out + 0.5) * scale - 0.5
        total, weights = 0.0, 0.0
        first = int(center) - 2 * scale - 1
        for place in range(first, first + 4 * scale + 4):
            weight = keys_cubic((center - place) / scale)
            inside = place if place >= 0 else -1 - place
            if inside >= len(line):
                inside = 2 * len(line) - 1 - inside
            total, weights = total + weight * line[inside], weights + weight
        found.append(total / weights)
    return found


def by_matlab(face: np.ndarray, scale: int) -> np.ndarray:
    rows = np.array(matlab_line(face.astype(np.float64), scale))
    exact = np.array(matlab_line(rows.swapaxes(0, 1), scale)).swapaxes(0, 1)
    return np.clip(np.floor(exact + 0.5), 0, 255)


def by_pillow(face: np.ndarray, scale: int) -> np.ndarray:
    size = (SIZE // scale, SIZE // scale)
    return np.array(Image.fromarray(face).resize(size, Image.BICUBIC))


def by_halves(face: np.ndarray, scale: int) -> np.ndarray:
    image = Image.fromarray(face)
    while image.width > SIZE // scale:
        half = image.width // 2, image.height // 2
        image = image.resize(half, Image.BILINEAR)
    return np.array(image)


def by_opencv(face: np.ndarray, scale: int) -> np.ndarray:
    size = (SIZE // scale, SIZE // scale)
    return cv2.resize(face, size, interpolation=cv2.INTER_CUBIC)


def by_means(face: np.ndarray, scale: int) -> np.ndarray:
    side = SIZE // scale
    blocks = face.reshape(side, scale, side, scale, 3).astype(np.float64)
    return blocks.mean((1, 3))


def by_torch(face: np.ndarray, scale: int) -> np.ndarray:
    batch = torch.from_numpy(face).permute(2, 0, 1)[None].float()
    exact = torch.nn.functional.interpolate(
        batch, scale_factor=1 / scale, mode='bicubic', antialias=True
    )
    return exact[0].permute(1, 2, 0).clamp(0, 255).numpy()


ORACLES = dict(
    area=by_means,
    bicubic=by_pillow,
    bilinear_chain=by_halves,
    matlab_bicubic=by_matlab,
    opencv_cubic=by_opencv,
    torch_antialias=by_torch,
)
NOT_ROUNDED = 'area', 'torch_antialias'
noise = partial(np.random.default_rng(5).integers, 0, 256)
IMAGES = [render_face(3, SIZE)[0], noise((SIZE, SIZE, 3), dtype=np.uint8)]


def run(recipe: str, face: np.ndarray) -> dict:
    init_default_scope('mmagic')
    steps = Compose([TRANSFORMS.build(step) for step in read_recipe(recipe)])
    return steps(dict(gt=face.copy(), gt_channel_order='rgb'))


@pytest.mark.parametrize('scale', [4, 8])
def test_each_kernel_has_an_oracle(scale: int) -> None:
    assert kernel_names(scale) == tuple(ORACLES)


@pytest.mark.parametrize('scale', [4, 8])
@pytest.mark.parametrize('kernel', ORACLES)
def test_recipe_equals_its_oracle(kernel: str, scale: int) -> None:
    for face in IMAGES:
        sample = run(f'{kernel}_x{scale}', face)
        wanted = ORACLES[kernel](face, scale)
        found = sample['img'].astype(np.float64)
        assert sample['img'].dtype == np.uint8
        assert sample['img_channel_order'] == 'rgb'
        assert found.shape == (SIZE // scale, SIZE // scale, 3)
        slack = 0.5001 if kernel in NOT_ROUNDED else 0
        assert np.abs(found - wanted).max() <= slack
        np.testing.assert_array_equal(sample['gt'], face)


def test_kernels_differ() -> None:
    made = [run(f'{name}_x8', IMAGES[0])['img'].tobytes() for name in ORACLES]
    assert len(set(made)) == len(ORACLES)


def test_matlab_takes_other_sides_than_squares() -> None:
    face = IMAGES[0][:96]
    found = matlab_bicubic(face, (16, 12))
    np.testing.assert_array_equal(found, by_matlab(face, 8))


def test_matlab_enlarges_by_the_kernel_as_it_is() -> None:
    """A flat image stays flat, an old pixel weighs as Keys' kernel says."""
    flat = np.full((4, 4, 3), 77, np.uint8)
    assert (matlab_bicubic(flat, (8, 8)) == 77).all()
    spike = np.zeros((8, 8, 3), np.uint8)
    spike[4, 4] = 200
    found = matlab_bicubic(spike, (16, 16))
    line = [keys_cubic((i + 0.5) / 2 - 0.5 - 4) for i in range(16)]
    wanted = np.clip(np.floor(200 * np.outer(line, line) + 0.5), 0, 255)
    np.testing.assert_array_equal(found[..., 0], wanted)


def test_wrong_arguments_are_named() -> None:
    one = dict(keys=['gt'], output_keys=['img'])
    with pytest.raises(ValueError, match="matlab_bicubic.*got 'sinc'"):
        ReduceImage(**one, scale=0.5, kernel='sinc')
    with pytest.raises(ValueError, match='at most 1.*got 2'):
        ReduceImage(**one, scale=2, kernel='matlab_bicubic')
