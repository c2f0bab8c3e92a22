# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Exported files compute what the network does, or are not there."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from mmfacesr.apis.face_network import ImageNetwork
from mmfacesr.apis.results import hash_weights
from mmfacesr.deploy import (
    ExportMismatchError,
    Int8,
    export_model,
    formats,
)
from mmfacesr.deploy.metadata import read_metadata
from mmfacesr.version import __version__

FEW = 12  # faces: a batch of 8, of 3 and of 1
FULL_SIZE = (
    'dic_x8c48b6_1xb8-150k_celeba',
    'sparnet_attn2d-x8_1xb32-20e_celeba',
    'pfsrnet_x8_1xb16-200k_celeba',
    'elsface_x4_1xb16-40e_celeba',
    'wfen_x8c40b6_1xb32-150e_celeba',
)
CASES = (
    'dic',
    'sparnet',
    'sparnet hd',
    'pfsrnet',
    'elsface x4',
    'elsface x8',
    'wfen',
)
WITHOUT_ONNX = 'sfmnet'  # Fourier transforms


@pytest.fixture
def needs_onnx() -> None:
    """Skip where the extra `deploy` is not installed."""
    for name in ('onnx', 'onnxruntime'):
        pytest.importorskip(name, reason="needs the extra 'deploy'")


def noise(model: nn.Module, num: int) -> Tensor:
    """Inputs that no face was drawn for."""
    side = model.facts.input_size
    return torch.rand(num, 3, side, side, generator=torch.manual_seed(1))


@torch.no_grad()
def eager(model: nn.Module, batch: Tensor) -> np.ndarray:
    """What the network gives."""
    return ImageNetwork(model)(batch).numpy()


