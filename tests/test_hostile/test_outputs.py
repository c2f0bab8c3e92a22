# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Names and links that would lead results out of their folder."""

import argparse
import json
import os
import random
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hostile import Fault, Trial, examples
from hypothesis import strategies as st
from odd_names import ODD_NAMES, UNLISTABLE

from mmfacesr.apis.restoring.choices import Choices
from mmfacesr.apis.restoring.files import Item, find_items, record_path
from mmfacesr.apis.restoring.job import Job, _finish
from mmfacesr.apis.restoring.results import RestoredPhoto
from mmfacesr.apis.results import Results
from mmfacesr.utils import output_file, write_atomic
from mmfacesr.utils.photos import Photo
from mmfacesr.utils.targets import require_inside

EACH = 100
LINKS = (
    'out',
    'restored',
    'restored/a',
    'preds',
    'faces',
    'a',
    'summary.json',
)
ODD = (*ODD_NAMES, UNLISTABLE, '../x.png', 'a/b.png', 'a/../../x.png', '/x')
ODD += ('https://h/../x.png', 'https://h/..', 'https://h/a%2f..%2fx', 'x.png')
names = st.sampled_from(ODD) | st.text(max_size=20)


def a_target(trial: Trial, chance: random.Random) -> Path:
    """An output folder in which somebody has put links and odd things."""
    trial.empty()
    for name in chance.sample(LINKS, chance.randrange(3)):
        path = trial.out / name
        with suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            require_inside(path, trial.out)
            if chance.random() < 0.8:
                os.symlink(trial.around, path)
            else:
                os.mkfifo(path)
    return trial.out


def restored(seed: int, trial: Trial) -> None:
    """Results of pictures of any name, as `mmfacesr restore` writes them."""
    chance = random.Random(f'restored {seed}')
    photo = Photo.from_array(np.zeros((4, 4, 3), np.uint8))
    choices = Choices()

    def body(given: list[str]) -> None:
        job = Job(target=a_target(trial, chance), choices=choices, made_by={})
        for name in given:
            with suppress(OSError, ValueError):
                path = trial.inputs / name
                if path.resolve().is_relative_to(trial.inputs):
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_bytes(b'x')
        web = [name for name in given if name.startswith('https')]

        def finish() -> None:
            found, _ = find_items([str(trial.inputs), *web], job.target)
            for item in found:
                left = record_path(job.target, item)
                if left.parent.is_dir() and not left.parent.is_symlink():
                    with suppress(OSError, ValueError):
                        require_inside(left, trial.out)
                        left.write_text(chance.choice(('[' * 90_000, '{}')))
                job.current(item, {})
                result = RestoredPhoto(item.source, photo, enlarged=2)
                try:
                    _finish(result, item, {}, job)
                except Exception as error:  # would end the whole run
                    raise Fault(repr(error)) from error

        trial('restored', finish)

    examples(st.lists(names, min_size=1, max_size=4), body, seed, EACH)


def resumed(seed: int, trial: Trial) -> None:
    """Records of an earlier run, changed by others."""
    origin = dict(input='x')
    item = Item('x.png', 'x', '.png')
    values = st.none() | st.integers() | st.text(max_size=3) | st.just([{}])
    values |= st.just('restored/x.png') | st.just('/dev/zero') | st.just('\0')
    values |= st.dictionaries(st.sampled_from(['file', 'sha256']), values)
    keys = st.sampled_from(['origin', 'output', 'faces', 'status'])
    job = Job(target=trial.out, choices=Choices(), made_by={})

    def body(found: dict) -> None:
        record = dict(schema='mmfacesr.restore/1', origin=origin) | found
        path = record_path(trial.out, item)
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(record))
        trial('record', lambda: job.current(item, origin))

    examples(st.dictionaries(keys, values), body, seed, EACH)


def faces(seed: int, trial: Trial) -> None:
    """Results of a folder of faces, and plain files."""
    chance = random.Random(f'faces {seed}')
    image = np.zeros((4, 4, 3), np.uint8)

    def body(name: str) -> None:
        target = a_target(trial, chance)
        results = Results.__new__(Results)  # needs no network for this
        results.folder, results.overwrite = str(target), chance.random() < 0.5
        inside = (target / name).parent.absolute()

        def write() -> None:
            if not results.is_current(name, 'x'):
                results.write(name, image, 'x')

        if '..' not in name.split('/') and inside.is_relative_to(target):
            trial('face', write)
        digest = f'.{chance.choice(os.listdir(trial.around))}'
        path = trial.out / 'one' / digest
        trial('file', lambda: write_atomic(path, b'x'))
        trial.empty()  # a person's own links are followed
        trial('argument', lambda: judged(str(trial.out / name)))

    examples(names.map(lambda x: f'{x}.png'), body, seed, EACH)


def judged(text: str) -> None:
    """Judge the name of a file to be, as argparse does."""
    with suppress(argparse.ArgumentTypeError):
        output_file()(text)


AREAS = (restored, resumed, faces)


def every(seed: int, trial: Trial) -> None:
    """One of them."""
    AREAS[seed % len(AREAS)](seed, trial)


def test_outputs_shortly(endure: Callable, monkeypatch) -> None:
    monkeypatch.setitem(globals(), 'EACH', 8)
    endure(every, 3, 20, 'outputs')


@pytest.mark.slow
def test_outputs(endure: Callable) -> None:
    endure(every, 36, 5_000, 'outputs')
