# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Count what a config's networks keep for the backward pass.

    python benchmarks/training_memory.py CONFIG
    python benchmarks/training_memory.py CONFIG --batch 2
        --cfg-options with_cp=True

Tensors that autograd keeps from one forward pass in training, in float32,
counted on the meta device: nothing is computed, and no GPU is needed. Weights
are counted apart. With checkpointing a unit keeps its own tensors while it
is computed again: the largest one is said. Not counted are gradients,
workspaces of libraries and what an allocator wastes.
"""

import argparse
import sys
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn

from mmfacesr.apis.config import load_config
from mmfacesr.apis.launch import add_cfg_options, clear_errors
from mmfacesr.models.common.checkpointing import recomputed_units

GIB = 2**30
FLOAT_BYTES = 4
# Weights, gradients and Adam's two moments.
COPIES_IN_TRAINING = 4


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('config', help='config file, or the name of one')
    parser.add_argument(
        '--batch', type=int, help="images (default: the config's batch size)"
    )
    add_cfg_options(parser)
    return parser.parse_args()


def kept_bytes(network: nn.Module, forward: Callable[[], object]) -> int:
    """Bytes that autograd keeps of a forward pass, weights left out."""
    weights = {p.untyped_storage()._cdata for p in network.parameters()}
    kept: dict[int, Tensor] = {}  # holds them, so that no address returns

    def pack(tensor: Tensor) -> Tensor:
        address = tensor.untyped_storage()._cdata
        if address not in weights:
            kept[address] = tensor
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda x: x):
        forward()
    return sum(t.untyped_storage().nbytes() for t in kept.values())


def largest_recomputed(network: nn.Module, image: Tensor) -> int:
    """Bytes of the unit that keeps most while it is computed again."""
    inputs: list[tuple[nn.Module, tuple]] = []
    handles = [
        unit.register_forward_pre_hook(lambda *call: inputs.append(call))
        for unit in recomputed_units(network)
    ]
    network(image)
    for handle in handles:
        handle.remove()
    return max(
        kept_bytes(unit, partial(type(unit).forward, unit, *args))
        for unit, args in inputs
    )


def main() -> None:
    """Count and print."""
    args = parse_args()
    with clear_errors():
        cfg = load_config(args.config, args.cfg_options, import_modules=False)
        import mmfacesr.models  # noqa: F401 (registers the networks)
        from mmfacesr.registry import MODELS

        batch = args.batch or cfg.train_dataloader.batch_size
        lines = []
        for part in ('generator', 'discriminator'):
            if part not in cfg.model:
                continue
            with torch.device('meta'):
                network = MODELS.build(cfg.model[part]).train()
                side = cfg.gt_size // cfg.get('scale', 1)
                if not network.size_requirement.allows(side, side):
                    side = cfg.gt_size  # fed with the enlarged face
                image = torch.empty(batch, 3, side, side)
            weights = sum(p.numel() for p in network.parameters())
            weights *= FLOAT_BYTES * COPIES_IN_TRAINING
            kept = kept_bytes(network, lambda: network(image))  # noqa: B023
            lines.append(
                f'{part}: {batch} x 3 x {side} x {side}, kept '
                f'{kept / GIB:.2f} GiB; weights, gradients and moments '
                f'{weights / GIB:.2f} GiB'
            )
            if recomputed_units(network):
                again = largest_recomputed(network, image) / GIB
                lines.append(f'  largest unit computed again: {again:.2f} GiB')
        sys.stdout.write('\n'.join(lines) + '\n')


if __name__ == '__main__':
    main()
