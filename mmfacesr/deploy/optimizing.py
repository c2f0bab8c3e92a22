# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""The fastest way to run a network on this machine, by measurement."""

import copy
from collections.abc import Callable
from functools import cache

import torch
from mmengine.logging import print_log
from torch import Tensor, nn

from mmfacesr.apis.face_network import FaceNetwork, ImageNetwork
from mmfacesr.deploy.backends import BACKENDS, DTYPES, Run
from mmfacesr.deploy.choices import key_of, recall, remember
from mmfacesr.deploy.timing import ROUNDS, median_seconds
from mmfacesr.deploy.verification import (
    BATCH_SIZES,
    ExportMismatchError,
    compare,
    draw_inputs,
)
from mmfacesr.deploy.ways import OptimizedNetwork, Way
from mmfacesr.engine.optim_wrappers import has_native_bfloat16
from mmfacesr.models.common.folding import fold

AS_IT_IS = 'as it is'
BATCH_CHOICES = (1, 4, 16)
BATCH_ROUNDS = 5
NUM_FACES = 12  # that outputs are compared on: batches of 8, 3 and 1


def optimize(
    network: nn.Module,
    example: Tensor | None = None,
    dtype: str = 'auto',
    backend: str = 'auto',
    *,
    is_remembered: bool = True,
    anew: bool = False,
    rounds: int = ROUNDS,
    show_progress: bool = False,
) -> OptimizedNetwork:
    """Find the fastest way to run a network here that restores the same.

    Each way is compared with the network on drawn faces, the worst counts: in
    float32 at most 1e-4 of the range of the outputs, in reduced precision at
    least 50 dB. Those that agree are timed in turns. The winner is remembered
    for this network, shape, number of threads, processor and versions.

    Args:
        network (nn.Module): As `get_model` returns it; it is not changed.
        example (Tensor | None): A batch (N, 3, h, w) as will be fed, on the
            device where it will be. Defaults to None: 8 drawn faces, on the
            network's.
        dtype (str): 'float32' keeps the precision, 'bfloat16' wants the
            reduced one, 'auto' takes the faster of those that the processor
            computes in itself. Defaults to 'auto'.
        backend (str): 'torch', 'compile', 'onnxruntime', 'openvino', or
            'auto' for the fastest of those that are installed but
            'compile', which takes minutes in every process. Defaults to
            'auto'.
        is_remembered (bool): Look for an earlier choice, and keep this one.
            Defaults to True.
        anew (bool): Do not look for an earlier choice. Defaults to False.
        rounds (int): Runs of each way. Defaults to 30.
        show_progress (bool): Defaults to False.

    Returns:
        OptimizedNetwork: Two threads may use it at once.

    Raises:
        ValueError: If an argument is none of these, the network restores no
            faces, or the backend that is asked for cannot run it or
            computes something else.
        ImportError: If the package of that backend is missing.
    """
    _check_arguments(network, dtype, backend)
    device = next(network.parameters()).device
    network = copy.deepcopy(network).eval() if network.training else network
    faces = FaceNetwork(network.facts, network, str(device))
    inputs = draw_inputs(faces, NUM_FACES)
    example = inputs[: BATCH_SIZES[0]] if example is None else example
    names = _names(dtype, backend, example.device.type)
    wanted_of = _remembering(faces.network)
    # Once for all ways, and only where one is tried.
    folded = cache(lambda: fold(faces.network, example[:1]))

    def try_way(name: str) -> Way:
        return _try(name, faces.network, folded, example, wanted_of, inputs)

    key = key_of(network, example, names)
    known = recall(key) if is_remembered and not anew else None
    if known and known[0] in names:
        way = try_way(known[0])
        if not way.reason:
            return OptimizedNetwork(way, known[1])
    ways = [try_way(name) for name in names]
    usable = {way.name: way for way in ways if not way.reason}
    if backend != 'auto' and len(usable) == 1:
        raise ValueError(
            f'Expected a network that backend {backend} runs, got '
            f'{"; ".join(f"{w.name}: {w.reason}" for w in ways if w.reason)}. '
            'Choose another backend, or auto.'
        )
    seconds = median_seconds(
        {name: way.run for name, way in usable.items()},
        example,
        rounds,
        show_progress,
    )
    for name, value in seconds.items():
        usable[name].seconds = value
    asked = usable.values() if backend == 'auto' else ways[1:]
    best = min(
        (way for way in asked if way.seconds), key=lambda way: way.seconds
    )
    batch_size = _fastest_batch(best.run, example, rounds)
    if is_remembered:
        remember(key, best.name, batch_size)
    return OptimizedNetwork(best, batch_size, ways, len(example))


