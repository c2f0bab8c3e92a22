# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Ranges of activations, measured on faces that need not fit the memory.

onnxruntime's own calibrators keep every activation of every face, or their
histograms depend on the order of the faces. Here two passes are made: the
first finds the ends of each histogram, the second counts. Faces are run one
by one, and counts are integers; so the result is the same for batches of any
size and order.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from math import prod
from pathlib import Path
from typing import Literal

import numpy as np
import onnx
import onnxruntime
import torch
from onnxruntime.quantization.calibrate import (
    CalibraterBase,
    CalibrationMethod,
    TensorsData,
)
from scipy.stats import entropy
from torch import Tensor
from tqdm import tqdm

from mmfacesr.deploy.formats import INPUT

Method = Literal['minmax', 'entropy']
Batches = Callable[[], Iterable[Tensor]]
BINS = 2048  # of a histogram, over [-largest, largest]
LEVELS = 512  # of that; where values have one sign, 256 of them are uint8's
STEP = 4  # bins by which the ranges that are tried differ
SMOOTHING = 1e-4  # of a count, for empty bins
MOST_BYTES = 256 << 20  # of activations that are looked at together
BYTES = np.dtype(np.float32).itemsize


class StreamingCalibrator(CalibraterBase):
    """Finds ranges for the activations of a network in an ONNX file.

    Args:
        path (Path): The file, float32.
        folder (Path): For files in between.
        op_types (Sequence[str]): Whose inputs and outputs are looked at.
        most_bytes (int): Activations that are looked at together; more of
            them take further passes. Defaults to 256 MiB.
    """

    def __init__(
        self,
        path: Path,
        folder: Path,
        op_types: Sequence[str],
        most_bytes: int = MOST_BYTES,
    ) -> None:
        super().__init__(path, op_types, str(folder / 'augmented.onnx'))
        names, self._infos = self.select_tensors_to_calibrate(self.model)
        self._groups = list(self._grouped(sorted(names), most_bytes))
        self.ends: dict[str, tuple[np.float32, np.float32]] = {}
        self.counts: dict[str, np.ndarray] = {}

    def collect_data(self, batches: Batches) -> None:
        """Count the activations of faces.

        Args:
            batches (Callable): Gives batches (N, 3, h, w), normalized, of any
                size; it is called several times for the same ones.

        Raises:
            ValueError: If there is none.
        """
        for names in self._groups:
            self.augment_graph(names)
            self.create_inference_session()
            for note in (self._widen, self._count):
                for found in tqdm(self._run(batches, names), 'calibrating'):
                    for name, values in found.items():
                        note(name, values)
        if not self.ends:
            raise ValueError(
                'Expected faces to calibrate on, got none; give some.'
            )

    def compute_data(self, method: Method = 'minmax') -> TensorsData:
        """Return the range of each activation.

        Args:
            method (str): 'minmax': from the least to the largest value.
                'entropy': the range whose coarser histogram has the least
                Kullback-Leibler divergence; what is outside is clipped.
                Defaults to 'minmax'.
        """
        range_of = dict(minmax=self.ends.get, entropy=self._entropy_range)
        ranges = {
            name: tuple(map(np.float32, range_of[method](name)))
            for name in self.ends
        }
        return TensorsData(CalibrationMethod.MinMax, ranges)

    def augment_graph(self, names: Sequence[str]) -> None:
        """Make activations the outputs of the network."""
        del self.model.graph.output[:]
        self.model.graph.output.extend(self._infos[name] for name in names)
        onnx.save(self.model, self.augmented_model_path)

    def create_inference_session(self) -> None:
        """Open the network, not optimized: that would drop activations."""
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = (
            onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        )
        options.intra_op_num_threads = torch.get_num_threads()
        self.infer_session = onnxruntime.InferenceSession(
            self.augmented_model_path, options, self.execution_providers
        )

    def _grouped(
        self, names: Sequence[str], most_bytes: int
    ) -> Iterator[list[str]]:
        """Put activations together that fit the memory."""
        group, size = [], 0
        for name in names:
            shape = self._infos[name].type.tensor_type.shape.dim
            own = BYTES * prod(side.dim_value or 1 for side in shape)
            if group and size + own > most_bytes:
                yield group
                group, size = [], 0
            group.append(name)
            size += own
        if group:
            yield group

    def _run(
        self, batches: Batches, names: Sequence[str]
    ) -> Iterator[dict[str, np.ndarray]]:
        """Yield the activations of each face.

        One by one, because a batch may be rounded in another way.
        """
        for batch in batches():
            for face in batch.split(1):
                values = self.infer_session.run(names, {INPUT: face.numpy()})
                yield dict(zip(names, values, strict=True))

    def _widen(self, name: str, values: np.ndarray) -> None:
        """Let a range hold values."""
        low, high = self.ends.get(name, (np.inf, -np.inf))
        self.ends[name] = min(low, values.min()), max(high, values.max())

    def _count(self, name: str, values: np.ndarray) -> None:
        """Add values to a histogram."""
        counts, _ = np.histogram(values, BINS, self._span(name))
        self.counts[name] = counts + self.counts.get(name, 0)

    def _span(self, name: str) -> tuple[float, float]:
        """Ends of a histogram, which has 0 in its middle."""
        largest = np.abs(self.ends[name]).max()
        return -largest, largest

    def _entropy_range(self, name: str) -> tuple[float, float]:
        """Cut a range where the divergence is least."""
        low, high = self.ends[name]
        if low == high:
            return low, high
        limit = self._span(name)[1] * entropy_limit(self.counts[name], LEVELS)
        return max(low, -limit), min(high, limit)


def entropy_limit(counts: np.ndarray, levels: int) -> float:
    """Find where to clip values, so that few levels tell most of them.

    Of each range in question, the histogram with its outliers in the outer
    bins is compared with the same in as few bins as there are levels.

    Source: Migacz, 8-bit inference with TensorRT, GTC 2017. Differs: values of
    both signs, the range symmetric about 0; every fourth range is tried.

    Args:
        counts (np.ndarray): (B,) histogram over [-largest, largest].
        levels (int): Of that whole range, at most B.

    Returns:
        float: The limit over the largest value, in (0, 1].
    """
    middle = len(counts) // 2
    halves = range(middle, levels // 2 - 1, -STEP)
    losses = [_divergence(counts, half, levels) for half in halves]
    # Of equal ones the first, which clips least.
    return halves[int(np.argmin(losses))] / middle


def _divergence(counts: np.ndarray, half: int, levels: int) -> float:
    """Kullback-Leibler divergence of the levels from the histogram.

    Args:
        counts (np.ndarray): (B,) histogram.
        half (int): Bins that are kept on each side of the middle.
        levels (int): At most 2 * half.
    """
    start, end = len(counts) // 2 - half, len(counts) // 2 + half
    inside = counts[start:end]
    wanted = inside.copy()
    wanted[0] += counts[:start].sum()
    wanted[-1] += counts[end:].sum()
    level = np.arange(2 * half) * levels // (2 * half)
    # A level stands for all values in it, spread over bins that are not empty.
    sums = np.bincount(level, inside, levels)
    spread = np.bincount(level, wanted > 0, levels)
    got = (sums / np.maximum(spread, 1))[level] * (wanted > 0)
    return float(entropy(_smoothed(wanted), _smoothed(got)))


def _smoothed(counts: np.ndarray) -> np.ndarray:
    """Give empty bins a little of the others."""
    empty = counts == 0
    given = SMOOTHING * empty.sum() / max((~empty).sum(), 1)
    return np.where(empty, SMOOTHING, counts - given)
