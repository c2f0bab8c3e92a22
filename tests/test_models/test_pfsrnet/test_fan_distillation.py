# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""What a landmark head learns from."""

from pathlib import Path

import pytest
import torch
from mmengine.registry import MODELS, init_default_scope
from torch import Tensor, nn

import mmfacesr.models.runtime  # noqa: F401  registers
from mmfacesr.compat.mmagic_base import DataSample


class Shrink(nn.Module):
    """In place of 2D-FAN: the red channel, 256 to 64, as 68 heatmaps."""

    def forward(self, image: Tensor) -> Tensor:
        """(N, 3, 256, 256) -> (N, 68, 64, 64)."""
        return image[:, :1, ::4, ::4].repeat(1, 68, 1, 1)


def build(teacher: str | None) -> nn.Module:
    """A narrow head that learns."""
    init_default_scope('mmagic')
    return MODELS.build(
        dict(
            type='FANDistillation',
            teacher=teacher,
            generator=dict(type='DistilledFANHead', mid_channels=8),
            pixel_loss=dict(type='ForegroundMSELoss', foreground_weight=3.0),
            data_preprocessor=dict(
                type='DataPreprocessor', mean=[0] * 3, std=[255] * 3
            ),
        )
    )


def loss_to(model: nn.Module, image: Tensor, target: Tensor) -> Tensor:
    """The loss by hand."""
    weight = 1 + 3 * target
    return (weight * (model.generator(image) - target) ** 2).mean()


def test_table_teaches() -> None:
    model, image = build(None).eval(), torch.rand(2, 3, 64, 64)
    samples = DataSample()
    samples.set_tensor_data(dict(gt_heatmap=torch.rand(2, 68, 64, 64)))
    (value,) = model.forward_train(image, samples).values()
    wanted = loss_to(model, image, samples.gt_heatmap)
    torch.testing.assert_close(value, wanted)


def test_teacher_teaches_without_landmarks(tmp_path: Path) -> None:
    torch.jit.script(Shrink()).save(str(tmp_path / 'fan.zip'))
    model = build(str(tmp_path / 'fan.zip')).eval()
    image = torch.rand(2, 3, 64, 64)
    (value,) = model.forward_train(image, DataSample()).values()
    large = torch.nn.functional.interpolate(
        image, (256, 256), mode='bilinear', align_corners=False
    )
    torch.testing.assert_close(value, loss_to(model, image, Shrink()(large)))
    value.backward()
    assert not any('teacher' in key for key in model.state_dict())


def test_neither_is_refused() -> None:
    with pytest.raises(ValueError, match=r'landmarks68.npz.*model.teacher'):
        build(None).forward_train(torch.rand(1, 3, 64, 64), DataSample())
