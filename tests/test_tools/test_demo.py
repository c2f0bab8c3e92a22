# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""The demo script restores a picture by the inferencer."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from mmfacesr.apis import get_model

MODEL = 'dic-small_x8c16b2_1xb4-500_synthetic'


def test_a_small_face_becomes_a_large_one(repo: Path, tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = get_model(MODEL)
    torch.save(model.state_dict(), tmp_path / 'dic.pth')
    rng = np.random.default_rng(0)
    lr = rng.integers(0, 256, (16, 16, 3), np.uint8)
    Image.fromarray(lr).save(tmp_path / 'lr.png')
    words = [tmp_path / 'lr.png', MODEL, tmp_path / 'dic.pth', '--mode', 'lr']
    done = subprocess.run(
        [
            sys.executable,
            repo / 'demo/face_sr_demo.py',
            *words,
            '--out',
            'sr.png',
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert 'face of 16 pixels: restored' in done.stdout
    mean = torch.tensor(model.facts.mean).view(3, 1, 1)
    with torch.no_grad():
        inputs = torch.from_numpy(lr).permute(2, 0, 1) - mean
        sr = model(inputs[None] / 255, image_only=True)[0] * 255 + mean
    sr = sr.clamp(0, 255).round().byte().permute(1, 2, 0).numpy()
    found = np.array(Image.open(tmp_path / 'sr.png')).astype(int)
    assert np.abs(found - sr).max() <= 1
