# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Synthetic faces that are drawn while a training asks for them."""

from typing import Any, Literal

import numpy as np
from mmcv.transforms import BaseTransform
from mmengine.dataset import BaseDataset, force_full_init

from mmfacesr.datasets.seeded_samplers import seed_draws_of
from mmfacesr.datasets.synthetic_faces import face_seeds, render_face
from mmfacesr.registry import DATASETS, TRANSFORMS


@DATASETS.register_module()
class SyntheticFaces(BaseDataset):
    """Persons by their seeds; nothing is on the disk.

    A sample starts the pipeline with ``seed``, ``file`` (a name, for reports
    and seeded degradations) and ``crop_size`` (None). The first transform is
    :class:`DrawFace`.

    Args:
        split ('train' | 'val' | 'test'): No two splits share a person.
        num_faces (int): How many persons, at most 1,000,000.
        seed (int): Other values give other persons. Defaults to 0.
        **kwargs: ``pipeline``, ``test_mode``, ``indices``, ``lazy_init`` and
            the other arguments of mmengine's ``BaseDataset``.

    Raises:
        ValueError: If the split is unknown or has not that many persons.
    """

    METAINFO = dict(dataset_type='synthetic_faces', task_name='fsr')

    def __init__(
        self,
        split: Literal['train', 'val', 'test'],
        num_faces: int,
        seed: int = 0,
        **kwargs: Any,
    ) -> None:
        self.split = split
        self._seeds = face_seeds(split, num_faces, seed)
        # Numbers need no packing, and are no dicts that could be packed.
        super().__init__(ann_file='', serialize_data=False, **kwargs)

    def load_data_list(self) -> list[int]:
        """Return the seed of every person."""
        return self._seeds

    def prepare_data(self, idx: int) -> dict:
        """Run the pipeline, which draws what the sample's place asks for."""
        seed_draws_of(idx)
        return super().prepare_data(idx)

    @force_full_init
    def get_data_info(self, idx: int) -> dict:
        """Describe one sample, see the class."""
        seed = self.data_list[idx]
        return dict(
            seed=seed,
            file=f'{self.split}/{seed:07d}.png',
            crop_size=None,
            sample_idx=range(len(self))[idx],
        )


@TRANSFORMS.register_module()
class DrawFace(BaseTransform):
    """Draw the face of a seed, aligned, with its 68 landmarks.

    Required: seed. Added: gt (size, size, 3) uint8 RGB, ori_gt_shape,
    gt_channel_order, gt_color_type, gt_landmark (68, 2) float32.

    Args:
        size (int): Side in pixels, 64 to 1024; the face fills the central
            80 %. Defaults to 160.
        look (str): 'studio' or 'snapshot', as of `render_face`. Defaults to
            'studio'.
        keep (int): How many drawn faces a worker keeps for the next epochs,
            each size * size * 3 bytes: to draw one costs 0.1 s, more than all
            else that is done to it. Defaults to 0.
    """

    def __init__(
        self,
        size: int = 160,
        look: Literal['studio', 'snapshot'] = 'studio',
        keep: int = 0,
    ) -> None:
        self.size = size
        self.look = look
        self.keep = keep
        self._kept: dict[int, tuple[np.ndarray, np.ndarray]] = {}

    def transform(self, results: dict) -> dict:
        """Draw the face.

        Raises:
            ValueError: If the size or the look is out of its range.
        """
        seed = results['seed']
        face = self._kept.get(seed)
        if face is None:
            face = render_face(seed, self.size, look=self.look)
            if len(self._kept) < self.keep:
                self._kept[seed] = face
        image, points = (array.copy() for array in face)
        results['gt'] = image
        results['gt_landmark'] = points
        results['ori_gt_shape'] = image.shape
        results['gt_channel_order'] = 'rgb'
        results['gt_color_type'] = 'color'
        return results

    def __repr__(self) -> str:
        """Show the arguments."""
        return (
            f'{type(self).__name__}(size={self.size}, look={self.look!r}, '
            f'keep={self.keep})'
        )
