# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Other shots are told from motion, noise and light."""

import numpy as np
import pytest
from films import scene

from mmfacesr.faces.cuts import is_cut, thumbnail_of


def shot_changes(before: np.ndarray, after: np.ndarray) -> bool:
    """Whether two frames are of different shots."""
    return is_cut(thumbnail_of(before), thumbnail_of(after))


@pytest.mark.parametrize('seed', range(4))
def test_other_pictures_are_cuts(seed: int) -> None:
    """A dark one too, and one of the same mean and contrast."""
    before, after = scene(seed), scene(seed + 10)
    assert shot_changes(before, after)
    assert shot_changes(before // 8, after // 8)
    assert shot_changes(before, before[::-1])


@pytest.mark.parametrize('seed', range(4))
def test_flash_noise_pan_and_zoom_are_no_cuts(seed: int) -> None:
    whole = scene(seed)
    frame = whole[10:-10, 15:-15]
    noise = np.random.default_rng(0).normal(0, 20, frame.shape)
    brighter = np.clip(frame * 1.4 + 40, 0, 255).astype(np.uint8)
    assert not shot_changes(frame, brighter)
    noisy = np.clip(frame + noise, 0, 255).astype(np.uint8)
    assert not shot_changes(frame, noisy)
    assert not shot_changes(frame, whole[14:-14, 20:-20])
    whole = scene(seed, details=16)
    frame = whole[10:-10, 15:-15]
    assert not shot_changes(frame, whole[10:-10, 28:-2])  # a tenth
