# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Uninterrupted trainings to compare with."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
import toy_training  # noqa: E402


@pytest.fixture(scope='session')
def whole(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Work folder of a training that nothing interrupts; made once a kind."""
    made: dict[str, Path] = {}

    def train(*hooks: object, **kind: object) -> Path:
        name = f'{[type(hook).__name__ for hook in hooks]}{kind}'
        if name not in made:
            made[name] = tmp_path_factory.mktemp('whole') / 'run'
            toy_training.make_runner(made[name], *hooks, **kind).train()
        return made[name]

    return train
