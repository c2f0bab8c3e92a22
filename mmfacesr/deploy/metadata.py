# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""What an exported file says about itself."""

import json
import zipfile
from pathlib import Path
from typing import Any

from torch import nn

from mmfacesr.apis.results import hash_weights
from mmfacesr.version import __version__

KEY = 'mmfacesr'
"""Of the text in the metadata of an ONNX file."""
EXTRA_FILE = 'mmfacesr.json'
"""Of the text in the archive of a TorchScript file."""
LARGEST_BYTES = 1 << 20  # of that text; ours has some hundreds


def describe(
    model: nn.Module, dtype: str, dynamic_batch: bool
) -> dict[str, Any]:
    """Describe a model for whoever has its exported file alone.

    Args:
        model (nn.Module): With ``facts``, as `get_model` returns it.
        dtype (str): Of the weights in the file.
        dynamic_batch (bool): Whether batches of any size are taken.

    Returns:
        dict[str, Any]: Plain values for JSON. The file maps
        (pixels - mean) / std to the same of its output; pixels are in
        ``value_range``.
    """
    facts = model.facts
    return dict(
        name=facts.name,
        weights_license=facts.weights_license,
        weights_sha256=hash_weights(model),
        color_order=facts.color_order,
        value_range=[0, 255],
        mean=list(facts.mean),
        std=list(facts.std),
        lr_size=facts.lr_size,
        input_size=facts.input_size,
        output_size=facts.gt_size,
        enlarged=facts.enlarged,
        scale=facts.scale,
        lr_recipe=facts.lr_recipe,
        framing=facts.framing,
        dtype=dtype,
        dynamic_batch=dynamic_batch,
        mmfacesr_version=__version__,
    )


def read_metadata(path: str | Path) -> dict[str, Any]:
    """Read what an exported file says about itself; none of it is run.

    Args:
        path (str | Path): ONNX or TorchScript, written by `export_model`.

    Returns:
        dict[str, Any]: See :func:`describe`.

    Raises:
        ValueError: If it says nothing.
        ImportError: If it is ONNX and the package is missing.
    """
    is_archive = zipfile.is_zipfile(path)
    text = _text_of_archive(path) if is_archive else _text_of_onnx(path)
    if not text:
        raise ValueError(
            f'Expected a file of tools/deployment/export.py, got {path} '
            'without a description of mmfacesr; export the model again.'
        )
    return json.loads(text)


def _text_of_archive(path: str | Path) -> str:
    """Read the extra file, which lies below a folder of any name."""
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            is_it = info.filename.endswith(f'/extra/{EXTRA_FILE}')
            if is_it and info.file_size <= LARGEST_BYTES:
                return archive.read(info).decode()
    return ''


def _text_of_onnx(path: str | Path) -> str:
    """Read the property; '' if there is none or it is no ONNX file."""
    import onnx
    from google.protobuf.message import DecodeError

    try:
        model = onnx.load(path, load_external_data=False)
    except DecodeError:
        return ''
    found = {item.key: item.value for item in model.metadata_props}
    return found.get(KEY, '')
