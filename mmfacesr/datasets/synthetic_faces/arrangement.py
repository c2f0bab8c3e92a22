# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Where the persons of a group photo stand."""

import numpy as np

# The square of a face is 128 pixels where CelebA's eyes are 35.4 apart.
EYES_PER_FACE = 35.4 / 128
# Boxes around the middle of the eyes, in eye distances: left, top, right,
# bottom. Heads have the room for the largest hair of turned heads.
FACE_BOX = np.array((-1.8, -1.35, 1.8, 2.3))
HEAD_BOX = np.array((-2.5, -2.9, 2.5, 2.4))
BODY_BOX = np.array((-3.9, 1.4, 3.9, 40.0))
ABOVE, BELOW = 3.0, 2.6  # free around the eyes: hair; chin
CHEST = 3.4  # free below the eyes of the nearest, if the picture is high
NEAREST, FARTHEST = 0.56, 0.2  # rows of the eyes, in heights of the picture
STEEPEST = 12.0  # drop of a camera on a ladder
TALLER = 0.5  # how much taller or smaller than the average a person may be
GATHERED = 6.0  # width of a dense group, in sums of eye distances
CANDIDATES, COMPARED = 120, 6  # places tried and compared for one person
STEPS = 8.0  # height of the steps on which a crowd stands
ATTEMPTS = 200  # from the dense group to the crowd


def find_horizon(eyes: np.ndarray, height: int) -> tuple[float, float]:
    """Choose how the camera looks down on the persons.

    Eyes at the same height above the floor are on the row `horizon + drop *
    eye distance`: those of persons further away are higher in the picture.

    Args:
        eyes (np.ndarray): (n,) eye distances in pixels, the largest first.
        height (int): Of the picture.

    Returns:
        tuple: horizon, a row of the picture, and drop, at least 3.
    """
    near, far = eyes[0], eyes[-1]
    row = min(NEAREST * height, height - CHEST * near)
    row = max(row, ABOVE * near)
    drop = STEEPEST
    if near > far:
        drop = (row - max(FARTHEST * height, ABOVE * far)) / (near - far)
    drop = float(np.clip(drop, ABOVE, min(STEEPEST, row / near)))
    return row - drop * near, drop


def _boxes(places: np.ndarray, box: np.ndarray) -> np.ndarray:
    """Boxes (n, 4) around places (n, 2)."""
    return np.tile(places, 2) + box


def _overlap(boxes: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Which boxes (n, 4) meet one of the others (m, 4), (n,) bool."""
    boxes = boxes[:, None]
    low = np.maximum(boxes[..., :2], others[:, :2])
    high = np.minimum(boxes[..., 2:], others[:, 2:])
    return (low < high).all(-1).any(-1)


def _try_to_place(
    rng: np.random.Generator,
    eyes: np.ndarray,
    size: tuple[int, int],
    crowded: float,
) -> np.ndarray | None:
    """Try once to place the eyes of all, (n, 2); no face is hidden.

    Args:
        rng (np.random.Generator): Where to try.
        eyes (np.ndarray): (n,) eye distances, the largest first.
        size (tuple): Height, width.
        crowded (float): 0 gathers a group, 1 uses the whole width and
            puts persons on steps.
    """
    height, width = size
    horizon, drop = find_horizon(eyes, height)
    gathered = min(1.0, GATHERED * eyes.sum() / width)
    spread = width * (gathered + crowded * (1 - gathered))
    raised = TALLER + STEPS * crowded
    places, front = np.zeros((0, 2)), np.zeros((0, 4))
    for eye in eyes:
        x = width / 2 + spread * rng.uniform(-0.5, 0.5, CANDIDATES)
        x = np.clip(x, 2 * eye, width - 2 * eye)
        y = horizon + eye * (drop + rng.uniform(-raised, TALLER, CANDIDATES))
        y = np.clip(y, ABOVE * eye, height - BELOW * eye)
        free = np.stack([x, y], 1)
        free = free[~_overlap(_boxes(free, eye * FACE_BOX), front)][:COMPARED]
        if not len(free):
            return None
        gaps = np.abs(free[:, :1] - places[:, 0]).min(1, initial=width)
        place = free[np.argmax(gaps), None]  # rather side by side
        places = np.concatenate([places, place])
        hidden = [_boxes(place, eye * box) for box in (HEAD_BOX, BODY_BOX)]
        front = np.concatenate([front, *hidden])
    return places


def arrange(
    rng: np.random.Generator, eyes: np.ndarray, size: tuple[int, int]
) -> np.ndarray:
    """Place persons so that no face is hidden by one in front.

    Args:
        rng (np.random.Generator): Where to try.
        eyes (np.ndarray): (n,) eye distances in pixels, the largest first.
        size (tuple): Height, width of the picture.

    Returns:
        np.ndarray: (n, 2), x and y of the middle between the eyes.

    Raises:
        ValueError: If no arrangement is found.
    """
    height, width = size
    if eyes[0] <= min(width / 4, height / (ABOVE + BELOW)):
        for crowded in np.linspace(0, 1, ATTEMPTS):
            places = _try_to_place(rng, eyes, size, float(crowded))
            if places is not None:
                return places
    small, large = eyes[[-1, 0]] / EYES_PER_FACE
    raise ValueError(
        f'Expected faces that fit beside each other, got {len(eyes)} of '
        f'{small:g} to {large:g} pixels in {width}x{height}; ask for fewer '
        'or smaller faces, or for a larger picture.'
    )
