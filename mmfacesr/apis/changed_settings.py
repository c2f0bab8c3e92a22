# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""What a resumed training changes in its settings, and what it cannot."""

import ast
import re
from collections.abc import Iterator

SETTINGS = (
    'model',
    'train_dataloader',
    'val_dataloader',
    'train_cfg',
    'val_cfg',
    'val_evaluator',
    'optim_wrapper',
    'param_scheduler',
    'auto_scale_lr',
    'default_hooks',
    'custom_hooks',
    'randomness',
)
"""What the runner takes of a config for a training."""
KEPT = re.compile(
    r'optim_wrapper\.(\w+\.)?(optimizer|paramwise_cfg)\b.*'
    r'|(param_scheduler|auto_scale_lr)\b.*|randomness\.seed'
)
"""Settings whose state comes with the checkpoint, and overrules them."""
KINDS = re.compile(
    r'(optim_wrapper\.(\w+\.)?optimizer|param_scheduler(\.\w+)*)\.type'
)
"""Settings that the state in a checkpoint has to fit."""
MAX_LINES, MAX_WIDTH = 20, 60
MISSING = 'nothing'


def describe_changes(before: object, now: str) -> str:
    """Say which settings differ, and whether the new ones are in force.

    Args:
        before (object): Text of the config in a checkpoint; anything else
            cannot be compared.
        now (str): Text of the config of the training.

    Returns:
        str: Some lines; empty if nothing differs.

    Raises:
        ValueError: If the optimizer or the schedulers are others: their state
            cannot be taken up.
    """
    old, new = read_settings(before), read_settings(now)
    if not old:
        return ''
    changed = {
        key: f'  {key}: {value_in(old, key)} -> {value_in(new, key)}'
        for key in {**old, **new}
        if old.get(key) != new.get(key)
    }
    refused = [line for key, line in changed.items() if KINDS.fullmatch(key)]
    if refused:
        raise ValueError(
            'Expected the optimizer and the schedulers of the checkpoint that '
            'is resumed, got others:\n' + '\n'.join(refused) + '\n'
            'Undo these changes, or start a new training from the weights: '
            'load_from=CHECKPOINT without --resume, in another --work-dir.'
        )
    kept = [line for key, line in changed.items() if KEPT.fullmatch(key)]
    used = [line for key, line in changed.items() if not KEPT.fullmatch(key)]
    return '\n'.join(
        [
            *block('In force from now on:', used),
            *block(
                'NOT in force, because the optimizer and the schedules of '
                'the checkpoint go on as they are (start a new training with '
                'load_from instead of --resume to use these):',
                kept,
            ),
        ]
    )


def block(title: str, lines: list[str]) -> list[str]:
    """A list of settings under its title, cut if it is long."""
    if not lines:
        return []
    rest = len(lines) - MAX_LINES
    more = [f'  ... and {rest} more'] if rest > 0 else []
    return [title, *lines[:MAX_LINES], *more]


def value_in(settings: dict[str, str], key: str) -> str:
    """A value for a line of the log."""
    value = settings.get(key, MISSING)
    return value if len(value) <= MAX_WIDTH else value[:MAX_WIDTH] + '...'


def read_settings(text: object) -> dict[str, str]:
    """Read a config's text without running it.

    Args:
        text (object): Assignments, as mmengine writes a config.

    Returns:
        dict[str, str]: The source of each value by its dotted name; empty if
        the text is none or cannot be read.
    """
    try:
        body = ast.parse(text).body
        return {
            name: value
            for node in body
            if isinstance(node, ast.Assign)
            and ast.unparse(node.targets[0]) in SETTINGS
            for name, value in flat(node.value, ast.unparse(node.targets[0]))
        }
    # Whatever the file holds.
    except (SyntaxError, TypeError, ValueError, RecursionError, MemoryError):
        return {}


def flat(node: ast.expr, name: str) -> Iterator[tuple[str, str]]:
    """Go through dicts, and through lists of dicts, to the values."""
    items: list[tuple[object, ast.expr]] = []
    if isinstance(node, ast.Call):
        items = [(word.arg, word.value) for word in node.keywords]
    elif isinstance(node, ast.Dict):
        keys = [ast.unparse(key).strip('\'"') for key in node.keys if key]
        items = list(zip(keys, node.values))
    elif isinstance(node, (ast.List, ast.Tuple)) and any(
        isinstance(item, (ast.Call, ast.Dict)) for item in node.elts
    ):
        items = list(enumerate(node.elts))
    if not items:
        yield name, ast.unparse(node)
    for key, value in items:
        yield from flat(value, f'{name}.{key}')
