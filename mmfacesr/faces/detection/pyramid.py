# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Search a photograph for faces of any size that stand, lie or hang."""

from collections.abc import Iterable, Iterator
from itertools import product

import cv2
import numpy as np

from mmfacesr.faces.detection.boxes import Box, BoxDetector
from mmfacesr.faces.framing import map_points, scale_of

TURNS = (0, 1, 2, 3)  # quarter turns, as in np.rot90
VIEW_SIZE = 384  # pixels; a box network of 192 sees no more in larger ones
FRAME = 3  # sides; a face that fills the photograph is found in this frame
MIN_SIDE = 110  # pixels; a face of 1/7 of it is what x8 networks enlarge
MOST_SQUARES = 300  # in a level; no finer one, 5 ms each, in huge photographs
STEP = 0.6  # sides; larger faces than the overlap show in coarser squares
MIN_CONTRAST = 8  # of 255; less is an empty square, not worth a look
TURNED_LEVELS = 2  # of the pyramid, searched in all four turns
LEVELS_IF_NONE = 3  # the same where nothing was found in any turn
# For boxes of another turn than the photograph's and of the fine levels: many
# looks at things that are no faces. 74 annotated faces score 0.82 on average
# when upright; a wrong turn, where it shows a face at all, scores 0.69.
MIN_SURE_SCORE = 0.7
SAME_BOX = 0.3  # of the longer side, between two centers
Square = tuple[int, int, int]


def find_boxes(image: np.ndarray, detector: BoxDetector) -> list[Box]:
    """Find boxes in ever smaller squares of a photograph.

    The coarse levels are searched in all four turns. The turn with the
    largest sum of sure scores is that of the photograph; the fine levels are
    searched in it alone.

    Args:
        image (np.ndarray): (H, W, 3) uint8 RGB.
        detector (BoxDetector): Finds upright faces.

    Returns:
        list[Box]: Those of the photograph's own turn, the largest first;
        those of other turns in the same order; and those of the photograph's
        turn that coincide with a surer one of another turn.
    """
    found: dict[int, list[Box]] = {turn: [] for turn in TURNS}
    main = 0
    for level, squares in enumerate(_levels(*image.shape[:2])):
        turned = TURNED_LEVELS if any(found.values()) else LEVELS_IF_NONE
        turns, least = TURNS, 0.0
        if level >= turned:
            turns, least = (main,), MIN_SURE_SCORE
        for square, turn in product(squares, turns):
            boxes = _find_in(image, square, turn, detector)
            found[turn] += [box for box in boxes if box.score >= least]
        main = max(TURNS, key=lambda turn: _evidence(found[turn]))
    others = [
        box
        for turn in TURNS
        for box in found[turn]
        if turn != main and box.score >= MIN_SURE_SCORE
    ]
    return _in_order(_apart(found[main]), _apart(others))


def _evidence(boxes: list[Box]) -> float:
    """How much speaks for the turn of these boxes."""
    return sum(box.score for box in boxes if box.score >= MIN_SURE_SCORE)


def cut_square(
    image: np.ndarray, square: Square, turn: int, most: int
) -> tuple[np.ndarray, np.ndarray]:
    """Cut a square out, reduce it if it is large, and turn it.

    Args:
        image (np.ndarray): (H, W, 3) uint8; never copied as a whole.
        square (tuple): Left, top and side in pixels, beyond the image also.
        turn (int): Quarter turns counterclockwise.
        most (int): Largest side in pixels that is not reduced.

    Returns:
        tuple[np.ndarray, np.ndarray]: (S, S, 3) uint8, S at most ``most``,
        black outside of the image; and the (2, 3) matrix from it to the
        image.
    """
    left, top, side = square
    x, y = max(0, left), max(0, top)
    part = image[y : max(0, top + side), x : max(0, left + side)]
    size = min(side, most)
    view = np.zeros((size, size, 3), np.uint8)
    if not part.size:
        return view, np.eye(2, 3)
    start = np.array([x - left, y - top]) * size // side
    length = np.array(part.shape[1::-1])
    reduced = np.clip(np.round(length * size / side).astype(int), 1, None)
    reduced = np.minimum(reduced, size - start)
    (u, v), (width, height) = start, reduced
    view[v : v + height, u : u + width] = cv2.resize(
        part, (int(width), int(height)), interpolation=cv2.INTER_AREA
    )
    # pixel p of the view is (p - start + .5) scale - .5 + (x, y)
    scale = length / reduced
    matrix = np.column_stack(
        [np.diag(scale), (0.5 - start) * scale - 0.5 + (x, y)]
    )
    turned = np.ascontiguousarray(np.rot90(view, turn))
    return turned, matrix @ np.vstack([_turn_back(size, turn), (0, 0, 1)])


def _turn_back(size: int, turn: int) -> np.ndarray:
    """(2, 3) matrix from np.rot90(square, turn) to the square."""
    cos, sin = [(1, 0), (0, 1), (-1, 0), (0, -1)][turn]
    linear = np.array([[cos, -sin], [sin, cos]])
    middle = np.full(2, (size - 1) / 2)
    return np.column_stack([linear, middle - linear @ middle])


def _find_in(
    image: np.ndarray, square: Square, turn: int, detector: BoxDetector
) -> list[Box]:
    """Boxes of a turned square, in pixels of the image."""
    view, matrix = cut_square(image, square, turn, VIEW_SIZE)
    if np.ptp(view) < MIN_CONTRAST:
        return []
    boxes = []
    for box in detector.find(view):
        x, y = map_points(matrix, [(box.x, box.y)])[0]
        boxes.append(Box(box.score, x, y, box.side * scale_of(matrix), turn))
    return boxes


def _levels(height: int, width: int) -> Iterator[list[Square]]:
    """Give squares that cover an image, ever finer ones."""
    side = max(height, width)
    margin = side * (FRAME - 1) // 2
    left, top = (width - side) // 2, (height - side) // 2
    yield [(left - margin, top - margin, side * FRAME), (left, top, side)]
    while side // 2 >= MIN_SIDE:
        side //= 2
        columns, rows = _starts(width, side), _starts(height, side)
        if len(columns) * len(rows) > MOST_SQUARES:
            return
        yield [(x, y, side) for y in rows for x in columns]


def _starts(length: int, side: int) -> list[int]:
    """First pixels of squares that cover a length evenly."""
    rest = length - side
    if rest <= 0:
        return [rest // 2]
    steps = int(np.ceil(rest / (STEP * side)))
    return [rest * i // steps for i in range(steps + 1)]


def _in_order(main: list[Box], others: list[Box]) -> list[Box]:
    """Put boxes of the main turn that look better in another turn last."""
    doubtful = [
        any(box < other and _coincide(box, other) for other in others)
        for box in main
    ]
    sure = [box for box, doubt in zip(main, doubtful) if not doubt]
    return [*sure, *others, *(b for b in main if b not in sure)]


def _apart(boxes: Iterable[Box]) -> list[Box]:
    """Keep the surest of boxes that nearly coincide; the largest first."""
    kept: list[Box] = []
    for box in sorted(boxes, reverse=True):
        if not any(_coincide(box, other) for other in kept):
            kept.append(box)
    return sorted(kept, key=lambda box: box.side, reverse=True)


def _coincide(box: Box, other: Box) -> bool:
    """Whether two boxes are likely of one face."""
    distance = np.hypot(box.x - other.x, box.y - other.y)
    return bool(distance <= SAME_BOX * max(box.side, other.side))
