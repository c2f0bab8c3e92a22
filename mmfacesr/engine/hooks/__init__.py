# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Hooks that the configs name."""

from .channels_last_hook import ChannelsLastHook
from .comparison_sheet_hook import ComparisonSheetHook
from .epoch_seed_hook import EpochSeedHook
from .foreground_weight_hook import ForegroundWeightHook
from .generator_ema_hook import GeneratorEMAHook
from .load_weights_hook import LoadWeightsHook
from .plain_checkpoint_hook import PlainCheckpointHook
from .pretrained_hourglass_hook import PretrainedHourglassHook
from .progressive_step_hook import LastStepCheckpointHook, ProgressiveStepHook
from .resume_hook import ResumeHook
from .start_check_hook import StartCheckHook
from .training_guard_hook import TrainingGuardHook

__all__ = [
    'ChannelsLastHook',
    'ComparisonSheetHook',
    'EpochSeedHook',
    'ForegroundWeightHook',
    'GeneratorEMAHook',
    'LastStepCheckpointHook',
    'LoadWeightsHook',
    'PlainCheckpointHook',
    'PretrainedHourglassHook',
    'ProgressiveStepHook',
    'StartCheckHook',
    'TrainingGuardHook',
    'ResumeHook',
]
