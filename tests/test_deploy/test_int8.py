# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""int8 files: calibrated alike in any order, and refused where they cost."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from mmfacesr.datasets.synthetic_faces import render_face
from mmfacesr.deploy import (
    ExportMismatchError,
    Int8,
    export_model,
    formats,
    read_metadata,
)
from mmfacesr.deploy.guarding import Cost

for package in ('onnx', 'onnxruntime'):
    pytest.importorskip(package, reason="needs the extra 'deploy'")

NAMES = ('/network/first/Conv', '/network/second/Conv')
SIDE = 64
DRAWN = [render_face(seed, SIDE)[0] for seed in range(3)]
TRUTH = [face for face in DRAWN for _ in range(2)]  # one of each half


class Enlarge(nn.Module):
    """Enlarges faces; a channel of a large value is of no use in between.

    Args:
        large (float): The value.
    """

    def __init__(self, large: float) -> None:
        super().__init__()
        self.first, self.second = nn.Conv2d(3, 4, 1), nn.Conv2d(4, 3, 1)
        with torch.no_grad():
            self.first.weight[:, :, 0, 0] = torch.eye(4, 3)
            self.first.bias[:] = torch.tensor([1.0, 1.0, 1.0, large])
            self.second.weight[:, :, 0, 0] = torch.eye(3, 4)
            self.second.bias[:] = -1.0

    def forward(self, batch: Tensor) -> Tensor:
        """Map (N, 3, h, w) to (N, 3, 8 h, 8 w)."""
        hidden = interpolate(batch, scale_factor=8, mode='bilinear')
        return self.second(self.first(hidden).relu())


@pytest.fixture
def enlarge(small_model: Callable) -> Callable[[float], nn.Module]:
    """Make a network that enlarges faces."""

    def make(large: float = 2.0) -> nn.Module:
        network = Enlarge(large).eval()
        network.facts = small_model().facts
        return network

    return make


def export(model: nn.Module, path: Path, **settings: object) -> object:
    """Export int8 as fast as it goes."""
    int8 = Int8(truth=TRUTH, **settings)
    return export_model(
        model,
        path,
        dtype='int8',
        dynamic_batch=True,
        exporter='torchscript',
        num_faces=2,
        int8=int8,
    )


@pytest.fixture
def network_file(small_model: Callable, tmp_path: Path) -> Path:
    """A small network in float32."""
    path = tmp_path / 'network.onnx'
    example = torch.zeros(2, 3, 8, 8)
    formats.traced_onnx(small_model(), example, path, True)
    return path


def faces(num: int = 7) -> Tensor:
    """Inputs of a small network."""
    return torch.randn(num, 3, 8, 8, generator=torch.manual_seed(0))


def calibrated(path: Path, batches: list[Tensor], **settings: int) -> object:
    """Calibrate on batches."""
    from mmfacesr.deploy.calibration import StreamingCalibrator

    found = StreamingCalibrator(
        path, path.parent, ['Conv', 'ConvTranspose'], **settings
    )
    found.collect_data(lambda: batches)
    return found


def test_calibration_is_equal_for_any_batch_size_and_order(
    network_file: Path,
) -> None:
    given = faces()
    first = calibrated(network_file, [given])
    shuffled = given[torch.tensor([3, 6, 0, 5, 1, 4, 2])]
    for other in (
        calibrated(network_file, list(given.split(1))),
        calibrated(network_file, list(shuffled.split(3))),
        calibrated(network_file, list(shuffled.split(2)), most_bytes=1),
    ):
        assert other.ends == first.ends and len(first.ends) > 10
        for name, counts in first.counts.items():
            assert np.array_equal(other.counts[name], counts)
            assert counts.dtype == np.int64


def test_ranges_are_those_of_onnxruntime(network_file: Path) -> None:
    from onnxruntime.quantization.calibrate import (
        CalibrationDataReader,
        MinMaxCalibrater,
    )

    class Reader(CalibrationDataReader):
        def __init__(self, given: Tensor) -> None:
            self.left = [dict(input=face.numpy()) for face in given.split(1)]

        def get_next(self) -> dict | None:
            return self.left.pop() if self.left else None

    ours = calibrated(network_file, [faces()]).compute_data()
    theirs = MinMaxCalibrater(
        network_file,
        ['Conv', 'ConvTranspose'],
        str(network_file.with_name('theirs.onnx')),
    )
    theirs.augment_graph()
    theirs.create_inference_session()
    theirs.collect_data(Reader(faces()))
    wanted = theirs.compute_data()
    assert set(ours.keys()) == set(wanted.keys())
    for name, range_ in wanted.items():
        got = np.array(ours[name].range_value).ravel()
        assert got == pytest.approx(np.array(range_.range_value).ravel())


