# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""DIC: recovery and landmark estimation that take turns.

Source: Ma et al., Deep Face Super-Resolution with Iterative Collaboration
between Attentive Recovery and Landmark Estimation, CVPR 2020, arXiv
2003.13063. State-dict keys are those of MMagic's ``DICNet``.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmfacesr.models.common.checkpointing import recompute_in_backward
from mmfacesr.models.common.layers import at_least_float32
from mmfacesr.models.common.size_requirement import SizeRequirement
from mmfacesr.models.dic.feedback_blocks import (
    AttentiveFeedbackBlock,
    FeedbackBlock,
)
from mmfacesr.models.dic.hourglass import LandmarkHourglass
from mmfacesr.models.dic.layouts import DIC_AUTHORS
from mmfacesr.models.dic.prelu import PReLU
from mmfacesr.registry import MODELS

# Keypoints of left eye, right eye, nose, mouth and silhouette (jaw and brows),
# as end-exclusive ranges. Those for 194 points (Helen) leave out the last of
# most groups, as in the authors' code.
COMPONENTS = {
    5: (((0, 1),), ((1, 2),), ((2, 3),), ((3, 4),), ((4, 5),)),
    68: (((36, 42),), ((42, 48),), ((27, 36),), ((48, 68),), ((0, 27),)),
    194: (
        ((134, 153), (174, 193)),
        ((114, 133), (154, 173)),
        ((41, 57),),
        ((58, 113),),
        ((0, 40),),
    ),
}
# Peaks below this are noise and not raised to 1 (authors' code).
MIN_PEAK = 0.05


def merge_heatmaps(heatmap: Tensor) -> Tensor:
    """Sum landmark heatmaps into one map per facial component.

    Each channel is first divided by its spatial maximum, or 0.05 if that is
    smaller.

    Args:
        heatmap (Tensor): (N, K, H, W), K one of 5, 68 and 194.

    Returns:
        Tensor: (N, 5, H, W), at least float32: left eye, right eye, nose,
        mouth, silhouette.
    """
    heatmap = at_least_float32(heatmap)
    peak = heatmap.flatten(2).max(dim=2).values  # (N, K)
    heatmap = heatmap / peak.clamp(min=MIN_PEAK)[..., None, None]
    components = []
    # A traced size is a tensor, and no key.
    for ranges in COMPONENTS[int(heatmap.shape[1])]:
        points = [heatmap[:, start:stop] for start, stop in ranges]
        components.append(torch.cat(points, dim=1).sum(dim=1))
    return torch.stack(components, dim=1)


