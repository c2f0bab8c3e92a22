# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""A frame in RGB, and changes in its own planes, by the definition."""

from fractions import Fraction

import av
import numpy as np
import pytest

from mmfacesr.apis.videos.frames import FramePicture

from .conftest import flat_samples

# Weights of red and blue in luma: ITU-R BT.601, BT.709, BT.2020.
WEIGHTS = {5: (0.299, 0.114), 1: (0.2126, 0.0722), 9: (0.2627, 0.0593)}
COLORS = np.array(
    [(255, 0, 0), (0, 255, 0), (0, 0, 255), (200, 150, 120), (30, 30, 30)]
)


def yuv_of(color, matrix: int, full: bool, bits: int) -> list[float]:
    """Luma and chroma of 8-bit RGB, by ITU-T H.273, section 8.3."""
    red, blue = WEIGHTS[matrix]
    r, g, b = np.asarray(color) / 255
    luma = red * r + (1 - red - blue) * g + blue * b
    chroma = (b - luma) / (2 - 2 * blue), (r - luma) / (2 - 2 * red)
    if full:
        most = (1 << bits) - 1
        half = 1 << (bits - 1)
        values = [luma * most, *(half + c * most for c in chroma)]
        return np.clip(values, 0, most).tolist()
    step = 1 << (bits - 8)
    return [
        (16 + 219 * luma) * step,
        *((128 + 224 * c) * step for c in chroma),
    ]


def blank(width: int, height: int, name: str):
    """A frame with a time, as a decoded one has."""
    frame = av.VideoFrame(width, height, name)
    frame.pts, frame.time_base = 0, Fraction(1, 25)
    return frame


def frame_of(name: str, values, matrix: int = 1, full: bool = False):
    """A frame of 8x6 samples whose planes have one value each."""
    frame = blank(8, 6, name)
    kind = np.uint16 if frame.format.components[0].bits > 8 else np.uint8
    for plane, value in zip(frame.planes, values):
        np.frombuffer(plane, kind)[:] = np.rint(value)
    frame.colorspace, frame.color_range = matrix, 2 if full else 1
    return frame


@pytest.mark.parametrize('color', COLORS)
@pytest.mark.parametrize('matrix', WEIGHTS)
@pytest.mark.parametrize('full', [False, True])
@pytest.mark.parametrize(
    ('name', 'bits'),
    [('yuv420p', 8), ('yuv444p', 8), ('yuv422p10le', 10), ('yuv420p12le', 12)],
)
def test_colors_are_those_of_the_definition(
    color, matrix: int, full: bool, name: str, bits: int
) -> None:
    frame = frame_of(name, yuv_of(color, matrix, full, bits), matrix, full)
    rgb = FramePicture(frame).srgb().astype(int)
    assert np.abs(rgb - color).max() <= (2 if bits == 8 else 1)


