# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""What was measured as fastest, remembered from run to run."""

import hashlib
import json
import os
import platform
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import torch
from mmengine.logging import print_log
from torch import Tensor, nn

from mmfacesr.utils import replacing
from mmfacesr.version import __version__
from mmfacesr.weights.sources import weights_dir

FILE = 'backends.json'
PACKAGES = ('torch', 'onnx', 'onnxruntime', 'openvino')
CPU_INFO = Path('/proc/cpuinfo')
ISA = 'ONEDNN_MAX_CPU_ISA'  # environment variable that hides instructions


def key_of(network: nn.Module, example: Tensor, names: Sequence[str]) -> str:
    """Hash all that the fastest way depends on; weights do not count.

    Args:
        network (nn.Module): What is run.
        example (Tensor): A batch as is fed.
        names (Sequence[str]): Ways that are tried.

    Returns:
        str: Hexadecimal.
    """
    known = dict(
        network=repr(network),
        shape=list(example.shape),
        names=list(names),
        threads=torch.get_num_threads(),
        processor=processor_of(example.device),
        versions={name: _version(name) for name in PACKAGES},
        mmfacesr=__version__,
    )
    return hashlib.sha256(json.dumps(known).encode()).hexdigest()


def processor_of(device: torch.device) -> list[str]:
    """Name the processor and the instructions it has, or the GPU."""
    if device.type == 'cuda':
        return [torch.cuda.get_device_name(device)]
    found = [platform.machine(), platform.processor(), os.environ.get(ISA, '')]
    if CPU_INFO.exists():
        lines = CPU_INFO.read_text(errors='replace').splitlines()
        for name in ('model name', 'flags', 'Features'):
            found += [line for line in lines if line.startswith(name)][:1]
    return found


def recall(key: str) -> tuple[str, int] | None:
    """Return the name and batch size of what was fastest, if that is known."""
    match _read().get(key):
        case [str(name), int(batch_size)] if batch_size > 0:
            return name, batch_size
    return None


def remember(key: str, name: str, batch_size: int) -> None:
    """Keep what was fastest; a folder that takes no files is no error."""
    try:
        with replacing(weights_dir() / FILE) as temporary:
            text = json.dumps({**_read(), key: [name, batch_size]}, indent=1)
            temporary.write_text(text, encoding='utf-8')
    except OSError as error:
        print_log(f'The choice is not remembered: {error}', 'current')


def _read() -> dict:
    """Read what is kept; what cannot be read is measured again."""
    try:
        text = (weights_dir() / FILE).read_text(encoding='utf-8')
        known = json.loads(text)
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def _version(package: str) -> str:
    """Return the version of a package, '' if it is missing."""
    try:
        return version(package)
    except PackageNotFoundError:
        return ''
