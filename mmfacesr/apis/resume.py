# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Where a training starts: anew, or from a checkpoint of its work folder."""

import logging
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

from mmengine.config import Config
from mmengine.dist import is_main_process
from mmengine.logging import print_log
from mmengine.runner import Runner

from mmfacesr.apis.changed_settings import describe_changes
from mmfacesr.engine.hooks.load_weights_hook import check_resumable
from mmfacesr.engine.hooks.resume_hook import checkpoint_folder
from mmfacesr.utils import first_few, printable
from mmfacesr.weights import WeightsError
from mmfacesr.weights.reading import read_weights_file
from mmfacesr.weights.sources import local_weights

AUTO = 'auto'
"""What stands for the newest checkpoint of the work folder."""
TEMPLATES = ('iter_{}.pth', 'epoch_{}.pth')
"""Names that mmengine gives to checkpoints."""
PROGRESS = r'(\d+)(?:_iter_(\d+))?'
"""In a name: iterations or epochs, and iterations in an epoch cut short."""


@dataclass(frozen=True)
class Checkpoint:
    """A whole checkpoint of a training.

    Args:
        path (Path): Its file.
        meta (Mapping): Its iteration, epoch, seed and config.
    """

    path: Path
    meta: Mapping


def saved_checkpoints(
    folder: str | Path, template: Optional[str] = None
) -> list[list[Path]]:
    """Find checkpoints by their names, the newest first.

    Args:
        folder (str | Path): A work folder; need not be there.
        template (str, optional): ``filename_tmpl`` of CheckpointHook, if it
            is another than mmengine's.

    Returns:
        list[list[Path]]: One list for each way of counting (iterations,
        epochs) that there is.
    """
    found = []
    for each in dict.fromkeys([*TEMPLATES, template or TEMPLATES[0]]):
        before, _, after = each.partition('{}')
        name = re.compile(re.escape(before) + PROGRESS + re.escape(after))
        files = {
            path: tuple(int(number or 0) for number in match.groups())
            for path in Path(folder).glob('*')
            if (match := name.fullmatch(path.name))
        }
        if files:
            found.append(sorted(files, key=files.get, reverse=True))
    return found


def newest_checkpoint(
    folder: str | Path, template: Optional[str] = None
) -> Optional[Checkpoint]:
    """Find the newest checkpoint of a work folder.

    mmengine's ``last_checkpoint`` is not asked: it names a path that a folder
    keeps when it is moved or copied.

    Args:
        folder (str | Path): The work folder.
        template (str, optional): As of :func:`saved_checkpoints`.

    Returns:
        Checkpoint | None: None if there is no checkpoint at all.

    Raises:
        WeightsError: If there are checkpoints and none is whole.
    """
    newest = [
        newest_whole(files) for files in saved_checkpoints(folder, template)
    ]
    return max(newest, key=lambda one: one.meta['iter'], default=None)


def newest_whole(files: list[Path]) -> Checkpoint:
    """Read the first of some checkpoints that is whole.

    A machine that lost its power may leave a torn file behind. The log names
    each one that is passed over, so that a training that is started again by
    a program goes on all the same.

    Raises:
        WeightsError: If none is.
    """
    faults = []
    for path in files:
        try:
            return read_checkpoint(path)
        except WeightsError as error:
            faults.append(f'{printable(path)} ({error.__cause__ or error})')
            print_log(
                f'Passed over {faults[-1]}: cannot be resumed from.',
                'current',
                logging.WARNING,
            )
    raise WeightsError(
        'Expected a whole checkpoint to go on from, but none can be resumed '
        f'from: {"; ".join(faults)}. To start anew, move them away or choose '
        'another --work-dir.'
    )


def read_checkpoint(path: Path) -> Checkpoint:
    """Read what says where a training was.

    Raises:
        WeightsError: If the file is damaged or holds weights alone.
    """
    content = read_weights_file(path)
    check_resumable(content, str(path))
    return Checkpoint(path, content['meta'])


