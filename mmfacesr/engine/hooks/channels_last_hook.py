# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Memory layout of the weights."""

import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmfacesr.registry import HOOKS


@HOOKS.register_module()
class ChannelsLastHook(Hook):
    """Keep four-dimensional weights channels-last.

    Convolutions then run channels-last as well; how much that gains depends
    on the network and the machine. Put it into a config by the setting
    ``channels_last = True``.
    """

    def before_run(self, runner: Runner) -> None:
        """Change the layout before the first iteration."""
        runner.model.to(memory_format=torch.channels_last)
