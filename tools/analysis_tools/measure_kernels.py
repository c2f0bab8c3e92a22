# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
r"""Measure what a model gains when LR faces are made in other ways.

    python tools/analysis_tools/measure_kernels.py MODEL FILE --data FACES
    python tools/analysis_tools/measure_kernels.py MODEL FILE --data FACES \
        --crop-size 128 --group-by '^[a-z]+'

Each HR face is reduced by every recipe of its scale, restored, and compared
with the same LR face enlarged by Pillow bicubic. A network that saw one
recipe alone often loses against bicubic by the others. The line
`+ back-projection` is of faces as `mmfacesr restore` puts them back into
photos, whose pixels are means. With --group-by, faces are also counted apart
by what a pattern finds in their file names, such as the data set that they are
of.

Intervals hold the mean gain with 95 %: percentile bootstrap over the faces,
10,000 draws, seed 0; none of a single face.
"""

import argparse
import re
from collections import defaultdict

import numpy as np
from mmcv.transforms import Compose
from mmengine.registry import DefaultScope
from scipy.stats import bootstrap
from tqdm import tqdm

from mmfacesr.apis.face_network import FaceNetwork
from mmfacesr.apis.launch import clear_errors
from mmfacesr.apis.measuring import (
    add_arguments,
    load_faces,
    resize,
    restore_all,
)
from mmfacesr.apis.recipes import read_recipe
from mmfacesr.evaluation.functional.image_quality import psnr
from mmfacesr.models.common.facts import Facts
from mmfacesr.utils.project_files import project_root

DRAWS = 10_000


def pattern(text: str) -> re.Pattern:
    """Read a regular expression of the command line."""
    try:
        return re.compile(text)
    except (re.error, RecursionError, OverflowError) as error:
        raise argparse.ArgumentTypeError(
            f'expected a regular expression, got {text!r}: {error}'
        ) from error


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_arguments(parser)
    parser.add_argument(
        '--group-by',
        type=pattern,
        metavar='PATTERN',
        help='regular expression; faces in whose names it finds the same are '
        'a group of their own',
    )
    return parser.parse_args()


def recipes_of(scale: int) -> list[str]:
    """Name the recipes that reduce by a factor and do nothing else."""
    folder = project_root() / 'configs/_base_/degradations'
    return sorted(file.stem for file in folder.glob(f'*_x{scale}.py'))


def lr_faces(
    faces: list[np.ndarray], names: list[str], recipe: str
) -> list[np.ndarray]:
    """Reduce faces by a recipe, each by the seed of its name."""
    with DefaultScope.overwrite_default_scope('mmagic'):
        reduce = Compose(read_recipe(recipe))
        samples = (
            reduce(dict(gt=face, file=name))
            for face, name in zip(faces, names)
        )
        return [sample['img'] for sample in samples]


def measure(
    network: FaceNetwork, faces: list[np.ndarray], lr: list[np.ndarray]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """PSNR of every face: by bicubic, restored, and back-projected."""
    facts: Facts = network.facts
    restored = restore_all(network, lr)
    enlarged = [resize(face, facts.gt_size) for face in lr]
    agreeing = [network.back_project(a, b) for a, b in zip(restored, lr)]
    return tuple(
        np.array([psnr(a, b, facts.scale) for a, b in zip(made, faces)])
        for made in (enlarged, restored, agreeing)
    )


def interval(gain: np.ndarray) -> tuple[float, float]:
    """Bounds of the mean, 95 %."""
    if len(gain) < 2:
        return np.nan, np.nan
    found = bootstrap(
        (gain,),
        np.mean,
        n_resamples=DRAWS,
        method='percentile',
        random_state=np.random.default_rng(0),
    )
    return tuple(map(float, found.confidence_interval))


def groups_of(
    names: list[str], pattern: re.Pattern | None
) -> dict[str, list[int]]:
    """Places of all faces, and of those of each group."""
    groups = defaultdict(list, all=list(range(len(names))))
    for place, name in enumerate(names):
        if pattern and (found := pattern.search(name)):
            groups[found[0]].append(place)
    return groups


def line_of(
    name: str,
    group: str,
    enlarged: np.ndarray,
    restored: np.ndarray,
    places: list[int],
) -> str:
    """A line of the table."""
    gain = (restored - enlarged)[places]
    low, high = interval(gain)
    return (
        f'| {name} | {group}: {len(places)} '
        f'| {enlarged[places].mean():.2f} | {restored[places].mean():.2f} '
        f'| {gain.mean():+.2f} ({low:+.2f} to {high:+.2f}) '
        f'| {gain.min():+.2f} |'
    )


def main() -> None:
    """Measure, and print a table."""
    args = parse_args()
    with clear_errors():
        from mmfacesr.apis import get_model

        model = get_model(args.model, args.weights)
        network = FaceNetwork(model.facts, model)
        names, faces = load_faces(args, model.facts.gt_size)
        print(
            f'{len(faces)} faces; PSNR in dB, RGB, border '
            f'{model.facts.scale}, not rounded\n'
            '| recipe | faces | bicubic | restored | gain (95 %) | worst |\n'
            '| --- | --- | --- | --- | --- | --- |'
        )
        for recipe in tqdm(recipes_of(model.facts.scale), disable=None):
            lr = lr_faces(faces, names, recipe)
            enlarged, restored, agreeing = measure(network, faces, lr)
            made = {recipe: restored}
            if recipe == f'bicubic_x{model.facts.scale}':
                made[f'{recipe} + back-projection'] = agreeing
            for name, values in made.items():
                for group, places in groups_of(names, args.group_by).items():
                    tqdm.write(line_of(name, group, enlarged, values, places))


if __name__ == '__main__':
    main()
