# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""`mmfacesr download`: files of a server, failures, what is printed where."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
import yaml

from mmfacesr.apis import cli
from mmfacesr.utils import project_files
from mmfacesr.weights.sources import place_of

CONTENT = bytes(range(256)) * 40
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Handler(BaseHTTPRequestHandler):
    """Serves CONTENT under every name but those with `absent` in them."""

    def do_GET(self) -> None:  # noqa: N802
        self.server.asked.append(self.path)
        if 'absent' in self.path:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header('Content-Length', str(len(CONTENT)))
        self.end_headers()
        self.wfile.write(CONTENT)

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ThreadingHTTPServer]:
    monkeypatch.setenv('no_proxy', '*')
    with ThreadingHTTPServer(('127.0.0.1', 0), Handler) as server:
        server.asked = []
        server.url = f'http://127.0.0.1:{server.server_port}'
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def index(
    server: ThreadingHTTPServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An index of three files of the server."""
    common = {'In Collection': 'Net', 'Weights SHA256': SHA256[:8]}
    licenses = {'fine': 'MIT', 'other': 'Apache-2.0', 'bound': 'none stated'}
    models = [
        {
            'Name': name,
            'Weights': f'{server.url}/{name}.pth',
            'Weights License': license,
            **common,
        }
        for name, license in licenses.items()
    ]
    root = tmp_path / 'mmfacesr/.mim'
    (root / 'configs').mkdir(parents=True)
    (root / 'model-index.yml').write_text('Import: [configs/metafile.yml]')
    (root / 'configs/metafile.yml').write_text(yaml.dump({'Models': models}))
    monkeypatch.setattr(project_files, 'PACKAGE', root.parent)


@pytest.mark.usefixtures('index')
def test_downloads_go_on_after_a_failure(
    server: ThreadingHTTPServer, capsys: pytest.CaptureFixture, folder: Path
) -> None:
    absent, named = f'{server.url}/absent.pth', f'{server.url}/a/more.pth'
    command = ['download', absent, 'fine', 'fin', named, 'fine']
    assert cli.main(command) == 1
    output = capsys.readouterr()
    assert [Path(line) for line in output.out.splitlines()] == [
        place_of(f'{server.url}/fine.pth'),
        place_of(named),
    ]
    for line in output.out.splitlines():
        assert folder in Path(line).parents
        assert Path(line).read_bytes() == CONTENT
    assert f'Error: {absent}: ' in output.err and '404' in output.err
    assert 'Error: fin: ' in output.err and 'Traceback' not in output.err
    assert '2 of 4 failed' in output.err
    del server.asked[:]
    assert cli.main(['download', 'fine', named]) == 0
    assert server.asked == []  # they are here
    assert cli.main(['download', 'fi\x1b[2Jn']) == 1
    assert r'Error: fi\x1b[2Jn: ' in capsys.readouterr().err


@pytest.mark.usefixtures('index')
def test_everything_open_is_downloaded(
    server: ThreadingHTTPServer, capsys: pytest.CaptureFixture
) -> None:
    assert cli.main(['download', '--all-open']) == 0
    assert sorted(server.asked) == ['/fine.pth', '/other.pth']
    assert len(capsys.readouterr().out.splitlines()) == 2


@pytest.mark.usefixtures('index')
def test_folder_and_digits_of_a_download(
    server: ThreadingHTTPServer,
    tmp_path: Path,
    capsys: pytest.CaptureFixture,
) -> None:
    url = f'{server.url}/mine.pth'
    mine = ['--weights-dir', str(tmp_path / 'mine')]
    assert cli.main(['download', url, '--sha256', '0' * 8, *mine]) == 1
    output = capsys.readouterr()
    assert output.out == '' and SHA256 in output.err
    assert not place_of(url).exists()
    assert cli.main(['download', url, '--sha256', SHA256[:9], *mine]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert tmp_path / 'mine' in Path(line).parents


@pytest.mark.usefixtures('index')
def test_standard_output_is_for_paths_only(
    server: ThreadingHTTPServer, repo: Path
) -> None:
    """In a process of its own: messages are made by mmengine's logger."""
    done = subprocess.run(
        [
            sys.executable,
            '-m',
            'mmfacesr.apis.cli',
            'download',
            f'{server.url}/unknown.pth',
        ],
        cwd=repo,
        env={**os.environ, 'PYTHONPATH': str(repo)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    place = place_of(f'{server.url}/unknown.pth')
    assert done.stdout == f'{place}\n'
    assert SHA256 in done.stderr  # nothing was known of it: it is told
