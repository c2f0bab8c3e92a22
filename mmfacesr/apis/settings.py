# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Settings as a person types them: what they mean, and whether they exist."""

import inspect
import re
from collections.abc import Iterable
from difflib import get_close_matches
from itertools import accumulate
from typing import Any

from mmengine import registry
from mmengine.config import Config, DictAction

PATH_NAME = re.compile(
    r'(\w+_)?(root|dir|folder|file|path|prefix|from)|landmark_table|fid_reference'
    r'|reference|pretrained|checkpoint|backbone|teacher|weights'
)
"""Last part of a setting that names a file, a folder or a URL."""
NOT_ALWAYS_TEXT = ('crop_size', 'lpips', 'save_best')
"""Settings whose default may be text and which take other values too."""
SEVERAL = ('fid_reference', 'lpips')
"""Settings that may be given more than once and then are a list."""
SWITCHES = (
    'tensorboard',
    'channels_last',
    'fused_optimizer',
    'with_cp',
    'lr_kernel',
    'lpips',
    'fid_reference',
)
"""Settings that the tools carry out in any config."""
MOST_DEPTH = 20
"""Most brackets within brackets in a setting."""
SLIP = 0.8
"""How alike two names are of which one is taken for a slip of the other."""


def parse_settings(
    cfg: Config, given: Iterable[tuple[str, str]]
) -> dict[str, Any]:
    """Turn typed settings into values, by what the config has there.

    A setting that is text in the config, or that names a path, is taken as
    it stands: with its spaces, quotes and commas, ``2024`` and ``None`` too.
    A path that is empty is None. All else is a number, a boolean, None, a
    list, a tuple or a word, as mmengine reads it.

    Args:
        cfg (Config): Before the settings are merged.
        given (Iterable[tuple[str, str]]): Dotted key and text, as typed.

    Returns:
        dict[str, Any]: For ``Config.merge_from_dict``. Where a key is given
        twice the last one counts, except for those in ``SEVERAL``.
    """
    found: dict[str, Any] = {}
    for key, text in given:
        name = key.rpartition('.')[2]
        value = parse_text(name, text, value_at(cfg, key))
        if key in found and name in SEVERAL:
            value = [*as_list(found[key]), *as_list(value)]
        found[key] = value
    return found


def parse_text(name: str, text: str, default: Any) -> Any:
    """The value of one setting; see :func:`parse_settings`."""
    is_text = isinstance(default, str)
    if PATH_NAME.fullmatch(name) and (
        is_text or default is None or name in SEVERAL
    ):
        return text or None
    if is_text and name not in NOT_ALWAYS_TEXT:
        return text
    if _depth(text) > MOST_DEPTH:
        raise ValueError(
            f'Expected at most {MOST_DEPTH} brackets within each other in the '
            f'setting {name!r}, got {_depth(text)}; leave some out.'
        )
    try:
        return DictAction._parse_iterable(text)
    except RecursionError as error:  # as of f(1,2)
        raise ValueError(
            f'Expected brackets around a whole list in the setting {name!r}, '
            f'got {text!r}; write [a,b] or (a,b).'
        ) from error


def _depth(text: str) -> int:
    """How many brackets are open at most; each is a call of the parser."""
    opened = accumulate((x in '([{') - (x in ')]}') for x in text)
    return max(opened, default=0)


def as_list(value: Any) -> list:
    """A setting that is one thing or a list of them, as a list."""
    return value if isinstance(value, list) else [value]


def value_at(cfg: Config, key: str) -> Any:
    """What a dotted key leads to; None if it leads nowhere."""
    value: Any = cfg
    for part in key.split('.'):
        value = step_into(value, part)
    return value


def step_into(container: Any, part: str) -> Any:
    """One part of a dotted key further; None if there is nothing."""
    if isinstance(container, (dict, Config)):
        return container.get(part)
    if isinstance(container, (list, tuple)) and part.isdecimal():
        return dict(enumerate(container)).get(int(part))
    return None


