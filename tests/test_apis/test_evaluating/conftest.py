# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Two folders of pictures."""

from pathlib import Path

import numpy as np
import pytest

from mmfacesr.utils.images import write_image

NAMES = ('a/one', 'a/two', 'b/one', 'three')


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """Results and ground truth of four faces, 48x40 pixels."""
    rng = np.random.default_rng(1)
    sr, hr = tmp_path / 'sr', tmp_path / 'hr'
    for name in NAMES:
        truth = rng.integers(20, 236, (48, 40, 3), np.uint8)
        noise = rng.integers(-9, 10, truth.shape)
        write_image(hr / f'{name}.png', truth)
        write_image(sr / f'{name}.png', (truth + noise).astype(np.uint8))
    return sr, hr
