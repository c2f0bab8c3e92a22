# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""What the page relies on."""

import io
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from mmfacesr.apis import cli
from mmfacesr.apis.restoring import inferencer
from mmfacesr.apis.restoring.inferencer import FaceSRInferencer
from mmfacesr.apis.web import app
from mmfacesr.faces.framing import frame_face
from mmfacesr.utils.photos import read_photo
from mmfacesr.weights.model_index import packaged_model

from .conftest import (
    MOST_BYTES,
    MOST_PIXELS,
    Reply,
    Site,
    encoded,
    picture,
    pixels,
)


def test_the_page_and_what_may_be_chosen(site: Site) -> None:
    assert site.ask('GET', '/').headers['content-type'].startswith('text/html')
    assert site.ask('HEAD', '/').body == b''
    found = json.loads(site.ask('GET', '/options.json').body)
    assert found['default'] == found['models'][0]['name'] == packaged_model()
    assert found['upscales'] == [1, 2, 4]
    assert found['limits'] == dict(
        bytes=MOST_BYTES, pixels=MOST_PIXELS, pictures=50
    )
    keys = {'name', 'title', 'license', 'restricted', 'here', 'note'}
    assert all(set(model) == keys for model in found['models'])
    assert found['models'][0]['here']
    for model in found['models']:
        missing = f'mmfacesr download {model["name"]}' in model['note']
        assert missing == (not model['here'])
    assert len({model['title'] for model in found['models']}) == len(
        found['models']
    )


def test_files_of_the_page_are_a_fixed_list(site: Site) -> None:
    folder = Path(app.__file__).parent / 'page'
    files = {
        f'/{path.relative_to(folder).as_posix()}'
        for path in folder.rglob('*')
        if path.suffix in app.TYPES
    }
    assert set(app.page_files()) == files - {'/index.html'} | {'/'}
    for path in files - {'/index.html'}:
        assert site.ask('GET', path).status == 200
    for path in (
        '/index.html/',
        '/vendor',
        '/vendor/',
        '/../app.py',
        '/%2e%2e/app.py',
        '/..%2fapp.py',
        '/page/index.html',
        '//etc/passwd',
    ):
        assert site.ask('GET', path).status == 404, path
    assert site.ask('GET', '/favicon.ico').status == 204


def jpeg(**options: Any) -> bytes:
    """A photo with EXIF data, as of a camera that was turned."""
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, 'Maker of cameras'
    return encoded(pixels(), 'JPEG', exif=exif.tobytes(), quality=88)


def rgba() -> bytes:
    image = pixels()
    image.putalpha(Image.linear_gradient('L').resize(image.size))
    return encoded(image, 'PNG')


SENT = {
    'IMG 1.JPG': jpeg(),
    'small.jpeg': encoded(pixels(7, (40, 40)), 'JPEG'),
    'x.png': rgba(),
    'é %.webp': encoded(pixels(), 'WEBP'),
    'y.gif': encoded(pixels(), 'GIF'),
    'z.tif': encoded(pixels(), 'TIFF'),
}


@pytest.mark.parametrize('name', SENT)
@pytest.mark.parametrize('upscale', [1, 2])
def test_the_photo_is_that_of_the_command(
    site: Site,
    restorer: FaceSRInferencer,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    name: str,
    upscale: int,
) -> None:
    reply = site.restore(SENT[name], name, upscale=str(upscale))
    (tmp_path / name).write_bytes(SENT[name])
    monkeypatch.setattr(
        inferencer, 'FaceSRInferencer', lambda *_, **__: restorer
    )
    out = tmp_path / 'out'
    words = ['restore', tmp_path / name, '-o', out, '--upscale', upscale]
    assert cli.main(list(map(str, words))) == 0
    (made,) = (out / 'restored').iterdir()
    assert reply.parts['photo'] == made.read_bytes()
    about = reply.lines[-1]['parts'][0]
    assert about['name'] == f'{made.stem}_restored{made.suffix}'
    with Image.open(made) as image:
        assert about['type'] == Image.MIME[image.format]
    result, size = reply.lines[-1]['result'], image.size
    assert (result['width'], result['height']) == size
    assert result['changed'] == (upscale > 1 or name != 'small.jpeg')


