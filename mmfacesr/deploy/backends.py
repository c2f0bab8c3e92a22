# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Ways to run a network: by torch as it is, in other layouts, by runtimes.

Each takes a network whose constant factors are folded
(`mmfacesr.models.common.folding.fold`) and returns what maps a batch
(N, 3, h, w) to the image (N, 3, H, W), both float32.
"""

import copy
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import torch
from torch import Tensor, nn

from mmfacesr.deploy import formats
from mmfacesr.deploy.packing import can_pack, pack

Run = Callable[[Tensor], Tensor]
NORMS = (nn.modules.batchnorm._NormBase, nn.LayerNorm, nn.GroupNorm)
"""These take inputs of either precision by weights of float32 alone."""
DTYPES = {'float32': torch.float32, 'bfloat16': torch.bfloat16}


def torch_eager(network: nn.Module, example: Tensor, dtype: str) -> Run:
    """Layers one by one, channels last, in one precision throughout."""
    twin = copy.deepcopy(network)
    if can_pack(example.device.type, DTYPES[dtype]):
        pack(twin, example, DTYPES[dtype])
    return _by_torch(twin, example, dtype)


def torch_compiled(network: nn.Module, example: Tensor, dtype: str) -> Run:
    """Code that torch generates for the network; needs a C++ compiler."""
    return _by_torch(
        copy.deepcopy(network),
        example,
        dtype,
        lambda twin: torch.compile(twin, options={'freezing': True}),
    )


def _by_torch(
    twin: nn.Module,
    example: Tensor,
    dtype: str,
    wrap: Callable[[nn.Module], Callable] = lambda twin: twin,
) -> Run:
    """Run a network, which is changed, in a precision and channels last."""
    twin.to(dtype=DTYPES[dtype], memory_format=torch.channels_last)
    for layer in twin.modules():
        if isinstance(layer, NORMS):
            layer.float()
    compute, is_mixed = wrap(twin), False

    @torch.no_grad()
    def run(batch: Tensor) -> Tensor:
        given = batch.to(
            dtype=DTYPES[dtype], memory_format=torch.channels_last
        )
        with torch.autocast(batch.device.type, DTYPES[dtype], is_mixed):
            return compute(given).float().contiguous()

    if dtype != 'float32':
        try:
            run(example[:1])
        except RuntimeError:
            # Layers that stay in float32 hand it on to others. Autocast
            # mends that, but takes time, and some layers to float32.
            is_mixed = True
    return run


def onnxruntime(network: nn.Module, example: Tensor, dtype: str) -> Run:
    """ONNX of any batch size, run by onnxruntime on the CPU."""
    with tempfile.TemporaryDirectory() as folder:
        path = _as_onnx(network, example, Path(folder))
        return formats.run_onnx(path)


def openvino(network: nn.Module, example: Tensor, dtype: str) -> Run:
    """ONNX of any batch size, run by OpenVINO on the CPU."""
    import openvino as ov

    hint = {'float32': 'f32', 'bfloat16': 'bf16'}[dtype]
    with tempfile.TemporaryDirectory() as folder:
        path = _as_onnx(network, example, Path(folder))
        compiled = ov.Core().compile_model(
            path,
            'CPU',
            {
                'INFERENCE_PRECISION_HINT': hint,
                'INFERENCE_NUM_THREADS': torch.get_num_threads(),
                'PERFORMANCE_HINT': 'LATENCY',
            },
        )

    def run(batch: Tensor) -> Tensor:
        # A request of its own: two threads may share what is compiled.
        request = compiled.create_infer_request()
        request.infer({0: batch.contiguous().numpy()})
        return torch.from_numpy(request.get_output_tensor(0).data.copy())

    return run


def _as_onnx(network: nn.Module, example: Tensor, folder: Path) -> Path:
    """Write a network into a folder."""
    path = folder / 'network.onnx'
    pair = torch.cat([example[:1]] * 2)  # a batch of 1 would be a constant
    formats.write_onnx(network, pair, path, True, 'fp32', {}, 'auto')
    return path


@dataclass(frozen=True)
class Backend:
    """A way to run a network.

    Args:
        make (Callable): (network, example, dtype) -> what runs it.
        dtypes (tuple[str, ...]): That it computes in.
        needs (tuple[str, ...]): Packages.
        extra (str): Of mmfacesr, which brings them.
        on_gpu (bool): Whether it takes tensors of a GPU.
        is_tried (bool): Whether 'auto' tries it.
    """

    make: Callable[[nn.Module, Tensor, str], Run]
    dtypes: tuple[str, ...] = ('float32', 'bfloat16')
    needs: tuple[str, ...] = ()
    extra: str = ''
    on_gpu: bool = False
    is_tried: bool = True

    def missing(self) -> list[str]:
        """Name the packages that are not installed."""
        return [name for name in self.needs if find_spec(name) is None]


BACKENDS = {
    'torch': Backend(torch_eager, on_gpu=True),
    # Minutes of compiling in every process, too long for most uses.
    'compile': Backend(torch_compiled, on_gpu=True, is_tried=False),
    'onnxruntime': Backend(
        onnxruntime, ('float32',), ('onnx', 'onnxruntime'), 'deploy'
    ),
    'openvino': Backend(
        openvino, needs=('onnx', 'openvino'), extra='openvino'
    ),
}
