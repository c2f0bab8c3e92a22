# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Whether the schedule of the learning rate fits the length of a training."""

import logging
from collections.abc import Iterator
from typing import Any

from mmengine.config import Config
from mmengine.logging import print_log


def check_schedule(cfg: Config) -> None:
    """Compare ``param_scheduler`` with the length of the training.

    A schedule that is longer than the training is carried out as far as the
    training goes, so that a config can be tried for a few iterations; the
    log says so.

    Args:
        cfg (Config): With ``train_cfg``.

    Raises:
        ValueError: If a part of the schedule begins when the training, or
            the part itself, is over; names both settings.
    """
    schedule = cfg.get('param_scheduler') or []
    for path, part in schedulers_of('param_scheduler', schedule):
        unit = 'max_epochs' if part.get('by_epoch', True) else 'max_iters'
        total = (cfg.get('train_cfg') or {}).get(unit)
        if total is None:  # the other unit; mmengine converts or ignores it
            continue
        length = f'train_cfg.{unit}'
        begin, end = part.get('begin', 0), part.get('end', total)
        if begin >= end:
            limit = f'{path}.end' if 'end' in part else length
            raise ValueError(
                f'{path}.begin={begin} and {limit}={end} disagree: this part '
                'of the schedule would end before it begins. Lower the one '
                'or raise the other.'
            )
        for name, last in ends_of(part).items():
            if last > total + 1:  # one more is how PolyLR reaches its end
                print_log(
                    f'{length}={total} ends the training before the schedule, '
                    f'{path}.{name}={part[name]}: the learning rate does not '
                    'reach its last value.',
                    'current',
                    logging.WARNING,
                )


def schedulers_of(path: str, found: Any) -> Iterator[tuple[str, dict]]:
    """Every scheduler in a setting, with its own dotted path."""
    if isinstance(found, dict) and 'type' in found:
        yield path, found
        return
    # A list; or by the names of optimizers.
    items = found.items() if isinstance(found, dict) else enumerate(found)
    for key, item in items:
        yield from schedulers_of(f'{path}.{key}', item)


def ends_of(part: dict) -> dict[str, int]:
    """The settings of a scheduler that say when it is done -> when."""
    ends = {'end': part['end']} if 'end' in part else {}
    if 'T_max' in part:
        ends['T_max'] = part.get('begin', 0) + part['T_max']
    if part.get('milestones'):
        ends['milestones'] = max(part['milestones'])
    return ends
