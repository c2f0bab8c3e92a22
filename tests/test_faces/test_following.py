# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Drawn faces followed by the real finder."""

import numpy as np
import pytest

from mmfacesr.datasets.synthetic_faces import render_face
from mmfacesr.faces.finder import FaceFinder
from mmfacesr.faces.tracking import FaceTracker


@pytest.mark.parametrize('turn', [0, 1])
def test_drawn_faces_that_move(turn: int) -> None:
    """Two faces as the real finder sees them; turned as by a phone too."""
    pytest.importorskip('mediapipe.python.solutions')
    finder = FaceFinder()
    drawn = [render_face(seed, 160, 'aligned') for seed in (1, 2)]
    tracker, found = FaceTracker(finder), []
    for k in range(6):
        photo = np.full((300, 460, 3), 120, np.uint8)
        starts = [(20 + 4 * k, 60), (260 - 4 * k, 80 + 2 * k)]
        for (portrait, _), (x, y) in zip(drawn, starts):
            photo[y : y + 160, x : x + 160] = portrait
        seen = tracker.observe(np.rot90(photo, turn), k / 25)
        assert seen.searched == seen.cut == (k == 0)
        assert len(seen.faces) == 2
        for (_, points), start in zip(drawn, starts):
            truth = points + start
            if turn:  # counterclockwise
                x, y = truth.T
                truth = np.stack([y, 460 - 1 - x], 1)
            eyes = np.linalg.norm(truth[36] - truth[45])
            errors = {
                n: np.linalg.norm(p - truth, axis=1).mean() / eyes
                for n, p in seen.faces.items()
            }
            assert min(errors.values()) < 0.15
            found.append(min(errors, key=errors.get))
    assert found == found[:2] * 6 and found[0] != found[1]
