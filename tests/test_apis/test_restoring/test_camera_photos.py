# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""A photo of a camera comes back upright, with its place and its colors."""

from collections.abc import Callable
from pathlib import Path

import icc_profiles
import numpy as np
import pytest
from camera_exif import IFD, ORIENTATION, camera_exif, changed_bytes
from PIL import Image, ImageOps

from mmfacesr.datasets.synthetic_faces import render_group

from .conftest import brighten, face_of_side

SIZE = (120, 90)  # as stored: the face is in the 90x120 of the upright photo
FACE = face_of_side(18, 20, 20)
AROUND_FACE = (slice(10, 50), slice(10, 50))  # rows and columns
JPEG_ERROR = 5  # levels, of quality 100


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """It has to be turned by a quarter to be upright."""
    path = tmp_path / 'photo.jpg'
    Image.fromarray(render_group(5, *SIZE, 1, (20, 20))[0]).save(
        path,
        quality=100,
        subsampling=0,
        exif=camera_exif(6),
        icc_profile=icc_profiles.display_p3(),
    )
    return path


@pytest.fixture(params=['inferencer', 'command'])
def restored(
    request: pytest.FixtureRequest,
    photo: Path,
    tmp_path: Path,
    make_restorer: Callable,
) -> Path:
    """The file that each of the two ways writes."""
    if request.param == 'command':
        restore = request.getfixturevalue('restore')
        restore.restorer.faces.network = brighten
        assert restore(photo, '--no-back-project') == 0
        return tmp_path / 'out/restored/photo.jpg'
    restorer = make_restorer(FACE, network=brighten)
    (result,) = restorer(photo, back_project=False)
    result.save(tmp_path / 'result.jpg')
    return tmp_path / 'result.jpg'


def test_metadata_stay_but_the_orientation(
    photo: Path, restored: Path
) -> None:
    old, new = Image.open(photo), Image.open(restored)
    assert new.info['icc_profile'] == old.info['icc_profile']
    assert changed_bytes(old.info['exif'], new.info['exif']) == [(6, 1)]
    assert new.getexif()[ORIENTATION] == 1
    place = new.getexif().get_ifd(IFD.GPSInfo)
    assert place == old.getexif().get_ifd(IFD.GPSInfo)
    assert place[1] == 'N' and place[2] == (48.0, 8.0, 14.5)


def test_pixels_are_upright(photo: Path, restored: Path) -> None:
    upright = np.array(ImageOps.exif_transpose(Image.open(photo)))
    found = np.array(Image.open(restored))
    assert found.shape == upright.shape == (*SIZE, 3)
    change = np.abs(found.astype(int) - upright).max(-1)
    assert change[AROUND_FACE].max() > 2 * JPEG_ERROR
    change[AROUND_FACE] = 0
    assert change.max() <= JPEG_ERROR
    # What lies, hangs or is mirrored is far from that.
    for other in (upright[::-1], upright[:, ::-1], upright[::-1, ::-1]):
        assert np.abs(found.astype(int) - other).mean() > 2 * JPEG_ERROR


def test_only_the_face_differs_before_it_is_compressed(
    photo: Path, make_restorer: Callable
) -> None:
    upright = np.array(ImageOps.exif_transpose(Image.open(photo)))
    (result,) = make_restorer(FACE, network=brighten)(photo)
    change = result.image.astype(int) - upright
    assert change[AROUND_FACE].any()
    change[AROUND_FACE] = 0
    assert not change.any()


def test_the_network_sees_the_colors_of_srgb(
    photo: Path, make_restorer: Callable
) -> None:
    """What it is given is the photo converted by ImageCms, and reduced."""
    plain = ImageOps.exif_transpose(Image.open(photo))
    srgb = icc_profiles.to_srgb(plain)
    restorer = make_restorer(FACE, network=brighten)
    (result,), (wanted,) = restorer(photo), restorer(np.array(srgb))
    (other,) = restorer(np.array(plain))
    lr = wanted.faces[0].lr.astype(int)
    assert np.abs(result.faces[0].lr - lr).max() <= 1
    assert np.abs(other.faces[0].lr - lr).max() > 5
