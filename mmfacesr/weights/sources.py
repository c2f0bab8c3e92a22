# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Weights of others' networks that a part needs: from a file or a URL."""

import re
from http.client import HTTPException
from pathlib import Path
from urllib.parse import urlparse

import torch

from mmfacesr.weights.errors import WeightsError

# Eight or more, as torch's own names have; a word such as `-face.` is none.
HASH_DIGITS = re.compile(r'-([0-9a-f]{8,})\.')


def local_weights(source: str, what: str, remedy: str) -> Path:
    """Return the local file of some weights, downloaded if need be.

    A download goes to the folder that torch and mmengine keep theirs in. It
    gets its name after the transfer, so that several processes may ask at
    once. Eight or more digits of the file's SHA-256 in the name, as in
    ``vgg19-dcbb9e9d.pth``, are checked; without them a transfer that breaks
    off can pass for a whole one. A file that is there is taken as it is.

    Args:
        source (str): Path, ``~`` allowed, or URL.
        what (str): What the weights are, as in 'the weights of VGG19'.
        remedy (str): What else one can do, as in 'set loss_weight to 0'.

    Returns:
        Path: A file that is there.

    Raises:
        WeightsError: If the path holds no file or the download fails.
    """
    if '://' not in source:
        path = Path(source).expanduser()
        if not path.is_file():
            raise WeightsError(
                f'Expected {what} at {path}, found none; check the path, or '
                f'{remedy}.'
            )
        return path
    folder = Path(torch.hub.get_dir()) / 'checkpoints'
    path = folder / Path(urlparse(source).path).name
    if path == folder:
        raise WeightsError(
            f'Expected the URL of a file with {what}, got {source}.'
        )
    if not path.is_file():
        try:
            _download(source, path)
        # torch raises a RuntimeError for a hash that differs, urllib a
        # ValueError for what it cannot read as a URL.
        except (OSError, RuntimeError, ValueError, HTTPException) as error:
            raise WeightsError(
                f'Expected to download {what} from {source}, got {error}; put '
                f'that file at {path}, or {remedy}.'
            ) from error
    return path


def _download(url: str, path: Path) -> None:
    """Download a file and check it against the digits in its name."""
    digits = HASH_DIGITS.search(path.name)
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.hub.download_url_to_file(
        url, str(path), digits[1] if digits else None
    )
