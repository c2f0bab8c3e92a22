# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""From a picture to the restored picture, with networks of a line each."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from mmfacesr.apis.restoring.inputs import Located
from mmfacesr.utils.photos import Photo

from .conftest import HD_MODEL, brighten, enlarge, face_of_side, identity

SIDE = 256


def noise(dtype: type = np.uint8, channels: int = 3) -> np.ndarray:
    rng = np.random.default_rng(0)
    most = np.iinfo(dtype).max
    return rng.integers(0, most + 1, (SIDE, SIDE, channels), dtype)


@pytest.mark.parametrize('dtype', [np.uint8, np.uint16])
@pytest.mark.parametrize('channels', [1, 3, 4])
def test_a_network_that_changes_nothing_changes_nothing(
    make_restorer: Callable, dtype: type, channels: int
) -> None:
    restorer = make_restorer(
        face_of_side(150, 40, 50), network=identity, model=HD_MODEL
    )
    picture = noise(dtype, channels)
    picture = picture[..., 0] if channels == 1 else picture
    before = picture.copy()
    (result,) = restorer(picture)
    assert result.faces[0].restored
    assert result.image.dtype == dtype
    np.testing.assert_array_equal(result.image, before)
    np.testing.assert_array_equal(picture, before)


def test_only_the_face_changes_and_nothing_stops_abruptly(
    make_restorer: Callable,
) -> None:
    ramp = np.linspace(60, 180, SIDE).round().astype(np.uint8)
    picture = np.broadcast_to(ramp[:, None], (SIDE, SIDE, 3)).copy()
    face = face_of_side(20, 100, 120)
    (result,) = make_restorer(face, network=brighten)(picture, upscale=4)
    assert result.image.shape == (4 * SIDE, 4 * SIDE, 3)
    plain = np.array(
        Image.fromarray(picture).resize((4 * SIDE,) * 2, Image.LANCZOS)
    )
    change = result.image.astype(int) - plain
    assert np.abs(change).max() > 15  # 0.1 * 255 = 25, softened
    rows, columns = np.nonzero(change.any(-1))
    low, high = 4 * face.min(0), 4 * face.max(0)
    assert columns.min() > low[0] - 20 and columns.max() < high[0] + 20
    assert rows.min() > low[1] - 40 and rows.max() < high[1] + 20
    edge = change[rows.min() : rows.max(), columns.min() : columns.max()]
    sides = (edge[0], edge[-1], edge[:, 0], edge[:, -1])
    assert max(np.abs(side).max() for side in sides) <= 6


def test_who_is_left_alone_and_why(make_restorer: Callable) -> None:
    faces = [face_of_side(side, 10, 10) for side in (200, 20, 6)]
    restorer = make_restorer(*faces)
    picture = noise()
    (result,) = restorer(picture)
    assert [face.restored for face in result.faces] == [False, True, False]
    assert 'larger than' in result.faces[0].reason
    assert 'smaller than' in result.faces[2].reason
    assert result.faces[0].size == pytest.approx(200, rel=0.1)
    (result,) = restorer(picture, force=True)
    assert all(face.restored for face in result.faces)
    (result,) = restorer(picture, min_face=3, max_face=100)
    assert [face.restored for face in result.faces] == [False, True, True]
    (result,) = restorer(picture, force=True, only_center_face=True)
    assert [face.restored for face in result.faces] == [True, False, False]
    assert 'center' in result.faces[1].reason


def test_nobody_there(make_restorer: Callable) -> None:
    picture = noise()
    (result,) = make_restorer()(picture)
    assert result.faces == [] and not result.changed
    np.testing.assert_array_equal(result.image, picture)


