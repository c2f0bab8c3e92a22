# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Taking from a training checkpoint what others need: one set of weights."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Literal, Optional

import torch
from mmengine.config import Config
from torch import Tensor, nn

from mmfacesr.apis.convert_weights import same_bits
from mmfacesr.apis.networks import build_network, network_of_text
from mmfacesr.version import __version__
from mmfacesr.weights import WeightsError
from mmfacesr.weights.files import (
    MIN_DIGITS,
    Checksum,
    weights_bytes,
    write_weights_file,
)
from mmfacesr.weights.matching import (
    check_finite,
    find_weights,
    is_flop_counter,
)
from mmfacesr.weights.reading import read_weights_file

PLAIN, AVERAGED = 'plain', 'ema'
# The time that mmengine puts behind the name of a run.
TIME = re.compile(r'_\d{8}_\d{6}$')
GOOD_NAME = re.compile(r'\w[\w.+-]*')
Weights = dict[str, Tensor]


@dataclass(frozen=True)
class Publication:
    """What was published.

    Args:
        path (Path): The file, its name ending in its hash.
        hashes (Checksum): Of the file.
        chosen (str): 'plain' or 'ema' weights.
        network (str | None): Class that the weights were checked against.
        unchecked (str): Why they were not, else ''.
    """

    path: Path
    hashes: Checksum
    chosen: str
    network: Optional[str]
    unchecked: str


def publish_weights(
    checkpoint: str | Path,
    out_dir: str | Path,
    cfg: Optional[Config] = None,
    weights: Literal['auto', 'plain', 'ema'] = 'auto',
    suffix: str = '.pth',
    name: Optional[str] = None,
    force: bool = False,
    half: bool = False,
) -> Publication:
    """Write the generator of a training checkpoint, and nothing else.

    Args:
        checkpoint (str | Path): Written by ``tools/train.py`` or MMagic.
        out_dir (str | Path): Folder of the new file; made if missing.
        cfg (Config, optional): The weights must be its generator's. Defaults
            to None, the config whose text the checkpoint carries.
        weights (str): 'plain', 'ema' for averaged ones, or 'auto' for
            averaged ones where there are any. Defaults to 'auto'.
        suffix (str): '.pth' or '.safetensors'. Defaults to '.pth'.
        name (str, optional): Of the file, without hash and suffix. Defaults
            to the config's, else to the checkpoint's.
        force (bool): Replace a file that is there. Defaults to False.
        half (bool): Round float32 to float16, which halves the file: a
            relative error of at most 5e-4. Defaults to False.

    Returns:
        Publication: What was published.

    Raises:
        WeightsError: If there is no generator, its weights do not fit or are
            not finite.
    """
    content = read_weights_file(checkpoint)
    meta = content.get('meta')
    meta = meta if isinstance(meta, Mapping) else {}
    chosen, state = choose_weights(content, weights)
    check_finite(state)
    network, unchecked = _network(cfg, meta)
    if network is not None:
        found = find_weights(network, state)[1]
        # What a network derives itself and the checkpoint lacks has no values.
        state = {k: v for k, v in found.items() if not v.is_meta}
    if half:
        state = {key: _halved(value) for key, value in state.items()}
        check_finite(state)  # float16 ends at 65,504
    kind = None if network is None else type(network).__name__
    config = _config_name(cfg, meta)
    name = _checked_name(name or config or Path(checkpoint).stem)
    metadata = _metadata(meta, weights=chosen, network=kind, config=config)
    data = weights_bytes(state, suffix, metadata)
    digits = sha256(data).hexdigest()[:MIN_DIGITS]
    path = Path(out_dir).expanduser() / f'{name}-{digits}{suffix}'
    check = partial(_check_kept, state=state)
    hashes = write_weights_file(path, data, force=force, check=check)
    return Publication(path, hashes, chosen, kind, unchecked)


def _halved(value: Tensor) -> Tensor:
    """Round float32 to float16; anything else stays."""
    return value.half() if value.dtype == torch.float32 else value


