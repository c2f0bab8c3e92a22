# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""FID on however many ranks: ``FACES.npz REFERENCE OUT.json``.

Features are sums of a few pixels: what is tested is who reads what.
"""

import json
import sys
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

import numpy as np
import torch
from mmengine.dataset import DefaultSampler
from mmengine.dist import all_gather_object, init_dist
from torch.utils.data import DataLoader

from mmfacesr.compat.distributed import mend_distributed
from mmfacesr.evaluation.metrics import PytorchFID
from mmfacesr.evaluation.metrics import fid as module

WIDTH = 6


def features(self: PytorchFID, images: list) -> np.ndarray:
    """A few numbers of each image, in place of a network's."""
    flat = [np.float32(image).reshape(-1, WIDTH).mean(0) for image in images]
    return np.stack(flat)


def main() -> None:
    """Measure, and say how many files each rank has read."""
    mend_distributed()
    init_dist('pytorch', backend='nccl')
    pairs = np.load(sys.argv[1])['pairs']
    read: list[Path] = []

    def reading(file: Path) -> np.ndarray:
        read.append(file)
        return read_image(file)

    read_image = module.read_image
    with (
        mock.patch.multiple(module, NUM_FEATURES=WIDTH, read_image=reading),
        mock.patch.object(PytorchFID, 'features', features),
    ):
        metric = PytorchFID(sys.argv[2])
        loader = DataLoader(
            pairs,
            2,
            sampler=DefaultSampler(pairs, shuffle=False),
            collate_fn=list,
        )
        metric.prepare(SimpleNamespace(data_preprocessor=None), loader)
        for batch in loader:
            metric.process(
                None,
                [
                    dict(
                        output=dict(
                            pred_img=torch.from_numpy(a).permute(2, 0, 1)
                        ),
                        gt_img=torch.from_numpy(b).permute(2, 0, 1),
                    )
                    for a, b in batch
                ],
            )
        found = metric.evaluate()
    counts = all_gather_object(len(read))
    if found:
        Path(sys.argv[3]).write_text(json.dumps([found, counts]))


if __name__ == '__main__':
    main()
