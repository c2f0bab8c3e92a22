# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""From a model to a verified file."""

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from torch import nn

from mmfacesr.apis.face_network import FaceNetwork
from mmfacesr.deploy import formats
from mmfacesr.deploy.metadata import describe
from mmfacesr.deploy.verification import (
    BATCH_SIZES,
    NUM_FACES,
    ExportMismatchError,
    compare,
    draw_inputs,
)
from mmfacesr.utils import replacing, require_writable

FORMATS = ('onnx', 'torch')
DTYPES = ('fp32', 'fp16')
CHOICES = ('auto', *formats.EXPORTERS)
NEEDED = ('onnx', 'onnxruntime')
ADVICE = dict(
    fp32='Nothing was written. Try another --exporter or --format, or leave '
    'out --dynamic-batch. The outputs of a network that is not trained may '
    'depend on rounding alone.',
    fp16='Nothing was written. Some layer may need float32: export --dtype '
    'fp32.',
)
Format = Literal['onnx', 'torch']
Dtype = Literal['fp32', 'fp16']


@dataclass(frozen=True)
class Export:
    """What was exported.

    Args:
        path (Path): The file.
        exporter (str): What wrote it: 'dynamo' or 'torchscript' for ONNX,
            'trace' for TorchScript.
        agreement (float): Of its worst output with the network's, see
            `mmfacesr.deploy.verification.compare`.
    """

    path: Path
    exporter: str
    agreement: float


def export_model(
    model: nn.Module,
    path: str | Path,
    *,
    format: Format = 'onnx',
    dtype: Dtype = 'fp32',
    dynamic_batch: bool = False,
    exporter: Literal['auto', 'dynamo', 'torchscript'] = 'auto',
    force: bool = False,
    num_faces: int = NUM_FACES,
) -> Export:
    """Write a model as one file, if that computes what the model does.

    The file maps a batch (N, 3, input_size, input_size) to
    (N, 3, gt_size, gt_size), both float32 RGB, normalized by the facts. It is
    run on drawn faces before it gets its name.

    Args:
        model (nn.Module): As `get_model` returns it, on the CPU.
        path (str | Path): The file; missing folders are made.
        format (str): 'onnx', or 'torch' for TorchScript. Defaults to 'onnx'.
        dtype (str): 'fp32', or 'fp16' for an ONNX file that holds and
            computes in float16. Defaults to 'fp32'.
        dynamic_batch (bool): Whether N is free and tried as 1, 3 and 8, or
            1. Defaults to False.
        exporter (str): Of ONNX; 'auto' takes the first that can. Defaults to
            'auto'.
        force (bool): Replace a file that is there. Defaults to False.
        num_faces (int): That outputs are compared on. Defaults to 32.

    Returns:
        Export: What was exported.

    Raises:
        ValueError: If an argument is none of these, the model restores no
            faces, or they exclude each other.
        FileExistsError: If the file is there, without ``force``.
        ImportError: If onnx or onnxruntime is missing.
        ExportMismatchError: If the file computes something else.
    """
    _check_arguments(model, format, dtype, exporter, num_faces)
    path = Path(path).expanduser()
    _check_target(path, force)
    faces = FaceNetwork(model.facts, model)
    network = faces.network.eval()
    inputs = draw_inputs(faces, num_faces)
    sizes = BATCH_SIZES if dynamic_batch else (1,)
    example = inputs[: 2 if dynamic_batch else 1]  # 1 would be a constant
    metadata = describe(model, dtype, dynamic_batch)
    with replacing(path) as temporary:
        if format == 'onnx':
            served = formats.write_onnx(
                network,
                example,
                temporary,
                dynamic_batch,
                dtype,
                metadata,
                exporter,
            )
            run = formats.run_onnx(temporary)
        else:
            served = formats.write_torchscript(
                network, example, temporary, metadata
            )
            run = formats.run_torchscript(temporary)
        try:
            agreement = compare(network, run, inputs, sizes, dtype)
        except ExportMismatchError as error:
            raise ExportMismatchError(f'{error} {ADVICE[dtype]}') from error
        _check_target(path, force)
    return Export(path, served, agreement)


def _check_arguments(
    model: nn.Module, format: str, dtype: str, exporter: str, num_faces: int
) -> None:
    """Refuse what cannot be exported."""
    for name, value, known in (
        ('format', format, FORMATS),
        ('dtype', dtype, DTYPES),
        ('exporter', exporter, CHOICES),
    ):
        if value not in known:
            raise ValueError(f'Expected a {name} of {known}, got {value!r}.')
    if num_faces < 1:
        raise ValueError(f'Expected num_faces above 0, got {num_faces}.')
    if getattr(model, 'facts', None) is None:
        raise ValueError(
            'Expected a model that restores faces, got '
            f'{type(model).__name__} without facts; choose another one.'
        )
    if format == 'torch' and dtype != 'fp32':
        raise ValueError(
            f'Expected dtype fp32 for format torch, got {dtype}; export fp32 '
            'and run it under torch.autocast.'
        )
    if format == 'torch' and exporter != 'auto':
        raise ValueError(
            f'Expected an exporter for format onnx alone, got {exporter} for '
            'torch; leave it out.'
        )
    missing = [name for name in NEEDED if find_spec(name) is None]
    if format == 'onnx' and missing:
        raise ImportError(
            f'Expected {" and ".join(missing)} for format onnx, found none; '
            "run pip install 'mmfacesr[deploy]'."
        )


def _check_target(path: Path, force: bool) -> None:
    """Refuse a file that is there, and a place that takes none."""
    require_writable(path)
    if path.exists() and not force:
        raise FileExistsError(
            f'Expected a new file, got {path}, which exists; change its name, '
            'or give --force to replace it.'
        )
