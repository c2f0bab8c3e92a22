# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""ELSFace's LPIPS against the package, with filled weights.

The values mean nothing as figures; that both sides agree does.
"""

import warnings
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from mmfacesr.evaluation.metrics import LPIPS
from mmfacesr.models.elsface import metrics as module
from mmfacesr.models.elsface.metrics import ELSFaceLPIPS


def evaluated(metric: LPIPS, *batches: list[dict]) -> dict:
    """Values of the samples of several test batches."""
    metric.size = sum(map(len, batches))
    for batch in batches:
        metric.process([], batch)
    return metric.evaluate()


def lpips_of_package(weights: Path) -> torch.nn.Module:
    """The package's own network, weights put in by key."""
    import lpips

    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        network = lpips.LPIPS(net='alex', pnet_rand=True, verbose=False)
    filled = torch.load(weights, weights_only=True)
    network.net.load_state_dict(
        {
            key: filled['features.' + key.split('.', 1)[1]]
            for key in network.net.state_dict()
        }
    )
    return network


def test_lpips_is_the_package_fed_with_files(
    samples: list[dict], folder: Path, weights: dict[str, Path]
) -> None:
    """BGR as OpenCV reads it, 8 bit, not even a batch around an image."""
    network = lpips_of_package(weights['alexnet'])
    wanted = []
    for i in range(len(samples)):
        pair = (
            torch.from_numpy(cv2.imread(str(folder / f'{i}.{suffix}')))
            for suffix in ('jpg', 'png')
        )
        with torch.no_grad():
            wanted.append(network(*(x.permute(2, 0, 1) for x in pair)).item())
    backbone = str(weights['alexnet'])
    found = evaluated(ELSFaceLPIPS(backbone), samples)
    assert found == {'elsface/LPIPS': pytest.approx(np.mean(wanted), rel=1e-5)}
    assert evaluated(ELSFaceLPIPS(backbone), samples[:1], samples[1:]) == (
        pytest.approx(found, rel=1e-6)
    )
    usual = evaluated(LPIPS(backbone=backbone), samples)
    assert usual['LPIPS/alex'] != pytest.approx(np.mean(wanted), rel=0.01)


@pytest.mark.parametrize('change', ['colors', 'jpeg'])
def test_lpips_sees_colors_and_jpeg(
    samples: list[dict],
    weights: dict[str, Path],
    monkeypatch: pytest.MonkeyPatch,
    change: str,
) -> None:
    backbone = str(weights['alexnet'])
    (right,) = evaluated(ELSFaceLPIPS(backbone), samples).values()
    if change == 'colors':
        samples = [
            dict(
                gt_img=x['gt_img'].flip(0),
                output=dict(pred_img=x['output']['pred_img'].flip(0)),
            )
            for x in samples
        ]
    else:
        monkeypatch.setattr(module, 'elsface_pair', lambda *pair: pair)
    (other,) = evaluated(ELSFaceLPIPS(backbone), samples).values()
    assert other != pytest.approx(right, rel=1e-3)
