# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""How LR faces are made: recipes, and a config that takes another one."""

from collections.abc import Callable, Iterator
from functools import cache, partial

import numpy as np
from mmcv import imresize
from mmengine.config import Config

from mmfacesr.datasets.reductions import REDUCTIONS
from mmfacesr.utils.project_files import project_root

Reduction = Callable[[np.ndarray, tuple[int, int]], np.ndarray]
"""An image (H, W, 3) uint8 and (width, height) to the smaller image."""


def read_recipe(name: str) -> list[dict]:
    """Read how LR faces are made: a list of transforms from `gt` to `img`.

    Args:
        name (str): A file of ``configs/_base_/degradations``, without '.py'.

    Raises:
        FileNotFoundError: If there is no such recipe; names those there are.
    """
    folder = project_root() / 'configs/_base_/degradations'
    known = sorted(file.stem for file in folder.glob('*.py'))
    if name not in known:
        raise FileNotFoundError(
            f'Expected one of the recipes {", ".join(known)}, got {name!r}.'
        )
    cfg = Config.fromfile(folder / f'{name}.py')
    return cfg.get('fixed_degradation', cfg.degradation)


def reductions_of(recipe: str) -> list[tuple[float, Reduction]]:
    """The factors and functions of a recipe, in order.

    Raises:
        FileNotFoundError: If there is no such recipe.
        ValueError: If it does something else than reduce.
    """
    found: list[tuple[float, Reduction]] = []
    for step in read_recipe(recipe):
        if step['type'] == 'ReduceImage':
            reduce = REDUCTIONS[step['kernel']]
        elif step['type'] == 'Resize' and 'scale' in step:
            how = {key: step[key] for key in ('interpolation', 'backend')}
            reduce = partial(imresize, **how)
        else:
            raise ValueError(
                f'Expected a recipe of reductions, got {recipe} with '
                f'{step["type"]}; name another as lr_recipe.'
            )
        found.append((step['scale'], reduce))
    return found


@cache
def kernel_names(scale: int) -> tuple[str, ...]:
    """Name the recipes of a scale that reduce and do nothing else, sorted.

    Returns:
        tuple[str, ...]: File names in ``configs/_base_/degradations`` but
        for the scale, such as 'bicubic' for ``bicubic_x8.py``.
    """
    folder = project_root() / 'configs/_base_/degradations'
    ending = f'_x{scale}'
    stems = sorted(file.stem for file in folder.glob(f'*{ending}.py'))
    return tuple(s.removesuffix(ending) for s in stems if _only_reduces(s))


def _only_reduces(recipe: str) -> bool:
    """Whether a recipe consists of reductions."""
    try:
        return bool(reductions_of(recipe))
    except ValueError:
        return False


def recipe_of_kernel(kernel: str, scale: int) -> str:
    """The recipe of a kernel at a scale.

    Raises:
        ValueError: If there is none; names those there are.
    """
    if not kernel_names(scale):
        raise ValueError(
            f'Expected a config of a scale with named LR kernels for '
            f'lr_kernel={kernel}, got one of x{scale}; leave lr_kernel away.'
        )
    if kernel not in kernel_names(scale):
        raise ValueError(
            f'Expected an LR kernel of {", ".join(kernel_names(scale))} for '
            f'x{scale}, got {kernel!r}.'
        )
    return f'{kernel}_x{scale}'


def use_kernel(cfg: Config, pipelines: Iterator[dict]) -> None:
    """Make LR faces by the kernel ``lr_kernel`` instead of a config's own.

    The recipe takes the place of what makes ``img`` in every pipeline, and
    in ``degradation``, which reports name. Other targets and the enlargement
    for networks that want large inputs stay. ``facts`` name the recipe.

    Args:
        cfg (Config): Changed.
        pipelines (Iterator[dict]): What has a ``pipeline``: its datasets.

    Raises:
        ValueError: If there is no such kernel, the config has LR files of its
            own or makes its LR faces otherwise than by reduction.
    """
    if cfg.get('lr_folder'):
        raise ValueError(
            'Expected lr_kernel or lr_folder, got both: files are not '
            'reduced. Leave one away.'
        )
    facts = cfg.get('facts')
    if facts is None:
        raise ValueError(
            f'Expected a config of a network that restores faces for '
            f'lr_kernel={cfg.lr_kernel}, got one without facts; leave '
            'lr_kernel away.'
        )
    name = recipe_of_kernel(cfg.lr_kernel, facts.scale)
    recipe = read_recipe(name)
    for dataset in pipelines:
        dataset.pipeline = _replaced(dataset.pipeline, recipe)
    cfg.degradation = _replaced(cfg.degradation, recipe)
    facts.lr_recipe = name


def _replaced(steps: list[dict], recipe: list[dict]) -> list[dict]:
    """Steps with a recipe in place of those that make ``img``."""
    found: list[dict] = []
    makers = [step for step in steps if _makes_input(step)]
    if not makers:
        raise ValueError(
            'Expected a pipeline that reduces `gt` to `img` for lr_kernel, '
            f'got {[step["type"] for step in steps]}; leave lr_kernel away.'
        )
    for step in steps:
        if step is makers[0]:  # a chain may have made a part already
            found += [one for one in recipe if one not in found]
        elif not any(step is maker for maker in makers):
            found.append(step)
    return found


def _makes_input(step: dict) -> bool:
    """Whether a step reduces to ``img``, or does so in a random choice."""
    if step['type'] == 'RandomChoice':
        return all(any(map(_makes, branch)) for branch in step['transforms'])
    return step['type'] != 'DegradeBlindly' and _makes(step)


def _makes(step: dict) -> bool:
    """Whether a step gives ``img`` of another image."""
    return step['type'] == 'DegradeBlindly' or 'img' in (
        step.get('output_keys') or ()
    )
