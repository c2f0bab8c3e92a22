# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""DIC learns eight faces by heart: nothing stands between it and the data."""

from pathlib import Path

import pytest
from mmengine.runner import Runner

from mmfacesr.apis.config import load_config

ITERATIONS = 1500
SIZE = 64
"""8x8 to 64x64: a quarter of the work."""
ABOVE = 30.0
"""PSNR in dB, RGB, border 8, on the faces trained on."""


@pytest.mark.slow
def test_eight_faces(faces_root: Path, tmp_path: Path, config: str) -> None:
    cfg = load_config(
        config,
        dict(
            data_root=str(faces_root),
            work_dir=str(tmp_path),
            experiment_name='overfit',
            model=dict(
                generator=dict(
                    mid_channels=32,
                    num_blocks=1,
                    num_steps=2,
                    hg_mid_channels=32,
                )
            ),
            train_dataloader=dict(
                batch_size=8, num_workers=0, persistent_workers=False
            ),
            val_dataloader=dict(num_workers=0, dataset=dict(split='train')),
            optim_wrapper=dict(optimizer=dict(lr=2e-3)),
            train_cfg=dict(max_iters=ITERATIONS, val_interval=ITERATIONS),
            param_scheduler=dict(T_max=ITERATIONS),
        ),
    )
    sizes = dict(ResizeFace=SIZE, DrawHeatmaps=SIZE // 4)
    for loader in (cfg.train_dataloader, cfg.val_dataloader):
        for step in loader.dataset.pipeline:
            if step['type'] in sizes:
                step['size'] = sizes[step['type']]
    runner = Runner.from_cfg(cfg)
    runner.train()
    psnr = runner.message_hub.get_scalar('val/PSNR').current()
    assert psnr > ABOVE
