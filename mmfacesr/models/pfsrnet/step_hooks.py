# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""What a training that grows in steps tells its log and its checkpoints."""

from typing import Optional

from mmengine.hooks import CheckpointHook, Hook
from mmengine.runner import Runner

from mmfacesr.engine.module_path import unwrap
from mmfacesr.registry import HOOKS


@HOOKS.register_module()
class ProgressiveStepHook(Hook):
    """Keeps a ``ProgressiveRestorer`` in step with the runner.

    The runner's iteration is handed to the restorer before training, so that
    a run from other weights (``load_from``) starts with the first step and a
    resumed one goes on where it was. Validations of steps before the last
    one are named by their size: ``32px/PSNR``.
    """

    # before RuntimeInfoHook hands the metrics to the log
    priority = 'HIGHEST'

    def before_train(self, runner: Runner) -> None:
        """Set the iteration and log the schedule.

        Raises:
            ValueError: If a step before the last could give the best
                checkpoint.
        """
        check_checkpoint_hooks(runner)
        restorer = unwrap(runner.model)
        restorer.step_counter.fill_(runner.iter)
        for line in restorer.schedule.describe():
            runner.logger.info(line)
        if restorer.landmark_guidance is not None:
            runner.logger.info(restorer.landmark_guidance.describe())
        if runner.iter:
            progress = restorer.progress()
            runner.logger.info(
                f'Goes on in step {progress.step} with alpha '
                f'{progress.alpha:.4f}.'
            )

    def before_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Optional[dict] = None,
    ) -> None:
        """Log the beginning of a step."""
        restorer = unwrap(runner.model)
        step = restorer.progress().step
        if runner.iter and step != restorer.progress(ahead=-1).step:
            size = restorer.schedule.steps[step - 1].size
            runner.logger.info(f'Step {step} begins: {size} px.')

    def after_val_epoch(
        self, runner: Runner, metrics: Optional[dict] = None
    ) -> None:
        """Name the metrics by the size that they were measured at."""
        restorer = unwrap(runner.model)
        sizes = [f'{step.size}px/' for step in restorer.schedule.steps]
        # A log repeats the last value of whatever it knows.
        for name in list(runner.message_hub.log_scalars):
            if name.startswith(tuple(f'val/{size}' for size in sizes)):
                runner.message_hub.log_scalars.pop(name)
        step = restorer.progress(ahead=-1).step
        if metrics and step < len(sizes):
            for name in list(metrics):
                metrics[sizes[step - 1] + name] = metrics.pop(name)


def check_checkpoint_hooks(runner: Runner) -> None:
    """Refuse checkpoint hooks that would look for values of the last step."""
    for hook in runner.hooks:
        looks = isinstance(hook, CheckpointHook) and hook.save_best
        if looks and not isinstance(hook, LastStepCheckpointHook):
            raise ValueError(
                'Expected default_hooks.checkpoint of the type '
                'LastStepCheckpointHook for a training that grows in steps, '
                f'got {type(hook).__name__}: earlier steps do not measure '
                f'{hook.save_best}, but 32px/... and 64px/...'
            )


@HOOKS.register_module()
class LastStepCheckpointHook(CheckpointHook):
    """mmengine's, but only the last step can give the best checkpoint.

    Validations that do not measure ``save_best``, as those of the steps
    before, are left out; mmengine's hook ends the training over them.

    Raises:
        ValueError: If ``save_best`` is 'auto', which would take the first
            value of whatever step.
    """

    def __init__(self, **kwargs: object) -> None:
        super().__init__(**kwargs)
        names = self.save_best or []
        self.measured = {names} if isinstance(names, str) else set(names)
        if 'auto' in self.measured:
            raise ValueError(
                "Expected save_best to name a metric, such as 'PSNR', got "
                "'auto'; only the last step can give the best checkpoint."
            )

    def after_val_epoch(self, runner: Runner, metrics: dict) -> None:
        """Keep the checkpoint if it is the best one of the last step."""
        if self.measured <= set(metrics):
            super().after_val_epoch(runner, metrics)
