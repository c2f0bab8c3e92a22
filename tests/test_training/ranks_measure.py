# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Measure the same faces on however many ranks: ``FACES.npz OUT.json``."""

import json
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import torch
from mmengine.dataset import DefaultSampler
from mmengine.dist import is_main_process
from torch.utils.data import DataLoader

from mmfacesr.models.protocols import known_protocols
from mmfacesr.utils import register_all_modules

BATCHES = (1, 4)
SHUFFLED = 'shuffled'
FEW = (1, 2)  # images: fewer than ranks


def bgr(image: np.ndarray) -> torch.Tensor:
    """(H, W, 3) RGB to (3, H, W) BGR."""
    return torch.from_numpy(image).permute(2, 0, 1).flip(0)


def measure(
    pairs: np.ndarray, batch_size: int, shuffle: bool = False
) -> dict[str, float]:
    """Values of all protocols by the metrics of a test.

    Args:
        pairs (np.ndarray): (N, 2, H, W, 3) RGB in [0, 255].
        batch_size (int): Of each rank.
        shuffle (bool): Whether the order is another. Defaults to False.
    """
    from mmfacesr.evaluation.metrics import PaperProtocol

    loader = DataLoader(
        pairs,
        batch_size,
        sampler=DefaultSampler(pairs, shuffle=shuffle, seed=3),
        collate_fn=list,
    )
    metrics = [PaperProtocol(name) for name in known_protocols()]
    found = {}
    for metric in metrics:
        metric.prepare(SimpleNamespace(data_preprocessor=None), loader)
        for batch in loader:
            metric.process(
                None,
                [
                    dict(output=dict(pred_img=bgr(a)), gt_img=bgr(b))
                    for a, b in batch
                ],
            )
        found |= metric.evaluate()
    return found


def main() -> None:
    """Measure in every way."""
    torch.distributed.init_process_group('gloo')
    register_all_modules()
    pairs = np.load(sys.argv[1])['pairs']
    found = {str(size): measure(pairs, size) for size in BATCHES}
    found[SHUFFLED] = measure(pairs, 2, shuffle=True)
    for few in FEW:
        found[f'few{few}'] = measure(pairs[:few], 1, shuffle=True)
    if is_main_process():
        Path(sys.argv[2]).write_text(json.dumps(found))


if __name__ == '__main__':
    main()
