# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""From a model to a verified file."""

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from torch import nn

from mmfacesr.apis.face_network import FaceNetwork
from mmfacesr.deploy import formats
from mmfacesr.deploy.guarding import Cost
from mmfacesr.deploy.int8 import Int8, make_int8
from mmfacesr.deploy.metadata import describe
from mmfacesr.deploy.verification import (
    BATCH_SIZES,
    NUM_FACES,
    ExportMismatchError,
    compare,
    draw_inputs,
)
from mmfacesr.models.common.folding import fold
from mmfacesr.utils import replacing, require_writable

FORMATS = ('onnx', 'torch')
DTYPES = ('fp32', 'fp16', 'int8')
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
Dtype = Literal['fp32', 'fp16', 'int8']


@dataclass(frozen=True)
class Export:
    """What was exported.

    Args:
        path (Path): The file.
        exporter (str): What wrote it: 'dynamo' or 'torchscript' for ONNX,
            'trace' for TorchScript.
        agreement (float): Of its worst output with the network's, see
            `mmfacesr.deploy.verification.compare`; of int8, its float32
            file's.
        cost (Cost | None): Of int8, against ground truth; else None.
        kept_float (tuple[str, ...]): Layers of an int8 file that are float32.
    """

    path: Path
    exporter: str
    agreement: float
    cost: Cost | None = None
    kept_float: tuple[str, ...] = ()


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
    int8: Int8 | None = None,
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
            computes in float16, or 'int8' for one with weights in int8 and
            activations in uint8. Defaults to 'fp32'.
        dynamic_batch (bool): Whether N is free and tried as 1, 3 and 8, or
            1. Defaults to False.
        exporter (str): Of ONNX; 'auto' takes the first that can. Defaults to
            'auto'.
        force (bool): Replace a file that is there. Defaults to False.
        num_faces (int): That outputs are compared on. Defaults to 32.
        int8 (Int8 | None): How it is made int8. Defaults to None, as
            :class:`Int8` without arguments.

    Returns:
        Export: What was exported.

    Raises:
        ValueError: If an argument is none of these, the model restores no
            faces, or they exclude each other.
        FileExistsError: If the file is there, without ``force``.
        ImportError: If onnx or onnxruntime is missing.
        ExportMismatchError: If the file computes something else, or int8
            costs too much.
    """
    _check_arguments(model, format, dtype, exporter, num_faces, int8)
    path = Path(path).expanduser()
    _check_target(path, force)
    faces = FaceNetwork(model.facts, model)
    network = faces.network.eval()
    inputs = draw_inputs(faces, num_faces)
    sizes = BATCH_SIZES if dynamic_batch else (1,)
    example = inputs[: 2 if dynamic_batch else 1]  # 1 would be a constant
    metadata = describe(model, dtype, dynamic_batch)
    # int8 is made of a file in float32, which is compared first.
    written = 'fp32' if dtype == 'int8' else dtype
    # A batch norm that is not folded would have a scale of its own.
    given = fold(network, example) if dtype == 'int8' else network
    cost, kept = None, []
    with replacing(path) as temporary:
        if format == 'onnx':
            served = formats.write_onnx(
                given,
                example,
                temporary,
                dynamic_batch,
                written,
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
            agreement = compare(network, run, inputs, sizes, written)
        except ExportMismatchError as error:
            raise ExportMismatchError(f'{error} {ADVICE[written]}') from error
        if dtype == 'int8':
            cost, kept = _quantize(temporary, faces, int8 or Int8(), metadata)
        _check_target(path, force)
    return Export(path, served, agreement, cost, tuple(kept))


def _quantize(
    path: Path, faces: FaceNetwork, int8: Int8, metadata: dict[str, Any]
) -> tuple[Cost, list[str]]:
    """Make a file int8, and let it say how; see :func:`make_int8`."""
    cost, kept = make_int8(path, faces, int8)
    how = dict(calibration=int8.calibration, kept_float=kept)
    formats.add_metadata(path, metadata | how)
    return cost, kept


def _check_arguments(
    model: nn.Module,
    format: str,
    dtype: str,
    exporter: str,
    num_faces: int,
    int8: Int8 | None,
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
    if int8 is not None and dtype != 'int8':
        raise ValueError(
            f'Expected settings of int8 for dtype int8 alone, got {dtype}; '
            'leave them out.'
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
