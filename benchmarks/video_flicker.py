# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""How much restored faces of a video flicker, beside the video itself.

Run:  python benchmarks/video_flicker.py [--photo FILE --scale 0.3]

A still group, drawn or of a photo, gets the noise of a camera, is written
without loss, restored by `mmfacesr video`, and read again. Flicker is the
standard deviation over time of a sample of luma, its mean over the boxes of
the restored faces. Enlarged videos are compared with the noisy one enlarged by
Lanczos.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

from mmfacesr.apis.measuring import conditions
from mmfacesr.apis.videos.frames import FramePicture
from mmfacesr.apis.videos.reading import read_frames
from mmfacesr.datasets.synthetic_faces import render_group
from mmfacesr.faces.finder import FaceFinder
from mmfacesr.utils.images import read_image

RATE = 25
EVEN = 2  # sides of a film
CHANGED = 0.5  # of the samples of a face that was restored


def still_picture(args: argparse.Namespace) -> np.ndarray:
    """The picture that does not move, (H, W, 3) uint8."""
    if args.photo is None:
        return render_group(5, 360, 240, 6, (18, 30))[0]
    image = read_image(args.photo)
    image = cv2.resize(
        image, None, fx=args.scale, fy=args.scale, interpolation=cv2.INTER_AREA
    )
    height, width = (side // EVEN * EVEN for side in image.shape[:2])
    return np.ascontiguousarray(image[:height, :width])


def write_noisy(
    path: Path, image: np.ndarray, args: argparse.Namespace
) -> None:
    """Write a film of a picture with noise."""
    rng = np.random.default_rng(0)
    with av.open(path, 'w') as container:
        stream = container.add_stream('ffv1', rate=RATE)
        stream.height, stream.width = image.shape[:2]
        stream.pix_fmt = 'yuv420p'
        for index in range(args.frames):
            noisy = image + rng.normal(0, args.sigma, image.shape)
            noisy = np.rint(noisy.clip(0, 255)).astype(np.uint8)
            frame = av.VideoFrame.from_ndarray(noisy, format='rgb24')
            frame.pts, frame.time_base = index, Fraction(1, RATE)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def luma_of(path: Path, factor: int = 1) -> np.ndarray:
    """The luma of all frames, (T, H, W) float32."""
    pictures = map(FramePicture, read_frames(path))
    frames = [picture.enlarged(factor).frame for picture in pictures]
    return np.stack(
        [
            frame.to_ndarray()[: frame.height].astype(np.float32)
            for frame in frames
        ]
    )


def flicker(luma: np.ndarray, parts: list[tuple[slice, slice]]) -> float:
    """Mean over some boxes of the deviation over time."""
    deviation = luma.std(0, ddof=1)
    return float(np.mean([deviation[part].mean() for part in parts]))


def box_of(points: np.ndarray, factor: int) -> tuple[slice, slice]:
    """Rows and columns of a face in an enlarged frame."""
    low, high = np.round(factor * np.array([points.min(0), points.max(0)]))
    (left, top), (right, bottom) = low.astype(int), high.astype(int)
    return slice(max(0, top), bottom + 1), slice(max(0, left), right + 1)


def measure(
    film: Path, faces: list[np.ndarray], factor: int, extra: list[str]
) -> None:
    """Restore a film in one way and print what it does."""
    out = film.with_name(f'restored_{factor}_{len(extra)}.mkv')
    subprocess.run(
        [
            *(sys.executable, '-m', 'mmfacesr.apis.cli', 'video', str(film)),
            *('-o', str(out), '--codec', 'ffv1', '--upscale', str(factor)),
            *extra,
        ],
        check=True,
        stderr=subprocess.DEVNULL,
    )
    report = json.loads(Path(f'{out}.json').read_bytes())
    shares = [
        f'{p["frames_restored"]}/{report["frames"]}' for p in report['persons']
    ]
    before, after = luma_of(film, factor), luma_of(out)
    changed = (before != after).any(0)
    parts = [box_of(points, factor) for points in faces]
    parts = [part for part in parts if changed[part].mean() > CHANGED]
    values = flicker(before, parts), flicker(after, parts)
    print(
        f'{factor:8} {" ".join(extra) or "-":20} {len(parts):5} '
        f'{values[0]:7.2f} {values[1]:7.2f} {values[1] / values[0]:6.2f}   '
        f'{" ".join(shares)}'
    )


def main() -> None:
    """Print a line for each way of restoring."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument('--photo', help='a photo (default: a drawn group)')
    parser.add_argument(
        '--scale', type=float, default=1.0, help='of the photo'
    )
    parser.add_argument('--frames', type=int, default=50)
    parser.add_argument(
        '--sigma', type=float, default=5.0, help='of the noise'
    )
    args = parser.parse_args()
    print(conditions(f'PyAV {av.__version__}'))
    image = still_picture(args)
    faces = FaceFinder().find(image)
    print(
        f'{args.photo or "drawn"}: {image.shape[1]}x{image.shape[0]}, '
        f'{len(faces)} faces found in the still picture, {args.frames} frames,'
        f' noise {args.sigma} of 255 in RGB'
    )
    print(
        'enlarged options              faces  before   after  ratio   '
        'frames restored, by track'
    )
    with tempfile.TemporaryDirectory() as folder:
        film = Path(folder, 'film.mkv')
        write_noisy(film, image, args)
        for factor in (1, 4):
            for extra in ([], ['--no-back-project']):
                measure(film, faces, factor, extra)


if __name__ == '__main__':
    main()