def histogram(values: np.ndarray, bins: int) -> tuple[np.ndarray, np.ndarray]:
    """Counts over [-largest, largest], and edges."""
    largest = np.abs(values).max()
    return np.histogram(values, bins, (-largest, largest))


def test_outliers_are_clipped_where_they_begin() -> None:
    from mmfacesr.deploy.calibration import entropy_limit

    values = np.linspace(-1, 1, 100_001)
    counts, _ = histogram(np.append(values, 4.0), 2048)
    assert entropy_limit(counts, 256) == pytest.approx(1 / 4, abs=0.01)
    counts, _ = histogram(values, 2048)
    assert entropy_limit(counts, 256) == 1


def test_entropy_finds_what_onnxruntime_finds() -> None:
    from onnxruntime.quantization.calibrate import HistogramCollector

    from mmfacesr.deploy.calibration import entropy_limit

    values = np.random.default_rng(0).laplace(size=200_000)
    values = values.astype(np.float32)
    counts, edges = histogram(values, 1024)
    low, high = values.min(), values.max()
    theirs = HistogramCollector('entropy', False, 1024, 128, 0, 'same')
    _, wanted = theirs.get_entropy_threshold((counts, edges, low, high), 128)
    limit = entropy_limit(counts, 128) * edges[-1]
    # Theirs leaves out a part of a level at the end.
    assert limit == pytest.approx(wanted, rel=0.1) and limit < 0.9 * high


