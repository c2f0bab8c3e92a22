# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Measure how large a face may be to gain from being restored.

    python tools/analysis_tools/measure_face_sizes.py MODEL FILE --data FACES

A network that enlarges sees every face at the size of its LR faces; the more
a face shows, the less the network can add. Here each HR face is reduced to a
face of a known size (Pillow bicubic), restored as in a photo, and compared
with leaving it alone (enlarged by Pillow bicubic) and with back-projecting
that, which sharpens and needs no network. The sizes at which restoring is
better than both, by 0.15 dB in the mean, are what the facts of a
method declare as its `face_sizes`.
"""

import argparse

import numpy as np
from tqdm import tqdm

from mmfacesr.apis.face_network import FaceNetwork
from mmfacesr.apis.launch import clear_errors
from mmfacesr.apis.measuring import (
    add_arguments,
    load_faces,
    resize,
    restore_all,
)
from mmfacesr.evaluation.functional.image_quality import psnr

STEPS = (0.5, 0.75, 1.0, 1.125, 1.25, 1.375, 1.5, 1.75, 2.0, 2.5, 3.0)
"""Sizes that are tried, in sides of an LR face."""
WORTH = 0.15  # dB; less is not worth a changed face


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_arguments(parser)
    return parser.parse_args()


def measure(
    network: FaceNetwork, faces: list[np.ndarray], side: int
) -> tuple[float, float, float]:
    """Mean PSNR of faces of a size: restored, back-projected, left alone."""
    facts = network.facts
    small = [resize(face, side) for face in faces]
    native = network.native_side(side)
    alone = [resize(face, facts.gt_size) for face in small]
    crops = [resize(face, native) for face in small]
    restored = restore_all(network, [network.lr_of(crop) for crop in crops])
    native = small if side < native else crops
    restored, sharpened = (
        [network.back_project(a, b) for a, b in zip(made, native)]
        for made in (restored, [np.float32(face) for face in alone])
    )
    return tuple(
        float(np.mean([psnr(a, b, facts.scale) for a, b in zip(made, faces)]))
        for made in (restored, sharpened, alone)
    )


def main() -> None:
    """Measure, and print a table."""
    args = parse_args()
    with clear_errors():
        from mmfacesr.apis import get_model

        model = get_model(args.model, args.weights)
        network = FaceNetwork(model.facts, model)
        _, faces = load_faces(args, model.facts.gt_size)
        print(
            f'{len(faces)} faces; PSNR in dB, RGB, border '
            f'{model.facts.scale}, not rounded\n'
            '| side | restored | left alone | gain '
            '| over back-projection alone |\n'
            '| --- | --- | --- | --- | --- |'
        )
        better = []
        for step in tqdm(STEPS, disable=None):
            side = round(step * model.facts.lr_size)
            restored, sharpened, alone = measure(network, faces, side)
            tqdm.write(
                f'| {side} | {restored:.2f} | {alone:.2f} '
                f'| {restored - alone:+.2f} | {restored - sharpened:+.2f} |'
            )
            if restored >= WORTH + max(alone, sharpened):
                better.append(side)
        print(f'Restoring is worth it at sides of {better} pixels.')


if __name__ == '__main__':
    main()
