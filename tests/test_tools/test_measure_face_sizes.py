# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""How large a face may be to gain from being restored."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from skimage.metrics import peak_signal_noise_ratio
from torch import Tensor, nn

from mmfacesr.apis.face_network import FaceNetwork
from mmfacesr.datasets.synthetic_faces import render_face
from mmfacesr.models import METHODS


def bicubic(lr: Tensor) -> Tensor:
    return nn.functional.interpolate(lr, scale_factor=8, mode='bicubic')


def flat(lr: Tensor) -> Tensor:
    return bicubic(0 * lr)


def test_a_bicubic_network_gains_by_back_projection_alone(repo: Path) -> None:
    path = repo / 'tools/analysis_tools/measure_face_sizes.py'
    spec = importlib.util.spec_from_file_location('measure', path)
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    faces = [render_face(seed, 128)[0] for seed in range(3)]
    network = FaceNetwork(METHODS['dic'].facts['x8'], bicubic)
    found = [tool.measure(network, faces, side) for side in (16, 24, 48)]
    small = [Image.fromarray(f).resize((16, 16), Image.BICUBIC) for f in faces]
    wanted = [
        peak_signal_noise_ratio(
            face[8:-8, 8:-8],
            np.array(lr.resize((128, 128), Image.BICUBIC))[8:-8, 8:-8],
        )
        for face, lr in zip(faces, small)
    ]
    assert found[0][2] == pytest.approx(np.mean(wanted))
    crops = [Image.fromarray(f).resize((24, 24), Image.BICUBIC) for f in faces]

    def psnr_of(side: int) -> float:
        """Of faces that are enlarged from a side, and agree at 24 pixels."""
        made = [
            network.back_project(
                np.float32(
                    crop.resize((side, side), Image.BICUBIC).resize(
                        (128, 128), Image.BICUBIC
                    )
                ),
                np.array(crop),
            )
            for crop in crops
        ]
        return np.mean(
            [
                peak_signal_noise_ratio(
                    face[8:-8, 8:-8] * 1.0,
                    sr[8:-8, 8:-8].astype(float),
                    data_range=255,
                )
                for face, sr in zip(faces, made)
            ]
        )

    assert found[1][0] == pytest.approx(psnr_of(16), abs=0.1)
    assert found[1][1] == pytest.approx(psnr_of(24))
    # It adds nothing to what needs no network.
    assert all(abs(sr - sharpened) < 0.2 for sr, sharpened, _ in found)
    assert all(0.2 < sr - alone < 1.5 for sr, _, alone in found)
    blind = FaceNetwork(METHODS['dic'].facts['x8'], flat)
    assert tool.measure(blind, faces, 16)[0] < found[0][0]
