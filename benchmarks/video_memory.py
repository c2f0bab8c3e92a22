# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Peak memory of `mmfacesr video` for a short video and a long one.

Run:  OMP_NUM_THREADS=1 python benchmarks/video_memory.py [--seconds 60 600]

The videos show a drawn group that stands still, at 5 frames a second; every
frame is looked at, followed, restored, encoded and joined. Linux.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from mmfacesr.apis.measuring import conditions
from mmfacesr.datasets.synthetic_faces import render_group

RATE = 5


def write_film(path: Path, seconds: int) -> None:
    """Write a video with a little noise, so that no two frames are alike."""
    image = render_group(5, 240, 160, 1, (26, 26))[0]
    rng = np.random.default_rng(0)
    with av.open(path, 'w') as container:
        stream = container.add_stream('libx264', rate=RATE)
        stream.height, stream.width = image.shape[:2]
        stream.pix_fmt = 'yuv420p'
        for index in range(seconds * RATE):
            noisy = image + rng.normal(0, 2, image.shape)
            noisy = np.rint(noisy.clip(0, 255)).astype(np.uint8)
            frame = av.VideoFrame.from_ndarray(noisy, format='rgb24')
            frame.pts, frame.time_base = index, Fraction(1, RATE)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def peak_of(film: Path) -> float:
    """MiB that restoring a video takes at most."""
    out = film.with_name(f'restored_{film.name}')
    process = subprocess.Popen(
        [
            *(sys.executable, '-m', 'mmfacesr.apis.cli', 'video', str(film)),
            *('-o', str(out)),
        ],
        stderr=subprocess.DEVNULL,
    )
    _, status, used = os.wait4(process.pid, 0)
    if status:
        raise RuntimeError(f'mmfacesr video ended with status {status}.')
    return used.ru_maxrss / 1024


def main() -> None:
    """Print a line for each length."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument('--seconds', type=int, nargs='+', default=[60, 600])
    args = parser.parse_args()
    print(conditions(f'PyAV {av.__version__}', f'{RATE} frames a second'))
    first = None
    with tempfile.TemporaryDirectory() as folder:
        for seconds in args.seconds:
            film = Path(folder, f'{seconds}.mp4')
            write_film(film, seconds)
            peak = peak_of(film)
            first = first or peak
            print(f'{seconds:6} s {peak:8.0f} MiB  ratio {peak / first:.3f}')


if __name__ == '__main__':
    main()
