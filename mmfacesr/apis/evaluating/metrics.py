# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Metrics beside the protocols, by what a person types.

``NAME``, or ``NAME=OPTION`` with a file of weights or a kernel.
"""

from collections.abc import Callable, Sequence
from functools import cache

from mmfacesr.evaluation.image_metrics import ImageMetric, SetMetric

Metric = ImageMetric | SetMetric


# What a metric needs is imported when it is asked for.


def _lpips_alex(*weights: str) -> Metric:
    from mmfacesr.evaluation.on_request.lpips import lpips_metric

    return lpips_metric('alex', *weights)


def _lpips_vgg(*weights: str) -> Metric:
    from mmfacesr.evaluation.on_request.lpips import lpips_metric

    return lpips_metric('vgg', *weights)


def _nme() -> Metric:
    from mmfacesr.evaluation.on_request.landmarks import nme_metric

    return nme_metric()


def _identity() -> Metric:
    from mmfacesr.evaluation.on_request.identity import identity_metric

    return identity_metric()


def _lr(*kernel: str) -> Metric:
    from mmfacesr.evaluation.on_request.lr import lr_metric

    return lr_metric(*kernel)


def _niqe() -> Metric:
    from mmfacesr.evaluation.metrics.niqe import niqe_metric

    return niqe_metric()


def _fid(*weights: str) -> Metric:
    from mmfacesr.evaluation.on_request.distributions import fid_metric

    return fid_metric(*weights)


def _fid_few(*weights: str) -> Metric:
    from mmfacesr.evaluation.on_request.distributions import fid_metric

    return fid_metric(*weights, few=True)


def _kid(*weights: str) -> Metric:
    from mmfacesr.evaluation.on_request.distributions import kid_metric

    return kid_metric(*weights)


METRICS: dict[str, Callable[..., Metric]] = {
    'lpips-alex': _lpips_alex,
    'lpips-vgg': _lpips_vgg,
    'nme': _nme,
    'identity': _identity,
    'lr': _lr,
    'niqe': _niqe,
    'fid': _fid,
    'fid-few': _fid_few,
    'kid': _kid,
}
"""Name -> what builds the metric. Those of ``OPTIONS`` take one argument, if
there is one."""
OPTIONS = {
    'lpips-alex': 'FILE',
    'lpips-vgg': 'FILE',
    'lr': 'KERNEL',
    'fid': 'FILE',
    'fid-few': 'FILE',
    'kid': 'FILE',
}
"""Name -> what may stand behind it and an equals sign."""
FEWEST = {
    'fid': (
        2048,
        ': FID of fewer images than it has features is far too high, the '
        'more so the fewer there are; take kid, which is not, or fid-few to '
        'compare with values of as many images alone',
    ),
    'fid-few': (2, ''),
    'kid': (2, ''),
}
"""Name -> images that it needs, and why."""


def check_known(names: Sequence[str]) -> None:
    """Refuse metrics that there are not, before anything is fetched.

    Args:
        names (Sequence[str]): ``NAME`` or ``NAME=OPTION``.

    Raises:
        ValueError: Names those there are.
    """
    bare = [text.partition('=')[0] for text in names]
    for name, text in zip(bare, names):
        if name not in METRICS or '=' in text and name not in OPTIONS:
            known = [
                f'{k}[={OPTIONS[k]}]' if k in OPTIONS else k for k in METRICS
            ]
            raise ValueError(
                f'Expected metrics of {", ".join(known)}, got {text}.'
            )
        if bare.count(name) > 1:
            raise ValueError(f'Expected {name} once, got it again: {text}.')


def check_names(names: Sequence[str], has_lr: bool) -> None:
    """Refuse metrics that there are not, or that lack what they need.

    Args:
        names (Sequence[str]): ``NAME`` or ``NAME=OPTION``.
        has_lr (bool): Whether the inputs are there.

    Raises:
        ValueError: Names those there are, or what is missing.
        ImportError: If the package of a metric is not installed.
        WeightsError: If weights cannot be had.
    """
    check_known(names)
    for name, metric in build_metrics(tuple(names)).items():
        if getattr(metric, 'needs_lr', False) and not has_lr:
            raise ValueError(
                f'Expected the inputs of the results for {name}, got none; '
                'give their folder by --lr.'
            )


def check_count(names: Sequence[str], images: int) -> None:
    """Refuse metrics that mean nothing of so few images; fetches nothing.

    Raises:
        ValueError: If a metric needs more.
    """
    for name in (text.partition('=')[0] for text in names):
        least, why = FEWEST.get(name, (1, ''))
        if images < least:
            raise ValueError(
                f'Expected at least {least} images for {name}, got {images}'
                f'{why}.'
            )


@cache
def build_metrics(names: Sequence[str]) -> dict[str, Metric]:
    """Build metrics, once in a process.

    Args:
        names (tuple[str, ...]): ``NAME`` or ``NAME=OPTION``.

    Returns:
        dict: By name.
    """
    built = {}
    for text in names:
        name, *option = text.split('=', 1)
        built[name] = METRICS[name](*option)
    return built


def image_metrics(names: Sequence[str]) -> dict[str, ImageMetric]:
    """The metrics of single images among some."""
    built = build_metrics(tuple(names))
    return {k: m for k, m in built.items() if isinstance(m, ImageMetric)}


def set_metrics(names: Sequence[str]) -> dict[str, SetMetric]:
    """The metrics of whole sets among some."""
    built = build_metrics(tuple(names))
    return {k: m for k, m in built.items() if isinstance(m, SetMetric)}
