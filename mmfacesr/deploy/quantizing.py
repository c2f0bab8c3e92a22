# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""From an ONNX file in float32 to one in int8."""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

import onnx
import torch
from onnxruntime.quantization import QuantType
from onnxruntime.quantization.qdq_quantizer import QDQQuantizer
from onnxruntime.quantization.shape_inference import quant_pre_process
from torch import Tensor
from tqdm import tqdm

from mmfacesr.deploy import formats
from mmfacesr.deploy.calibration import Batches, Method, StreamingCalibrator

LAYERS = ('Conv', 'ConvTranspose', 'Gemm', 'MatMul')
"""That have weights. What lies between them stays in float32: in int8 it
gives up accuracy and hardly any time."""
WEIGHTED_ONLY = {'MatMulConstBOnly': True}  # no products of activations


class QuantizableFile:
    """An ONNX file in float32, calibrated, of which int8 files are made.

    Args:
        path (Path): The file; its constant parts are computed once for all.
        folder (Path): For files in between.
        batches (Callable): Gives calibration faces, see
            :class:`StreamingCalibrator`.
    """

    def __init__(self, path: Path, folder: Path, batches: Batches) -> None:
        self.path = folder / 'prepared.onnx'
        with _quiet():
            quant_pre_process(
                str(path), str(self.path), skip_symbolic_shape=True
            )
        calibrator = StreamingCalibrator(self.path, folder, LAYERS)
        calibrator.collect_data(batches)
        self._ranges_of = cache(calibrator.compute_data)
        self.layers = _layers_of(onnx.load(self.path))

    def match(self, patterns: Sequence[str]) -> list[str]:
        """Return the layers that patterns, such as '*/head/*', name.

        Raises:
            ValueError: If one names none; close names are told.
        """
        found = []
        for pattern in patterns:
            named = [x for x in self.layers if fnmatchcase(x, pattern)]
            if not named:
                close = get_close_matches(pattern, self.layers) or self.layers
                raise ValueError(
                    f'Expected the name of a layer to keep in float32, got '
                    f'{pattern!r}; there are {", ".join(close[:3])}.'
                )
            found += named
        return sorted(set(found), key=self.layers.index)

    def write(
        self, path: Path, method: Method, keep_float: Sequence[str] = ()
    ) -> None:
        """Write a file with weights in int8, activations in uint8.

        Args:
            path (Path): The file.
            method (str): 'minmax' or 'entropy', see
                :meth:`StreamingCalibrator.compute_data`.
            keep_float (Sequence[str]): Layers that stay in float32.
        """
        wanted = [x for x in self.layers if x not in keep_float]
        model = onnx.load(self.path)
        if wanted:  # none would mean all
            quantizer = QDQQuantizer(
                model,
                True,  # a scale for each channel of the weights
                False,
                QuantType.QInt8,
                QuantType.QUInt8,
                self._ranges_of(method),
                wanted,
                [],
                list(LAYERS),
                WEIGHTED_ONLY,
            )
            with _quiet():
                quantizer.quantize_model()
            model = quantizer.model.model
        onnx.save(model, path)

    def rank(
        self,
        method: Method,
        inputs: Tensor,
        deviation: Callable[[Tensor, Tensor], float],
    ) -> dict[str, float]:
        """Make one layer after the other int8, alone.

        Args:
            method (str): As of :meth:`write`.
            inputs (Tensor): (N, 3, h, w), normalized.
            deviation (Callable): Of outputs from those in float32.

        Returns:
            dict[str, float]: Deviation by layer, the largest first.
        """
        wanted, found = _outputs(self.path, inputs), {}
        path = self.path.with_name('one_layer.onnx')
        for layer in tqdm(self.layers, 'ranking layers', unit='layer'):
            others = [name for name in self.layers if name != layer]
            self.write(path, method, others)
            found[layer] = deviation(wanted, _outputs(path, inputs))
        return dict(sorted(found.items(), key=lambda x: x[1], reverse=True))


def _layers_of(model: onnx.ModelProto) -> list[str]:
    """Name the layers with weights, in order."""
    weights = {item.name for item in model.graph.initializer}
    return [
        node.name
        for node in model.graph.node
        if node.op_type in LAYERS and node.input[1] in weights
    ]


def _outputs(path: Path, inputs: Tensor) -> Tensor:
    """Run a file, face by face."""
    run = formats.run_onnx(path)
    return torch.cat([run(face) for face in inputs.split(1)])


@contextmanager
def _quiet() -> Iterator[None]:
    """Leave out onnxruntime's advice, which is followed here."""
    logger = logging.getLogger()
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)
