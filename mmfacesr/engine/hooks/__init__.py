# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Hooks that the configs name."""

from mmfacesr.engine.hooks.channels_last_hook import ChannelsLastHook
from mmfacesr.engine.hooks.comparison_sheet_hook import ComparisonSheetHook
from mmfacesr.engine.hooks.compile_hook import CompileHook
from mmfacesr.engine.hooks.gradient_norm_hook import GradientNormHook
from mmfacesr.engine.hooks.iteration_seed_hook import IterationSeedHook
from mmfacesr.engine.hooks.load_weights_hook import LoadWeightsHook
from mmfacesr.engine.hooks.plain_checkpoint_hook import PlainCheckpointHook
from mmfacesr.engine.hooks.resume_hook import ResumeHook
from mmfacesr.engine.hooks.start_check_hook import StartCheckHook
from mmfacesr.engine.hooks.training_guard_hook import TrainingGuardHook

__all__ = [
    'ChannelsLastHook',
    'ComparisonSheetHook',
    'CompileHook',
    'GradientNormHook',
    'IterationSeedHook',
    'LoadWeightsHook',
    'PlainCheckpointHook',
    'StartCheckHook',
    'TrainingGuardHook',
    'ResumeHook',
]
