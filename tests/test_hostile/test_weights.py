# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Damaged weights in every format, read and looked at."""

import importlib.util
import random
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from hostile import Fault, Trial, mutate

from mmfacesr.weights import WeightsError
from mmfacesr.weights.reading import read_weights_file

FUZZ = Path(__file__).parents[1] / 'test_weights/test_fuzz.py'
spec = importlib.util.spec_from_file_location('weights_fuzz', FUZZ)
fuzz = importlib.util.module_from_spec(spec)
spec.loader.exec_module(fuzz)

EVIL = b'cposix\nsystem\nX\x07\0\0\0touch xR.'
KINDS = (*fuzz.FORMATS, *fuzz.MODULES)


@cache
def whole(kind: str) -> bytes:
    """A checkpoint of a kind."""
    return fuzz.whole_file(kind)


def damaged(seed: int) -> tuple[str, bytes]:
    """Kind of damage, and a file."""
    chance = random.Random(f'weights {seed}')
    kind, other = chance.sample(KINDS, 2)
    if seed % 4 == 0:
        (data,) = fuzz.mutations(kind, 1, seed)
        return kind, data
    how, data = mutate(whole(kind), chance, whole(other) + EVIL)
    if chance.random() < 0.1:
        return 'code', data[: data.find(b'\x80') + 2] + EVIL
    return how, data


def weights(seed: int, trial: Trial) -> None:
    """One file."""
    kind, data = damaged(seed)
    path = trial.inputs / random.Random(seed).choice(
        ('a.pth', 'a.safetensors')
    )
    path.write_bytes(data)

    def look() -> None:
        found = read_weights_file(path)
        try:
            fuzz.check_plain(found)
        except AssertionError as error:
            raise Fault(f'not plain: {error}') from error

    def read() -> None:
        try:
            look()
        except WeightsError as error:
            if not str(error).startswith('Expected '):
                raise Fault(str(error)) from error
            raise

    trial(kind, read)


def test_weights_shortly(endure: Callable) -> None:
    endure(weights, 40, 40, 'weights')


@pytest.mark.slow
def test_weights(endure: Callable) -> None:
    endure(weights, 14_000, 14_000, 'weights')