def _fastest_batch(run: Run, example: Tensor, rounds: int) -> int:
    """Find the batch size at which a face takes least."""
    batches = {
        size: example.repeat(-(-size // len(example)), 1, 1, 1)[:size]
        for size in BATCH_CHOICES
    }
    seconds = median_seconds(
        {size: lambda _, x=x: run(x) for size, x in batches.items()},
        example,
        min(rounds, BATCH_ROUNDS),
    )
    return min(seconds, key=lambda size: seconds[size] / size)


def _check_arguments(network: nn.Module, dtype: str, backend: str) -> None:
    """Refuse what cannot be optimized."""
    for name, value, known in (
        ('dtype', dtype, ('auto', *DTYPES)),
        ('backend', backend, ('auto', *BACKENDS)),
    ):
        if value not in known:
            raise ValueError(f'Expected a {name} of {known}, got {value!r}.')
    if getattr(network, 'facts', None) is None:
        raise ValueError(
            'Expected a network that restores faces, as get_model returns '
            f'it, got {type(network).__name__} without facts.'
        )
    if backend == 'auto':
        return
    kind = BACKENDS[backend]
    if missing := kind.missing():
        raise ImportError(
            f'Expected {" and ".join(missing)} for backend {backend}, found '
            f"none; run pip install 'mmfacesr[{kind.extra}]'."
        )
    if dtype not in ('auto', *kind.dtypes):
        raise ValueError(
            f'Expected a dtype of {kind.dtypes} for backend {backend}, got '
            f'{dtype!r}.'
        )


def _names(dtype: str, backend: str, device: str) -> list[str]:
    """Name the ways to try; first the network as it is."""
    found, precisions = [AS_IT_IS], (dtype,)
    if dtype == 'auto':
        # Where a CPU imitates bfloat16, one run takes many times as long.
        is_native = device != 'cpu' or has_native_bfloat16()
        precisions = tuple(DTYPES) if is_native else ('float32',)
    for name, kind in BACKENDS.items():
        if backend not in ('auto', name) or kind.missing():
            continue
        if backend == 'auto' and not kind.is_tried:
            continue
        if device == 'cpu' or kind.on_gpu:
            found += [
                f'{name} {precision}'
                for precision in kind.dtypes
                if precision in precisions
            ]
    return found


def _remembering(network: ImageNetwork) -> Callable[[Tensor], Tensor]:
    """The network, run once on each batch of the drawn faces."""
    known: dict[tuple[int, int], Tensor] = {}

    def wanted_of(batch: Tensor) -> Tensor:
        place = batch.data_ptr(), len(batch)
        if place not in known:
            known[place] = network(batch).cpu()
        return known[place]

    return wanted_of


def _try(
    name: str,
    network: ImageNetwork,
    folded: Callable[[], nn.Module],
    example: Tensor,
    wanted_of: Callable[[Tensor], Tensor],
    inputs: Tensor,
) -> Way:
    """Make a way to run a network, and compare it with the network."""
    if name == AS_IT_IS:
        return Way(name, torch.no_grad()(network))
    kind, dtype = name.split()
    way = Way(name)
    try:
        run = BACKENDS[kind].make(folded(), example, dtype)
        exact = 'fp32' if dtype == 'float32' else 'fp16'
        way.agreement = compare(
            wanted_of, lambda x: run(x).cpu(), inputs, BATCH_SIZES, exact
        )
        way.run = run
    except ExportMismatchError as error:
        way.reason = str(error)
    except Exception as error:  # runtimes and compilers raise any
        text = f'{type(error).__name__}: {error}'.strip()
        way.reason = text.splitlines()[0]
        print_log(f'{name}: {text}', 'current')
    return way
