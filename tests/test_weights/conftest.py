# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the tests of weights: a server, a folder, no waiting."""

from collections.abc import Callable, Iterator
from pathlib import Path

import file_server
import pytest
import torch
from mmengine.logging import MMLogger

from mmfacesr.weights import download, model_index, sources


@pytest.fixture
def server(
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[file_server.FileServer]:
    """A server that nothing stands in between with."""
    monkeypatch.setenv('no_proxy', '*')
    with file_server.serving() as server:
        yield server


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The folder of weights, apart from torch's; not made yet."""
    monkeypatch.setenv('MMFACESR_WEIGHTS_DIR', str(tmp_path / 'weights'))
    monkeypatch.setattr(torch.hub, 'get_dir', lambda: str(tmp_path / 'hub'))
    return tmp_path / 'weights'


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Where a file belongs, in a folder that is not there."""
    return tmp_path / 'some/folder/a.pth'


@pytest.fixture
def beside() -> Callable[[Path], list[str]]:
    """Name what lies in the folder of a file; locks do not count."""

    def names(place: Path) -> list[str]:
        found = (path.name for path in place.parent.iterdir())
        return sorted(name for name in found if not name.startswith('.'))

    return names


@pytest.fixture
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Downloads wait and try again next to nothing."""
    monkeypatch.setattr(download, 'TIMEOUT', (2, 0.2))
    monkeypatch.setattr(download, 'PAUSES', (0.01, 0.01))
    monkeypatch.setattr(download, 'LONGEST_PAUSE', 0.05)


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """What the current logger is told, with its level."""
    told = []
    logger = MMLogger.get_instance('weights-tests')
    monkeypatch.setattr(
        logger, 'log', lambda level, text: told.append((text, level))
    )
    return told


@pytest.fixture
def index(monkeypatch: pytest.MonkeyPatch) -> Callable:
    """Make the model index of the given entries."""

    def fill(*entries: model_index.WeightsEntry) -> None:
        monkeypatch.setattr(model_index, 'read_index', lambda: entries)

    assert sources.find_entry is model_index.find_entry
    return fill
