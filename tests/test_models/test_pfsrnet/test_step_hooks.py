# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Only validations that measure `save_best` can give the best checkpoint."""

from types import SimpleNamespace

import pytest
from mmengine.fileio import LocalBackend
from mmengine.hooks import CheckpointHook

from mmfacesr.models.pfsrnet.step_hooks import (
    LastStepCheckpointHook,
    ProgressiveStepHook,
    check_checkpoint_hooks,
)


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> list[dict]:
    """Validations that reach mmengine's hook."""
    seen: list[dict] = []
    monkeypatch.setattr(
        CheckpointHook,
        'after_val_epoch',
        lambda self, runner, metrics: seen.append(metrics),
    )
    return seen


def test_earlier_steps_are_left_out(kept: list[dict]) -> None:
    hook = LastStepCheckpointHook(save_best='PSNR', rule='greater')
    for metrics in ({'32px/PSNR': 30.0}, {'PSNR': 20.0, 'SSIM': 0.5}):
        hook.after_val_epoch(None, metrics)
    assert kept == [{'PSNR': 20.0, 'SSIM': 0.5}]


def test_several_and_none(kept: list[dict]) -> None:
    both = LastStepCheckpointHook(
        save_best=['PSNR', 'MAE'], rule=['greater', 'less']
    )
    both.after_val_epoch(None, {'PSNR': 20.0})
    assert not kept
    LastStepCheckpointHook().after_val_epoch(None, {'64px/PSNR': 20.0})
    assert kept == [{'64px/PSNR': 20.0}], "mmengine's own business"


def test_auto_is_refused() -> None:
    with pytest.raises(ValueError, match="'PSNR', got 'auto'"):
        LastStepCheckpointHook(save_best='auto')


def test_mmengine_still_ends_over_a_missing_metric() -> None:
    """Tells when mmengine's own hook would do."""
    hook = CheckpointHook(
        save_best='PSNR', rule='greater', filename_tmpl='iter_{}.pth'
    )
    hook.file_backend = LocalBackend()
    runner = SimpleNamespace(epoch=0, iter=1)
    with pytest.raises(KeyError, match='PSNR'):
        hook.after_val_epoch(runner, {'32px/PSNR': 30.0})


@pytest.mark.parametrize('kind', [CheckpointHook, LastStepCheckpointHook])
def test_another_hook_for_the_best_checkpoint_is_refused(kind: type) -> None:
    hook = kind(save_best='PSNR', rule='greater', by_epoch=False)
    runner = SimpleNamespace(hooks=[ProgressiveStepHook(), hook])
    if kind is LastStepCheckpointHook:
        check_checkpoint_hooks(runner)
        return
    with pytest.raises(ValueError, match='type LastStepCheckpointHook'):
        check_checkpoint_hooks(runner)