def test_weights_are_int8_by_channel_and_activations_uint8(
    small_model: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import onnx

    monkeypatch.setattr(Cost, 'is_small', True)  # the network is not trained
    model, path = small_model(), tmp_path / 'face.onnx'
    done = export(model, path, calibration='entropy')
    assert done.kept_float == () and len(done.cost.losses) == 3
    graph = onnx.load(path).graph
    known = {item.name: item for item in graph.initializer}
    nodes = {node.output[0]: node for node in graph.node}
    layers = [n for n in graph.node if n.op_type in ('Conv', 'ConvTranspose')]
    for layer in layers:
        value, scale, zero = nodes[layer.input[1]].input
        channels = known[value].dims[layer.op_type == 'ConvTranspose']
        assert known[value].data_type == onnx.TensorProto.INT8
        assert list(known[scale].dims) == [channels]
        zero = nodes[layer.input[0]].input[2]
        assert known[zero].data_type == onnx.TensorProto.UINT8
        assert not known[zero].dims
    assert len(layers) > 10
    found = read_metadata(path)
    assert found['dtype'] == 'int8' and found['calibration'] == 'entropy'
    assert found['kept_float'] == []


def test_what_costs_little_is_written(
    enlarge: Callable, tmp_path: Path
) -> None:
    model, path = enlarge(), tmp_path / 'face.onnx'
    done = export(model, path)
    assert 0 <= done.agreement < 1e-4 and done.cost.losses.max() < 0.2
    batch = torch.rand(3, 3, 8, 8, generator=torch.manual_seed(0)) / 10
    with torch.no_grad():
        wanted = model(batch)
    off = (formats.run_onnx(path)(batch) - wanted).abs().max()
    assert 0 < off < 4 / 255  # of values in [0, 3], as uint8


@pytest.mark.parametrize('keep', [NAMES, ('*/first/*', '*/second/*'), 'auto'])
def test_what_costs_much_names_layers_that_may_stay_in_float(
    enlarge: Callable, tmp_path: Path, keep: tuple[str, ...] | str
) -> None:
    model, path = enlarge(1000.0), tmp_path / 'face.onnx'
    with pytest.raises(ExportMismatchError, match='at most 0.2 dB') as error:
        export(model, path)
    assert all(name in str(error.value) for name in NAMES)
    assert list(tmp_path.iterdir()) == []
    keep = (keep,) if keep == 'auto' else keep
    done = export(model, path, keep_float=keep)
    assert set(done.kept_float) == set(NAMES)
    assert read_metadata(path)['kept_float'] == list(done.kept_float)
    assert np.abs(done.cost.losses).max() < 1e-3


def test_a_changed_bias_is_refused(
    enlarge: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mmfacesr.deploy.quantizing import QuantizableFile

    write = QuantizableFile.write

    def write_changed(file: object, path: Path, *args: object) -> None:
        import onnx
        from onnx.numpy_helper import from_array, to_array

        write(file, path, *args)
        model = onnx.load(path)
        bias = next(
            x for x in model.graph.initializer if 'second.bias' in x.name
        )
        bias.CopyFrom(from_array(to_array(bias) + 1_000, bias.name))
        onnx.save(model, path)

    monkeypatch.setattr(QuantizableFile, 'write', write_changed)
    with pytest.raises(ExportMismatchError, match='ground truth'):
        export(enlarge(), tmp_path / 'face.onnx')
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    'losses, moved, vanished, is_small',
    [
        ([0.2, 0.2], [0.01] * 10, 1, True),
        ([0.3, 0.2], [], 0, False),
        ([-0.5, 0.6], [], 0, False),
        ([0.0, float('nan')], [], 0, False),
        ([0.0, 0.0], [0.0, 0.011, 0.011], 0, False),
        ([0.0, 0.0], [0.0], 1, True),
        ([0.0, 0.0], [], 2, False),
    ],
)
def test_limits_of_what_may_be_lost(
    losses: list, moved: list, vanished: int, is_small: bool
) -> None:
    cost = Cost(np.array(losses), np.array(moved), vanished)
    assert cost.is_small == is_small
    assert f'{np.mean(losses):.3f} dB' in cost.text()


def test_landmarks_that_move_are_seen(
    enlarge: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mmfacesr.deploy import guarding
    from mmfacesr.faces.detection import FaceLandmarks
    from mmfacesr.faces.table import LandmarkError

    class Brightest:
        """Finds points beside the brightest pixel of an image."""

        def find(self, file: str, image: np.ndarray) -> FaceLandmarks:
            if image.max() < 10:
                raise LandmarkError(file, 'too dark')
            y, x = np.unravel_index(image[..., 0].argmax(), (SIDE, SIDE))
            points = np.full((68, 2), (x, y), np.float32)
            points[45, 0] += 20  # the outer corner of the other eye
            return FaceLandmarks.from_points(points, 1.0)

    def shifted(batch: Tensor) -> Tensor:
        return network(batch).roll(2, -1)

    def dark(batch: Tensor) -> Tensor:
        return network(batch) * 0 - 1

    monkeypatch.setattr(guarding, '_detector', Brightest)
    network = torch.no_grad()(enlarge())
    guard = guarding.Guard(enlarge().facts, network, TRUTH[:3])
    assert guard.judge(network).moved == pytest.approx([0, 0, 0])
    found = guard.judge(shifted)
    assert np.median(found.moved) == pytest.approx(2 / 20)
    assert guard.judge(dark).vanished == 3


@pytest.mark.parametrize(
    'settings, said',
    [
        (dict(calibration='best'), 'calibration'),
        (dict(truth=TRUTH[:1]), 'at least 2 faces'),
    ],
)
def test_wrong_settings(settings: dict, said: str) -> None:
    with pytest.raises(ValueError, match=f'Expected .*{said}'):
        Int8(**settings)


def test_an_unknown_layer_is_told_with_those_that_are_there(
    enlarge: Callable, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match='/network/first/Conv'):
        export(enlarge(), tmp_path / 'face.onnx', keep_float=['/first/Conv'])
    assert list(tmp_path.iterdir()) == []


THOUSAND = """
import resource, sys, torch
from pathlib import Path
from mmfacesr.apis import get_model
from mmfacesr.deploy import formats
from mmfacesr.deploy.calibration import StreamingCalibrator
from mmfacesr.deploy.quantizing import LAYERS

torch.set_num_threads(2)
path = Path(sys.argv[1])
model = get_model('dic-small_x8c16b2_1xb4-500_synthetic')
face = torch.zeros(2, 3, 16, 16)
formats.traced_onnx(model, face, path, True)
def batches():
    generator = torch.manual_seed(0)
    for _ in range(int(sys.argv[2])):
        yield torch.randn(1, 3, 16, 16, generator=generator)
calibrator = StreamingCalibrator(path, path.parent, LAYERS)
calibrator.collect_data(batches)
calibrator.compute_data()
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
"""


@pytest.mark.slow
def test_a_thousand_faces_are_calibrated_in_two_gigabytes(
    tmp_path: Path,
) -> None:
    path = tmp_path / 'network.onnx'
    done = subprocess.run(
        [sys.executable, '-c', THOUSAND, str(path), '1000'],
        capture_output=True,
        text=True,
        check=True,
    )
    assert int(done.stdout.split()[-1]) < 2e9
