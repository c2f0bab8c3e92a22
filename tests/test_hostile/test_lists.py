# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Lists of images, `dataset.json` and landmark annotation of others."""

import json
import random
from collections.abc import Callable
from pathlib import Path

import pytest
from hostile import Fault, Trial, examples, mutate
from hypothesis import strategies as st
from odd_names import ODD_NAMES, UNLISTABLE

from mmfacesr.datasets.data_root import (
    read_info,
    read_list,
    write_data_root,
    write_list,
)
from mmfacesr.datasets.face_folder import FaceFolder
from mmfacesr.datasets.splits import find_split, split_of_list
from mmfacesr.faces.detection.annotation import (
    CelebAAnnotation,
    CSVAnnotation,
    PTSAnnotation,
)

EACH = 100  # examples of a seed
ODD = [*ODD_NAMES, UNLISTABLE, '..', '../x.png', 'a/../../x.png', '/etc/x']
ODD += ['a/./b.png', '', ' ', '\\..\\x.png', 'a' * 300, '\0', '\ud800', '.']
ODD += ['a//b.png', '~/x.png', '$HOME/x.png', '../around/kept', 'link/x.png']
FILES = ('a.png', 'b/c.png', 'train/d.png', 'e f.png')
names = st.sampled_from([*ODD, *FILES]) | st.text(max_size=20)
numbers = st.integers() | st.floats() | st.sampled_from([10**400, -1, 0])
json_values = st.recursive(
    st.none() | st.booleans() | numbers | names,
    lambda x: (
        st.lists(x, max_size=4)
        | st.dictionaries(
            st.sampled_from(['crop_size', 'splits', 'name']) | names,
            x,
            max_size=4,
        )
    ),
    max_leaves=8,
)
texts = st.sampled_from(
    ['nan', 'inf', '1e999', '-5', '1', '2.5', '', 'x', '٣']
)


def as_bytes(text: str) -> bytes:
    """What stands in a file; others than names have any surrogate."""
    return text.encode('utf-8', 'surrogatepass')


def a_root(trial: Trial) -> Path:
    """A folder of pictures with a link out of it."""
    for file in FILES:
        path = trial.inputs / file
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b'x')
    (trial.inputs / 'link').symlink_to(trial.around)
    return trial.inputs


def listed(seed: int, trial: Trial) -> None:
    """Lists of any names; none that is taken leads out of the folder."""
    root = a_root(trial)

    def body(lines: list[str]) -> None:
        file = root / 'train.txt'
        file.write_bytes(b'\n'.join(map(as_bytes, lines)))
        read = trial('list', lambda: read_list(file))
        for name in read or ():
            if Path('/r', name.strip()).parts[:2] != ('/', 'r'):
                raise Fault(f'{name!r} leads outside')
            if '..' in name.split('/'):
                raise Fault(f'{name!r} leads outside')
        trial('split', lambda: split_of_list(root, file))
        trial('split', lambda: find_split(root, 'train'))

    examples(st.lists(names, max_size=6), body, seed, EACH)


def written(seed: int, trial: Trial) -> None:
    """Lists that are written are read as they were, or refused."""
    path = trial.out / 'train.txt'

    def write(lines: list[str]) -> list[str]:
        write_list(path, lines)
        return read_list(path)

    def body(lines: list[str]) -> None:
        trial('written list', lambda: write(lines))
        splits = dict(train=lines, val=lines[:1], test=[])
        trial(
            'data root',
            lambda: write_data_root(trial.out, 'x', splits, 8, 'made up'),
        )

    examples(st.lists(names, max_size=4), body, seed, EACH)


def info(seed: int, trial: Trial) -> None:
    """`dataset.json` of any content."""
    root, chance = a_root(trial), random.Random(f'info {seed}')
    path = root / 'dataset.json'

    def body(value: object) -> None:
        data = json.dumps(value).encode()
        if chance.random() < 0.3:
            _, data = mutate(data, chance, b'[' * 5000)
        path.write_bytes(data)
        trial('dataset.json', lambda: read_info(root))
        if chance.random() < 0.1:
            trial('face folder', lambda: list(FaceFolder(str(root)).data_list))

    info = st.dictionaries(st.just('crop_size'), numbers)
    examples(json_values | info, body, seed, EACH)


def annotation(seed: int, trial: Trial) -> None:
    """Annotation of landmarks as text."""
    chance, place = random.Random(f'text {seed}'), trial.inputs
    csv_head = 'file,' + ','.join(f'x{i},y{i}' for i in range(5))
    kinds = {
        'a.csv': (CSVAnnotation, csv_head + '\n', ','),
        'celeba.txt': (CelebAAnnotation, '1\nhead\n', ' '),
        'a.pts': (lambda path: PTSAnnotation(place), '{\n', ' '),
    }

    def body(row: tuple[str, list[str]]) -> None:
        file = chance.choice(sorted(kinds))
        make, head, mark = kinds[file]
        name, values = row
        count = 136 if file == 'a.pts' else 10
        values = (values + ['7'] * count)[: count if values else 3]
        line = [] if file == 'a.pts' else [name]
        data = as_bytes(head + mark.join([*line, *values]) + '\n}')
        if chance.random() < 0.5:
            _, data = mutate(data, chance, b'\xff"\0')
        (place / file).write_bytes(data)

        def find() -> None:
            for wanted in (name, 'a.png'):
                make(place / file).find(wanted, None)

        trial('annotation', find)

    examples(st.tuples(names, st.lists(texts, max_size=5)), body, seed, EACH)


AREAS = (listed, written, info, annotation)


def every(seed: int, trial: Trial) -> None:
    """One of them."""
    AREAS[seed % len(AREAS)](seed, trial)


def test_lists_shortly(endure: Callable, monkeypatch) -> None:
    monkeypatch.setitem(globals(), 'EACH', 5)
    endure(every, 4, 20, 'lists')


@pytest.mark.slow
def test_lists(endure: Callable) -> None:
    endure(every, 100, 15_000, 'lists')
