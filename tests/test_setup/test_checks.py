# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""What is missing on a machine is named, all at once, with a remedy."""

import sys
import sysconfig

HERE = f'{sys.version_info[0]}.{sys.version_info[1]}'


def test_everything_missing_is_listed_at_once(checks, monkeypatch, tmp_path):
    monkeypatch.setenv('CXX', 'no-such-compiler')
    monkeypatch.setattr(
        sysconfig, 'get_path', lambda name: str(tmp_path / 'no-headers')
    )
    monkeypatch.setattr(checks.importlib.util, 'find_spec', lambda name: None)
    monkeypatch.setattr(checks, 'LIBRARIES', {'libnosuch.so.9': 'libnosuch'})
    found = checks.missing([HERE], tmp_path / 'new' / 'venv', 10**9, True)
    text = '\n'.join(found)
    assert len(found) == 5
    assert f'apt-get install python{HERE}-venv' in text
    assert f'apt-get install python{HERE}-dev' in text
    assert 'no-such-compiler' in text and 'apt-get install g++' in text
    assert 'libnosuch.so.9 for OpenCV: apt-get install libnosuch' in text
    assert f'free disk below {tmp_path}: expected 1000000000 GiB' in text


def test_wrong_python_is_named_beside_the_rest(checks, monkeypatch, tmp_path):
    monkeypatch.setenv('CXX', 'no-such-compiler')
    text = '\n'.join(checks.missing(['3.77'], tmp_path, 0, True))
    assert f'Python 3.77: found only {HERE}' in text
    assert 'apt-get install python3.77' in text
    assert 'no-such-compiler' in text


def test_compiler_is_really_started(checks, monkeypatch):
    monkeypatch.setenv('CXX', 'true')
    assert checks.check_compiler() is None
    monkeypatch.setenv('CXX', 'false')
    assert 'false does not compile' in checks.check_compiler()


def test_no_compiler_is_needed_by_default(checks, monkeypatch, tmp_path):
    monkeypatch.setenv('CXX', 'no-such-compiler')
    monkeypatch.setattr(
        sysconfig, 'get_path', lambda name: str(tmp_path / 'no-headers')
    )
    monkeypatch.setattr(checks, 'LIBRARIES', {})
    monkeypatch.setattr(checks, 'TEMP_GIB', 0)
    assert checks.missing([HERE], tmp_path, 0, False) == []


def test_disk_of_a_link_to_itself(checks, tmp_path):
    (tmp_path / 'loop').symlink_to(tmp_path / 'loop')
    assert checks.check_disk(tmp_path / 'loop', 0, '') is None


def test_library_that_is_there(checks, monkeypatch):
    monkeypatch.setattr(checks, 'LIBRARIES', {'libc.so.6': 'libc6'})
    assert checks.check_library('libc.so.6') is None
