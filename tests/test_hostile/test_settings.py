# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Settings of `--cfg-options` as anybody may type them."""

import copy
import random
from collections.abc import Callable

import pytest
from hostile import Trial, examples
from hypothesis import strategies as st

from mmfacesr.apis.config import load_config
from mmfacesr.apis.launch import key_and_text
from mmfacesr.apis.settings import check_names, parse_settings

EACH = 250
CONFIG = 'dic-small_x8c16b2_1xb4-500_synthetic'
KEYS = (
    *('data_root', 'crop_size', 'lr_folder', 'lpips', 'fid_reference'),
    *('train_dataloader.batch_size', 'train_dataloader.dataset.data_root'),
    *('model.generator.mid_channels', 'custom_hooks.0.type', 'tensorboard'),
    *('custom_hooks.99', 'custom_hooks.²', 'custom_hooks.-1', 'train_cfg'),
    *('model..type', '.', 'a.b', '_base_', '_delete_', 'model._delete_'),
    *('__class__', 'custom_imports.imports', 'data_rot', 'model.typ'),
    *('test_evaluator.0.prefix', 'custom_hooks.' + '9' * 5000, 'x' * 9999),
)
VALUES = (
    *(
        'None',
        'True',
        '[1,2',
        '(1,2)',
        '[[1],(2,"a")]',
        '{"a": 1}',
        '""',
        '1e9',
    ),
    *('[' * 2000, '[' * 300 + ']' * 300, '(' * 999 + ')' * 999, ',' * 9999),
    *('__import__("os").system("touch x")', 'a=b', '${oc.env:HOME}', '=', "'"),
    *('{{fileBasename}}', '$(touch x)', 'nan', '-inf', '9' * 5000, '../../x'),
)
odd = st.text(st.characters(), max_size=30)
keys = st.sampled_from(KEYS) | odd
pairs = st.tuples(
    keys | st.tuples(keys, keys).map('.'.join),
    st.sampled_from(VALUES) | odd | st.text('[](),"\'{}=1a ', max_size=40),
)


def settings_of(seed: int, trial: Trial) -> None:
    """Settings, merged into a config of the project."""
    cfg = load_config(CONFIG, import_modules=False)

    def merge(words: list[str]) -> None:
        given = [key_and_text(word) for word in words]
        check_names(cfg, [key for key, _ in given])
        options = parse_settings(cfg, given)
        copy.deepcopy(cfg).merge_from_dict(options)

    def body(given: list[tuple[str, str]]) -> None:
        words = [f'{key}={text}' for key, text in given if key]
        words = [word for word in words if not word.startswith('=')]
        trial('settings', lambda: merge(words))

    examples(st.lists(pairs, min_size=1, max_size=3), body, seed, EACH)


def whole(seed: int, trial: Trial) -> None:
    """The same by the tools' own way, from the file on."""
    chance = random.Random(f'whole {seed}')
    given = [(chance.choice(KEYS), chance.choice(VALUES)) for _ in range(2)]
    trial('config', lambda: load_config(CONFIG, given, import_modules=False))


def malformed(seed: int, trial: Trial) -> None:
    """Files that are called configs and are none."""
    contents = (b'', b'\0', b'(' * 999, b'x = ', b'\xff\xfe', b'_base_ = 1')
    contents += (b'_base_ = "./config.py"', b'{"a": ', b'a: [', b'# \xff')
    contents += (b'_base_ = ["no.py"]', b'[' * 900, b'a = 1\nimport no_x')
    file = trial.inputs / ('config' + ('.py', '.json', '.yml', '')[seed % 4])
    file.write_bytes(random.Random(f'{seed}').choice(contents))
    trial('file', lambda: load_config(str(file), (), False))


def every(seed: int, trial: Trial) -> None:
    """One of them."""
    settings_of(seed, trial)
    for number in range(3 * seed, 3 * seed + 3):
        whole(number, trial)
        malformed(number, trial)


def test_settings_shortly(endure: Callable, monkeypatch) -> None:
    monkeypatch.setitem(globals(), 'EACH', 20)
    endure(every, 1, 20, 'settings')


@pytest.mark.slow
def test_settings(endure: Callable) -> None:
    endure(every, 48, 11_000, 'settings')
