# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Loading weights into a module, whoever wrote them and wherever they are.

The namings that are understood stand in `mmfacesr.weights.layouts`, where
files come from in `mmfacesr.weights.sources`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mmengine.logging import print_log
from torch import Tensor, nn

from mmfacesr.models.identify import configs_that_fit
from mmfacesr.weights import WeightsError
from mmfacesr.weights.layouts import Layout, with_prefix
from mmfacesr.weights.matching import MismatchError, find_weights
from mmfacesr.weights.reading import read_weights_file
from mmfacesr.weights.sources import local_weights

__all__ = [
    'LoadRecord',
    'WeightsError',
    'load_start',
    'load_weights',
    'start_of_model',
]

GENERATOR = 'generator'
"""The part of a restorer that every file of weights holds."""
MAX_CONFIGS = 6


@dataclass(frozen=True)
class LoadRecord:
    """What was loaded.

    Args:
        layout (str): Name of the layout that the weights had.
        source (str): Path, URL or name of the file, or 'state dict'.
        sha256 (str | None): Hash of the file; None for a state dict.
    """

    layout: str
    source: str
    sha256: str | None


def load_weights(
    module: nn.Module, source: Mapping | str | Path, sha256: str | None = None
) -> LoadRecord:
    """Load weights strictly: all of them or none.

    Args:
        module (nn.Module): Receives the weights, on its own device and in its
            own dtype.
        source (Mapping | str | Path): State dict, whole checkpoint, or a file
            of either: its path, its http(s) URL, or the name that
            model-index.yml gives it. Wrappers (``state_dict``, ``netG``) and
            prefixes (``generator.``, ``module.``) are found; averaged weights
            (``generator_ema.``) are preferred, see
            `mmfacesr.weights.matching.find_weights`. A file of the web is
            kept in `mmfacesr.weights.sources.weights_dir`.
        sha256 (str | None): Expected hash of the file, or at least its first
            8 hex digits, beside what the index and the file's name say.
            Defaults to None.

    Returns:
        LoadRecord: Layout, source and hash.

    Raises:
        WeightsError: If the source cannot be had or read safely, has another
            hash or does not fit; the module is unchanged then.
    """
    content, name, digest = _read(source, sha256)
    layout, weights = _fitting(module, content)
    module.load_state_dict(weights, strict=True)
    return LoadRecord(layout.name, name, digest)


def load_start(
    model: nn.Module, source: Mapping | str | Path, sha256: str | None = None
) -> LoadRecord:
    """Let the training of a whole restorer start from weights.

    Args:
        model (nn.Module): A restorer; see :func:`start_of_model`.
        source (Mapping | str | Path): As of :func:`load_weights`.
        sha256 (str | None): As of :func:`load_weights`.

    Returns:
        LoadRecord: Layout of the generator, source and hash.

    Raises:
        WeightsError: As :func:`load_weights`; the model is unchanged then.
    """
    content, name, digest = _read(source, sha256)
    layout, weights = start_of_model(model, content)
    model.load_state_dict(weights, strict=True)
    return LoadRecord(layout.name, name, digest)


def start_of_model(
    model: nn.Module, content: Mapping
) -> tuple[Layout, dict[str, Tensor]]:
    """Find what a checkpoint holds of a restorer.

    The generator must be there. Another part (a discriminator) is taken if
    all of it is there and keeps its own weights otherwise, which is said.
    Counters keep their own values: a training starts.

    Args:
        model (nn.Module): With a ``generator``; it is not changed.
        content (Mapping): State dict, or a checkpoint with some in it.

    Returns:
        tuple[Layout, dict[str, Tensor]]: Layout of the generator, and a
        complete state dict of the model.

    Raises:
        WeightsError: If the generator's weights are not there.
    """
    layout, found = _fitting(getattr(model, GENERATOR), content)
    start = model.state_dict() | with_prefix(f'{GENERATOR}.', found)
    for name, part in model.named_children():
        if name == GENERATOR or not part.state_dict():
            continue
        try:
            _, found = find_weights(part, content)
            start |= with_prefix(f'{name}.', found)
        except MismatchError:
            print_log(
                f'The weights hold no {name}: it starts anew.', 'current'
            )
    return layout, start


def _read(
    source: Mapping | str | Path, sha256: str | None
) -> tuple[Mapping, str, str | None]:
    """Return content, name and hash of a source."""
    if not isinstance(source, Mapping):
        file = local_weights(source, sha256=sha256)
        return read_weights_file(file.path), file.source, file.hashes.sha256
    if sha256 is not None:
        raise WeightsError(
            'Expected a file to compare with sha256, got a '
            'state dict; give the file, or no sha256.'
        )
    return source, 'state dict', None


def _fitting(
    module: nn.Module, content: Mapping
) -> tuple[Layout, dict[str, Tensor]]:
    """Find a module's weights, or say whose weights they are."""
    try:
        return find_weights(module, content)
    except MismatchError as error:
        names = configs_that_fit(content)
        shown = ', '.join(names[:MAX_CONFIGS])
        shown += ', ...' if len(names) > MAX_CONFIGS else ''
        advice = (
            f'These are the weights of the generator of {shown}.'
            if names
            else 'They are of no config of mmfacesr.'
        )
        raise WeightsError(f'{error} {advice}') from None
