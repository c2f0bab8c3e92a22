# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""MediaPipe's mesh mapped to 68 points, on synthetic and real faces."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from mmfacesr.evaluation.functional.landmarks import nme
from mmfacesr.faces.detection import (
    CSVAnnotation,
    MediaPipeDetector,
    MeshMapping,
)
from mmfacesr.faces.detection.mesh_mapping import EyeFrame
from mmfacesr.faces.schemes import FLIP_68
from mmfacesr.faces.table import LandmarkError
from mmfacesr.utils.images import read_image

MEDIAN_BOUND = 0.035  # what the mapping must reach on held-out faces
NUM_FAST = 40  # held-out faces in the default suite
FAST_BOUND = 0.04  # the median of 40 scatters by about .2 %
SYNTHETIC_BOUND = 0.08


@pytest.fixture(scope='module')
def detector() -> MediaPipeDetector:
    """One network for all tests; skips without MediaPipe."""
    pytest.importorskip('mediapipe.python.solutions')
    return MediaPipeDetector()


def render(seed: int, size: int = 256) -> tuple[np.ndarray, np.ndarray]:
    """A synthetic portrait and its exact 68 points."""
    from mmfacesr.datasets.synthetic_faces import render_face

    return render_face(seed, size)


def random_meshes(num: int) -> np.ndarray:
    """Shipped mean mesh, varied along its components, somewhere in a photo."""
    mapping = MeshMapping.load()
    rng = np.random.default_rng(0)
    size = 0.2 * rng.normal(size=(num, len(mapping.components)))
    shape = mapping.mean + size @ mapping.components.astype(float)
    return shape.reshape(num, -1, 3) * 60 + (200, 100, 0)


def test_eye_frame_round_trip() -> None:
    meshes = random_meshes(3)
    frame = EyeFrame(meshes)
    inside = frame.enter(meshes)
    assert np.allclose(inside[:, 33, :2], (-0.5, 0))
    assert np.allclose(inside[:, 263, :2], (0.5, 0))
    assert np.allclose(frame.leave(inside[..., :2]), meshes[..., :2])