@MODELS.register_module()
class DICGenerator(nn.Module):
    """Deep Iterative Collaboration network for x8 face super-resolution.

    Differs from the authors' code and MMagic's ``DICNet``: hidden states are
    local variables, the base image follows the input size, other scales are
    refused. With ``num_steps=1`` the second feedback block has no use, so
    distributed training needs ``find_unused_parameters=True``.

    Args:
        in_channels (int): Channels of the LR image. Defaults to 3.
        out_channels (int): Channels of the SR image, which is added to the
            enlarged LR image: equal to ``in_channels``. Defaults to 3.
        mid_channels (int): Width c of the recovery branch. Defaults to 48.
        num_blocks (int): Groups of a feedback block. Defaults to 6.
        hg_mid_channels (int): Width of the landmark branch. Defaults to 256.
        hg_num_keypoints (int): Number of heatmaps K: 5, 68 or 194. Defaults
            to 68.
        num_steps (int): Turns of recovery and landmarks. Defaults to 4.
        upscale_factor (int): Scale of the SR image; only 8. Defaults to 8.
        detach_attention (bool): Whether heatmaps that steer the next step
            carry no gradient. Defaults to False.
        prelu_init (float): Initial slope of the PReLUs. Defaults to 0.2.
        num_fusion_blocks (int): Residual blocks of the attentive fusion.
            Defaults to 7.
        with_cp (bool): Whether blocks and hourglass are computed again in the
            backward pass to save memory. Defaults to False.

    Raises:
        ValueError: If an option has a value that the network cannot honor.
    """

    # Twice the input side must survive four halvings in the hourglass.
    size_requirement = SizeRequirement(multiple_of=8, minimum=8)
    layouts = (DIC_AUTHORS,)

    def __init__(
        self,
        in_channels: int = 3,
        out_channels: int = 3,
        mid_channels: int = 48,
        num_blocks: int = 6,
        hg_mid_channels: int = 256,
        hg_num_keypoints: int = 68,
        num_steps: int = 4,
        upscale_factor: int = 8,
        detach_attention: bool = False,
        prelu_init: float = 0.2,
        num_fusion_blocks: int = 7,
        with_cp: bool = False,
    ) -> None:
        super().__init__()
        if upscale_factor != 8:
            raise ValueError(
                'DICGenerator expected upscale_factor 8, got '
                f'{upscale_factor}; only x8 is supported.'
            )
        if out_channels != in_channels:
            raise ValueError(
                f'DICGenerator expected out_channels {in_channels}, as '
                f'in_channels, got {out_channels}; set both alike.'
            )
        if hg_num_keypoints not in COMPONENTS:
            raise ValueError(
                f'DICGenerator expected hg_num_keypoints {sorted(COMPONENTS)},'
                f' got {hg_num_keypoints}; choose one of these.'
            )
        if num_steps < 1:
            raise ValueError(
                f'DICGenerator expected num_steps of at least 1, got '
                f'{num_steps}; raise it.'
            )
        self.in_channels = in_channels
        self.upscale_factor = upscale_factor
        self.num_steps = num_steps
        self.detach_attention = detach_attention
        self.conv_first = nn.Sequential(
            nn.Conv2d(in_channels, 4 * mid_channels, 3, padding=1),
            PReLU(init=prelu_init),
            nn.PixelShuffle(2),
        )
        self.first_block = FeedbackBlock(
            mid_channels, mid_channels, num_blocks, prelu_init
        )
        self.block = AttentiveFeedbackBlock(
            mid_channels, num_blocks, prelu_init, num_fusion_blocks
        )
        self.hour_glass = LandmarkHourglass(
            out_channels, hg_mid_channels, hg_num_keypoints
        )
        self.conv_last = nn.Sequential(
            nn.ConvTranspose2d(
                mid_channels, mid_channels, 8, stride=4, padding=2
            ),
            PReLU(init=prelu_init),
            nn.Conv2d(mid_channels, out_channels, 3, padding=1),
        )
        if with_cp:
            recompute_in_backward(
                self.first_block, self.block, self.hour_glass, self.conv_last
            )

    def forward(
        self, lr: Tensor, image_only: bool = False
    ) -> Tensor | tuple[list[Tensor], list[Tensor]]:
        """Restore faces.

        Args:
            lr (Tensor): (N, in_channels, h, w), normalized (mean subtracted);
                h and w are multiples of 8.
            image_only (bool): Whether to return the last SR image alone and
                skip the landmarks that nothing would read. Defaults to False.

        Returns:
            Tensor | tuple[list[Tensor], list[Tensor]]: SR images
            (N, out_channels, 8h, 8w), normalized, not clamped, and raw
            heatmaps (N, K, 2h, 2w), each a list over the steps; or the last
            SR image if ``image_only``.

        Raises:
            ValueError: If the input has another rank, channels or size.
        """
        self.size_requirement.check(lr, type(self).__name__, self.in_channels)
        base = F.interpolate(
            lr,
            scale_factor=self.upscale_factor,
            mode='bilinear',
            align_corners=False,
        )
        features = self.conv_first(lr)  # (N, c, 2h, 2w)
        images, heatmaps = [], []
        landmark_state = None
        for step in range(self.num_steps):
            if step == 0:
                hidden = self.first_block(features)
            else:
                hidden = self.block(
                    features, hidden, self._attention(heatmaps[-1])
                )
            image = base + self.conv_last(hidden)  # (N, out_channels, 8h, 8w)
            if image_only and step == self.num_steps - 1:
                return image
            heatmap, landmark_state = self.hour_glass(image, landmark_state)
            images.append(image)
            heatmaps.append(heatmap)
        return images, heatmaps

    def _attention(self, heatmap: Tensor) -> Tensor:
        """Turn heatmaps (N, K, h, w) into weights (N, 5, h, w), sum 1."""
        if self.detach_attention:
            heatmap = heatmap.detach()
        return merge_heatmaps(heatmap).softmax(dim=1)
