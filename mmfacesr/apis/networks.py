# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Networks of a config without the rest of its model, and kept configs."""

import ast
import itertools
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmengine.utils import import_modules_from_strings
from torch import nn
from torch.nn.modules.module import (
    register_module_parameter_registration_hook,
)

from mmfacesr.models import METHODS
from mmfacesr.registry import MODELS

PARTS = ('generator', 'discriminator')
MAX_PARAMETERS = 5_000  # tensors; ours have some hundreds
MAX_NUMBER = 1 << 20  # layers are counted before they are made
MAX_TEXT = 1_000_000  # characters of a config; ours have some 10 thousand


def build_network(cfg: Config, part: str = 'generator') -> nn.Module:
    """Build one network of a config's model, on the CPU.

    Losses and what they download are left out, and MMagic is imported only
    for networks that are none of ours.

    Args:
        cfg (Config): A config with a model.
        part (str): 'generator' or 'discriminator'. Defaults to 'generator'.

    Raises:
        ValueError: If the model has no such part.
    """
    settings = cfg.get('model', {}).get(part)
    if not isinstance(settings, Mapping):
        raise ValueError(
            f'Expected a config whose model has a {part}, got '
            f'{cfg.filename or "one"} without; choose another config or part.'
        )
    if settings.get('type') in MODELS.module_dict:
        return MODELS.build(settings)
    import_modules_from_strings(**cfg.get('custom_imports', {}))
    scope = cfg.get('default_scope', 'mmagic')
    with DefaultScope.overwrite_default_scope(scope):
        return MODELS.build(settings)


def folders_with(attribute: str) -> str:
    """Name the folders of configs whose networks have an attribute."""
    return ' or '.join(
        f'configs/{room}'
        for room, method in METHODS.items()
        if any(hasattr(network, attribute) for network in method.networks)
    )


def network_of_text(text: str, part: str = 'generator') -> nn.Module:
    """Build a network from a config's text that nobody vouches for.

    Its tensors have shapes and no values, and it has a bounded number of
    them: a size that nobody can keep in memory does no harm.

    A training checkpoint carries the text of its config. Nothing in it is
    run, unlike in a config file: it may assign plain values only, and the
    network must be one of ours.

    Args:
        text (str): As ``Config.pretty_text``.
        part (str): As for :func:`build_network`.

    Raises:
        ValueError: If the text holds anything else.
    """
    model = read_settings(text).get('model')
    settings = dict(model.get(part) or {}) if isinstance(model, dict) else {}
    name = settings.pop('type', None)
    network = MODELS.module_dict.get(name) if isinstance(name, str) else None
    if not any(network in method.networks for method in METHODS.values()):
        raise ValueError(
            f'Expected a {part} of mmfacesr in the config, got {name!r}; '
            'give the config.'
        )
    if _largest(settings) > MAX_NUMBER:
        raise ValueError(
            f'Expected a {part} whose settings are at most {MAX_NUMBER}, got '
            f'{_largest(settings):g}; give the config.'
        )
    # Not by the registry: it imports what a dotted name says.
    with torch.device('meta'), _bounded():
        return network(**settings)


def _largest(value: Any) -> float:
    """Return the largest number in plain values."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        return max(map(_largest, value), default=0)
    return value if isinstance(value, (int, float)) else 0


@contextmanager
def _bounded() -> Iterator[None]:
    """End the building of a network of a million layers."""
    count = itertools.count()

    def refuse_more(*_: object) -> None:
        if next(count) >= MAX_PARAMETERS:
            raise ValueError(
                f'Expected a network of at most {MAX_PARAMETERS} parameters '
                'in the config, got more; give the config.'
            )

    hook = register_module_parameter_registration_hook(refuse_more)
    try:
        yield
    finally:
        hook.remove()


def read_settings(text: str) -> dict[str, Any]:
    """Read assignments of plain values, ``dict(...)`` included.

    Args:
        text (str): As ``Config.pretty_text``.

    Raises:
        ValueError: If the text holds anything else.
    """
    try:
        if len(text) > MAX_TEXT:
            raise ValueError(f'more than {MAX_TEXT} characters')
        return {
            _name_of(line): _value_of(line.value)
            for line in ast.parse(text).body
        }
    except (
        SyntaxError,
        ValueError,
        TypeError,
        RecursionError,
        MemoryError,
    ) as error:
        raise ValueError(
            'Expected assignments of plain values as the text of a config, '
            f'got {error or type(error).__name__}; give the config.'
        ) from error


def _name_of(line: ast.stmt) -> str:
    """Return the name on the left of ``name = value``."""
    if isinstance(line, ast.Assign) and len(line.targets) == 1:
        target = line.targets[0]
        if isinstance(target, ast.Name):
            return target.id
    raise ValueError(f'{type(line).__name__} in line {line.lineno}')


def _value_of(node: ast.expr) -> Any:
    """Return a plain value, without running anything."""
    if isinstance(node, ast.Dict) and None not in node.keys:
        return {
            _value_of(key): _value_of(value)
            for key, value in zip(node.keys, node.values)
        }
    if isinstance(node, (ast.List, ast.Tuple)):
        items = [_value_of(item) for item in node.elts]
        return items if isinstance(node, ast.List) else tuple(items)
    if isinstance(node, ast.Call) and _is_dict_call(node):
        return {word.arg: _value_of(word.value) for word in node.keywords}
    return ast.literal_eval(node)


def _is_dict_call(node: ast.Call) -> bool:
    """Say whether a call is ``dict(name=value, ...)``."""
    return (
        isinstance(node.func, ast.Name)
        and node.func.id == 'dict'
        and not node.args
        and all(word.arg for word in node.keywords)
    )
