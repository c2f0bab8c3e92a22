# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""The tools on a tiny DIC, each started once for several tests."""

import importlib.util
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[2]
CONFIG = 'configs/dic/dic-small_x8c16b2_1xb4-500_synthetic.py'


def tiny_options(faces_root: Path) -> list[str]:
    """Options that make the small config a matter of seconds."""
    return [
        '--cfg-options',
        f'data_root={faces_root}',
        'model.generator.mid_channels=8',
        'model.generator.num_blocks=1',
        'model.generator.hg_mid_channels=16',
        'train_dataloader.batch_size=2',
        'train_dataloader.num_workers=0',
        'val_dataloader.num_workers=0',
        'test_dataloader.num_workers=0',
        'train_cfg.max_iters=4',
        'train_cfg.val_interval=4',
        'default_hooks.checkpoint.interval=2',
    ]


def run(*words: object, **environment: str) -> str:
    """Run a tool as a person would; its output, or the failure with it."""
    command = [str(word) for word in words]
    if command[0].endswith('.py'):
        command.insert(0, sys.executable)
    done = subprocess.run(
        command,
        cwd=REPO,
        capture_output=True,
        text=True,
        check=False,
        env={
            **os.environ,
            'PYTHON': sys.executable,
            'OMP_NUM_THREADS': '1',
            **environment,
        },
    )
    output = done.stdout + done.stderr
    assert done.returncode == 0, output[-4000:]
    return output


@pytest.fixture(scope='session')
def run_tool() -> Callable:
    """`run`, for the tests."""
    return run


@pytest.fixture
def start_here(
    repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Path]:
    """Start a tool in this process, sooner than `run_tool`."""

    def start(name: str, *words: object) -> Path:
        spec = importlib.util.spec_from_file_location(
            f'{name}_tool', repo / f'tools/{name}.py'
        )
        tool = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(tool)
        words = [f'{name}.py', *words, '--work-dir', tmp_path]
        monkeypatch.setattr(sys, 'argv', [str(word) for word in words])
        monkeypatch.chdir(repo)
        tool.main()
        return tmp_path

    return start


@pytest.fixture(scope='session')
def config() -> str:
    """The small DIC, from the root of the clone."""
    return CONFIG


@pytest.fixture(scope='session')
def options(faces_root: Path) -> list[str]:
    return tiny_options(faces_root)


@pytest.fixture(scope='session')
def trained(
    tmp_path_factory: pytest.TempPathFactory, options: list[str]
) -> Path:
    """Work folder of four iterations of tools/train.py."""
    work_dir = tmp_path_factory.mktemp('trained')
    run('tools/train.py', CONFIG, '--work-dir', work_dir, *options)
    return work_dir
