# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""What LR files cost a method."""

from collections.abc import Sequence

import numpy as np
from torch import nn

from mmfacesr.apis.face_network import FaceNetwork
from mmfacesr.apis.lr_images.findings import Finding
from mmfacesr.apis.lr_images.kernels import by_pillow
from mmfacesr.apis.measuring import restore_all
from mmfacesr.evaluation.functional.image_quality import psnr
from mmfacesr.evaluation.statistics import mean_interval

Images = Sequence[np.ndarray]
NOTICED = 0.05  # dB


def cost_finding(model: nn.Module, lr: Images, hr: Images) -> Finding:
    """What a model loses by LR files that are not of its own recipe.

    Args:
        model (nn.Module): From ``get_model``.
        lr (Sequence[np.ndarray]): The files as they are, (h, h, 3) uint8.
        hr (Sequence[np.ndarray]): What they are compared with.
    """
    network = FaceNetwork(model.facts, model)
    facts = network.facts
    sides = {facts.lr_size, facts.input_size}
    if len(lr[0]) not in sides:
        wanted = ' or '.join(f'{side}x{side}' for side in sorted(sides))
        return Finding(
            'cost',
            f'{facts.name} takes {wanted}, so that nothing can be measured',
            'unknown',
            f'Give it files of {wanted}, or choose another --model.',
        )
    faces = [
        face if len(face) == facts.gt_size else by_pillow(face, facts.gt_size)
        for face in hr
    ]
    own = [network.lr_of(face) for face in faces]
    with_own, with_these = (
        np.array(
            [
                psnr(made, face, facts.scale)
                for made, face in zip(restore_all(network, small), faces)
            ]
        )
        for small in (own, lr)
    )
    return _name_cost(facts, with_own, with_these)


def _name_cost(
    facts: object, with_own: np.ndarray, with_these: np.ndarray
) -> Finding:
    """The loss in words."""
    loss = with_own - with_these
    bounds = mean_interval(loss)
    values = dict(
        model=facts.name,
        own_recipe=facts.lr_recipe,
        psnr_own=float(with_own.mean()),
        psnr_these=float(with_these.mean()),
        loss=float(loss.mean()),
        interval=bounds and list(bounds),
        faces=len(loss),
    )
    range_ = (
        f', 95 % from {bounds[0]:.2f} to {bounds[1]:.2f}' if bounds else ''
    )
    said = (
        f'{facts.name} has {with_these.mean():.2f} dB on these files and '
        f'{with_own.mean():.2f} dB on those of its own recipe '
        f'({facts.lr_recipe}): {loss.mean():.2f} dB lost{range_}'
    )
    if abs(loss.mean()) < NOTICED or (bounds and bounds[0] <= 0):
        return Finding('cost', said, _sure(bounds), '', values)
    return Finding(
        'cost',
        said,
        _sure(bounds),
        'Make LR files by that recipe, or train the method on files such as '
        'these.',
        values,
    )


def _sure(bounds: tuple[float, float] | None) -> str:
    """How sure a mean with these bounds is."""
    return 'possible' if bounds is None else 'certain'
