# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""An inferencer whose network and finder do what a test says."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from mmfacesr.apis import cli
from mmfacesr.apis.restoring import inferencer
from mmfacesr.apis.restoring.inferencer import FaceSRInferencer
from mmfacesr.datasets.synthetic_faces import render_face

MODEL = 'dic-small_x8c16b2_1xb4-500_synthetic'
HD_MODEL = 'sparnet-hd_attn2d_1xb2-10e_ffhq'


class KnownFaces:
    """Finds the faces that it is told of, in every picture."""

    def __init__(self, *faces: np.ndarray) -> None:
        self.faces = list(faces)

    def find(self, image: np.ndarray) -> list[np.ndarray]:
        return list(self.faces)


def enlarge(lr: Tensor) -> Tensor:
    """Every pixel eight times: what it was given can be read off."""
    return nn.functional.interpolate(lr, scale_factor=8, mode='nearest')


def brighten(lr: Tensor) -> Tensor:
    """Change what is right of the middle, the mean color stays."""
    face = enlarge(lr)
    change = face.new_zeros(128)
    change[64:], change[:64] = 0.1, -0.1
    return face + change


def identity(face: Tensor) -> Tensor:
    return face


def face_of_side(side: float, left: float = 0, top: float = 0) -> np.ndarray:
    """68 points whose framed square ('face') has about that side."""
    _, points = render_face(3, 160)
    points = (points - 16) * side / 128
    return (points + (left, top)).astype(np.float32)


@pytest.fixture
def make_restorer() -> Callable[..., FaceSRInferencer]:
    """Make an inferencer for pictures with known faces."""

    def make(
        *faces: np.ndarray, network: Callable = enlarge, model: str = MODEL
    ) -> FaceSRInferencer:
        torch.manual_seed(0)
        restorer = FaceSRInferencer(
            model, network=network, show_progress=False
        )
        restorer._finder = KnownFaces(*faces)
        return restorer

    return make


@pytest.fixture
def restore(
    make_restorer: Callable, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Callable[..., int]:
    """Run the command with a network that enlarges pixels."""
    faces = [face_of_side(18, 20, 20), face_of_side(60, 20, 20)]
    restorer = make_restorer(*faces, network=enlarge)
    monkeypatch.setattr(
        inferencer, 'FaceSRInferencer', lambda *_, **__: restorer
    )

    def run(*words: object) -> int:
        out = tmp_path / 'out'
        given = ['restore', *map(str, words), '-o', str(out), '-m', MODEL]
        return cli.main(given)

    run.restorer = restorer
    return run
