# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""A restorer whose generator is run in another way."""

from collections.abc import Callable

from torch import Tensor, nn


class StandIn(nn.Module):
    """Takes the place of a restorer's generator in evaluation.

        restorer.generator = StandIn(optimize(network), 16)

    Args:
        run (Callable): Maps (N, 3, side, side) to the image that the
            generator makes of it, (N, 3, H, W), both normalized, such as
            what :func:`mmfacesr.deploy.optimize` returns.
        side (int): Of the inputs that it was measured on.
    """

    def __init__(self, run: Callable[[Tensor], Tensor], side: int) -> None:
        super().__init__()
        self.run = run
        self.side = side

    def forward(self, batch: Tensor, **asked: object) -> Tensor:
        """Restore a batch.

        Args:
            batch (Tensor): (N, 3, side, side), normalized.
            **asked: How a restorer asks its generator for the image alone.

        Returns:
            Tensor: (N, 3, H, W), normalized.

        Raises:
            ValueError: If the batch is of another size.
        """
        height, width = batch.shape[-2:]
        if (height, width) != (self.side, self.side):
            raise ValueError(
                f'Expected inputs of {self.side}x{self.side} pixels, on which '
                f'the way to run the network was measured, got '
                f'{width}x{height}; leave out --fast and --backend.'
            )
        return self.run(batch)