def run_by_onnxruntime(path: Path, batch: Tensor) -> np.ndarray:
    """Run a file without mmfacesr."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        path.read_bytes(), options, providers=['CPUExecutionProvider']
    )
    return session.run(None, {'input': batch.numpy()})[0]


def files_of(folder: Path) -> list[str]:
    """Names in a folder, hidden ones too."""
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.usefixtures('needs_onnx')
@pytest.mark.parametrize('case', CASES)
def test_onnx_of_every_method(
    small_model: Callable, tmp_path: Path, case: str
) -> None:
    model, path = small_model(case), tmp_path / 'face.onnx'
    done = export_model(
        model,
        path,
        dynamic_batch=True,
        exporter='torchscript',
        num_faces=FEW,
    )
    assert done.exporter == 'torchscript' and done.agreement < 1e-4
    for size in (1, 2, 5):
        batch = noise(model, size)
        wanted = eager(model, batch)
        got = run_by_onnxruntime(path, batch)
        assert np.abs(got - wanted).max() < 1e-4 * np.ptp(wanted)
    assert files_of(tmp_path) == ['face.onnx']


@pytest.mark.slow
@pytest.mark.usefixtures('needs_onnx')
def test_network_that_onnx_lacks_is_refused(
    small_model: Callable, tmp_path: Path
) -> None:
    with pytest.raises(RuntimeError, match='Try --format torch'):
        export_model(
            small_model(WITHOUT_ONNX),
            tmp_path / 'face.onnx',
            dynamic_batch=True,
            num_faces=FEW,
        )
    assert files_of(tmp_path) == []


@pytest.mark.parametrize('case', [*CASES, WITHOUT_ONNX])
def test_torchscript_of_every_method(
    small_model: Callable, tmp_path: Path, case: str
) -> None:
    model, path = small_model(case), tmp_path / 'face.pt'
    done = export_model(
        model, path, format='torch', dynamic_batch=True, num_faces=FEW
    )
    assert done.exporter == 'trace' and done.agreement < 1e-6
    batch = noise(model, 5)
    with torch.no_grad():
        got = torch.jit.load(str(path))(batch).numpy()
    wanted = eager(model, batch)
    assert np.abs(got - wanted).max() < 1e-6 * np.ptp(wanted)
    assert read_metadata(path)['name'] == case


@pytest.mark.slow
@pytest.mark.usefixtures('needs_onnx')
def test_newer_exporter_comes_first(
    small_model: Callable, tmp_path: Path
) -> None:
    pytest.importorskip('onnxscript', reason='the newer exporter needs it')
    model, path = small_model(), tmp_path / 'face.onnx'
    done = export_model(model, path, dynamic_batch=True, num_faces=FEW)
    is_old = torch.__version__ < '2.6'
    assert done.exporter == ('torchscript' if is_old else 'dynamo')
    batch = noise(model, 2)
    wanted = eager(model, batch)
    got = run_by_onnxruntime(path, batch)
    assert np.abs(got - wanted).max() < 1e-4 * np.ptp(wanted)


@pytest.mark.usefixtures('needs_onnx')
def test_older_exporter_serves_when_the_newer_fails(
    small_model: Callable,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: object) -> None:
        raise LookupError('no such operator')

    monkeypatch.setitem(formats.EXPORTERS, 'dynamo', fail)
    model = small_model()
    done = export_model(model, tmp_path / 'face.onnx', num_faces=1)
    assert done.exporter == 'torchscript'
    monkeypatch.setitem(formats.EXPORTERS, 'torchscript', fail)
    with pytest.raises(RuntimeError, match='dynamo: .*; torchscript: Look'):
        export_model(model, tmp_path / 'other.onnx', num_faces=1)
    assert files_of(tmp_path) == ['face.onnx']


@pytest.mark.usefixtures('needs_onnx')
def test_float16_holds_float16(small_model: Callable, tmp_path: Path) -> None:
    import onnx

    model = small_model()
    half = export_model(
        model,
        tmp_path / 'half.onnx',
        dtype='fp16',
        dynamic_batch=True,
        exporter='torchscript',
        num_faces=FEW,
    )
    assert half.agreement >= 50
    weights = onnx.load(half.path).graph.initializer
    kinds = {item.data_type for item in weights if len(item.dims) == 4}
    assert kinds == {onnx.TensorProto.FLOAT16}
    batch = noise(model, 2)
    got = run_by_onnxruntime(half.path, batch)
    assert got.dtype == np.float32
    wanted = eager(model, batch)
    assert 0 < np.abs(got - wanted).max() < 0.01 * np.ptp(wanted)


@pytest.mark.usefixtures('needs_onnx')
@pytest.mark.parametrize('dtype, said', [('fp32', 'at most'), ('fp16', 'dB')])
def test_another_network_is_refused(
    small_model: Callable,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    dtype: str,
    said: str,
) -> None:
    model, path = small_model(), tmp_path / 'face.onnx'
    path.write_text('kept')

    @torch.no_grad()
    def change_afterwards(network: nn.Module, *args: object) -> None:
        formats.traced_onnx(network, *args)
        model.to_rgb[-1].bias += 0.1

    monkeypatch.setitem(formats.EXPORTERS, 'torchscript', change_afterwards)
    with pytest.raises(ExportMismatchError, match=f'{said}.*drawn face'):
        export_model(
            model,
            path,
            dtype=dtype,
            exporter='torchscript',
            force=True,
            num_faces=2,
        )
    assert files_of(tmp_path) == ['face.onnx']
    assert path.read_text() == 'kept'


@pytest.mark.parametrize('format', ['onnx', 'torch'])
def test_metadata_come_back(
    small_model: Callable,
    tmp_path: Path,
    request: pytest.FixtureRequest,
    format: str,
) -> None:
    if format == 'onnx':
        request.getfixturevalue('needs_onnx')
    model, path = small_model(), tmp_path / 'face'
    exporter = 'torchscript' if format == 'onnx' else 'auto'
    export_model(model, path, format=format, exporter=exporter, num_faces=1)
    found = read_metadata(path)
    assert found.pop('weights_sha256') == hash_weights(model)
    assert found == dict(
        name='pfsrnet',
        weights_license='Apache-2.0',
        color_order='RGB',
        value_range=[0, 255],
        mean=[127.5] * 3,
        std=[127.5] * 3,
        lr_size=8,
        input_size=8,
        output_size=64,
        enlarged=False,
        scale=8,
        lr_recipe='bilinear_chain_x8',
        framing='head',
        dtype='fp32',
        dynamic_batch=False,
        mmfacesr_version=__version__,
    )
    if format == 'onnx':
        import onnx

        (item,) = onnx.load(path).metadata_props
        assert item.key == 'mmfacesr' and json.loads(item.value)


@pytest.mark.usefixtures('needs_onnx')
def test_files_without_metadata_are_refused(tmp_path: Path) -> None:
    path = tmp_path / 'face.onnx'
    path.write_bytes(b'\xff no model')
    with pytest.raises(ValueError, match='xport'):
        read_metadata(path)


def test_interruption_leaves_nothing(
    small_model: Callable,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def interrupt(path: Path) -> None:
        assert path.stat().st_size
        raise KeyboardInterrupt

    monkeypatch.setattr(formats, 'run_torchscript', interrupt)
    path = tmp_path / 'face.pt'
    with pytest.raises(KeyboardInterrupt):
        export_model(small_model(), path, format='torch', num_faces=1)
    assert files_of(tmp_path) == []


@pytest.mark.parametrize(
    'settings, said',
    [
        (dict(format='coreml'), 'format'),
        (dict(dtype='int4'), 'dtype'),
        (dict(exporter='best'), 'exporter'),
        (dict(num_faces=0), 'num_faces'),
        (dict(format='torch', dtype='fp16'), 'autocast'),
        (dict(format='torch', exporter='dynamo'), 'leave it out'),
    ],
)
def test_wrong_arguments(
    small_model: Callable, tmp_path: Path, settings: dict, said: str
) -> None:
    with pytest.raises(ValueError, match=f'Expected .*{said}'):
        export_model(small_model(), tmp_path / 'face', **settings)
    assert files_of(tmp_path) == []


def test_landmark_networks_and_existing_files_are_refused(
    small_model: Callable, tmp_path: Path
) -> None:
    model, path = small_model(), tmp_path / 'face.pt'
    path.write_text('kept')
    with pytest.raises(FileExistsError, match='--force'):
        export_model(model, path, format='torch')
    model.facts = None
    with pytest.raises(ValueError, match='restores faces'):
        export_model(model, path, format='torch', force=True)
    assert path.read_text() == 'kept'


def test_missing_packages_are_named(
    small_model: Callable,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr('mmfacesr.deploy.exporting.find_spec', lambda _: None)
    with pytest.raises(ImportError, match='onnx and onnxruntime.*deploy'):
        export_model(small_model(), tmp_path / 'face.onnx')
    assert files_of(tmp_path) == []


@pytest.mark.slow
@pytest.mark.usefixtures('needs_onnx')
@pytest.mark.parametrize('name', FULL_SIZE)
def test_onnx_of_every_full_network(
    full_model: Callable, tmp_path: Path, name: str
) -> None:
    done = export_model(
        full_model(name),
        tmp_path / 'face.onnx',
        dynamic_batch=True,
        exporter='torchscript',
        num_faces=FEW,
    )
    assert done.agreement < 1e-4


@pytest.mark.usefixtures('needs_onnx')
def test_settings_of_int8_are_for_int8(
    small_model: Callable, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match='for dtype int8 alone'):
        export_model(small_model(), tmp_path / 'face', int8=Int8())
    assert files_of(tmp_path) == []
