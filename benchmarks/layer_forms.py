# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Layers of the networks in several forms with the same numbers.

    python benchmarks/layer_forms.py
    python benchmarks/layer_forms.py --dtype bfloat16 --batch-size 8

The first form of each layer is that of the network as published. Forms take
turns; given are medians in milliseconds of processor time, and the largest
difference from the first form over the largest output. Convolutions are
packed (`mmfacesr.deploy.packing`), so that only the form differs; one thread.
"""

import argparse
import statistics
import time
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmfacesr.deploy.packing import can_pack, pack
from mmfacesr.models.common.layers import SideBySideConv2d
from mmfacesr.models.sparnet.units import ConvUnit, UnitStyle

Forms = dict[str, Callable[[Tensor], Tensor]]
STRIDE, KERNEL, PADDING = 8, 12, 2  # of DIC's projections


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        '--dtype', choices=('float32', 'bfloat16'), default='float32'
    )
    parser.add_argument('--batch-size', type=int, default=1, metavar='N')
    parser.add_argument(
        '--rounds', type=int, default=15, metavar='N', help='of each form'
    )
    return parser.parse_args()


class Packed:
    """Makes layers that run in a precision, packed.

    Args:
        dtype (torch.dtype): The precision.
    """

    def __init__(self, dtype: torch.dtype) -> None:
        self.dtype = dtype

    def __call__(
        self, layer: nn.Module, example: Tensor | list[Tensor]
    ) -> nn.Module:
        """Pack a layer for inputs like an example."""
        holder = nn.Sequential(layer).eval()
        if torch.is_tensor(example):
            example = example.float()
        else:
            example = [x.float() for x in example]
        pack(holder, example, self.dtype)
        return holder.to(self.dtype)


def upward(x: Tensor, packed: Packed) -> Forms:
    """DIC's transposed convolution, x (N, 48, 32, 32)."""
    channels = x.shape[1]
    sizes = (channels, channels, KERNEL, STRIDE, PADDING)
    conv = nn.ConvTranspose2d(*sizes, bias=False)
    cell = nn.Conv2d(channels, channels * STRIDE**2, 3, padding=1, bias=False)
    kernel = torch.zeros(channels, STRIDE, STRIDE, channels, 3, 3)
    # (output pixel in a cell, offset of the input pixel, place in the kernel)
    places = [
        (pixel, offset, pixel + PADDING - STRIDE * (offset - 1))
        for pixel in range(STRIDE)
        for offset in range(3)
    ]
    places = [place for place in places if 0 <= place[2] < KERNEL]
    for p, i, row in places:
        for q, j, column in places:
            kernel[:, p, q, :, i, j] = conv.weight[..., row, column].T
    cell.weight.copy_(kernel.view_as(cell.weight))
    cell = packed(cell, x)
    return {
        'transposed convolution': packed(conv, x),
        'convolution, pixel shuffle': lambda x: F.pixel_shuffle(
            cell(x), STRIDE
        ),
    }


def downward(x: Tensor, packed: Packed) -> Forms:
    """DIC's strided convolution, x (N, 48, 256, 256)."""
    channels = x.shape[1]
    conv = nn.Conv2d(channels, channels, KERNEL, STRIDE, PADDING, bias=False)
    cell = nn.Conv2d(channels * STRIDE**2, channels, 3, padding=1, bias=False)
    # The kernel, in the middle of three cells.
    margin = STRIDE - PADDING
    kernel = F.pad(conv.weight, (margin, 3 * STRIDE - KERNEL - margin) * 2)
    kernel = F.pixel_unshuffle(kernel, STRIDE)
    cell.weight.copy_(kernel)
    cell = packed(cell, F.pixel_unshuffle(x, STRIDE))
    return {
        'strided convolution': packed(conv, x),
        'pixel unshuffle, convolution': lambda x: cell(
            F.pixel_unshuffle(x, STRIDE)
        ),
    }


