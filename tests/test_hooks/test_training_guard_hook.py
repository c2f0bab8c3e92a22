# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""A training that becomes NaN ends at once and keeps its checkpoints."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from mmengine.hooks import Hook
from mmengine.logging import HistoryBuffer
from mmengine.model import BaseModel
from mmengine.runner import Runner
from mmengine.structures import BaseDataElement
from torch import Tensor, nn
from torch.utils.data import Dataset

from mmfacesr.compat.mends import mend
from mmfacesr.engine.hooks import TrainingGuardHook

NAN = float('nan')


class Faces(Dataset):
    """One number an image; image 3 holds what is given."""

    def __init__(self, fourth: float = 1.0) -> None:
        self.values = [1.0, 1.0, 1.0, fourth, *[1.0] * 4]

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, index: int) -> dict:
        info = dict(gt_path=f'/faces/{index}.png')
        return dict(
            inputs=torch.tensor([self.values[index]]),
            data_samples=BaseDataElement(metainfo=info),
        )


class Model(BaseModel):
    """Two losses of one weight; `root` has an infinite slope at 0."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(1))

    def forward(
        self, inputs: list, data_samples: list, mode: str = 'tensor'
    ) -> dict[str, Tensor]:
        values = torch.stack(inputs)
        # 0 / 0 in the gradient where the value is 0; the loss itself is 0
        root = (self.weight * values).mul(0.01).square().sum().sqrt()
        return dict(loss_pix=(self.weight * values).mean(), loss_root=root)


def train(
    work_dir: Path,
    dataset: Dataset,
    by_epoch: bool = False,
    batch_size: int = 1,
    **settings: Any,
) -> Runner:
    """Four iterations or an epoch, in order; a checkpoint after each."""
    mend()
    length = dict(max_epochs=1) if by_epoch else dict(max_iters=4)
    runner = Runner(
        Model(),
        str(work_dir),
        train_dataloader=dict(
            batch_size=batch_size,
            dataset=dataset,
            sampler=dict(type='DefaultSampler', shuffle=False),
            drop_last=True,
            num_workers=0,
        ),
        train_cfg=dict(by_epoch=by_epoch, **length),
        optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.01)),
        default_hooks=dict(
            guard=TrainingGuardHook(),
            checkpoint=dict(
                type='CheckpointHook',
                interval=1,
                by_epoch=by_epoch,
                max_keep_ckpts=1,
            ),
        ),
        default_scope='mmengine',
        experiment_name=f'{work_dir.name}_{by_epoch}',
        **settings,
    )
    runner.train()
    return runner


def weights_of(folder: Path) -> dict[str, Tensor]:
    """Name -> the weight of every checkpoint of a folder."""
    return {
        path.name: torch.load(path, weights_only=False)['state_dict']['weight']
        for path in folder.glob('*.pth')
    }


@pytest.mark.parametrize('value', [NAN, float('inf')])
def test_bad_loss_stops_before_it_is_saved(
    value: float, tmp_path: Path
) -> None:
    with pytest.raises(ValueError) as stop:
        train(tmp_path, Faces(fourth=value))
    message = str(stop.value)
    assert f'iteration 4 loss is {value}, loss_pix is {value}' in message
    assert 'Images of this batch: /faces/3.png' in message
    assert 'Images of the batch before: /faces/2.png' in message
    assert f'the last good checkpoint is {tmp_path}/iter_3.pth' in message
    kept = weights_of(tmp_path)
    assert kept.keys() == {'iter_3.pth'} and kept['iter_3.pth'].isfinite()


def test_bad_weights_of_a_finite_loss_are_not_saved(tmp_path: Path) -> None:
    """The loss of the fourth image is 0, its gradient 0 / 0."""
    with pytest.raises(ValueError, match='after iteration 4 1 tensors') as no:
        train(tmp_path, Faces(fourth=0.0))
    assert 'Images of this batch: /faces/3.png' in str(no.value)
    kept = weights_of(tmp_path)
    assert kept.keys() == {'iter_3.pth'} and kept['iter_3.pth'].isfinite()


def test_good_training_is_left_alone(tmp_path: Path) -> None:
    runner = train(tmp_path, Faces())
    assert runner.iter == 4 and weights_of(tmp_path).keys() == {'iter_4.pth'}
    order = [type(hook).__name__ for hook in runner.hooks]
    assert order.index('RuntimeInfoHook') < order.index('TrainingGuardHook')


def test_epoch_without_a_batch_is_no_success(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match='at least one batch, got none'):
        train(tmp_path, Faces(), by_epoch=True, batch_size=9)
    assert not weights_of(tmp_path)


def test_a_gan_logs_no_sum(monkeypatch: pytest.MonkeyPatch) -> None:
    """MMagic's GANs drop `loss`, which usual checks of losses look at."""
    logs = {'train/loss_gan': HistoryBuffer([1.0, NAN], [1, 1])}
    hub = SimpleNamespace(get_scalar=logs.__getitem__, log_scalars=logs)
    runner = SimpleNamespace(message_hub=hub, iter=6, hooks=[])
    monkeypatch.setattr(
        'mmfacesr.engine.hooks.training_guard_hook.get_world_size', lambda: 2
    )
    with pytest.raises(ValueError, match='loss_gan is nan on process 0 of 2'):
        TrainingGuardHook().after_train_iter(runner, 6, None, dict(loss_gan=0))


def test_mended_save_keeps_the_old_until_the_new_is_there(
    tmp_path: Path,
) -> None:
    """Of a save that fails for whatever reason."""

    class FullDisk(Hook):
        """Fails at the second save."""

        def before_save_checkpoint(
            self, runner: Runner, checkpoint: dict
        ) -> None:
            if checkpoint['meta']['iter'] == 2:
                raise OSError('no space')

    with pytest.raises(OSError, match='no space'):
        train(tmp_path, Faces(), custom_hooks=[FullDisk()])
    assert weights_of(tmp_path).keys() == {'iter_1.pth'}
