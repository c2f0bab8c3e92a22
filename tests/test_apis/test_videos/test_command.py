# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""``mmfacesr video``: what it says, and what it refuses."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from mmfacesr.apis import cli
from mmfacesr.apis.restoring import inferencer
from mmfacesr.apis.restoring.inferencer import FaceSRInferencer

from .conftest import make_video, shown


@pytest.fixture
def film(tmp_path: Path) -> Path:
    return make_video(tmp_path / 'film.mp4', [3600 * k for k in range(10)])


@pytest.fixture
def run(
    one_face: FaceSRInferencer, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., int]:
    """Run the command with a restorer that knows the face."""
    monkeypatch.setattr(
        inferencer, 'FaceSRInferencer', lambda *_, **__: one_face
    )

    def run(*words: object) -> int:
        try:
            return cli.main(['video', *map(str, words)])
        except SystemExit as stop:
            return stop.code

    return run


def test_says_what_was_done(run, film: Path, capsys) -> None:
    out = film.with_name('out.mp4')
    assert run(film, '-o', out, '--json') == 0
    said = capsys.readouterr()
    report = json.loads(said.out)
    assert report == json.loads(Path(f'{out}.json').read_bytes())
    assert report['schema'] == 'mmfacesr.video/1' and report['frames'] == 10
    assert report['persons'] == [
        dict(person=0, frames=10, frames_restored=10, left_alone={})
    ]
    assert '10 frames; 1 of 1 followed faces restored' in said.err
    assert shown(out)[0] == shown(film)[0]


def test_what_is_there_is_kept_and_others_are_not_replaced(
    run, film: Path, capsys
) -> None:
    out = film.with_name('out.mp4')
    assert run(film, '-o', out) == 0
    first = out.read_bytes()
    assert run(film, '-o', out) == 0
    assert 'is there already' in capsys.readouterr().err
    assert run(film, '-o', out, '--max-face', 20) == 1
    assert '--overwrite' in capsys.readouterr().err
    assert out.read_bytes() == first
    assert run(film, '-o', out, '--max-face', 20, '--overwrite') == 0
    assert 'left alone in 10 of 10 frames' in capsys.readouterr().err
    assert out.read_bytes() != first


def test_a_file_where_the_report_goes_stays(run, film: Path, capsys) -> None:
    out, other = film.with_name('out.mp4'), film.with_name('out.mp4.json')
    other.write_text('{"title": "of a camera"}')
    assert run(film, '-o', out) == 1
    assert 'out.mp4.json' in capsys.readouterr().err
    assert 'camera' in other.read_text() and not out.exists()
    assert run(film, '-o', out, '--overwrite') == 0
    out.unlink()
    assert run(film, '-o', out, '--max-face', 20) == 0


@pytest.mark.parametrize(
    ('options', 'status', 'said'),
    [
        (['-o', 'out.avi'], 2, '.mp4'),
        (['-o', 'out.mp4', '--seconds', '0'], 2, 'more than 0'),
        (['-o', 'out.mp4', '--seconds', 'nan'], 2, 'more than 0'),
        (['-o', 'out.mp4', '--codec', 'ffv1'], 1, '.mkv'),
        (['-o', 'out.mp4', '--quality', '99'], 1, '0 (best) to 51'),
        (['-o', 'out.mkv', '--codec', 'ffv1', '--quality', '9'], 1, 'no qual'),
        (['-o', 'film.mp4'], 1, 'another file'),
        (['-o', './other/../film.mp4'], 1, 'another file'),
    ],
)
def test_refuses_in_a_line_and_leaves_nothing(
    run,
    film: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys,
    options: list[str],
    status: int,
    said: str,
) -> None:
    monkeypatch.chdir(film.parent)
    (film.parent / 'other').mkdir()
    before = film.read_bytes()
    assert run(film, *options) == status
    assert said in capsys.readouterr().err
    assert film.read_bytes() == before
    assert {p.name for p in film.parent.iterdir()} == {'film.mp4', 'other'}


@pytest.mark.parametrize('seconds', ['0', '-1', 'nan', 'inf', 'x'])
def test_lengths_that_are_none(
    seconds: str, capsys: pytest.CaptureFixture
) -> None:
    with pytest.raises(SystemExit) as stop:
        cli.main(
            ['video', 'film.mp4', '-o', 'out.mp4', f'--seconds={seconds}']
        )
    assert stop.value.code == 2
    assert '--seconds' in capsys.readouterr().err.rpartition('error:')[2]


@pytest.mark.parametrize('taken', ['out.mp4', 'out.mp4.json'])
@pytest.mark.parametrize('link', [os.symlink, os.link, os.rename])
def test_the_film_is_not_replaced(
    tmp_path: Path, taken: str, link, capsys: pytest.CaptureFixture
) -> None:
    film = make_video(tmp_path / 'film.mp4', [0, 3600])
    content, taken = film.read_bytes(), tmp_path / taken
    link(film, taken)
    film = film if film.exists() else taken
    out = str(tmp_path / 'out.mp4')
    with pytest.raises(SystemExit):
        cli.main(['video', str(film), '-o', out, '--overwrite'])
    assert 'another file than the film' in capsys.readouterr().err
    assert taken.read_bytes() == content