def joining(x: Tensor, packed: Packed) -> Forms:
    """DIC's convolution of maps side by side, here four x."""
    maps = [x] * 4
    conv = SideBySideConv2d(len(maps), x.shape[1], x.shape[1])
    joined = nn.Conv2d(conv.in_channels, conv.out_channels, 1)
    joined.load_state_dict(conv.state_dict())
    joined = packed(joined, torch.cat(maps, dim=1))
    summed = packed(conv.plain(), maps)
    return {
        'concatenation, 1x1 convolution': lambda x: joined(
            torch.cat([x] * 4, dim=1)
        ),
        'sum of convolutions': lambda x: summed([x] * 4),
    }


def enlarging(x: Tensor, packed: Packed) -> Forms:
    """SPARNet's unit that doubles, x (N, 64, 64, 64)."""
    unit = ConvUnit(x.shape[1], x.shape[1], UnitStyle(), 'up')
    folded = unit.plain()
    return {
        'nearest, reflection pad, convolution': packed(unit, x),
        'transposed convolution': packed(folded, x),
    }


def reflecting(x: Tensor, packed: Packed) -> Forms:
    """SPARNet's padding, x (N, 64, 128, 128)."""
    side = x.shape[-1]
    order = torch.tensor([1, *range(side), side - 2])
    return {
        'reflection pad': lambda x: F.pad(x, (1, 1, 1, 1), mode='reflect'),
        'rows, columns by index': lambda x: x.index_select(
            2, order
        ).index_select(3, order),
    }


def attending(x: Tensor, packed: Packed) -> Forms:
    """ELSFace's attention in windows, x (windows, 6 heads, 64, 10)."""
    bias = torch.randn(1, *x.shape[1:3], x.shape[2]).to(x)
    scale = x.shape[-1] ** -0.5
    return {
        'matrix products, softmax': lambda x: (
            (x * scale @ x.transpose(-2, -1) + bias).softmax(-1) @ x
        ),
        'scaled_dot_product_attention': lambda x: (
            F.scaled_dot_product_attention(
                x, x, x, bias.expand(len(x), -1, -1, -1)
            )
        ),
    }


CASES = (
    (upward, (48, 32, 32)),
    (downward, (48, 256, 256)),
    (joining, (48, 256, 256)),
    (enlarging, (64, 64, 64)),
    (reflecting, (64, 128, 128)),
    (attending, (64 * 6, 64, 10)),
)


def compare(forms: Forms, x: Tensor, rounds: int) -> None:
    """Print a line of the table for each form."""
    wanted = next(iter(forms.values()))(x).float()
    seconds: dict[str, list[float]] = {name: [] for name in forms}
    errors = {
        name: (form(x).float() - wanted).abs().max() / wanted.abs().max()
        for name, form in forms.items()
    }
    for _ in range(rounds):
        for name, form in forms.items():
            start = time.process_time()
            form(x)
            seconds[name].append(time.process_time() - start)
    for name, times in seconds.items():
        middle = 1000 * statistics.median(times)
        print(f'| {name} | {middle:.2f} | {errors[name]:.1e} |', flush=True)


@torch.no_grad()
def main() -> None:
    """Measure, and print a table for each layer."""
    args = parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    dtype = getattr(torch, args.dtype)
    if not can_pack('cpu', dtype):
        raise SystemExit(f'Expected a PyTorch with oneDNN for {args.dtype}.')
    print(f'torch {torch.__version__}, {args.dtype}, batch {args.batch_size}')
    for case, shape in CASES:
        x = torch.randn(args.batch_size, *shape).to(dtype)
        if case is attending:  # an image has 64 windows
            x = x.unflatten(1, (-1, 6)).flatten(0, 1)
        x = x.contiguous(memory_format=torch.channels_last)
        print(
            f'\n{case.__doc__}\n\n| form | ms | difference |\n'
            '| --- | --- | --- |'
        )
        compare(case(x, Packed(dtype)), x, args.rounds)


if __name__ == '__main__':
    main()
