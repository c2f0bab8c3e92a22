# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Where downloaded weights lie."""

import hashlib
import os
import re
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

from mmfacesr.weights import WeightsError

DEFAULT_PORTS = {'http': 80, 'https': 443}
NUM_DIGITS = 8
# With room for what stands beside a file, in the 255 bytes of a file name.
MAX_LENGTH = 150
ODD = re.compile(r'[^\w.+=@,~-]', re.ASCII)
# Windows opens a device instead, whatever suffix follows.
DEVICE = re.compile(r'(con|prn|aux|nul|com\d|lpt\d)(\.|$)', re.IGNORECASE)
# Names that belong to a file beside them.
BESIDE = ('.json', '.part', '.lock', '.damaged')


def weights_dir() -> Path:
    """Return the folder of downloaded weights, absolute; it may be missing.

    ``MMFACESR_WEIGHTS_DIR``, else ``weights`` in ``MMFACESR_HOME``, else
    ``mmfacesr/weights`` in ``XDG_CACHE_HOME`` or ``~/.cache``.
    """
    if folder := os.environ.get('MMFACESR_WEIGHTS_DIR'):
        path = Path(folder)
    elif folder := os.environ.get('MMFACESR_HOME'):
        path = Path(folder) / 'weights'
    else:
        cache = os.environ.get('XDG_CACHE_HOME') or '~/.cache'
        path = Path(cache) / 'mmfacesr/weights'
    return Path(os.path.abspath(path.expanduser()))


def place_of(url: str) -> Path:
    """Return where the file of a URL lies.

    ``<weights_dir>/<host>/<path of the URL>``. Where the path alone does not
    tell the file (a query) or is no path for every system, digits of a hash
    stand before the suffix.

    Args:
        url (str): Address of a file, http or https.

    Raises:
        WeightsError: If it is none.
    """
    parts = _split(url)
    segments = [unquote(segment) for segment in parts.path.split('/')[1:]]
    names = [_harmless(segment) for segment in segments]
    name = names[-1]
    if names != segments or parts.query:
        text = '?'.join(filter(None, (parts.path, parts.query)))
        digits = hashlib.sha256(text.encode()).hexdigest()[:NUM_DIGITS]
        stem, suffix = os.path.splitext(name)
        name = f'{stem}-{digits}{suffix}'
    return weights_dir().joinpath(_host(parts), *names[:-1], name)


def file_name(url: str) -> str:
    """Return the name that the server has for a file.

    Raises:
        WeightsError: If the URL is none of a file.
    """
    return unquote(_split(url).path.split('/')[-1])


def public_url(url: str) -> str:
    """Return a URL without its user and password, for messages."""
    return re.sub(r'(?<=://)[^/?#]*@', '', url)


def _split(url: str) -> SplitResult:
    """Take the URL of a file apart."""
    try:
        parts = urlsplit(url)
        good = parts.scheme in DEFAULT_PORTS and parts.hostname
        parts.port  # noqa: B018  raises for what is no number
    except ValueError:
        good = False
    if not good or unquote(parts.path).endswith(('/', '/.', '/..')):
        good = False
    if not good or not parts.path:
        raise WeightsError(
            'Expected the http or https URL of a file, as in '
            f'https://host/folder/name.pth, got {public_url(url)}; give the '
            'address that the file itself is downloaded from.'
        )
    return parts


def _host(parts: SplitResult) -> str:
    """Return the host as the name of a folder."""
    port = parts.port
    default = port in (None, DEFAULT_PORTS[parts.scheme])
    return _harmless(parts.hostname) + ('' if default else f'+{port}')


def _harmless(name: str) -> str:
    """Return what every system takes as the name of a file or folder."""
    name = ODD.sub('_', name)[:MAX_LENGTH]
    if not name or name.endswith('.') or DEVICE.match(name):
        name = f'_{name.rstrip(".")}'
    if name.lower().endswith(BESIDE):
        name += '_'
    return name