def _metadata(meta: Mapping, **known: Optional[str]) -> dict[str, str]:
    """Say what is published, and nothing of where or when it was made."""
    metadata = dict(mmfacesr_version=__version__)
    metadata |= {key: value for key, value in known.items() if value}
    return metadata | {
        key: str(meta[key])
        for key in ('epoch', 'iter')
        if isinstance(meta.get(key), int)
    }


def choose_weights(content: Mapping, weights: str) -> tuple[str, Weights]:
    """Find the generator's weights in a training checkpoint.

    mmengine's EMAHook, and ours, keep the averaged weights in
    ``state_dict`` and the plain ones in ``ema_state_dict``; MMagic's own
    average is a second network, ``generator_ema``.

    Args:
        content (Mapping): The checkpoint.
        weights (str): 'auto', 'plain' or 'ema'.

    Returns:
        tuple[str, Weights]: 'plain' or 'ema', and the weights under the
        generator's own keys.

    Raises:
        WeightsError: If they are not there.
    """
    state, hook = content.get('state_dict'), content.get('ema_state_dict')
    found = {
        PLAIN: _below(state, 'generator.'),
        AVERAGED: _below(state, 'generator_ema.module.', 'generator_ema.'),
    }
    if isinstance(hook, Mapping):
        # As `find_weights`: the second network comes first.
        found[AVERAGED] = found[AVERAGED] or found[PLAIN]
        found[PLAIN] = _below(hook, 'module.generator.', 'module.')
    if not any(found.values()):
        raise WeightsError(
            'Expected a training checkpoint with a `generator` in its '
            f'`state_dict`, got one with {_first(content)}; for other files '
            'use tools/model_converters/convert.py.'
        )
    if weights == 'auto':
        weights = AVERAGED if found[AVERAGED] else PLAIN
    if not found[weights]:
        raise WeightsError(
            f'Expected {weights} weights in the checkpoint, found none; '
            'choose --weights auto.'
        )
    return weights, found[weights]


def _below(state: object, *prefixes: str) -> Weights:
    """Return the tensors below the first prefix that has any."""
    state = state if isinstance(state, Mapping) else {}
    for prefix in prefixes:
        found = {
            key[len(prefix) :]: value
            for key, value in state.items()
            if isinstance(value, Tensor)
            and key.startswith(prefix)
            and not is_flop_counter(key)
        }
        if found:
            return found
    return {}


def _first(content: Mapping) -> str:
    """Name the first few keys of a checkpoint."""
    return ', '.join(map(repr, list(content)[:4])) or 'nothing'


def _network(
    cfg: Optional[Config], meta: Mapping
) -> tuple[Optional[nn.Module], str]:
    """Build the generator; None and the reason if its config is unknown."""
    if cfg is not None:
        with torch.device('meta'):
            return build_network(cfg), ''
    text = meta.get('cfg')
    if not isinstance(text, str):
        return None, 'the checkpoint carries no config; give --config'
    try:
        return network_of_text(text), ''
    except (ValueError, TypeError) as error:
        return None, str(error)


def _config_name(cfg: Optional[Config], meta: Mapping) -> str:
    """Return the name of the config, without folder, suffix and time."""
    if cfg is not None and cfg.filename:
        return Path(cfg.filename).stem
    name = TIME.sub('', Path(str(meta.get('experiment_name') or '')).name)
    return name if GOOD_NAME.fullmatch(name) else ''


def _checked_name(name: str) -> str:
    """Return a name that is good in a file system and a URL."""
    if not GOOD_NAME.fullmatch(name):
        raise WeightsError(
            'Expected a name of letters, digits and . _ + -, got '
            f'{name!r}; give another one by --name.'
        )
    return name


def _check_kept(path: Path, state: Weights) -> None:
    """Compare every bit of a written file with what it should hold."""
    content = read_weights_file(path)
    found = content.get('state_dict', content)
    for key, value in state.items():
        if key not in found or not same_bits(value, found[key]):
            raise WeightsError(
                f'Expected the written file to give {key} back, got other '
                'numbers. Nothing was kept; this is a fault of mmfacesr, '
                'report it.'
            )
