# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""CPU time of the blind degradation beside that of reading a face.

Run:  OMP_NUM_THREADS=1 python benchmarks/degradation_speed.py

One thread, synthetic faces. Times are CPU seconds of the process, so that
other load on the machine changes them little.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import PIL
from PIL import Image

from mmfacesr.apis.measuring import conditions
from mmfacesr.datasets.blind_steps import STEPS
from mmfacesr.datasets.synthetic_faces import render_face
from mmfacesr.datasets.transforms import (
    DegradeBlindly,
    LoadFaceImage,
    ResizeFace,
)
from mmfacesr.utils.images import write_image

SIDE = 512
LARGE_SIDE = 1024  # of the files of FFHQ
SLOW_STEPS = [
    ('gaussian_blur', dict(sigma=15.0)),
    ('average_blur', dict(size=15)),
    ('median_blur', dict(size=15)),
    ('motion_blur', dict(size=25, angle=30.0, direction=0.3)),
]


def milliseconds(call: Callable[[int], object], repeats: int) -> np.ndarray:
    """CPU milliseconds of each of several calls, after one to warm up."""
    call(0)
    times = []
    for index in range(repeats):
        start = time.process_time()
        call(index)
        times.append(1e3 * (time.process_time() - start))
    return np.array(times)


def show(name: str, times: np.ndarray) -> None:
    """Print mean, median and 95 % of the times of one part."""
    mean, median = times.mean(), np.median(times)
    print(
        f'{name:44} {mean:7.1f} {median:7.1f} {np.percentile(times, 95):7.1f}'
    )


def read_and_resize(path: Path) -> Callable[[int], object]:
    """Read a file and make it a face of 512 pixels."""
    load, resize = LoadFaceImage(), ResizeFace(SIDE)
    return lambda _: resize(load(dict(gt_path=str(path))))


def measure(faces: int, repeats: int) -> None:
    """Measure and print every part."""
    images = [render_face(seed, SIDE)[0] for seed in range(faces)]
    large = render_face(0, LARGE_SIDE)[0]
    degrade = DegradeBlindly()
    print(f'{"CPU milliseconds":44} {"mean":>7} {"median":>7} {"95 %":>7}')
    np.random.seed(0)
    show(
        f'blind degradation, {SIDE} pixels',
        milliseconds(lambda i: degrade(dict(gt=images[i % faces])), repeats),
    )
    for name, arguments in SLOW_STEPS:
        values = ' '.join(f'{key} {value}' for key, value in arguments.items())
        step = STEPS[name]
        times = milliseconds(
            lambda i, step=step, arguments=arguments: step(
                images[i % faces], **arguments
            ),
            repeats // 10,
        )
        show(f'  its {name}, {values}', times)
    with tempfile.TemporaryDirectory() as folder:
        png, jpeg = Path(folder, 'face.png'), Path(folder, 'face.jpg')
        write_image(png, large)
        Image.fromarray(large).save(jpeg, quality=95)
        for path in (png, jpeg):
            show(
                f'read {path.suffix[1:].upper()} of {LARGE_SIDE}, resize',
                milliseconds(read_and_resize(path), repeats // 10),
            )


def main() -> None:
    """Measure from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--faces', type=int, default=8)
    parser.add_argument('--repeats', type=int, default=400)
    args = parser.parse_args()
    cv2.setNumThreads(0)
    print(
        conditions(
            '1 thread',
            f'OpenCV {cv2.__version__}',
            f'Pillow {PIL.__version__}',
            f'NumPy {np.__version__}',
            f'{args.faces} synthetic faces',
            f'{args.repeats} draws',
            'seed 0',
        )
        + f'; single steps and files {args.repeats // 10} times'
    )
    measure(args.faces, args.repeats)


if __name__ == '__main__':
    main()
