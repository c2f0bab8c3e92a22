# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Time of ELSFace's sharp loss beside that of its blur as convolutions.

Run:  python benchmarks/sharp_loss_speed.py

Forward and backward pass, on a GPU where there is one. Rounds of the three
ways take turns; the fastest round of each counts, the ratio is to the loss as
it is built in. All three give the same value.
"""

import argparse
import time
from collections.abc import Callable

import torch
import torch.nn.functional as F
from mmengine.device import get_device
from torch import Tensor

from mmfacesr.apis.measuring import conditions
from mmfacesr.models.elsface.sharp_loss import SharpLoss, gaussian_taps

SIZES = [(2, 128), (16, 128), (2, 256)]  # images and their side
RADIUS = 25
TAPS = 2 * RADIUS + 1


def by_convolutions(error: Tensor, *kernels: Tensor) -> Tensor:
    """The loss of a difference (N, 3, H, W), blurred by each kernel."""
    blurred = F.pad(error, (RADIUS,) * 4, mode='reflect')
    for kernel in kernels:
        blurred = F.conv2d(blurred, kernel.expand(3, 1, -1, -1), groups=3)
    return (1.5 * error - 0.5 * blurred).abs().mean()


def seconds(loss: Callable[[Tensor], Tensor], error: Tensor) -> float:
    """Of one forward and backward pass."""
    wait = torch.cuda.synchronize if error.is_cuda else lambda: None
    wait()
    start = time.perf_counter()
    loss(error).backward()
    wait()
    return time.perf_counter() - start


def measure(count: int, side: int, rounds: int) -> None:
    """Print the times for one size."""
    torch.manual_seed(0)
    device = get_device()
    error = torch.randn(count, 3, side, side, device=device) / 10
    error.requires_grad_()
    taps = gaussian_taps(TAPS).float().to(device)
    column, row = taps.view(1, 1, -1, 1), taps.view(1, 1, 1, -1)
    built_in, zero = SharpLoss(), torch.zeros_like(error)
    ways = {
        'built in': lambda x: built_in(x, zero),
        'two depth-wise convolutions': lambda x: by_convolutions(
            x, column, row
        ),
        'one convolution of 51x51': lambda x: by_convolutions(x, column * row),
    }
    wanted = built_in(error, zero)
    for loss in ways.values():
        torch.testing.assert_close(loss(error), wanted)
    times = {name: [] for name in ways}
    for _ in range(rounds):
        for name, loss in ways.items():
            times[name].append(seconds(loss, error))
    for name, values in times.items():
        ratio = min(values) / min(times['built in'])
        print(
            f'{count:3} x 3 x {side} x {side}  {name:28} '
            f'{1e3 * min(values):8.2f} ms {ratio:6.1f}'
        )


def main() -> None:
    """Measure from the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('--rounds', type=int, default=10)
    args = parser.parse_args()
    print(
        conditions(
            get_device(),
            f'{torch.get_num_threads()} threads',
            'noise, seed 0',
            f'{args.rounds} rounds',
        )
    )
    for count, side in SIZES:
        measure(count, side, args.rounds)


if __name__ == '__main__':
    main()
