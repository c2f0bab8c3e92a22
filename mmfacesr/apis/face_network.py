# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""A network with what brings face crops to it, and its faces back."""

import inspect
from collections.abc import Callable, Sequence

import cv2
import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from mmfacesr.apis.recipes import Reduction, reductions_of
from mmfacesr.models.common.facts import Facts

Network = Callable[[Tensor], Tensor]
LARGEST = 255.0  # of 8 bit
PASSES = 2  # of back-projection; more of them sharpen noise


class ImageNetwork(nn.Module):
    """A network with one input and one output, the image.

    Args:
        network (nn.Module | Callable): It may return lists of images and
            heatmaps, one a step; the last image counts.
    """

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network
        self.options = _image_only(network)

    def forward(self, batch: Tensor) -> Tensor:
        """Map (N, 3, h, w) to (N, 3, H, W), both normalized."""
        output = self.network(batch, **self.options)
        while not isinstance(output, Tensor):  # images and heatmaps, by step
            output = output[0] if isinstance(output, tuple) else output[-1]
        return output


class FaceNetwork:
    """Restores batches of faces, framed as in the training of a network.

    Args:
        facts (Facts): What the network expects; its LR faces are made by
            reductions alone.
        network (nn.Module | Callable): (N, 3, input_size, input_size),
            normalized by the facts -> (N, 3, gt_size, gt_size), normalized
            alike; see :class:`ImageNetwork`.
        device (str): Where inputs are put. Defaults to 'cpu'.
    """

    def __init__(
        self, facts: Facts, network: Network, device: str = 'cpu'
    ) -> None:
        self.facts = facts
        self.network = ImageNetwork(network)
        self.device = torch.device(device)
        self.reductions = self._reductions()

    def native_side(self, side: float) -> int:
        """Side of the crop that LR faces of faces of a size are made of.

        A face that is smaller than the training's HR faces is not enlarged
        first: it would be blurred twice.
        """
        return int(
            np.clip(round(side), self.facts.lr_size, self.facts.gt_size)
        )

    def lr_of(self, crop: np.ndarray) -> np.ndarray:
        """Reduce a framed face as in the training.

        Args:
            crop (np.ndarray): (side, side, 3) uint8 RGB of
                :meth:`native_side`. Reductions to more than that are left
                out.

        Returns:
            np.ndarray: (lr_size, lr_size, 3) uint8; the crop itself for a
            network that does not enlarge.
        """
        for side, reduce in self.reductions:
            if side < len(crop):
                crop = reduce(crop, (side, side))
        return crop

    def input_of(self, lr: np.ndarray) -> np.ndarray:
        """Enlarge an LR face where the network wants that."""
        if not self.facts.enlarged or len(lr) == self.facts.input_size:
            return lr
        size = self.facts.input_size, self.facts.input_size
        return np.array(Image.fromarray(lr).resize(size, Image.BICUBIC))

    @torch.inference_mode()
    def restore(self, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Restore a batch.

        Args:
            inputs (Sequence[np.ndarray]): Each (h, w, 3) uint8 RGB, of one
                size, as :meth:`input_of` gives them.

        Returns:
            list[np.ndarray]: Each (H, W, 3) float32 RGB in [0, 255], not
            rounded.
        """
        mean, std = self._mean_and_std()
        output = self.network(self.normalize(inputs))
        output = (output.float() * std + mean).clamp(0, LARGEST)
        return list(output.permute(0, 2, 3, 1).cpu().numpy())

    def back_project(self, sr: np.ndarray, crop: np.ndarray) -> np.ndarray:
        """Let a restored face agree with what was there.

        Reduced again, it must give the face of the photo, which often has
        more pixels than the LR face that the network was given; what is
        missing is enlarged and added. Reduced by Pillow bicubic, because a
        pixel of a photo is a mean, whatever the recipe of the method is: LR
        faces without antialias do not belong here.

        Source: iterative back-projection, Irani and Peleg, CVGIP: Graphical
        Models and Image Processing 53 (1991).

        Args:
            sr (np.ndarray): (gt_size, gt_size, 3) float32 in [0, 255].
            crop (np.ndarray): (side, side, 3) uint8, the framed face in its
                own size, at most gt_size.

        Returns:
            np.ndarray: Like ``sr``; the same of a network that does not
            enlarge.
        """
        if self.facts.scale == 1:
            return sr
        size = self.facts.gt_size, self.facts.gt_size
        for _ in range(PASSES):
            reduced = Image.fromarray(np.rint(sr).astype(np.uint8)).resize(
                crop.shape[1::-1], Image.BICUBIC
            )
            missing = crop.astype(np.float32) - np.array(reduced)
            sr = sr + cv2.resize(missing, size, interpolation=cv2.INTER_CUBIC)
            sr = sr.clip(0, LARGEST)
        return sr

    def normalize(self, inputs: Sequence[np.ndarray]) -> Tensor:
        """Make the batch that the network is fed.

        Args:
            inputs (Sequence[np.ndarray]): As for :meth:`restore`.

        Returns:
            Tensor: (N, 3, h, w) float32 RGB, normalized by the facts.
        """
        batch = torch.from_numpy(np.stack(inputs)).to(self.device)
        mean, std = self._mean_and_std()
        return (batch.permute(0, 3, 1, 2).float() - mean) / std

    def _mean_and_std(self) -> list[Tensor]:
        """Return the facts' mean and std as (1, 3, 1, 1)."""
        return [
            torch.tensor(value, device=self.device).view(1, 3, 1, 1)
            for value in (self.facts.mean, self.facts.std)
        ]

    def consistency(self, sr: np.ndarray, lr: np.ndarray) -> float | None:
        """Compare a restored face, reduced again, with what was there.

        Args:
            sr (np.ndarray): (gt_size, gt_size, 3) uint8.
            lr (np.ndarray): (lr_size, lr_size, 3) uint8.

        Returns:
            float | None: PSNR in dB, RGB, no border; None for a network that
            does not enlarge.
        """
        if self.facts.scale == 1:
            return None
        error = np.square(self.lr_of(sr).astype(np.float64) - lr).mean()
        # Equal ones have no PSNR: as if one value were off by half a level.
        return float(10 * np.log10(LARGEST**2 / max(error, 0.25 / lr.size)))

    def _reductions(self) -> list[tuple[int, Reduction]]:
        """List the sides and functions by which LR faces are made, in order.

        Raises:
            ValueError: If the recipe does something else.
        """
        facts, side, found = self.facts, self.facts.gt_size, []
        if facts.scale == 1:
            return found
        for factor, reduce in reductions_of(facts.lr_recipe):
            side = round(side * factor)
            found.append((side, reduce))
        return found


def _image_only(network: Network) -> dict[str, bool]:
    """Ask a network for its image alone, where it can be asked."""
    forward = network.forward if isinstance(network, nn.Module) else network
    try:
        known = inspect.signature(forward).parameters
    except ValueError:  # of a compiled function
        return {}
    return dict(image_only=True) if 'image_only' in known else {}