def test_batches_over_pictures_give_what_single_faces_give(
    make_restorer: Callable,
) -> None:
    faces = [face_of_side(18, x, y) for x in (5, 90, 170) for y in (20, 150)]
    restorer = make_restorer(*faces, network=brighten)
    pictures = [noise(), noise()[::-1].copy(), noise()[:, ::-1].copy()]
    together = restorer(pictures, batch_size=4)
    alone = [restorer(picture, batch_size=1)[0] for picture in pictures]
    assert len(together) == 3
    for a, b in zip(together, alone):
        np.testing.assert_array_equal(a.image, b.image)
        for one, other in zip(a.faces, b.faces):
            np.testing.assert_array_equal(one.sr, other.sr)


def test_a_stream_holds_a_batch_and_three_pictures(
    make_restorer: Callable,
) -> None:
    restorer = make_restorer(face_of_side(18, 50, 50))
    asked = []

    def endless() -> np.ndarray:
        while True:
            asked.append(1)
            yield noise()

    stream = restorer.stream(endless(), batch_size=4)
    for _ in range(3):
        next(stream)
    assert len(asked) == 4 + 3
    stream.close()
    assert len(asked) == 4 + 3


def test_consistency_is_that_of_the_reduced_face(
    make_restorer: Callable,
) -> None:
    """Eight times nearest, reduced by Pillow bicubic, is measured by hand."""
    (result,) = make_restorer(face_of_side(18, 50, 50))(noise())
    face = result.faces[0]
    again = Image.fromarray(face.sr).resize((16, 16), Image.BICUBIC)
    error = np.square(np.array(again, float) - face.lr).mean()
    assert face.consistency == pytest.approx(10 * np.log10(255**2 / error))
    assert 10 < face.consistency < 60


def test_lr_mode_feeds_the_file_untouched(make_restorer: Callable) -> None:
    lr = noise()[:16, :16].copy()
    given = []

    def spy(batch: Tensor) -> Tensor:
        given.append(batch)
        return enlarge(batch)

    restorer = make_restorer(network=spy)
    (result,) = restorer(lr, mode='lr')
    facts = restorer.faces.facts
    pixels = given[0][0].permute(1, 2, 0).numpy() * facts.std + facts.mean
    np.testing.assert_allclose(pixels, lr, atol=1e-3)
    np.testing.assert_array_equal(result.image, lr.repeat(8, 0).repeat(8, 1))
    with pytest.raises(ValueError, match="16x16 pixels in mode 'lr', got"):
        restorer(noise(), mode='lr')


def test_aligned_mode_takes_any_size(make_restorer: Callable) -> None:
    picture = noise()
    (result,) = make_restorer()(picture, mode='aligned')
    lr = np.array(Image.fromarray(picture).resize((16, 16), Image.BICUBIC))
    np.testing.assert_array_equal(result.faces[0].lr, lr)
    np.testing.assert_array_equal(result.image, lr.repeat(8, 0).repeat(8, 1))


def test_enlarged_networks_get_the_lr_face_enlarged(
    make_restorer: Callable,
) -> None:
    given = []

    def spy(batch: Tensor) -> Tensor:
        given.append(batch)
        return batch

    model = 'sparnet_light-attn3d-x8_1xb2-400_synthetic'
    restorer = make_restorer(network=spy, model=model)
    lr = noise()[:16, :16].copy()
    restorer(lr, mode='lr')
    wanted = np.array(Image.fromarray(lr).resize((128, 128), Image.BICUBIC))
    pixels = given[0][0].permute(1, 2, 0).numpy() * 127.5 + 127.5
    np.testing.assert_allclose(pixels, wanted, atol=1e-3)


def test_faces_of_photos_agree_with_what_was_there(
    make_restorer: Callable,
) -> None:
    picture = noise()
    restorer = make_restorer(face_of_side(18, 40, 50), network=brighten)
    (agreeing,), (other,) = (
        restorer(picture, back_project=chosen) for chosen in (True, False)
    )
    gain = agreeing.faces[0].consistency - other.faces[0].consistency
    assert gain > 6
    assert (agreeing.faces[0].sr != other.faces[0].sr).any()
    # Who made an LR face by what is not known.
    (small,) = restorer(picture[:16, :16].copy(), mode='lr')
    wanted = brighten(torch.zeros(1, 1, 16, 16))[0, 0].numpy()
    change = small.image - picture[:16, :16].repeat(8, 0).repeat(8, 1) * 1.0
    inside = (small.image > 0) & (small.image < 255)
    expected = np.broadcast_to(wanted[..., None] * 255, change.shape)
    np.testing.assert_allclose(change[inside], expected[inside], atol=1)