def check_names(cfg: Config, keys: Iterable[str]) -> None:
    """Refuse settings that nothing would read.

    At the top level every name must be one of the config, a switch or an
    argument of mmengine's runner. Further down new names are usual, so that
    only those are refused which look like a slip of a known one: a key that
    is there, or an argument of the class that ``type`` names.

    Args:
        cfg (Config): Before the settings are merged.
        keys (Iterable[str]): Dotted keys.

    Raises:
        ValueError: Names the setting and the nearest known one.
    """
    keys = list(keys)
    for key in keys:
        first, *rest = key.split('.')
        _check_alone(key, keys)
        if first not in cfg and first not in SWITCHES:
            names = {*cfg, *SWITCHES, *runner_names()}
            if first not in names:
                raise ValueError(unknown(key, first, names))
        container = cfg.get(first, {})
        for part in rest:
            check_part(key, part, container)
            is_new = isinstance(container, dict) and part not in container
            container = {} if is_new else step_into(container, part)


def _check_alone(key: str, keys: Iterable[str]) -> None:
    """Refuse a setting that is given as a whole and in parts."""
    part = next((other for other in keys if other.startswith(f'{key}.')), None)
    if part is not None:
        raise ValueError(
            f'Expected a setting as a whole or in parts, got {key!r} and '
            f'{part!r}; leave out one of them.'
        )


def check_part(key: str, part: str, container: Any) -> None:
    """Refuse a part of a key that nearly is a name of its container."""
    if isinstance(container, (list, tuple)):
        if not part.isdecimal() or int(part) >= len(container):
            raise ValueError(
                f'Expected a number below {len(container)} in place of '
                f'{part!r} in the setting {key!r}: there is a list.'
            )
    elif not isinstance(container, dict):
        raise ValueError(
            f'Expected a setting with parts in front of {part!r} in {key!r}, '
            f'got the value {container!r} there; set the value itself.'
        )
    elif part not in container:
        names = known_names(container)
        near = get_close_matches(part, names, cutoff=SLIP)
        if near and part not in names:
            raise ValueError(unknown(key, part, names))


def unknown(key: str, part: str, names: Iterable[str]) -> str:
    """Say that a setting does not exist, and which one was meant."""
    if near := get_close_matches(part, names, n=1):
        meant = ''.join(
            near[0] if piece == part else piece
            for piece in re.split(r'(\.)', key)
        )
        return f'There is no setting {key!r}; did you mean {meant!r}?'
    return (
        f'There is no setting {key!r}. '
        'tools/analysis_tools/print_config.py CONFIG shows those there are.'
    )


def known_names(container: dict) -> set[str]:
    """Names that a part of a config may have, as far as they are known.

    Returns:
        set[str]: Empty where the class takes any name or is not registered
        yet.
    """
    if not isinstance(container.get('type'), str):
        return set(container)
    arguments = [
        inspect.signature(found).parameters.values()
        for found in classes_named(container['type'])
    ]
    listed = [argument for one in arguments for argument in one]
    if not listed or any(one.kind is one.VAR_KEYWORD for one in listed):
        return set()
    return set(container) | {argument.name for argument in listed}


def classes_named(name: str) -> list:
    """Everything registered under a name, with or without its scope."""
    name = name.rpartition('.')[2]
    roots = [
        item
        for item in vars(registry).values()
        if isinstance(item, registry.Registry)
    ]
    nodes = [
        node for root in roots for node in (root, *root.children.values())
    ]
    return [
        node.module_dict[name] for node in nodes if name in node.module_dict
    ]


def runner_names() -> set[str]:
    """Top-level names of a config that mmengine itself reads."""
    from mmengine.runner import Runner

    return {
        *inspect.signature(Runner.__init__).parameters,
        'activation_checkpointing',
        'compile',
        'custom_imports',
        'efficient_conv_bn_eval',
        'find_unused_parameters',
        'model_wrapper_cfg',
        'sync_bn',
    } - {'self', 'cfg'}
