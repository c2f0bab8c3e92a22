# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Folders of face images as mmengine datasets."""

import logging
import os
from pathlib import Path
from typing import Any, Literal

import numpy as np
from mmengine.dataset import BaseDataset, force_full_init
from mmengine.logging import print_log

from mmfacesr.datasets.data_root import (
    SETTINGS,
    SPLITS,
    check_crop_size,
    existing_folder,
    read_info,
)
from mmfacesr.datasets.lr_pairs import find_partners, use_lr_files
from mmfacesr.datasets.packed_faces import PackedFaces
from mmfacesr.datasets.resolution import check_resolution
from mmfacesr.datasets.seeded_samplers import seed_draws_of
from mmfacesr.datasets.splits import (
    Split,
    find_split,
    log_origin,
    split_of_list,
)
from mmfacesr.datasets.transforms import LoadLandmarks
from mmfacesr.registry import DATASETS
from mmfacesr.utils import first_few, printable
from mmfacesr.utils.bad_samples import BadSampleError
from mmfacesr.utils.image_folders import list_images

_SEPARATOR = '\0'  # stands in no file name


@DATASETS.register_module()
class FaceFolder(BaseDataset):
    """A folder of face images: a data root, or any folder at all.

    The images of a split are, in this order: those of ``ann_file``; of
    ``<split>.txt``; of the sub-folder ``<split>/``; and where the folder has
    no lists and no such sub-folders, its images divided 80:10:10 by their
    names (:func:`mmfacesr.datasets.splits.find_split`, which knows the usual
    names of splits and refuses what is not clear).

    A line of a list is the name of one file. One with spaces around it that
    is no file is taken without them; names lead nowhere outside the folder.

    A sample starts the pipeline with ``{image_key}_path`` and ``data_root``
    (absolute), ``file`` (relative to the root, forward slashes),
    ``landmark_table`` (absolute path or None), ``crop_size`` (int or None).

    With ``lr_folder`` the LR images are files, used as they are in place of
    the config's degradation: faces and LR files have the sizes of the config,
    128x128 and 16x16 for x8. They are matched by their names without suffix,
    ``HR/train/a.png`` with ``LR/train/a.jpg``::

        --cfg-options data_root=HR lr_folder=LR

    Flips and quarter turns act on both; other augmentation is left out.

    With ``cache_folder`` the first transforms, up to the first random one,
    are done once for all faces (:class:`PackedFaces`). Samples stay the same
    to the bit::

        --cfg-options cache_folder=cache

    A sample that its transforms refuse (:class:`BadSampleError`) is listed
    once in the log and replaced by another in training; with ``test_mode``
    it stops the run by name.

    Args:
        data_root (str): The folder.
        split ('train' | 'val' | 'test' | None): The split of it. None, the
            default: all images.
        ann_file (str | None): An explicit list of file names relative to
            ``data_root``; its own path is relative to ``data_root`` or
            absolute. Wins over ``split``. Defaults to None.
        landmark_table (str | None): The landmark table, relative to
            ``data_root`` or absolute, handed on unread. Defaults to
            'landmarks68.npz'.
        crop_size (int | 'auto' | None): Side in pixels of the central square
            that holds the face; None: the largest square. 'auto', the
            default, asks ``dataset.json`` and without one means None.
        lr_folder (str | None): Folder of the LR files, found as ``data_root``
            is. Defaults to None: the pipeline makes the LR images.
        cache_folder (str | None): Folder of the caches, made if missing.
            Defaults to None: every sample is read from its files.
        image_key (str): 'gt', or 'img' for a folder of low-resolution
            inputs. Defaults to 'gt'.
        min_images (int): The fewest images allowed. Defaults to 1.
        max_refetch (int): Bad samples in a row after which training stops.
            Defaults to 100.
        **kwargs: ``pipeline``, ``test_mode``, ``indices``, ``lazy_init`` and
            the other arguments of mmengine's ``BaseDataset``.

    Raises:
        FileNotFoundError: If the folder, its list or listed files are
            missing, or there are fewer than ``min_images`` images.
        ValueError: If an argument or ``dataset.json`` is malformed, it is
            not clear which images are meant, or most of them are smaller
            than the pipeline's ``ResizeFace`` makes them; or if a cache is
            asked for and the pipeline does not begin with ``LoadFaceImage``.
    """

    METAINFO = dict(dataset_type='face_folder', task_name='fsr')

    def __init__(
        self,
        data_root: str,
        split: Literal['train', 'val', 'test'] | None = None,
        ann_file: str | None = None,
        landmark_table: str | None = 'landmarks68.npz',
        crop_size: int | Literal['auto'] | None = 'auto',
        lr_folder: str | None = None,
        cache_folder: str | None = None,
        image_key: Literal['gt', 'img'] = 'gt',
        min_images: int = 1,
        max_refetch: int = 100,
        **kwargs: Any,
    ) -> None:
        if split is not None and split not in SPLITS:
            raise ValueError(
                f'Expected split in {SPLITS} or None, got {split!r}.'
            )
        if crop_size != 'auto':
            check_crop_size(crop_size, 'the dataset of the config')
        root = existing_folder(data_root, 'data_root')
        self.split = split
        self.image_key = image_key
        self.min_images = min_images
        self.crop_size = crop_size
        if crop_size == 'auto':
            self.crop_size = read_info(root).get('crop_size')
        self.landmark_table = None
        if landmark_table is not None:
            # An absolute table replaces the root.
            self.landmark_table = str(root / landmark_table)
        self.lr_folder = None
        if lr_folder is not None:
            self.lr_folder = str(existing_folder(lr_folder, 'lr_folder'))
            kwargs['pipeline'] = use_lr_files(kwargs.get('pipeline', []))
        self.cache_folder = cache_folder
        self._packed: PackedFaces | None = None
        self._bad_files: set[str] = set()
        self._last_error = ''
        super().__init__(
            ann_file=ann_file or '',
            data_root=str(root),
            data_prefix=dict(),
            max_refetch=max_refetch,
            **kwargs,
        )

    def full_init(self) -> None:
        """Find the files, read the landmarks, open or fill the cache."""
        super().full_init()
        for step in self.pipeline.transforms:
            if isinstance(step, LoadLandmarks):
                step.read_ahead(self.landmark_table)
        if self.cache_folder and self._packed is None and len(self):
            self._packed = PackedFaces(self.cache_folder, self)

    def load_data_list(self) -> list[str]:
        """Name the files of the split.

        Returns:
            list[str]: Each relative to the root; with LR files followed by a
            zero and the name of the LR file. Names, not the dicts of
            ``BaseDataset``, because a million of these take 300 MB.
        """
        root = Path(self.data_root)
        found = self._find(root)
        if len(found.names) < self.min_images:
            raise FileNotFoundError(
                f'Expected at least {self.min_images} image(s) in '
                f'{found.origin}, got {len(found.names)}. Add images or '
                f'choose another folder. {SETTINGS["data_root"]}'
            )
        log_origin(root, found)
        if self.image_key == 'gt':
            check_resolution(
                root, found.names, self.pipeline.transforms, self.crop_size
            )
        if self.lr_folder is None:
            return found.names
        partners = find_partners(found.names, Path(self.lr_folder))
        return [f'{n}{_SEPARATOR}{p}' for n, p in zip(found.names, partners)]

    def _find(self, root: Path) -> Split:
        """Find the names of the split and where they come from."""
        if self.ann_file:
            return split_of_list(root, Path(self.ann_file))
        if self.image_key == 'img' and self.split is None:
            return Split(list_images(root), f'the folder {printable(root)}')
        return find_split(root, self.split)

    def _serialize_data(self) -> tuple[np.ndarray, np.ndarray]:
        """Keep the names as bytes, which worker processes share."""
        sizes = (len(os.fsencode(name)) for name in self.data_list)
        ends = np.cumsum(np.fromiter(sizes, np.int64))
        data = os.fsencode(''.join(self.data_list))
        self.data_list = []
        return np.frombuffer(data, np.uint8), ends

    @force_full_init
    def get_data_info(self, idx: int) -> dict:
        """Describe one sample, see the class."""
        index = range(len(self))[idx]
        if self.serialize_data:
            start = self.data_address[index - 1] if index else 0
            name = self.data_bytes[start : self.data_address[index]].tobytes()
            name = os.fsdecode(name)
        else:
            name = self.data_list[index]
        file, _, lr_file = name.partition(_SEPARATOR)
        info = {
            'file': file,
            f'{self.image_key}_path': os.path.join(self.data_root, file),
            'data_root': self.data_root,
            'landmark_table': self.landmark_table,
            'crop_size': self.crop_size,
            'sample_idx': index,
        }
        if lr_file:
            info['img_path'] = os.path.join(self.lr_folder, lr_file)
        return info

    def prepare_data(self, idx: int) -> dict | None:
        """Run the pipeline; None for a bad sample in training.

        Raises:
            BadSampleError: In test mode.
        """
        seed_draws_of(idx)
        try:
            if self._packed is not None:
                return self._packed(self.get_data_info(idx))
            return super().prepare_data(idx)
        except BadSampleError as error:
            if self.test_mode:
                raise
            self._report(error)
            return None

    def _report(self, error: BadSampleError) -> None:
        """List a bad file once in the log."""
        self._last_error = str(error)
        if error.file not in self._bad_files:
            self._bad_files.add(error.file)
            print_log(
                f'Bad training sample, another is drawn instead: {error}',
                logger='current',
                level=logging.WARNING,
            )

    def __getitem__(self, idx: int) -> dict:
        """Return a sample after the pipeline, in training a usable one.

        Raises:
            BadSampleError: In test mode, if the sample is bad; in training,
                naming the folder, after ``max_refetch`` bad samples in a row.
        """
        if self.test_mode:
            return super().__getitem__(idx)
        for _ in range(self.max_refetch):
            data = self.prepare_data(idx)
            if data is not None:
                return data
            idx = self._rand_another()
        raise BadSampleError(
            self.data_root,
            f'expected usable images, got {self.max_refetch} bad samples in '
            f'a row, among them {first_few(self._bad_files)}; see the log for '
            'the reasons and repair or replace the data. The last one: '
            f'{self._last_error}',
        )
