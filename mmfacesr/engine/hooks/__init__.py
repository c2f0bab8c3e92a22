# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
from .plain_checkpoint_hook import PlainCheckpointHook

__all__ = ['PlainCheckpointHook']