def test_mapping_follows_similarities() -> None:
    """Mapping a moved mesh = moving the mapped points."""
    meshes, mapping = random_meshes(4), MeshMapping.load()
    angle = np.radians(25)
    turn = 1.7 * np.array(
        [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    )
    moved = np.concatenate(
        [meshes[..., :2] @ turn.T + (9, -5), 1.7 * meshes[..., 2:]], -1
    )
    expected = mapping.apply(meshes) @ turn.T + (9, -5)
    assert np.abs(mapping.apply(moved) - expected).max() < 1e-2  # pixels


def test_mapping_treats_both_sides_alike() -> None:
    """Points of a mirrored mesh are the mirrored points."""
    meshes, mapping = random_meshes(4), MeshMapping.load()
    mirrored = meshes[:, mapping.mirror] * (-1, 1, 1)
    expected = mapping.apply(meshes)[:, FLIP_68] * (-1, 1)
    error = np.abs(mapping.apply(mirrored) - expected).max()
    assert error < 0.3  # pixels at an eye distance of 60; float16 components


def test_a_single_view_agrees_with_nothing() -> None:
    """An upside-down face is often seen in one view only, wrongly."""
    from mmfacesr.faces.detection.mediapipe_detector import _agreement

    mesh = random_meshes(1)
    assert _agreement(np.repeat(mesh, 4, 0)) == 1
    assert _agreement(mesh) == 0


def test_fit_finds_a_linear_rule() -> None:
    """Points made by one mapping are learned by another, on new meshes."""
    truth = MeshMapping.load()
    meshes = random_meshes(220)
    points = truth.apply(meshes)
    fitted = MeshMapping.fit(
        meshes[:200], points[:200], truth.mirror, 80, 1e-6
    )
    error = np.abs(fitted.apply(meshes[200:]) - points[200:])
    offset = np.abs(
        MeshMapping.fit(
            meshes[:200], points[:200], truth.mirror, 1, np.inf
        ).apply(meshes[200:])
        - points[200:]
    )
    assert np.median(error) < 0.3 * np.median(offset)


def test_mirror_order_keeps_the_mesh_together() -> None:
    """Mirrored edges of the mesh are edges, but for a few diagonals."""
    connections = pytest.importorskip(
        'mediapipe.python.solutions.face_mesh_connections'
    )
    order = MeshMapping.load().mirror
    assert (order[order] == np.arange(468)).all()
    edges = {
        frozenset(edge)
        for edge in connections.FACEMESH_TESSELATION
        if max(edge) < 468
    }
    mirrored = {frozenset(order[list(edge)].tolist()) for edge in edges}
    assert len(edges & mirrored) > 0.99 * len(edges)


def test_shipped_file_is_small() -> None:
    from mmfacesr.faces.detection import mesh_mapping

    file = Path(mesh_mapping.__file__).with_name('mediapipe_to_ibug68.npz')
    assert file.stat().st_size < 300_000


def test_synthetic_faces(detector: MediaPipeDetector) -> None:
    errors = []
    for seed in range(6):
        image, points = render(seed)
        errors.append(nme(detector.find('x', image).points, points))
    assert np.median(errors) < SYNTHETIC_BOUND


def test_same_points_at_any_place_and_size(
    detector: MediaPipeDetector,
) -> None:
    """A face in a large dark photo, at half the size, and mirrored."""
    image, _ = render(1)
    reference = detector.find('x', image)
    photo = np.zeros((700, 900, 3), np.uint8)
    photo[300:556, 500:756] = image
    placed = detector.find('x', photo).points - (500, 300)
    assert nme(placed, reference.points) < 0.02
    small = detector.find('x', np.ascontiguousarray(image[::2, ::2])).points
    assert nme(small * 2, reference.points) < 0.03
    mirrored = detector.find('x', np.ascontiguousarray(image[:, ::-1])).points
    back = np.stack([255 - mirrored[:, 0], mirrored[:, 1]], 1)[FLIP_68]
    assert nme(back, reference.points) < 0.02
    assert 0.8 < reference.score <= 1


def test_detection_does_not_depend_on_what_came_before(
    detector: MediaPipeDetector,
) -> None:
    image, _ = render(2)
    first = detector.find('x', image).points
    detector.find('x', render(3)[0])
    assert (detector.find('x', image).points == first).all()


def test_no_face_is_named(detector: MediaPipeDetector) -> None:
    with pytest.raises(LandmarkError, match='sky.png'):
        detector.find('sky.png', np.full((64, 96, 3), 200, np.uint8))


def held_out_errors(
    faces: Path, repo: Path, detector: MediaPipeDetector, limit: int | None
) -> np.ndarray:
    """Inter-ocular NME of annotated faces the mapping was not fitted on."""
    spec = importlib.util.spec_from_file_location(
        'fit_mapping',
        repo / 'tools/dataset_converters/landmark_mapping/fit_mapping.py',
    )
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    annotation = CSVAnnotation(faces / 'landmarks68.csv')
    files = [file for file in annotation.files if not tool.is_fit_half(file)]
    step = len(files) // limit if limit else 1
    images = [(file, read_image(faces / file)) for file in files[::step]]
    return np.array(
        [
            nme(
                detector.find(file, image).points,
                annotation.find(file, image).points,
            )
            for file, image in images
        ]
    )


def test_some_held_out_faces(
    shared_faces: Path, repo: Path, detector: MediaPipeDetector
) -> None:
    errors = held_out_errors(shared_faces, repo, detector, NUM_FAST)
    assert len(errors) >= NUM_FAST
    assert np.median(errors) < FAST_BOUND


@pytest.mark.slow
def test_all_held_out_faces(
    shared_faces: Path, repo: Path, detector: MediaPipeDetector
) -> None:
    errors = held_out_errors(shared_faces, repo, detector, None)
    assert len(errors) > 300
    assert np.median(errors) < MEDIAN_BOUND
