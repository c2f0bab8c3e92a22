# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Fit MediaPipe's mesh to annotated iBUG points and measure the fit.

    python tools/dataset_converters/landmark_mapping/fit_mapping.py \
        FACES --annotation FACES/landmarks68.csv [--out FILE] [--check-only]

A hash of their names divides the photo groups in halves; the mapping is fitted
on one half and measured on the other. Without --out it only prints the errors.
With --check-only these are the errors of the mapping that is shipped.
"""

import argparse
import hashlib
import os
import re
from pathlib import Path

import numpy as np
from mmengine.logging import print_log
from tqdm import tqdm

from mmfacesr.evaluation.functional.landmarks import nme
from mmfacesr.faces.detection import (
    CSVAnnotation,
    MediaPipeDetector,
    MeshMapping,
)
from mmfacesr.faces.detection.mesh_mapping import NEAREST_VERTEX
from mmfacesr.faces.schemes import INNER_68
from mmfacesr.utils import output_file, write_atomic
from mmfacesr.utils.bad_samples import BadSampleError
from mmfacesr.utils.images import read_image

NUM_COMPONENTS = 40
RIDGE = 0.1  # of 0.03 to 3, by cross-validation inside the fit half


def is_fit_half(file: str) -> bool:
    """Whether an image belongs to the half that the mapping is fitted on.

    Faces of one photograph (``helen_100032540_1.jpg``, ``..._2.jpg``) stay
    together, at any size and in any folder.
    """
    group = re.sub(r'_\d+$', '', Path(file).stem)
    return hashlib.sha256(os.fsencode(group)).digest()[-1] % 2 == 0


def find_meshes(
    root: Path, files: list[str], annotation: CSVAnnotation
) -> dict[str, np.ndarray]:
    """Meshes and annotated points of the images in which a face is found.

    Args:
        root (Path): The folder of the images.
        files (list[str]): Names below it.
        annotation (CSVAnnotation): 68 points of each.

    Returns:
        dict: file (N,), mesh (N, 468, 3), points (N, 68, 2).
    """
    detector = MediaPipeDetector()
    rows = []
    for file in tqdm(files, desc='meshes', unit='image'):
        image = read_image(root / file)
        try:
            mesh, _ = detector.find_mesh(file, image)
        except BadSampleError as error:
            print_log(str(error), 'current')
            continue
        rows.append((file, mesh, annotation.find(file, image).points))
    names, meshes, points = zip(*rows, strict=True)
    return dict(
        file=np.array(names), mesh=np.array(meshes), points=np.array(points)
    )


def offset_points(
    meshes: np.ndarray, points: np.ndarray, others: np.ndarray
) -> np.ndarray:
    """Nearest vertices plus mean offsets, the simplest fit, for comparison.

    Args:
        meshes (np.ndarray): (N, 468, 3) to fit on.
        points (np.ndarray): (N, 68, 2) annotated.
        others (np.ndarray): (M, 468, 3) to map.

    Returns:
        np.ndarray: (M, 68, 2).
    """
    mirror = MeshMapping.load().mirror
    no_weights = MeshMapping.fit(meshes, points, mirror, 1, np.inf)
    return no_weights.apply(others)


def report(name: str, pred: np.ndarray, points: np.ndarray) -> float:
    """Log median and 90th percentile of the inter-ocular NME in percent.

    Args:
        name (str): Of the mapping.
        pred (np.ndarray): (N, 68, 2).
        points (np.ndarray): (N, 68, 2) annotated.

    Returns:
        float: The median over all 68 points, 0.05 is 5 %.
    """
    all_68 = nme(pred, points)
    # nme() of the inner points: their mean error over the same eye distance
    error = np.linalg.norm(pred - points, axis=-1)
    inner = all_68 * error[:, INNER_68].mean(1) / error.mean(1)
    median, high = np.percentile(all_68, (50, 90)) * 100
    inner_median, inner_high = np.percentile(inner, (50, 90)) * 100
    print_log(
        f'{name:20s} {len(points):4d} images | 68 points: median '
        f'{median:.2f} %, p90 {high:.2f} % | inner 51: median '
        f'{inner_median:.2f} %, p90 {inner_high:.2f} %',
        'current',
    )
    return median / 100


def main() -> None:
    """Fit, measure, write."""
    args = parse_args()
    annotation = CSVAnnotation(args.annotation)
    data = find_meshes(args.folder, annotation.files, annotation)
    fitted = np.array([is_fit_half(file) for file in data['file']])
    mesh, points = data['mesh'], data['points']
    mapping = MeshMapping.load()
    if not args.check_only:
        mapping = MeshMapping.fit(
            mesh[fitted], points[fitted], mapping.mirror, NUM_COMPONENTS, RIDGE
        )
    held_out = ~fitted
    print_log(
        f'{fitted.sum()} images in the fit half, {held_out.sum()} held '
        'out; held out:',
        'current',
    )
    report(
        'nearest vertex',
        mesh[held_out][:, NEAREST_VERTEX, :2],
        points[held_out],
    )
    report(
        'with mean offset',
        offset_points(mesh[fitted], points[fitted], mesh[held_out]),
        points[held_out],
    )
    report('fitted', mapping.apply(mesh[held_out]), points[held_out])
    if args.out:
        write_atomic(args.out, mapping.to_bytes())


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('folder', type=Path, help='folder of the images')
    parser.add_argument(
        '--annotation', type=Path, required=True, help='CSV of 68 points'
    )
    parser.add_argument(
        '--out',
        type=output_file('.npz', kind=Path),
        help='file for the fit (.npz)',
    )
    parser.add_argument(
        '--check-only',
        action='store_true',
        help='measure the shipped mapping; do not fit',
    )
    args = parser.parse_args()
    if args.out and args.check_only:
        parser.error('--check-only fits nothing; leave out --out')
    return args


if __name__ == '__main__':
    main()