class Steps(nn.Module):
    """Returns images and heatmaps of every step, as DIC does."""

    def forward(self, lr: Tensor, image_only: bool = False) -> Tensor | tuple:
        images = [enlarge(lr) * 0, enlarge(lr)]
        return images[-1] if image_only else (images, [lr, lr])


def steps_without_choice(lr: Tensor) -> tuple:
    return Steps()(lr)


@pytest.mark.parametrize('network', [Steps(), steps_without_choice])
def test_the_last_image_counts(
    make_restorer: Callable, network: Callable
) -> None:
    lr = noise()[:16, :16].copy()
    (result,) = make_restorer(network=network)(lr, mode='lr')
    np.testing.assert_array_equal(result.image, lr.repeat(8, 0).repeat(8, 1))


def test_files_folders_and_arrays(
    make_restorer: Callable, tmp_path: Path
) -> None:
    for name in ('a/x.png', 'b/x.png'):
        path = tmp_path / name
        path.parent.mkdir()
        Image.fromarray(noise()).save(path)
    restorer = make_restorer(face_of_side(18, 50, 50))
    results = restorer([tmp_path, noise(), str(tmp_path / 'a/x.png')])
    names = [result.source for result in results]
    x = [str(tmp_path / name) for name in ('a/x.png', 'b/x.png')]
    assert names == [*x, 'array', x[0]]
    results[0].save(tmp_path / 'out.png')
    saved = np.array(Image.open(tmp_path / 'out.png'))
    np.testing.assert_array_equal(saved, results[0].image)


def test_a_bad_file_is_named_or_kept_as_an_error(
    make_restorer: Callable, tmp_path: Path
) -> None:
    bad = tmp_path / 'bad.png'
    bad.write_bytes(b'no picture')
    restorer = make_restorer()
    with pytest.raises(ValueError, match='bad.png'):
        restorer(bad)
    first, second = restorer.stream([bad, noise()], keep_errors=True)
    assert 'not an image' in first.error and first.photo is None
    assert second.error is None


@pytest.mark.parametrize(
    ('choices', 'message'),
    [
        (dict(upscal=2), 'upscal'),
        (dict(upscale=0), 'upscale as a whole number from 1'),
        (dict(upscale=1.5), 'upscale as a whole number'),
        (dict(mode='face'), "mode of .*'face'"),
        (dict(min_face=30, max_face=20), 'min_face'),
        (dict(mode='lr', upscale=2), "mode 'lr' alone"),
        (dict(batch_size=0), 'batch_size of at least 1'),
        (dict(return_datasamples=True), 'return_datasamples=False'),
    ],
)
def test_wrong_choices_are_refused(
    make_restorer: Callable, choices: dict, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        make_restorer()(noise(), **choices)


def test_a_landmark_network_restores_nothing(
    make_restorer: Callable,
) -> None:
    with pytest.raises(ValueError, match='a model that restores faces'):
        make_restorer(model='distilled-fan_1xb16-11k_celeba')


def test_known_faces_are_not_searched_and_change_by_their_strength(
    make_restorer: Callable,
) -> None:
    restorer = make_restorer(network=brighten)  # would find nobody
    picture = np.full((SIDE, SIDE, 3), 120, np.uint8)
    face = face_of_side(20, 100, 120)
    changes = []
    for strength in (1.0, 0.5):
        known = Located(Photo.from_array(picture), [face], [strength])
        (result,) = restorer([known], upscale=4)
        changes.append(result.image.astype(int) - 120)
    assert changes[0].max() > 15
    np.testing.assert_allclose(changes[1], changes[0] / 2, atol=1)
