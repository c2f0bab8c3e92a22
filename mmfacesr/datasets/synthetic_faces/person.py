# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""The traits of one drawn person, all taken from the seed.

Lengths are in units of the distance between the two eye centers of the
unrotated head; x points to the image's right, y down, z to the viewer; the
origin lies between the eyes, in the plane of the ears.
"""

from dataclasses import dataclass

import numpy as np

Color = tuple[float, float, float]

SKIN_TONES = (
    (0.96, 0.82, 0.74),
    (0.93, 0.76, 0.65),
    (0.88, 0.69, 0.55),
    (0.80, 0.60, 0.45),
    (0.66, 0.47, 0.33),
    (0.51, 0.34, 0.24),
    (0.37, 0.24, 0.17),
)
HAIR_COLORS = (
    (0.05, 0.04, 0.04),
    (0.10, 0.07, 0.05),
    (0.18, 0.11, 0.07),
    (0.30, 0.19, 0.11),
    (0.48, 0.32, 0.17),
    (0.70, 0.54, 0.32),
    (0.45, 0.18, 0.08),
    (0.55, 0.54, 0.53),
    (0.80, 0.79, 0.77),
)
IRIS_COLORS = (
    (0.20, 0.11, 0.06),
    (0.30, 0.18, 0.09),
    (0.42, 0.30, 0.14),
    (0.33, 0.42, 0.25),
    (0.30, 0.45, 0.60),
    (0.45, 0.52, 0.56),
)
HAIR_STYLES = (
    'bald',
    'cropped',
    'short',
    'fringe',
    'swept',
    'bob',
    'long',
    'afro',
    'scarf',
)
HAIR_ODDS = (0.07, 0.13, 0.20, 0.12, 0.15, 0.10, 0.13, 0.06, 0.04)
GLASSES_STYLES = ('none', 'round', 'square', 'half')
GLASSES_ODDS = (0.74, 0.09, 0.11, 0.06)


@dataclass(frozen=True)
class Person:
    """One person, as photographed: body, expression, pose and light.

    Attributes:
        seed (int): Where the traits come from; the painters derive their
            own random streams from it (`stream`).
        shape (dict): Factors and offsets of the head and features.
        yaw, pitch, roll (float): Pose in radians.
        smile (float): -0.3 (sad) to 1 (broad).
        mouth_open (float): Gap between the lips, 0 closed to 1.
        eye_open (float): Factor on the opening of the eyes.
        gaze (tuple): Shift of the irises (x, y).
        skin, hair, iris, lips, cloth (Color): Albedo, RGB in [0, 1].
        age (float): 0 (young) to 1: wrinkles, shadows under the eyes.
        hair_style (str): One of HAIR_STYLES.
        beard (float): 0 none, below 0.5 stubble, to 1 full.
        mustache (float): Same for the upper lip.
        glasses (str): One of GLASSES_STYLES.
        make_up (float): 0 to 1: redder lips, darker lashes.
        light (tuple): Direction to the key light in image axes, unit.
        light_color, ambient (Color): Key and fill light.
        exposure (float): Factor on the picture.
        softness (float): Blur, as a fraction of the picture's side.
        noise (float): Standard deviation of the sensor noise in [0, 1].
        relief (float): Strength of the shades that `SnapshotPainter` paints,
            0 (none) to 1. Defaults to 0.
    """

    seed: int
    shape: dict[str, float]
    yaw: float
    pitch: float
    roll: float
    smile: float
    mouth_open: float
    eye_open: float
    gaze: tuple[float, float]
    skin: Color
    hair: Color
    iris: Color
    lips: Color
    cloth: Color
    age: float
    hair_style: str
    beard: float
    mustache: float
    glasses: str
    make_up: float
    light: tuple[float, float, float]
    light_color: Color
    ambient: Color
    exposure: float
    softness: float
    noise: float
    relief: float = 0.0

    def stream(self, name: str) -> np.random.Generator:
        """Random numbers of one painter, independent of all others."""
        return np.random.default_rng([self.seed, *name.encode()])


def _between(
    rng: np.random.Generator, colors: tuple[Color, ...], spread: float
) -> Color:
    """A color between two neighbors of a list, slightly varied."""
    place = rng.uniform(0, len(colors) - 1)
    index = min(int(place), len(colors) - 2)
    low, high = np.array(colors[index]), np.array(colors[index + 1])
    color = low + (high - low) * (place - index)
    return tuple(np.clip(color * (1 + rng.normal(0, spread, 3)), 0.01, 1))


def _shape(rng: np.random.Generator, feminine: float) -> dict[str, float]:
    """Proportions of the head; 1 is the average for factors, 0 for shifts."""

    def around(spread: float, mean: float = 1.0) -> float:
        return float(
            np.clip(
                rng.normal(mean, spread),
                mean - 2.2 * spread,
                mean + 2.2 * spread,
            )
        )

    return dict(
        feminine=feminine,
        face_width=around(0.045),
        jaw_width=around(0.07, 1.04 - 0.08 * feminine),
        jaw_length=around(0.05, 1.02 - 0.04 * feminine),
        chin=around(0.05, 0.1),
        cheek=around(0.03, 0.06),
        brow_ridge=around(0.025, 0.09 - 0.07 * feminine),
        nose_length=around(0.07),
        nose_width=around(0.14, 1.03),
        nose_height=around(0.14),
        nose_bridge=around(0.04, 0.05),
        nose_tip=around(0.02, 0.03),
        eye_width=around(0.06),
        eye_height=around(0.12, 0.98 + 0.08 * feminine),
        eye_slant=around(0.018, 0.005),
        eye_depth=around(0.03, 0.11),
        brow_height=around(0.03, 0.01 + 0.02 * feminine),
        brow_arch=around(0.03, 0.01),
        brow_slant=around(0.035, 0.0),
        brow_thickness=around(0.22, 1.25 - 0.55 * feminine),
        mouth_width=around(0.08),
        mouth_height=around(0.035, 0.0),
        upper_lip=around(0.18),
        lower_lip=around(0.15),
        forehead=around(0.06),
        asymmetry=around(0.012, 0.0),
    )


def _light(rng: np.random.Generator) -> dict[str, object]:
    """Key light, fill light and exposure."""
    azimuth = rng.uniform(-1.15, 1.15)
    height = rng.uniform(-0.1, 0.9)
    direction = (
        np.sin(azimuth) * np.cos(height),
        -np.sin(height),
        np.cos(azimuth) * np.cos(height),
    )
    warmth = rng.normal(0, 0.06)
    strength = rng.uniform(0.55, 0.95)
    fill = rng.uniform(0.28, 0.55)
    tint = rng.normal(0, 0.04)
    return dict(
        light=tuple(float(v) for v in direction),
        light_color=(
            strength * (1 + warmth),
            strength,
            strength * (1 - warmth),
        ),
        ambient=(fill * (1 - tint), fill, fill * (1 + tint)),
        exposure=float(rng.uniform(0.88, 1.15)),
    )


def draw_person(seed: int) -> Person:
    """Draw all traits of the person with this seed.

    Args:
        seed (int): At least 0.

    Returns:
        Person: Equal for equal seeds.
    """
    rng = np.random.default_rng([seed, 68])
    feminine = float(np.clip(rng.normal(0.5, 0.4), 0, 1))
    age = float(rng.beta(1.3, 2.0))
    skin = np.array(_between(rng, SKIN_TONES, 0.02))
    dark = 1 - float(skin.mean())
    hair = _between(rng, HAIR_COLORS[: 3 if dark > 0.5 else 6], 0.12)
    if rng.uniform() < age * 0.6:
        hair = _between(rng, HAIR_COLORS[7:], 0.03)
    elif dark < 0.4 and rng.uniform() < 0.08:
        hair = HAIR_COLORS[6]
    style_odds = np.array(HAIR_ODDS)
    style_odds[[0, 1, 2]] *= 1.6 - 1.5 * feminine
    style_odds[[5, 6, 8]] *= 0.15 + 1.9 * feminine
    make_up = float(rng.uniform() * (feminine > 0.45))
    lips = skin * np.array((0.88, 0.62, 0.62)) * (1 - 0.15 * make_up)
    lips += make_up * rng.uniform(0, 0.35) * np.array((0.6, -0.15, -0.05))
    bearded = feminine < 0.45 and rng.uniform() < 0.5
    mouth_open = max(0.0, rng.normal(-0.05, 0.35))
    return Person(
        seed=seed,
        shape=_shape(rng, feminine),
        yaw=float(np.clip(rng.normal(0, 0.24), -0.55, 0.55)),
        pitch=float(np.clip(rng.normal(0.02, 0.1), -0.22, 0.25)),
        roll=float(np.clip(rng.normal(0, 0.1), -0.25, 0.25)),
        smile=float(np.clip(rng.normal(0.35, 0.4), -0.3, 1)),
        mouth_open=float(min(mouth_open, 0.8)),
        eye_open=float(np.clip(rng.normal(1, 0.12), 0.6, 1.25)),
        gaze=(
            float(np.clip(rng.normal(0, 0.03), -0.06, 0.06)),
            float(np.clip(rng.normal(0, 0.012), -0.02, 0.02)),
        ),
        skin=tuple(skin),
        hair=hair,
        iris=_between(rng, IRIS_COLORS[: 3 if dark > 0.45 else 6], 0.05),
        lips=tuple(np.clip(lips, 0.05, 0.9)),
        cloth=tuple(
            rng.uniform(0.04, 0.85) * np.clip(rng.uniform(0.5, 1.2, 3), 0, 1)
        ),
        age=age,
        hair_style=str(
            rng.choice(HAIR_STYLES, p=style_odds / style_odds.sum())
        ),
        beard=float(rng.uniform(0.15, 1)) if bearded else 0.0,
        mustache=float(rng.uniform(0.1, 1)) if bearded else 0.0,
        glasses=str(rng.choice(GLASSES_STYLES, p=GLASSES_ODDS)),
        make_up=make_up,
        softness=float(abs(rng.normal(0, 0.0016))),
        noise=float(abs(rng.normal(0, 0.008))),
        **_light(rng),
    )