@pytest.mark.parametrize('matrix', WEIGHTS)
@pytest.mark.parametrize('full', [False, True])
@pytest.mark.parametrize(
    ('name', 'bits'),
    [('yuv420p', 8), ('yuv444p', 8), ('yuv422p10le', 10), ('yuv420p12le', 12)],
)
def test_a_change_is_that_of_the_definition(
    matrix: int, full: bool, name: str, bits: int
) -> None:
    before, after = (90, 120, 140), (100, 105, 180)
    values = yuv_of(before, matrix, full, bits)
    given = frame_of(name, values, matrix, full)
    picture = FramePicture(given).copy()
    change = np.subtract(after, before).astype(np.float32)
    picture.add(2, 2, np.broadcast_to(change, (2, 4, 3)))
    wanted = yuv_of(after, matrix, full, bits)
    frame = picture.frame
    deep = np.uint16 if bits > 8 else np.uint8
    for plane, old, new in zip(frame.planes, values, wanted):
        rows = np.frombuffer(plane, deep).reshape(plane.height, -1)
        x, y = 8 // plane.width, 6 // plane.height
        box = rows[2 // y : 4 // y, 2 // x : 6 // x].astype(int)
        assert np.abs(box - new).max() <= 1  # rounded twice
        outside = rows[:, : plane.width].astype(int)
        outside[2 // y : 4 // y, 2 // x : 6 // x] = np.rint(old)
        assert (outside == np.rint(old)).all()
    for plane, old in zip(given.planes, values):
        assert (np.frombuffer(plane, deep) == np.rint(old)).all()


def test_a_box_of_odd_place_is_averaged_over_its_chroma() -> None:
    picture = FramePicture(frame_of('yuv420p', (100, 128, 128), full=True))
    picture = picture.copy()
    blue = np.zeros((1, 1, 3), np.float32)
    blue[..., 2] = 100
    picture.add(3, 1, blue)  # a quarter of the sample (1, 0)
    share = WEIGHTS[1][1]
    _, plane, _ = picture.frame.planes
    rows = np.frombuffer(plane, np.uint8).reshape(plane.height, -1)
    # 100 (1 - Kb) / (2 (1 - Kb)) / 4 = 12.5
    assert rows[0, 1] in (140, 141)
    assert (rows[:, :4] != 128).sum() == 1
    luma = np.frombuffer(picture.frame.planes[0], np.uint8)
    assert luma.reshape(6, -1)[1, 3] == round(100 + 100 * share)


def test_the_last_column_of_an_odd_frame_changes_in_full() -> None:
    frame = blank(5, 5, 'yuv420p')
    for plane in frame.planes:
        np.frombuffer(plane, np.uint8)[:] = 100
    frame.color_range = 2
    picture = FramePicture(frame).copy()
    picture.add(4, 4, np.full((1, 1, 3), (0, 0, 80), np.float32))
    _, plane, _ = picture.frame.planes
    rows = np.frombuffer(plane, np.uint8).reshape(plane.height, -1)
    assert rows[2, 2] == 140


@pytest.mark.parametrize('name', ['gbrp', 'gbrp10le', 'gray'])
def test_rgb_and_gray(name: str) -> None:
    picture = FramePicture(frame_of(name, (40, 50, 60))).copy()
    picture.add(0, 0, np.full((6, 8, 3), (1, 2, 4), np.float32))
    scale = 1023 / 255 if '10' in name else 1
    wanted = (2, 4, 1)
    if name == 'gray':  # BT.709, as the frame says
        wanted = (0.2126 * 1 + 0.7152 * 2 + 0.0722 * 4,)
    values = flat_samples(picture.frame).reshape(len(wanted), -1)
    start = (40, 50, 60)[: len(wanted)]
    for plane, old, change in zip(values, start, wanted):
        assert (plane == round(old + change * scale)).all()


def test_no_change_keeps_every_bit() -> None:
    rng = np.random.default_rng(0)
    frame = blank(64, 48, 'yuv420p')
    for plane in frame.planes:
        rows = np.frombuffer(plane, np.uint8)
        rows[:] = rng.integers(0, 256, rows.size)
    picture = FramePicture(frame)
    twin = picture.copy()
    twin.add(3, 5, np.zeros((31, 33, 3), np.float32))
    assert (flat_samples(twin.frame) == flat_samples(frame)).all()
    twin.add(3, 5, np.full((31, 33, 3), 20, np.float32))
    assert (flat_samples(twin.frame) != flat_samples(frame)).any()
    assert (flat_samples(picture.frame) == flat_samples(frame)).all()


def test_packed_frames_become_planar_without_loss() -> None:
    array = np.random.default_rng(0).integers(0, 256, (48, 64, 3), np.uint8)
    frame = av.VideoFrame.from_ndarray(array, format='rgb24')
    frame.pts, frame.time_base = 0, Fraction(1, 25)
    picture = FramePicture(frame)
    assert picture.frame.format.name == 'gbrp'
    np.testing.assert_array_equal(picture.srgb(), array)
