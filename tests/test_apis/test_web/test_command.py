# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""The command, in a process of its own, with the packaged model."""

import io
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mmfacesr.apis import cli
from mmfacesr.apis.web.command import _is_loopback
from mmfacesr.datasets.synthetic_faces import render_face

from .conftest import Finder, Site, encoded

SIDE = 20  # pixels of the face's square
START = 60


def drawn_photo() -> Image.Image:
    """A small face in a gray picture."""
    face, _ = render_face(5, 384, 'aligned')
    side = round(SIDE * 1.3)
    small = Image.fromarray(face).resize((side, side), Image.BOX)
    photo = Image.new('RGB', (240, 200), (120, 120, 120))
    photo.paste(small, (100, 80))
    return photo


@pytest.fixture
def start(tmp_path: Path, repo: Path) -> Iterator[Callable]:
    """Start the command, and wait until it listens."""
    processes = []
    folder = tmp_path / 'temporary'
    folder.mkdir()

    def start(*words: str) -> tuple[subprocess.Popen, Site]:
        process = subprocess.Popen(
            [sys.executable, '-m', 'mmfacesr.apis.cli', 'web', *words],
            env={
                **os.environ,
                'PYTHONPATH': str(repo),
                'TMPDIR': str(folder),
            },
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=(tmp_path / 'err').open('w'),
            text=True,
        )
        processes.append(process)
        said = process.stdout.readline()
        found = re.fullmatch(
            r'mmfacesr web: http://[\w.:\[\]]+?:(\d+)/ \(Ctrl-C ends it\)\n',
            said,
        )
        assert found, said + (tmp_path / 'err').read_text()
        return process, Site(int(found[1]), Finder(), None)

    yield start
    for process in processes:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.mark.slow
def test_a_photo_by_the_packaged_model(
    start: Callable, tmp_path: Path
) -> None:
    """As the command restores it; nothing is left on the disk."""
    pytest.importorskip('mediapipe.python.solutions')
    process, site = start('--port', '0')
    data = encoded(drawn_photo(), 'JPEG', quality=95)
    path = tmp_path / 'family album.jpg'
    before = files_in(tmp_path)
    reply = site.restore(data, path.name, upscale='2')
    assert files_in(tmp_path) == before
    result = reply.lines[-1]['result']
    assert result['message'] == '1 of 1 faces restored'
    assert result['license'] == 'Apache-2.0'
    path.write_bytes(data)
    words = ['restore', path, '-o', tmp_path / 'out', '--upscale', 2]
    assert cli.main([*map(str, words)]) == 0
    made = (tmp_path / 'out/restored' / path.name).read_bytes()
    assert reply.parts['photo'] == made
    shown = [
        np.array(Image.open(io.BytesIO(reply.parts[key])), int)
        for key in ('before', 'after')
    ]
    assert (shown[0] != shown[1]).any()
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 130
    said = (tmp_path / 'err').read_text()
    assert 'family' not in said and said.count('Interrupted.') == 1
    assert 'Traceback' not in said


def files_in(folder: Path) -> list[Path]:
    """All files and folders below, but what the server says."""
    return sorted(x for x in folder.rglob('*') if x.name != 'err')


@pytest.mark.slow
def test_sigterm_ends_it_while_it_restores(
    start: Callable, tmp_path: Path
) -> None:
    process, site = start('--port', '0')
    large = Image.effect_noise((3000, 3000), 90).convert('RGB')
    with site.begin(encoded(large, 'JPEG')) as visitor:
        assert b' 200 ' in visitor.recv(1 << 16)
        process.terminate()
        assert process.wait(30) == 143
    assert 'Ended by SIGTERM.' in (tmp_path / 'err').read_text()


def test_a_port_that_is_taken(capsys: pytest.CaptureFixture) -> None:
    with socket.create_server(('127.0.0.1', 0)) as taken:
        port = str(taken.getsockname()[1])
        with pytest.raises(SystemExit) as stopped:
            cli.main(['web', '--port', port])
    assert stopped.value.code == 1
    said = capsys.readouterr().err
    assert f'Expected a free port {port} at 127.0.0.1' in said
    assert 'WARNING' not in said and 'Traceback' not in said


def test_who_opens_it_to_others_is_warned(
    capsys: pytest.CaptureFixture,
) -> None:
    with pytest.raises(SystemExit):  # an address of no machine here
        cli.main(['web', '--host', '192.0.2.1'])
    said = capsys.readouterr().err
    assert 'WARNING: everybody who reaches 192.0.2.1' in said
    assert [_is_loopback(x) for x in ('127.0.0.9', '::1', 'localhost')] == [
        True
    ] * 3
    assert not any(map(_is_loopback, ('0.0.0.0', '::', 'example.org')))


@pytest.mark.parametrize('port', ['-1', '65536', 'x'])
def test_ports_that_are_none(port: str) -> None:
    with pytest.raises(SystemExit) as stopped:
        cli.main(['web', '--port', port])
    assert stopped.value.code == 2
