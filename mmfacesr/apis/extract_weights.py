# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Making a file of tensors out of one with pickled objects."""

from dataclasses import dataclass
from pathlib import Path
from typing import Optional

from mmfacesr.weights.hashes import FileHashes
from mmfacesr.weights.identify import configs_that_fit
from mmfacesr.weights.matching import tensors_of
from mmfacesr.weights.pickled_objects import extract_tensors
from mmfacesr.weights.sources import LocalWeights, local_weights
from mmfacesr.weights.writing import writable_target, write_weights_file


@dataclass(frozen=True)
class Extraction:
    """What was read and written.

    Args:
        source (LocalWeights): Where the objects came from.
        keys (tuple[str, ...]): Names of the tensors, dotted.
        configs (tuple[str, ...]): Names of the configs whose generator has
            these weights.
        path (Path): The file of tensors.
        hashes (FileHashes): Of it.
    """

    source: LocalWeights
    keys: tuple[str, ...]
    configs: tuple[str, ...]
    path: Path
    hashes: FileHashes


def extract_weights(
    source: str | Path,
    target: str | Path,
    sha256: Optional[str] = None,
    force: bool = False,
) -> Extraction:
    """Write the tensors of a file whose objects are not loaded.

    Args:
        source (str | Path): File, URL or name, as for `load_weights`; see
            :func:`extract_tensors`.
        target (str | Path): File to write.
        sha256 (str, optional): As for `load_weights`.
        force (bool): Replace a file that is there. Defaults to False.

    Returns:
        Extraction: What was read and written.

    Raises:
        WeightsError: If the source cannot be had, has no tensors, or the
            target is refused.
    """
    target = writable_target(target, force)
    file = local_weights(source, sha256=sha256)
    tensors = extract_tensors(file.path)
    hashes = write_weights_file(target, tensors, force=force)
    return Extraction(
        source=file,
        keys=tuple(key for key, _ in tensors_of(tensors)),
        configs=tuple(configs_that_fit(tensors)),
        path=target,
        hashes=hashes,
    )