def find_start(cfg: Config, resume: Optional[str]) -> Optional[Checkpoint]:
    """Decide what a training starts from.

    No checkpoint of an earlier training is overwritten, or mixed with those
    of this one: where the work folder holds some, the training goes on from
    one of them or not at all.

    Args:
        cfg (Config): Of the training, with its ``work_dir``.
        resume (str, optional): 'auto', a checkpoint, or None to start anew,
            unless the config says ``resume = True``.

    Returns:
        Checkpoint | None: None to start anew.

    Raises:
        FileExistsError: If there are checkpoints of another training.
        WeightsError: If the checkpoint cannot be used.
    """
    if resume is None and cfg.get('resume'):
        resume = cfg.get('load_from') or AUTO
    folder, template = place_of_checkpoints(cfg)
    if resume == AUTO:
        newest = newest_checkpoint(folder, template)
        if newest is None:
            print_log(f'No checkpoint in {folder}: starts anew.', 'current')
        return newest
    start = None
    if resume is not None:
        path = local_weights(resume, 'a checkpoint to resume from').path
        start = read_checkpoint(path)
        if path.resolve().parent == folder.resolve():
            return start
    others = saved_checkpoints(folder, template)
    if others:
        raise FileExistsError(
            f'Expected a work folder without checkpoints for a training that '
            f'does not go on from them, got {folder} with '
            f'{first_few(path.name for path in others[0])}. Add --resume to '
            'go on from the newest one, choose another --work-dir, or move '
            'them away.'
        )
    return start


def place_of_checkpoints(cfg: Config) -> tuple[Path, Optional[str]]:
    """Folder and ``filename_tmpl`` of the checkpoints of a training."""
    hook = (cfg.get('default_hooks') or {}).get('checkpoint') or {}
    folder = checkpoint_folder(hook.get('out_dir'), cfg.work_dir)
    return Path(folder), hook.get('filename_tmpl')


def use_seed_of(cfg: Config, start: Checkpoint) -> None:
    """Let the data of a resumed training come in the order that it had."""
    if start.meta.get('seed') is not None:
        cfg.merge_from_dict(dict(randomness=dict(seed=start.meta['seed'])))


def resume_from(runner: Runner, start: Checkpoint, cfg: Config) -> None:
    """Let a runner go on from a checkpoint, and say what that means.

    Not by the config: the file of it that the run leaves behind would name
    this checkpoint for ever.

    Args:
        runner (Runner): Has not begun yet.
        start (Checkpoint): Where to go on.
        cfg (Config): Settings as they were asked for.

    Raises:
        ValueError: If the checkpoint's optimizer or schedule is another one.
    """
    runner._resume, runner._load_from = True, str(start.path)
    runner.logger.info(
        f'Goes on from {printable(start.path)}, iteration '
        f'{start.meta["iter"]}.'
    )
    changes = describe_changes(start.meta.get('cfg'), cfg.pretty_text)
    if changes:
        runner.logger.warning(
            f'Settings that differ from those of {start.path.name}:\n{changes}'
        )
    if is_main_process():
        folder, template = place_of_checkpoints(cfg)
        for file in newer_than(start.path, folder, template):
            aside = file.with_name(f'{file.name}.{runner.timestamp}')
            # It would be taken for the newest one the next time.
            os.replace(file, aside)
            runner.logger.warning(
                f'{file.name} is newer than {start.path.name} and was renamed '
                f'{aside.name}.'
            )


def newer_than(
    path: Path, folder: Path, template: Optional[str]
) -> list[Path]:
    """Checkpoints of a folder that are newer than one of them."""
    if path.resolve().parent != folder.resolve():
        return []
    for files in saved_checkpoints(folder, template):
        names = [file.name for file in files]
        if path.name in names:
            newer = files[: names.index(path.name)]
            # Of these, or of an iteration that none was saved at.
            best = [
                file
                for file in Path(folder).glob('best_*.pth')
                if is_newer(file.name, path.name)
            ]
            return newer + best
    return []


def is_newer(best: str, name: str) -> bool:
    """Whether a best checkpoint is of a later place than another file.

    Args:
        best (str): File name, such as 'best_PSNR_iter_4.pth'.
        name (str): That of a checkpoint, such as 'iter_2.pth'.
    """
    kind, _, number = name.removesuffix('.pth').partition('_')
    found = re.search(rf'_{re.escape(kind)}_(\d+)\.pth$', best)
    return bool(found) and int(found[1]) > int(number.split('_')[0])
