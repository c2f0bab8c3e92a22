# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Measure how large a face may be to gain from being restored.

    python tools/analysis_tools/measure_face_sizes.py MODEL FILE --data FACES

A network that enlarges sees every face at the size of its LR faces. A face
that is larger loses by it what it had more. Here each HR face is reduced to a
face of a known size (Pillow bicubic), restored as in a photo, and compared
with leaving it alone (enlarged by Pillow bicubic). The largest size at which
restoring is better by the mean PSNR is what the facts of a method declare as
the end of its `face_sizes`.
"""

import argparse
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

from mmfacesr.apis.launch import clear_errors
from mmfacesr.apis.restoring.network import FaceNetwork
from mmfacesr.utils.image_folders import list_images
from mmfacesr.utils.images import read_image

BATCH_SIZE = 16
STEPS = (0.5, 0.75, 1.0, 1.125, 1.25, 1.375, 1.5, 1.75, 2.0, 2.5, 3.0)
"""Sizes that are tried, in sides of an LR face."""


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('model', help='name or config of a model')
    parser.add_argument('weights', help='a file, a URL or a name')
    parser.add_argument(
        '--data',
        required=True,
        type=Path,
        metavar='FOLDER',
        help='HR faces, framed as the model expects',
    )
    parser.add_argument(
        '--crop-size',
        type=int,
        metavar='PX',
        help='side of the central square that is the face (default: all)',
    )
    parser.add_argument(
        '--limit', type=int, metavar='N', help='use the first N faces alone'
    )
    return parser.parse_args()


def resize(image: np.ndarray, side: int) -> np.ndarray:
    """Resize by Pillow bicubic in 8 bit."""
    return np.array(Image.fromarray(image).resize((side, side), Image.BICUBIC))


def psnr(image: np.ndarray, truth: np.ndarray, border: int) -> float:
    """RGB, border cut off, not rounded."""
    cut = slice(border, -border or None)
    error = image[cut, cut].astype(np.float64) - truth[cut, cut]
    return float(10 * np.log10(255**2 / np.square(error).mean()))


def load_faces(args: argparse.Namespace, size: int) -> list[np.ndarray]:
    """Read the HR faces."""
    faces = []
    for name in list_images(args.data)[: args.limit]:
        image = read_image(args.data / name)
        side = args.crop_size or min(image.shape[:2])
        top, left = ((length - side) // 2 for length in image.shape[:2])
        faces.append(resize(image[top : top + side, left : left + side], size))
    return faces


def measure(
    network: FaceNetwork, faces: list[np.ndarray], side: int
) -> tuple[float, float]:
    """Mean PSNR of restoring faces of a size, and of leaving them alone."""
    facts = network.facts
    small = [resize(face, side) for face in faces]
    native = network.native_side(side)
    alone = [resize(face, facts.gt_size) for face in small]
    inputs = [
        network.input_of(network.lr_of(resize(face, native))) for face in small
    ]
    restored = []
    for start in range(0, len(inputs), BATCH_SIZE):
        restored += network.restore(inputs[start : start + BATCH_SIZE])
    return tuple(
        float(np.mean([psnr(a, b, facts.scale) for a, b in zip(made, faces)]))
        for made in (restored, alone)
    )


def main() -> None:
    """Measure, and print a table."""
    args = parse_args()
    with clear_errors():
        from mmfacesr.apis import get_model

        model = get_model(args.model, args.weights)
        network = FaceNetwork(model.facts, model)
        faces = load_faces(args, model.facts.gt_size)
        print(
            f'{len(faces)} faces; PSNR in dB, RGB, border '
            f'{model.facts.scale}, not rounded\n'
            '| side | restored | left alone | gain |\n'
            '| --- | --- | --- | --- |'
        )
        better = None
        for step in tqdm(STEPS, disable=None):
            side = round(step * model.facts.lr_size)
            restored, alone = measure(network, faces, side)
            tqdm.write(
                f'| {side} | {restored:.2f} | {alone:.2f} '
                f'| {restored - alone:+.2f} |'
            )
            better = side if restored > alone else better
        print(f'Restoring is better up to a side of {better} pixels.')


if __name__ == '__main__':
    main()
