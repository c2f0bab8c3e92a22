# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Weights: where they come from, how they are read and what they fit.

source -> `sources` (-> `model_index`, `download`) -> `reading` -> `matching`
(-> `layouts`) -> a module. `mmfacesr.checkpoint.load_weights` is the door.
"""