def test_events_and_parts_of_a_turned_photo(
    site: Site, restorer: FaceSRInferencer, tmp_path: Path
) -> None:
    reply = site.restore(jpeg(), 'a.b.jpg', upscale='2')
    assert reply.status == 200
    assert reply.headers['content-type'] == 'application/octet-stream'
    lines = [line for line in reply.lines if line['event'] != 'alive']
    assert lines[0] == dict(event='waiting', position=0)
    assert lines[1] == dict(event='working', stage='restoring')
    result, parts = lines[2]['result'], reply.parts
    assert result['enlarged'] == 2 and result['changed']
    assert (result['width'], result['height']) == (160, 180)
    assert result['model'] == packaged_model() and result['license']
    assert result['message'] == '1 of 1 faces restored'
    (face,) = result['faces']
    assert face['restored'] and face['reason'] is None
    assert face['consistency_db'] > 20 and 16 < face['size'] < 32
    # Landmarks of the stand-in, in pixels of the upright photo.
    points = site.finder.faces[0]
    box = [*points.min(0), *points.max(0)]
    assert face['box'] == pytest.approx(box, abs=0.01)
    keys = ['photo', 'before', 'after', 'face_0_before', 'face_0_after']
    assert list(parts) == keys
    shown = {key: opened(parts[key]) for key in keys}
    assert {shown[key].size for key in keys[:3]} == {(160, 180)}
    assert {shown[key].size for key in keys[3:]} == {(128, 128)}
    for key in keys[1:]:
        image = shown[key]
        assert image.format == 'PNG' and not image.getexif()
        assert not image.info
    (tmp_path / 'a.jpg').write_bytes(jpeg())
    (known,) = restorer([tmp_path / 'a.jpg'], upscale=2)
    assert (np.array(shown['after']) == known.image).all()
    assert (np.array(shown['face_0_after']) == known.faces[0].sr).all()
    photo = read_photo(tmp_path / 'a.jpg')
    framed = frame_face(photo.srgb(), known.faces[0].matrix, 128)
    assert (np.array(shown['face_0_before']) == framed).all()
    before = photo.enlarged(2).srgb()
    assert (np.array(shown['before']) == before).all()


def opened(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def test_what_is_shown_of_a_large_photo(site: Site) -> None:
    photo = encoded(Image.linear_gradient('L').resize((2500, 300)), 'JPEG')
    reply = site.restore(photo, 'wide.jpg')
    before, after = (opened(reply.parts[key]) for key in ('before', 'after'))
    assert before.size == after.size == (2048, 246)
    small = 0.05  # change of the face, nowhere else
    changed = np.abs(np.array(before, int) - np.array(after, int)).max(-1) > 9
    assert changed.mean() < small
    # 4:4:4, quality 95 of Pillow
    wanted = opened(encoded(after, 'JPEG', quality=95, subsampling=0))
    photo = site.restore(encoded(pixels(9, (990, 990)), 'WEBP'), 'x.webp')
    after = opened(photo.parts['after'])
    assert after.format == 'JPEG' and after.info.get('exif') is None
    assert after.quantization == wanted.quantization
    assert [layer[1:3] for layer in after.layer] == [(1, 1)] * 3


def test_transparent_parts_are_shown_on_white(site: Site) -> None:
    image = Image.new('RGBA', (40, 40), (0, 0, 0, 0))
    parts = site.restore(encoded(image, 'PNG')).parts
    assert (np.array(opened(parts['after'])) == 255).all()


def test_choices_and_faces_left_alone(site: Site) -> None:
    def faces(**texts: str) -> Reply:
        points = site.finder.faces[0]
        site.finder.faces = [points * 3, points]
        try:
            return site.restore(picture(size=(300, 300)), **texts)
        finally:
            site.finder.faces = [points]

    reply = faces()
    large, small = reply.lines[-1]['result']['faces']
    assert not large['restored'] and 'larger than 32' in large['reason']
    assert small['restored'] and list(reply.parts)[3:] == [
        'face_0_before',
        'face_1_before',
        'face_1_after',
    ]
    forced = faces(force='true').lines[-1]['result']
    assert forced['message'] == '2 of 2 faces restored'
    center = faces(force='true', only_center_face='true').lines[-1]['result']
    assert [face['restored'] for face in center['faces']] == [True, False]
    none = site.restore(picture(size=(40, 40))).lines[-1]['result']
    assert none['message'] == 'no face found' and not none['changed']


@pytest.mark.parametrize(
    'fault', [MemoryError(), RuntimeError('secret'), KeyError('x')]
)
def test_a_picture_that_fails_is_its_own_matter(
    site: Site, fault: BaseException, capfd: pytest.CaptureFixture
) -> None:
    site.finder.fault = fault
    reply = site.restore(picture(), 'private name.png')
    assert reply.status == 200
    assert reply.lines[-1]['event'] == 'failed'
    assert 'secret' not in reply.lines[-1]['error']
    site.finder.fault = None
    assert site.restore(picture()).lines[-1]['event'] == 'done'
    said = ''.join(capfd.readouterr())
    assert 'private' not in said and 'secret' not in said


def test_pixels_that_are_damaged_fail(site: Site) -> None:
    reply = site.restore(picture()[:-2000])
    assert reply.lines[-1]['event'] == 'failed'
    assert 'the picture cannot be decoded' in reply.lines[-1]['error']


def test_nothing_is_written(
    site: Site,
    written: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An upload above the size from which forms are kept in files."""
    monkeypatch.setattr('tempfile.tempdir', str(tmp_path))
    data = picture(size=(900, 1000))
    assert len(data) > 1 << 20
    written.clear()
    assert site.restore(data, upscale='2').lines[-1]['event'] == 'done'
    assert written == [] and os.listdir(tmp_path) == []
    (tmp_path / 'x').touch()
    assert written  # it would have been seen
