# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Script for several ranks: train.py, of which a signal strikes one rank.

    struck_rank.py FOLDER PLACE RANK SIGNAL [arguments of train.py]

FOLDER gets a file with the process id of each rank before the first
iteration, the file `struck` just before the signal, and what each rank holds
after its third iteration. Places: `iteration`
(between the forward and the backward pass), `validation`, `save` (while the
main process saves), `never`.
"""

import os
import runpy
import signal
import sys
from pathlib import Path

import torch
from mmengine.dist import get_rank
from mmengine.hooks import Hook
from mmengine.model import BaseModel
from mmengine.runner import Runner
from torch import Tensor

FOLDER, PLACE, RANK, SIGNAL = Path(sys.argv[1]), *sys.argv[2:5]
REPO = Path(__file__).resolve().parents[2]
parse_losses = BaseModel.parse_losses


def strike() -> None:
    """End or stop this process, if it is the one."""
    if get_rank() == int(RANK):
        (FOLDER / 'struck').touch()
        os.kill(os.getpid(), getattr(signal, SIGNAL))


class Strike(Hook):
    """Strikes after the second iteration was begun."""

    priority = 'LOWEST'  # after the hook that saves on the main process

    def before_train(self, runner: Runner) -> None:
        (FOLDER / f'rank{get_rank()}').write_text(str(os.getpid()))

    def before_train_iter(
        self, runner: Runner, *args: object, **kwargs: object
    ) -> None:
        if PLACE == 'iteration' and runner.iter == 1:
            BaseModel.parse_losses = strike_and_parse

    def after_train_iter(
        self, runner: Runner, *args: object, **kwargs: object
    ) -> None:
        if PLACE == 'save' and runner.iter == 1:
            strike()
        if runner.iter == 2:
            held = runner.model.state_dict()
            torch.save(held, FOLDER / f'held{get_rank()}.pth')

    def after_val_iter(self, *args: object, **kwargs: object) -> None:
        if PLACE == 'validation':
            strike()


def strike_and_parse(self: BaseModel, losses: dict) -> tuple[Tensor, dict]:
    """Take the place of what lies between the two passes."""
    strike()
    return parse_losses(self, losses)


def main() -> None:
    """Train with the hook."""
    call_hook = Runner.call_hook

    def register_first(self: Runner, name: str, **kwargs: object) -> None:
        if name == 'before_run':
            self.register_hook(Strike())
        call_hook(self, name, **kwargs)

    Runner.call_hook = register_first
    sys.argv[:5] = [str(REPO / 'tools/train.py')]
    runpy.run_path(sys.argv[0], run_name='__main__')


if __name__ == '__main__':
    main()
