# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Files are replaced whole, also by processes that are killed or compete."""

import hashlib
import multiprocessing
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from mmfacesr.utils import replacing, write_atomic

KILLED = """
import os, signal, sys
from mmfacesr.utils import replacing
with replacing(sys.argv[1]) as temporary:
    temporary.write_bytes(b'half')
    os.kill(os.getpid(), signal.SIGKILL)
"""


def temporary_of(path: Path) -> Path:
    digest = hashlib.sha1(os.fsencode(path.name)).hexdigest()[:16]
    return path.parent / f'.{digest}.tmp'


def test_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / 'a.txt'
    write_atomic(path, b'old')

    def fail(*_args) -> None:
        raise OSError('no more')

    monkeypatch.setattr(os, 'replace', fail)
    with pytest.raises(OSError, match='no more'):
        write_atomic(path, b'new')
    assert path.read_bytes() == b'old'
    assert os.listdir(tmp_path) == ['a.txt']


def test_what_a_killed_process_left_is_replaced(tmp_path):
    path = tmp_path / 'a.txt'
    write_atomic(path, b'old')
    done = subprocess.run(
        [sys.executable, '-c', KILLED, str(path)],
        env={**os.environ, 'PYTHONPATH': os.pathsep.join(sys.path)},
        check=False,
    )
    assert done.returncode == -signal.SIGKILL
    assert path.read_bytes() == b'old'
    assert temporary_of(path).read_bytes() == b'half'
    write_atomic(path, b'new')
    assert path.read_bytes() == b'new'
    assert os.listdir(tmp_path) == ['a.txt']


def test_content_is_synced_before_it_gets_the_name(tmp_path, monkeypatch):
    path = tmp_path / 'a.txt'
    calls = []
    sync, replace = os.fsync, os.replace

    def noted_sync(descriptor: int) -> None:
        calls.append((os.fstat(descriptor).st_ino, path.exists()))
        sync(descriptor)

    monkeypatch.setattr(os, 'fsync', noted_sync)
    monkeypatch.setattr(
        os, 'replace', lambda *args: (calls.append('replace'), replace(*args))
    )
    write_atomic(path, b'x' * 10)
    assert calls == [(path.stat().st_ino, False), 'replace']


def test_full_disk_is_named(tmp_path):
    path = tmp_path / 'a\n.txt'
    path.write_bytes(b'old')
    said = r'No space left.*a\\n\.txt.*Free some'
    with pytest.raises(OSError, match=said), replacing(path):
        Path('/dev/full').write_bytes(b'new')
    assert path.read_bytes() == b'old'
    assert os.listdir(tmp_path) == ['a\n.txt']


def test_longest_names_can_be_written(tmp_path):
    path = tmp_path / os.fsdecode(b'\xff' * 255)
    write_atomic(path, b'x')
    assert path.read_bytes() == b'x'


def write_often(path: Path, letter: bytes) -> None:
    for _ in range(100):
        with replacing(path) as temporary, temporary.open('ab') as file:
            for _ in range(100):
                file.write(letter)
                file.flush()


def test_processes_that_write_one_file_take_turns(tmp_path):
    path = tmp_path / 'a.txt'
    context = multiprocessing.get_context('fork')
    writers = [
        context.Process(target=write_often, args=(path, letter))
        for letter in (b'a', b'b', b'c')
    ]
    for writer in writers:
        writer.start()
    seen = set()
    while any(writer.is_alive() for writer in writers):
        if path.exists():
            seen.add(path.read_bytes())
    assert [writer.exitcode for writer in writers] == [0, 0, 0]
    assert seen | {path.read_bytes()} <= {b'a' * 100, b'b' * 100, b'c' * 100}
    assert os.listdir(tmp_path) == ['a.txt']


@pytest.mark.parametrize('kind', ['link', 'pipe'])
def test_what_somebody_put_beside_it_is_not_written_through(tmp_path, kind):
    """A name that is known beforehand could lead anywhere."""
    path = tmp_path / 'results/a.txt'
    path.parent.mkdir()
    with replacing(path) as temporary:
        pass
    (tmp_path / 'theirs').write_text('kept')
    if kind == 'link':
        temporary.symlink_to(tmp_path / 'theirs')
    else:
        os.mkfifo(temporary)
    write_atomic(path, b'ours')
    assert (tmp_path / 'theirs').read_text() == 'kept'
    assert path.read_bytes() == b'ours' and not path.is_symlink()
