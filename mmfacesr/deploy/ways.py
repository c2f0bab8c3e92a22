# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Ways to run a network, and the one that was chosen."""

from dataclasses import dataclass, field

from torch import Tensor

from mmfacesr.deploy.backends import Run


@dataclass
class Way:
    """A way to run a network, and what is known of it.

    Args:
        name (str): Of the backend and its precision.
        run (Callable | None): Runs it; None if it cannot.
        agreement (float | None): Of the worst face with the network, see
            `mmfacesr.deploy.verification.compare`.
        seconds (float | None): Median of a batch.
        reason (str): Why it is not used; '' if it can be.
    """

    name: str
    run: Run | None = None
    agreement: float | None = None
    seconds: float | None = None
    reason: str = ''

    def agreement_text(self) -> str:
        """The agreement for people; PSNR is above 1, differences below."""
        if self.agreement is None:
            return '-'
        return f'{self.agreement:.3g}{" dB" if self.agreement > 1 else ""}'


@dataclass
class OptimizedNetwork:
    """Maps what the network maps, (N, 3, h, w) to (N, 3, H, W).

    Args:
        chosen (Way): How.
        batch_size (int): At which a face takes least.
        ways (list[Way]): All that were measured; empty where the choice was
            remembered.
        timed (int): Faces in the batch that they were timed on.
    """

    chosen: Way
    batch_size: int
    ways: list[Way] = field(default_factory=list)
    timed: int = 1

    def __call__(self, batch: Tensor) -> Tensor:
        """Restore a batch."""
        return self.chosen.run(batch)

    def to_dict(self) -> dict[str, str]:
        """Say for a report how the network is run, and how well it agrees."""
        way = self.chosen
        if way.agreement is None:
            agreement = 'the same'
        elif way.agreement > 1:
            agreement = f'at least {way.agreement_text()}'
        else:
            agreement = f'off by at most {way.agreement_text()} of the range'
        return dict(way=way.name, agreement=agreement)

    def explain(self) -> str:
        """Show what was measured, as a Markdown table."""
        if not self.ways:
            return f'{self.chosen.name}: chosen by an earlier measurement.'
        base = self.ways[0].seconds
        lines = [
            f'| way | ms a face (batch of {self.timed}) | speed '
            '| agreement | |',
            '| --- | --- | --- | --- | --- |',
        ]
        for way in self.ways:
            cells = ['-', '-', way.agreement_text()]
            if way.seconds is not None:
                cells[0] = f'{1000 * way.seconds / self.timed:.1f}'
                cells[1] = f'{base / way.seconds:.2f}x'
            said = 'chosen' if way is self.chosen else way.reason
            lines.append(f'| {way.name} | {" | ".join(cells)} | {said} |')
        lines.append(f'\nFastest in batches of {self.batch_size}.')
        return '\n'.join(lines)
