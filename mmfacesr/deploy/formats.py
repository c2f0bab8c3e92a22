# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Writing a network as ONNX or TorchScript, and running what was written."""

import inspect
import json
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from mmengine.logging import print_log
from torch import Tensor, nn

from mmfacesr.deploy.metadata import EXTRA_FILE, KEY

INPUT, OUTPUT, BATCH = 'input', 'output', 'batch'
OPSET = 17  # the newest of the older exporter in torch 2.1
ERRORS = 3  # onnxruntime's level of messages; 2 are warnings
Run = Callable[[Tensor], Tensor]


@contextmanager
def _tracing() -> Iterator[None]:
    """Trace without gradients, and without what tracing warns of.

    Sizes become constants, and two of torch's own ways are called old; what
    a file computes is compared afterwards.
    """
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter('ignore')
        yield


def dynamo_onnx(
    network: nn.Module, example: Tensor, path: Path, dynamic_batch: bool
) -> None:
    """Write ONNX by torch's newer exporter, from a captured graph.

    Raises:
        RuntimeError: If this torch has none that takes the arguments.
    """
    if 'dynamo' not in inspect.signature(torch.onnx.export).parameters:
        raise RuntimeError(
            f'torch {torch.__version__} has none that takes these arguments'
        )
    batch = torch.export.Dim(BATCH, min=1)
    with _tracing():
        torch.onnx.export(
            network,
            (example,),
            path,
            dynamo=True,
            verbose=False,
            external_data=False,
            input_names=[INPUT],
            output_names=[OUTPUT],
            dynamic_shapes=({0: batch},) if dynamic_batch else None,
        )


def traced_onnx(
    network: nn.Module, example: Tensor, path: Path, dynamic_batch: bool
) -> None:
    """Write ONNX by torch's older exporter, from a trace."""
    known = inspect.signature(torch.onnx.export).parameters
    with _tracing():
        torch.onnx.export(
            network,
            (example,),
            str(path),
            opset_version=OPSET,
            input_names=[INPUT],
            output_names=[OUTPUT],
            dynamic_axes={INPUT: {0: BATCH}, OUTPUT: {0: BATCH}}
            if dynamic_batch
            else None,
            **(dict(dynamo=False) if 'dynamo' in known else {}),
        )


EXPORTERS = {'dynamo': dynamo_onnx, 'torchscript': traced_onnx}
"""Of ONNX, in the order in which they are tried."""


def write_onnx(
    network: nn.Module,
    example: Tensor,
    path: Path,
    dynamic_batch: bool,
    dtype: str,
    metadata: dict[str, Any],
    exporter: str,
) -> str:
    """Write ONNX; return the name of the exporter that served.

    Raises:
        RuntimeError: If no exporter can; it has all reasons.
    """
    failures = []
    for name in EXPORTERS if exporter == 'auto' else [exporter]:
        try:
            EXPORTERS[name](network, example, path, dynamic_batch)
            break
        except Exception as error:  # exporters raise errors of any kind
            reason = f'{type(error).__name__}: {error}'.strip()
            failures.append(f'{name}: {reason.splitlines()[0]}')
            print_log(f'Exporter {failures[-1]}', 'current')
    else:
        raise RuntimeError(
            'Expected a network that an ONNX exporter takes, got '
            f'{"; ".join(failures)}. Try --format torch.'
        )
    _finish_onnx(path, dtype, metadata)
    return name


def _finish_onnx(path: Path, dtype: str, metadata: dict[str, Any]) -> None:
    """Round the weights where that is asked for, and add the metadata."""
    import onnx

    model = onnx.load(path)
    if dtype == 'fp16':
        from onnxruntime.transformers.float16 import (
            convert_float_to_float16,
        )

        with warnings.catch_warnings():  # of numbers that round to 0
            warnings.simplefilter('ignore')
            # Who runs it feeds float32 in any case.
            model = convert_float_to_float16(model, keep_io_types=True)
    onnx.save(model, path)
    add_metadata(path, metadata)


def add_metadata(path: Path, metadata: dict[str, Any]) -> None:
    """Write into an ONNX file what it is, and nothing else."""
    import onnx

    model = onnx.load(path)
    onnx.helper.set_model_props(model, {KEY: json.dumps(metadata)})
    onnx.save(model, path)


def run_onnx(path: Path) -> Run:
    """Open an ONNX file in onnxruntime, on the CPU."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    # More than that wait for each other.
    options.intra_op_num_threads = torch.get_num_threads()
    options.log_severity_level = ERRORS
    session = onnxruntime.InferenceSession(
        str(path), options, providers=['CPUExecutionProvider']
    )

    def run(batch: Tensor) -> Tensor:
        (output,) = session.run([OUTPUT], {INPUT: batch.numpy()})
        return torch.from_numpy(output)

    return run


def write_torchscript(
    network: nn.Module,
    example: Tensor,
    path: Path,
    metadata: dict[str, Any],
) -> str:
    """Write a trace; return the name of what served."""
    with _tracing():
        traced = torch.jit.trace(network, example, check_trace=False)
        extra = {EXTRA_FILE: json.dumps(metadata)}
        torch.jit.save(traced, str(path), _extra_files=extra)
    return 'trace'


def run_torchscript(path: Path) -> Run:
    """Open a TorchScript file on the CPU."""
    with _tracing():
        loaded = torch.jit.load(str(path), map_location='cpu')
    return torch.no_grad()(loaded)
