# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""What the first bytes of a file say it is."""

from pathlib import Path
from typing import Literal

from mmfacesr.utils import printable

SAVE_PLAINLY = (
    'save the weights alone, as a state dict, with the defaults of torch.save'
)
FETCH_AGAIN = 'it is damaged: fetch it again and compare its hash'
ANOTHER_FILE = 'give the file of weights itself'
HEAD_SIZE = 512
LENGTH_SIZE = 8

ZIP = b'PK\x03\x04'
# A pickle of protocol 2 or newer.
PICKLE = b'\x80'
# Beginnings of files that people take for weights.
STRANGERS = (
    (b'\x89HDF\r\n\x1a\n', 'an HDF5 file, as Keras writes'),
    (b'\x93NUMPY', 'a NumPy array'),
    (b'GGUF', 'a GGUF file'),
    (b'\x1f\x8b', 'a gzip archive'),
    (b'BZh', 'a bzip2 archive'),
    (b'\xfd7zXZ\x00', 'an xz archive'),
    (b'7z\xbc\xaf\x27\x1c', 'a 7z archive'),
    (b'Rar!', 'a rar archive'),
    (b'PK', 'an empty or divided zip archive'),
    (b'\x89PNG', 'an image'),
    (b'\xff\xd8\xff', 'an image'),
)
PAGE_TAGS = (b'<!doctype', b'<html', b'<?xml', b'<head', b'<body')
TAR_MAGIC, TAR_MAGIC_AT = b'ustar', 257


MAX_TEXT = 300


class FormatError(Exception):
    """A file is not what was expected; becomes a `WeightsError`.

    Args:
        found (str): What it is or holds instead, as in 'an image'.
        remedy (str): What to do; ``{path}`` stands for the file. Defaults to
            fetching it again.
    """

    def __init__(self, found: str, remedy: str = FETCH_AGAIN) -> None:
        # Names in a file could steer a terminal, and be endless.
        shown = found if len(found) <= MAX_TEXT else f'{found[:MAX_TEXT]}...'
        super().__init__(printable(shown))
        self.remedy = remedy


def recognize(path: Path) -> Literal['zip', 'pickles', 'safetensors']:
    """Tell the format of a file of weights by its content, not its name.

    Returns:
        str: 'zip' (torch.save since 1.6), 'pickles' (torch.save before) or
        'safetensors'.

    Raises:
        FormatError: If it is something else, named where that is easy to see.
        OSError: If it cannot be read.
    """
    with path.open('rb') as file:
        head = file.read(HEAD_SIZE)
    if head.startswith(ZIP):
        return 'zip'
    if head.startswith(PICKLE):
        return 'pickles'
    # The length of the header, and the header: a JSON object.
    if head[LENGTH_SIZE:].startswith(b'{'):
        return 'safetensors'
    raise _stranger(head)


def _stranger(head: bytes) -> FormatError:
    """Name what begins like this."""
    text = head.lstrip().lower()
    if not head:
        return FormatError('an empty file', 'fetch it again')
    if not any(head):
        return FormatError('a file that begins with zeros')
    if text.startswith(PAGE_TAGS):
        return FormatError(
            'a web page', 'fetch the file behind the download link of the page'
        )
    if head.startswith(b'version https://git-lfs'):
        return FormatError(
            'a pointer of git-lfs', 'run `git lfs pull` where it is'
        )
    if head[TAR_MAGIC_AT:].startswith(TAR_MAGIC):
        return FormatError(
            'a tar archive, as torch wrote before 0.1.10',
            'unpack it, or save the state dict with a newer torch',
        )
    if head.startswith(b'\x08') and (b'pytorch' in head or b'onnx' in text):
        return FormatError('an ONNX model', ANOTHER_FILE)
    for beginning, what in STRANGERS:
        if head.startswith(beginning):
            return FormatError(what, ANOTHER_FILE)
    return FormatError(
        f'something unknown that begins with {head[:16]!r}',
        'give a file of torch.save or safetensors, or fetch it again',
    )
