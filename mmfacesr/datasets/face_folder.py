# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Folders of face images as mmengine datasets."""

import logging
import os
from pathlib import Path
from typing import Any, Literal

from mmengine.dataset import BaseDataset
from mmengine.logging import print_log

from mmfacesr.data_root import (
    PARTS,
    check_crop_size,
    read_info,
    read_list,
    split_names,
)
from mmfacesr.image_io import BadSampleError, list_images
from mmfacesr.registry import DATASETS

_REMEDY = (
    'Set the DATA_ROOT environment variable or --cfg-options data_root=FOLDER.'
)
_SHOWN = 3  # names shown of a long list


@DATASETS.register_module()
class FaceFolder(BaseDataset):
    """A folder of face images: a data root, or any folder at all.

    The images of a part are, in this order: those of ``ann_file``; of
    ``<part>.txt``; of the sub-folder ``<part>/``; and where the folder has
    no lists and no such sub-folders, its images divided 80:10:10 by their
    names (:func:`mmfacesr.data_root.split_names`).

    A sample starts the pipeline with ``{image_key}_path`` and ``data_root``
    (absolute), ``file`` (relative to the root, forward slashes),
    ``landmark_table`` (absolute path or None), ``crop_size`` (int or None).

    A sample that its transforms refuse (:class:`BadSampleError`) is listed
    once in the log and replaced by another in training; with ``test_mode``
    it stops the run by name.

    Args:
        data_root (str): The folder.
        part ('train' | 'val' | 'test' | None): The part of it. None, the
            default: all images.
        ann_file (str | None): An explicit list of file names relative to
            ``data_root``; its own path is relative to ``data_root`` or
            absolute. Wins over ``part``. Defaults to None.
        landmark_table (str | None): The landmark table, relative to
            ``data_root`` or absolute, handed on unread. Defaults to
            'landmarks68.npz'.
        crop_size (int | 'auto' | None): Side in pixels of the central square
            that holds the face; None: the largest square. 'auto', the
            default, asks ``dataset.json`` and without one means None.
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
        ValueError: If an argument or ``dataset.json`` is malformed.
    """

    METAINFO = dict(dataset_type='face_folder', task_name='fsr')

    def __init__(
        self,
        data_root: str,
        part: Literal['train', 'val', 'test'] | None = None,
        ann_file: str | None = None,
        landmark_table: str | None = 'landmarks68.npz',
        crop_size: int | Literal['auto'] | None = 'auto',
        image_key: Literal['gt', 'img'] = 'gt',
        min_images: int = 1,
        max_refetch: int = 100,
        **kwargs: Any,
    ) -> None:
        if part is not None and part not in PARTS:
            raise ValueError(
                f'Expected part in {PARTS} or None, got {part!r}.'
            )
        if crop_size != 'auto':
            check_crop_size(crop_size, 'the dataset of the config')
        root = _checked_root(data_root)
        self.part = part
        self.image_key = image_key
        self.min_images = min_images
        self.crop_size = crop_size
        if crop_size == 'auto':
            self.crop_size = read_info(root).get('crop_size')
        self.landmark_table = None
        if landmark_table is not None:
            # An absolute table replaces the root.
            self.landmark_table = str(root / landmark_table)
        self._bad_files: set[str] = set()
        super().__init__(
            ann_file=ann_file or '',
            data_root=str(root),
            data_prefix=dict(),
            max_refetch=max_refetch,
            **kwargs,
        )

    def load_data_list(self) -> list[dict]:
        """Name the files of the part.

        Returns:
            list[dict]: ``file`` of each sample.
        """
        root = Path(self.data_root)
        names, origin = self._part_names(root)
        if len(names) < self.min_images:
            raise FileNotFoundError(
                f'Expected at least {self.min_images} image(s) in {origin}, '
                f'got {len(names)}. Add images or choose another folder. '
                f'{_REMEDY}'
            )
        return [dict(file=name) for name in names]

    def _part_names(self, root: Path) -> tuple[list[str], str]:
        """Find the names of the part and say where they come from."""
        list_file = self.ann_file or root / f'{self.part}.txt'
        if self.ann_file or Path(list_file).is_file():
            names = read_list(list_file)
            _check_files(root, names, list_file)
            return names, f'the list {list_file}'
        if self.part is None:
            return list_images(root), f'the folder {root}'
        if (root / self.part).is_dir():
            names = list_images(root / self.part)
            return [
                f'{self.part}/{name}' for name in names
            ], f'the folder {root / self.part}'
        present = [
            f'{part}.txt' for part in PARTS if (root / f'{part}.txt').is_file()
        ]
        present += [f'{part}/' for part in PARTS if (root / part).is_dir()]
        if present:
            raise FileNotFoundError(
                f'Expected {self.part}.txt or {self.part}/ in {root}, which '
                f'has only {", ".join(present)}; add it, or set another part '
                'or ann_file in the config.'
            )
        names = list_images(root)
        return split_names(names)[self.part], (
            f'the part {self.part!r} of the {len(names)} images of {root}, '
            'divided by name'
        )

    def get_data_info(self, idx: int) -> dict:
        """Describe one sample, see the class."""
        info = super().get_data_info(idx)
        info.update(
            {
                f'{self.image_key}_path': os.path.join(
                    self.data_root, info['file']
                ),
                'data_root': self.data_root,
                'landmark_table': self.landmark_table,
                'crop_size': self.crop_size,
            }
        )
        return info

    def prepare_data(self, idx: int) -> dict | None:
        """Run the pipeline; None for a bad sample in training.

        Raises:
            BadSampleError: In test mode.
        """
        try:
            return super().prepare_data(idx)
        except BadSampleError as error:
            if self.test_mode:
                raise
            self._report(error)
            return None

    def _report(self, error: BadSampleError) -> None:
        """List a bad file once in the log."""
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
            BadSampleError: In test mode, if the sample is bad.
            RuntimeError: In training, after ``max_refetch`` bad samples.
        """
        if self.test_mode:
            return super().__getitem__(idx)
        for _ in range(self.max_refetch):
            data = self.prepare_data(idx)
            if data is not None:
                return data
            idx = self._rand_another()
        raise RuntimeError(
            f'Expected usable images in {self.data_root}, got '
            f'{self.max_refetch} bad samples in a row, among them '
            f'{", ".join(sorted(self._bad_files)[:_SHOWN])}; see the log for '
            f'the reasons and mend or replace the data.'
        )


def _checked_root(data_root: str) -> Path:
    """Make the data root absolute; refuse what is not a folder."""
    if not data_root:
        raise FileNotFoundError(
            'Expected data_root to be a folder of face '
            f'images, got {data_root!r}. {_REMEDY}'
        )
    root = Path(os.path.abspath(os.path.expanduser(data_root)))
    if not root.is_dir():
        what = 'is a file' if root.exists() else 'does not exist'
        raise FileNotFoundError(
            'Expected data_root to be a folder of face images, got '
            f'{str(data_root)!r} ({root}), which {what}. {_REMEDY}'
        )
    return root


def _check_files(root: Path, names: list[str], list_file: str | Path) -> None:
    """Refuse a list naming files that do not exist.

    Each folder is listed once: one call per file takes minutes on network
    drives.
    """
    contents: dict[str, set[str]] = {}
    missing = []
    for name in names:
        folder, base = os.path.split(os.path.join(root, name))
        if folder not in contents:
            is_dir = os.path.isdir(folder)
            contents[folder] = set(os.listdir(folder)) if is_dir else set()
        if base not in contents[folder]:
            missing.append(name)
    if missing:
        more = ', ...' if len(missing) > _SHOWN else ''
        raise FileNotFoundError(
            f'Expected the {len(names)} files of {list_file} below {root}, '
            f'but {len(missing)} of them do not exist: '
            f'{", ".join(missing[:_SHOWN])}{more}. Complete the folder or '
            f'make the list again by its dataset converter. {_REMEDY}'
        )
