# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Changes of faces against slices, SciPy, Pillow and hand-made cases."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import gaussian_filter

from mmfacesr.apis.robustness.changes import (
    CHANGES,
    Frame,
    blurred,
    compressed,
    cut_out,
    frame_of,
    noisy,
)
from mmfacesr.apis.robustness.faces import SourceFaces
from mmfacesr.datasets.synthetic_faces import render_face

CENTER = 79.5, 79.5  # of 160 pixels


@pytest.fixture(scope='module')
def image() -> np.ndarray:
    return render_face(3, 160)[0]


def test_whole_shifts_copy_pixels(image: np.ndarray) -> None:
    plain = cut_out(image, CENTER, 128, Frame())
    np.testing.assert_array_equal(plain, image[16:-16, 16:-16])
    moved = cut_out(image, CENTER, 128, Frame(shift=(16, -3)))
    np.testing.assert_array_equal(moved, image[13:141, 32:])


def test_the_frame_turns_clockwise(image: np.ndarray) -> None:
    turned = cut_out(image, CENTER, 128, Frame(angle=90))
    np.testing.assert_array_equal(turned, np.rot90(image[16:-16, 16:-16]))


@pytest.mark.parametrize(
    'frame, corner',
    [
        (Frame(scale=0.8), 79.5 - 0.8 * 63.5),
        (Frame(scale=1.25), 79.5 - 1.25 * 63.5),
        (
            Frame(angle=15),
            79.5 - 63.5 * (np.cos(np.pi / 12) - np.sin(np.pi / 12)),
        ),
        (
            Frame(angle=-15),
            79.5 - 63.5 * (np.cos(np.pi / 12) + np.sin(np.pi / 12)),
        ),
    ],
)
def test_places_on_a_ramp(frame: Frame, corner: float) -> None:
    """Whose pixels say their own x; no place is mirrored back."""
    ramp = np.broadcast_to(np.arange(160, dtype=np.uint8), (160, 160))
    found = cut_out(np.dstack([ramp] * 3), CENTER, 128, frame)
    assert found[0, 0, 0] == pytest.approx(corner, abs=1)
    assert found[64, 64, 0] == pytest.approx(79.5, abs=1)


def test_strengths_have_room_in_every_file(
    tmp_path: Path, image: np.ndarray
) -> None:
    for name, side in (('a.png', 160), ('b.png', 152)):
        Image.fromarray(image[:side]).save(tmp_path / name)

    def known(faces: SourceFaces) -> dict:
        return {
            change: faces.strengths(change, CHANGES[change].strengths)
            for change in ('shift', 'rotation', 'scale')
        }

    assert known(SourceFaces(tmp_path, 128, 128, limit=1)) == {
        name: [*CHANGES[name].strengths]
        for name in ('shift', 'rotation', 'scale')
    }
    # 12 pixels: 63.5 (cos + sin) of 10 degrees is 73.6, of 15 is 77.8.
    assert known(SourceFaces(tmp_path, 128, 128)) == dict(
        shift=[0, 1, 2, 4, 8, 12],
        rotation=[0, 2, 5, 10],
        scale=[0.8, 0.9, 1, 1.1],
    )
    assert known(SourceFaces(tmp_path, 128)) == dict(
        shift=[0], rotation=[0], scale=[0.8, 0.9, 1]
    )
    with pytest.raises(ValueError, match=r'at least 156.*1 smaller.*b\.png'):
        SourceFaces(tmp_path, 128, 156)


def test_larger_faces_are_reduced_first(tmp_path: Path) -> None:
    picture = render_face(5, 320)[0]
    Image.fromarray(picture).save(tmp_path / 'a.png')
    faces = SourceFaces(tmp_path, 128, 256)
    half = np.array(Image.fromarray(picture).resize((160, 160), 3))
    found = faces.load('a.png', Frame(shift=(0, 4)))
    np.testing.assert_array_equal(found, half[20:148, 16:144])
    assert faces.room == 79.5


def test_ways_are_drawn_by_name() -> None:
    names = [f'{number}.png' for number in range(200)]
    shifts = [frame_of('shift', 8, name).shift for name in names]
    assert {*shifts} == {(8, 0), (-8, 0), (0, 8), (0, -8)}
    assert shifts == [frame_of('shift', 8, name).shift for name in names]
    turns = [frame_of('rotation', 5, name).angle for name in names]
    assert 60 < turns.count(5) < 140 and turns.count(-5) == 200 - turns.count(
        5
    )
    assert frame_of('scale', 1.1, 'a') == Frame(scale=1.1)
    assert frame_of('blur', 3, 'a') == Frame()


def test_noise_is_that_of_the_name() -> None:
    gray = np.full((64, 64, 3), 120, np.uint8)
    found = noisy(gray, 10, 'a.png')
    assert found.std() == pytest.approx(10, abs=0.3)
    assert found.mean() == pytest.approx(120, abs=0.3)
    np.testing.assert_array_equal(noisy(gray, 10, 'a.png'), found)
    assert (noisy(gray, 10, 'b.png') != found).any()
    np.testing.assert_array_equal(noisy(gray, 0, 'a.png'), gray)
    twice = noisy(gray, 20, 'a.png').astype(float) - 120
    np.testing.assert_allclose(twice, 2 * (found - 120.0), atol=1.01)


def test_blur_is_a_gaussian(image: np.ndarray) -> None:
    found = blurred(image, 3)[12:-12, 12:-12]
    wanted = gaussian_filter(image.astype(float), (3, 3, 0))[12:-12, 12:-12]
    np.testing.assert_allclose(found, wanted, atol=1.5)
    np.testing.assert_array_equal(blurred(image, 0), image)


def test_jpeg_is_that_of_pillow(image: np.ndarray) -> None:
    file = io.BytesIO()
    Image.fromarray(image).save(file, 'jpeg', quality=50, subsampling='4:2:0')
    found = compressed(image, 50).astype(float)
    np.testing.assert_allclose(found, np.array(Image.open(file)), atol=6)
    assert np.abs(found - image).max() > 20
    assert compressed(image, 100) is image
