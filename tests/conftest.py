# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Fixtures shared by all tests."""

import importlib.util
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import file_server
import pytest
from mmengine.config import Config
from mmengine.logging import MMLogger
from mmengine.visualization import Visualizer

pytest_plugins = ['trials', 'loopback_only']

TESTS = Path(__file__).resolve().parent
REPO = TESTS.parent


def pytest_configure() -> None:
    """Take Ctrl-C as usual, also where a shell started this in background.

    Such a process ignores it, and so would those that the tests interrupt.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def forget_runs() -> Iterator[None]:
    """Let no test write through what mmengine keeps of an earlier one.

    The current logger is the last one made in this process; its handler
    keeps the standard output of its day, which pytest closes at the end of a
    test that captures it. A visualizer goes by config and second: the run of
    the next test may begin in the same one.
    """
    yield
    # Each class keeps its own; MMagic's are subclasses.
    for kept in (MMLogger, Visualizer, *Visualizer.__subclasses__()):
        kept._instance_dict.clear()


@pytest.fixture(scope='session')
def repo() -> Path:
    """Root of the clone."""
    return REPO


@pytest.fixture(scope='session')
def golden() -> Path:
    """Folder of the golden arrays, one folder a method."""
    return TESTS / 'golden'


@pytest.fixture(scope='session')
def fill() -> ModuleType:
    """The module that fills parameters from their state-dict keys."""
    spec = importlib.util.spec_from_file_location(
        'golden_fill', TESTS / 'golden/fill.py'
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope='session')
def shared_faces() -> Path:
    """Folder of real faces beside the clone; the test skips without it."""
    folder = REPO.parent / 'shared/data/faces'
    if not folder.is_dir():
        pytest.skip('the folder of real faces beside the project is missing')
    return folder


@pytest.fixture(scope='session')
def shared_photos() -> Path:
    """Folder of real photographs beside the clone; skips without it."""
    folder = REPO.parent / 'shared/data/photos'
    if not folder.is_dir():
        pytest.skip('the folder of real photos beside the project is missing')
    return folder


@pytest.fixture(scope='session')
def faces_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data root of synthetic faces: 8 to train, 3 each to validate, test."""
    from mmfacesr.datasets.synthetic_faces import write_faces

    root = tmp_path_factory.mktemp('faces')
    write_faces(root, dict(train=8, val=3, test=3), progress=False)
    return root


@pytest.fixture(scope='session')
def shrink() -> Callable[[Config], Config]:
    """Make the faces of a config small enough for a test on a CPU.

    Methods for large faces are fully convolutional; 144 pixels are enough
    for their discriminators.
    """

    def shrink(cfg: Config, largest: int = 144) -> Config:
        for split in ('train', 'val', 'test'):
            dataset = cfg[f'{split}_dataloader'].dataset
            for step in dataset.pipeline:
                if step.type == 'ResizeFace' and step.size > largest:
                    step.size = largest
                    dataset.crop_size = None
        return cfg

    return shrink


@pytest.fixture
def serve(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[Path], str]]:
    """Serve files on this machine; what is fetched goes to `tmp_path`."""
    monkeypatch.setenv('no_proxy', '*')
    monkeypatch.setenv('MMFACESR_WEIGHTS_DIR', str(tmp_path / 'weights'))
    with file_server.serving() as server:

        def add(path: Path) -> str:
            server.add(f'/{path.name}', path.read_bytes())
            return f'{server.url}/{path.name}'

        yield add
