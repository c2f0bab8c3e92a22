# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Fréchet inception distance of the restored images."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import numpy as np
from mmengine.device import get_device
from mmengine.dist import gather_object, get_rank, get_world_size
from mmengine.logging import print_log
from torch import Tensor, nn
from torch.utils.data import DataLoader

from mmfacesr.compat.mmagic_base import BaseSampleWiseMetric
from mmfacesr.evaluation.functional.frechet import (
    MIN_SAMPLES,
    frechet_distance,
)
from mmfacesr.evaluation.metrics.image_quality import rgb_pair
from mmfacesr.evaluation.networks.inception import (
    NUM_FEATURES,
    WHAT,
    build_inception,
    features_of,
    inception_url,
    pooled,
)
from mmfacesr.registry import METRICS
from mmfacesr.utils.image_folders import list_images
from mmfacesr.utils.images import read_image
from mmfacesr.weights.sources import local_weights

FOLDER_BATCH = 32  # images of a reference folder at a time
GROUND_TRUTH = 'gt'


@METRICS.register_module()
class PytorchFID(BaseSampleWiseMetric):
    """FID as ``pytorch-fid`` takes it by default.

    Its own Inception weights and 2048 features of the last pooling, of 8-bit
    RGB images enlarged or reduced to 299x299. The restored images are rounded
    to 8 bit, as they are saved. The value is called ``FID/gt`` or
    ``FID/<name of the folder>``.

    Source: Heusel et al., NeurIPS 2017; package pytorch-fid. Differs: the
    trace of the matrix root, see :func:`frechet_distance`; images in
    sub-folders of a reference count.

    Args:
        reference (str): 'gt', the ground truth of the same test images, or a
            folder of images. Defaults to 'gt'.
        weights (str, optional): File or URL of pytorch-fid's Inception
            weights. Defaults to its own URL.
        kwargs: Arguments of MMagic's ``BaseSampleWiseMetric``.

    Raises:
        FileNotFoundError: If the reference folder is missing or empty.
    """

    metric = 'FID'

    # What a report says of it.
    protocol: Mapping[str, str] = MappingProxyType(
        dict(fid='pytorch-fid with its Inception weights, 8-bit RGB')
    )

    def __init__(
        self,
        reference: str = GROUND_TRUTH,
        weights: str | None = None,
        **kwargs: object,
    ) -> None:
        super().__init__(**kwargs)
        self.weights = weights
        self.metric = f'FID/{reference}'
        self._files: list[Path] = []
        if reference != GROUND_TRUTH:
            folder = Path(reference).expanduser().absolute()
            self.metric = f'FID/{folder.name}'
            self._files = [folder / name for name in list_images(folder)]
        self._of_folder: np.ndarray | None = None
        self._network: nn.Module | None = None

    def process(
        self, data_batch: Sequence[dict], data_samples: Sequence[dict]
    ) -> None:
        """Take the features of a batch.

        Raises:
            WeightsError: If the weights cannot be had, at the first image.
        """
        pairs = [self.images(sample) for sample in data_samples]
        kinds = dict(pred=self.features([pred for pred, _ in pairs]))
        if not self._files:
            kinds['gt'] = self.features([target for _, target in pairs])
        self.results += [
            dict(zip(kinds, rows)) for rows in zip(*kinds.values())
        ]

    def prepare(self, module: nn.Module, dataloader: DataLoader) -> None:
        """Count the images before they are restored, for nothing if too few.

        Raises:
            ValueError: As of :meth:`check_count`.
        """
        super().prepare(module, dataloader)
        self.check_count(self.size)

    def check_count(self, restored: int) -> tuple[int, int]:
        """Numbers of restored images and of the reference.

        Raises:
            ValueError: If there are fewer than two images on a side.
        """
        counts = restored, len(self._files) or restored
        if min(counts) < MIN_SAMPLES:
            raise ValueError(
                f'{self.metric} expected at least {MIN_SAMPLES} images on '
                f'each side, got {counts[0]} restored and {counts[1]} of the '
                'reference; test more images, or without FID.'
            )
        return counts

    def compute_metrics(self, results: list[dict]) -> dict[str, float]:
        """Compare the features of all images with those of the reference.

        Raises:
            ValueError: As of :meth:`check_count`.
        """
        counts = self.check_count(len(results))
        if min(counts) < NUM_FEATURES:
            print_log(
                f'{self.metric} of {counts[0]} restored images against '
                f'{counts[1]}: with fewer than {NUM_FEATURES} on a side it '
                'is biased upwards; compare it only with values of as many '
                'images. `mmfacesr evaluate --metrics kid` has no such bias.',
                'current',
                logging.WARNING,
            )
        pred = np.stack([result['pred'] for result in results])
        reference = self._of_folder
        if not self._files:
            reference = np.stack([result['gt'] for result in results])
        return {self.metric: frechet_distance(pred, reference)}

    def images(self, sample: dict) -> 'tuple[np.ndarray, np.ndarray]':
        """What is compared of a sample: two (H, W, 3) RGB in [0, 255]."""
        return rgb_pair(sample, self.gt_key, self.pred_key)

    def build_network(self) -> nn.Module:
        """The network, which takes (N, 3, 299, 299) RGB in [0, 1]."""
        found = local_weights(
            self.weights or inception_url(),
            WHAT,
            'set weights of PytorchFID to where it is, or test without FID',
        )
        return build_inception(found.path)

    def pooled(self, inputs: Tensor) -> Tensor:
        """Features (N, 2048) of the network's inputs."""
        return pooled(self._network, inputs)

    def features(self, images: Sequence[np.ndarray]) -> np.ndarray:
        """Features (N, 2048) float32 of (H, W, 3) RGB in [0, 255]."""
        if self._network is None:
            self._network = self.build_network().to(get_device())
        device = next(self._network.parameters()).device
        return features_of(images, self.pooled, device)

    def evaluate(self) -> dict:
        """Take the reference on all processes, then compare on the first."""
        if self._files and self._of_folder is None:
            self._of_folder = self._folder_features()
        return super().evaluate()

    def _folder_features(self) -> np.ndarray:
        """Features of the reference folder, dealt to the processes.

        One process alone would let the others wait longer than they do.

        Returns:
            np.ndarray: (N, 2048) on the first process, empty on the others.
        """
        print_log(
            f'{self.metric}: reading {len(self._files)} images of the '
            'reference',
            'current',
        )
        own = self._files[get_rank() :: get_world_size()]
        features = [
            self.features(
                [read_image(file) for file in own[start:][:FOLDER_BATCH]]
            )
            for start in range(0, len(own), FOLDER_BATCH)
        ]
        empty = np.empty((0, NUM_FEATURES), np.float32)
        parts = gather_object(np.concatenate([empty, *features]))
        if not parts:
            return empty
        joined = np.empty((len(self._files), NUM_FEATURES), np.float32)
        for rank, part in enumerate(parts):
            joined[rank :: len(parts)] = part
        return joined
