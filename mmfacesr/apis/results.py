# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Result files that tell what they were made of, so that a rerun is sure."""

import errno
import hashlib
import json
import os
import os.path as osp
from typing import Optional

import numpy as np
import torch
from mmengine.config import Config
from torch import nn

from mmfacesr.utils.bad_samples import BadSampleError
from mmfacesr.utils.images import read_image_bytes, read_text, write_image
from mmfacesr.utils.targets import require_inside
from mmfacesr.version import __version__

MARK = 'mmfacesr'
"""Key of the text in a result that tells its origin."""
IMPOSSIBLE = (
    errno.ENAMETOOLONG,
    errno.EILSEQ,
    errno.EINVAL,
    errno.ENOTDIR,
)
"""What a file system says to a name that it cannot hold."""


class Results:
    """The results of one network in one folder.

    Each carries its origin as a text inside the PNG, where it is not lost or
    mixed up when files are moved, copied or only half of them were made.

    Args:
        folder (str): Where they are.
        cfg (Config): With ``model`` and ``inference_pipeline``.
        model (nn.Module): The restorer with its weights.
        overwrite (bool): Whether nothing that is there counts. Defaults to
            False.
        backend (str | None): What was asked for to run it. Defaults to None,
            as it was trained.
    """

    def __init__(
        self,
        folder: str,
        cfg: Config,
        model: nn.Module,
        overwrite: bool = False,
        backend: Optional[str] = None,
    ) -> None:
        self.folder = folder
        self.overwrite = overwrite
        self._made_by = dict(
            mmfacesr=__version__,
            settings=_hash_settings(cfg),
            weights=hash_weights(model.generator),
        )
        if backend:
            self._made_by['backend'] = backend

    def origin(self, path: str) -> str:
        """Describe what the result of an input is made of, as JSON.

        Raises:
            UnreadableImageError: If the input cannot be read.
        """
        digest = hashlib.sha256(read_image_bytes(path)).hexdigest()
        return json.dumps(dict(input=digest, **self._made_by))

    def is_current(self, name: str, origin: str) -> bool:
        """Whether the result is there, whole, and of this origin.

        Raises:
            BadSampleError: If it cannot be written: no file can have this
                name, or there is one that no restoring has made.
        """
        path = osp.join(self.folder, name)
        try:
            require_inside(path, self.folder)
        except OSError as error:
            raise BadSampleError(path, str(error)) from error
        try:
            os.lstat(path)
        except FileNotFoundError:
            return False
        except OSError as error:
            if error.errno not in IMPOSSIBLE:
                raise
            raise BadSampleError(
                path,
                f'no result can be called {name} ({error.strerror}); give '
                'the input another name',
            ) from error
        found = read_text(path, MARK)
        if osp.isdir(path) or (found is None and not self.overwrite):
            raise BadSampleError(
                path,
                f'{name} is there and no result of restoring; move it away, '
                'choose another folder, or replace it by --overwrite',
            )
        return found == origin and not self.overwrite

    def is_ours(self, name: str) -> bool:
        """Whether there is a result, of whatever origin."""
        return read_text(osp.join(self.folder, name), MARK) is not None

    def write(self, name: str, image: np.ndarray, origin: str) -> None:
        """Write a result, (H, W, 3) uint8 RGB."""
        write_image(osp.join(self.folder, name), image, {MARK: origin})


def _hash_settings(cfg: Config) -> str:
    """Hash what a config says about restoring."""
    settings = [cfg.model, cfg.inference_pipeline]
    text = json.dumps(settings, sort_keys=True, default=repr)
    return hashlib.sha256(text.encode()).hexdigest()


def hash_weights(network: nn.Module) -> str:
    """Hash weights, whatever file they came in."""
    digest = hashlib.sha256()
    for key, tensor in network.state_dict().items():
        digest.update(f'{key} {tensor.dtype} {tuple(tensor.shape)}'.encode())
        flat = tensor.detach().cpu().reshape(-1)
        digest.update(flat.view(torch.uint8).numpy())
    return digest.hexdigest()
