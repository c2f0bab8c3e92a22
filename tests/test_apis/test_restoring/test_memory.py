# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Memory for a picture of 100 megapixels, from file to file."""

import os
import subprocess
import sys
from pathlib import Path

import icc_profiles
import numpy as np
import pytest
from camera_exif import camera_exif
from PIL import Image

from mmfacesr.datasets.synthetic_faces import render_face

from .conftest import HD_MODEL

SIDE = 10_000
DECODED = SIDE * SIDE * 3  # bytes
FACE = 400
MOST = 3  # times the decoded picture
RESTORE = """
import sys
import numpy as np
from mmfacesr.apis import FaceSRInferencer

def bytes_of(name):
    with open('/proc/self/status') as file:
        (line,) = (line for line in file if line.startswith(name))
    return int(line.split()[1]) * 1024

def darken(face):
    return 0.9 * face

model, warm_up, given, made = sys.argv[1:]
restore = FaceSRInferencer(model, network=darken, show_progress=False)
assert restore(warm_up)[0].faces
before = bytes_of('VmRSS')
(result,) = restore(given)
result.save(made)
assert all(face.restored for face in result.faces)
print(len(result.faces), bytes_of('VmHWM') - before)
"""


@pytest.fixture
def portraits() -> list[np.ndarray]:
    """Five different ones."""
    return [render_face(seed, FACE, 'aligned')[0] for seed in range(5)]


@pytest.mark.slow
def test_a_picture_of_100_megapixels_with_50_faces(
    portraits: list[np.ndarray], repo: Path, tmp_path: Path
) -> None:
    """It lies on its side and is not in sRGB: both ask for copies."""
    pytest.importorskip('mediapipe.python.solutions')
    if not Path('/proc/self/status').exists():
        pytest.skip('the peak of a process is read from /proc')
    paths = [tmp_path / name for name in ('a.jpg', 'large.jpg', 'made.jpg')]
    Image.fromarray(portraits[0]).save(paths[0])
    picture = np.full((SIDE, SIDE, 3), 120, np.uint8)
    for index in range(50):
        row, column = (300 + SIDE // 10 * i for i in divmod(index, 10))
        place = picture[row : row + FACE, column : column + FACE]
        place[...] = portraits[index % 5]
    Image.fromarray(np.rot90(picture)).save(
        paths[1], exif=camera_exif(6), icc_profile=icc_profiles.display_p3()
    )
    del picture
    done = subprocess.run(
        [sys.executable, '-c', RESTORE, HD_MODEL, *paths],
        env={**os.environ, 'PYTHONPATH': str(repo), 'OMP_NUM_THREADS': '1'},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    faces, peak = map(int, done.stdout.split()[-2:])
    assert faces == 50
    assert Image.open(paths[2]).size == (SIDE, SIDE)
    # It is held decoded at least once; less would not be measured right.
    assert DECODED < peak < MOST * DECODED
