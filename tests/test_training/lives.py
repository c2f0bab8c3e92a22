# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Script: a training that is killed again and again, and one that is not.

    lives.py CONFIG FOLDER KILLS [options of tools/train.py]

Each life is ``tools/train.py CONFIG --resume`` in a process that is forked
from this one, so that it need not import anything again. It gets SIGKILL,
with its data workers: at a random moment, while a checkpoint is written, or
soon after one. Prints what happened as one line of JSON.
"""

import json
import os
import random
import runpy
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path

import torch
from mmengine.visualization import Visualizer

from mmfacesr.apis.config import load_config

TRAIN = Path(__file__).parents[2] / 'tools/train.py'
MOMENTS = ('saved', 'any', 'saving')  # the first tells how long a life is
PATIENCE = 120.0  # seconds for one life


def start(config: str, folder: Path) -> int:
    """Fork a training; it leads a group of its own."""
    pid = os.fork()
    with suppress(PermissionError):  # whoever comes first
        os.setpgid(pid, pid)
    if pid:
        return pid
    log = os.open(
        folder.with_suffix('.log'), os.O_CREAT | os.O_WRONLY | os.O_APPEND
    )
    os.dup2(log, 1), os.dup2(log, 2)
    words = [config, '--work-dir', str(folder), '--resume', *sys.argv[4:]]
    sys.argv = ['train.py', *words]
    status = 1
    try:
        runpy.run_path(str(TRAIN), run_name='__main__')
        status = 0
    except SystemExit as end:
        status = end.code or 0
    finally:
        os._exit(status)


def ended(pid: int, options: int = os.WNOHANG) -> bool:
    """Whether a life is over by itself; an error ends this script."""
    found, status = os.waitpid(pid, options)
    if found and status:
        raise SystemExit(f'a training ended by itself with {status}')
    return bool(found)


def wait_for(moment: str, folder: Path, pid: int, seconds: float) -> bool:
    """Wait for the moment of a kill; False if the training ended before.

    Args:
        moment ('saved' | 'any' | 'saving'): A file has been written; some
            time; one is being written.
        folder (Path): The work folder.
        pid (int): The training.
        seconds (float): How long a life is, about.
    """
    known = set(folder.glob('*.pth'))
    end = time.monotonic() + random.uniform(0, seconds)
    limit = time.monotonic() + PATIENCE
    while not ended(pid):
        now = time.monotonic()
        if now > limit:
            raise SystemExit(f'nothing was saved in {PATIENCE} s')
        if moment == 'any' and now > end:
            return True
        if moment == 'saving' and any(folder.glob('.*.tmp')):
            time.sleep(random.uniform(0, 0.01))
            return True
        if moment == 'saved' and set(folder.glob('*.pth')) - known:
            time.sleep(random.uniform(0, seconds / 20))
            return True
        time.sleep(0.0005)
    return False


def live_and_die(config: str, folder: Path, kills: int) -> dict[str, int]:
    """Kill a training at most that often, then let it end."""
    done, seconds = dict.fromkeys(MOMENTS, 0), 4.0
    for number in range(kills):
        moment = MOMENTS[number % len(MOMENTS)]
        begin, pid = time.monotonic(), start(config, folder)
        if not wait_for(moment, folder, pid, seconds):
            return done
        os.killpg(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        done[moment] += 1
        if moment == 'saved':
            seconds = time.monotonic() - begin
    ended(start(config, folder), options=0)
    return done


def end_of(folder: Path) -> dict:
    """What a finished training left: its last checkpoint, its best one."""
    newest = max(
        folder.glob('[ei]*_*.pth'), key=lambda path: path.stat().st_mtime_ns
    )
    held = torch.load(newest, weights_only=True)
    parts = ('state_dict', 'ema_state_dict', 'optimizer', 'param_schedulers')
    return dict(
        name=newest.name,
        best=sorted(path.name for path in folder.glob('best_*.pth')),
        **{part: held[part] for part in parts if part in held},
    )


def differences(one: object, other: object, where: str = '') -> list[str]:
    """Places at which two contents differ, to the last bit."""
    if type(one) is not type(other):
        return [where]
    if isinstance(one, dict):
        if one.keys() != other.keys():
            return [where]
        pairs = [(f'{where}.{key}', one[key], other[key]) for key in one]
    elif isinstance(one, (list, tuple)):
        if len(one) != len(other):
            return [where]
        pairs = [
            (f'{where}[{i}]', *pair) for i, pair in enumerate(zip(one, other))
        ]
    elif isinstance(one, torch.Tensor):
        return [] if torch.equal(one, other) else [where]
    else:
        return [] if one == other else [where]
    return [place for name, a, b in pairs for place in differences(a, b, name)]


def main() -> None:
    """Train twice and compare."""
    config, folder, kills = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    torch.set_num_threads(1)
    random.seed(config)
    load_config(config)  # imports what a training needs
    Visualizer()  # imports matplotlib
    whole, killed = folder / 'whole', folder / 'killed'
    ended(start(config, whole), options=0)
    done = live_and_die(config, killed, kills)
    found = differences(end_of(whole), end_of(killed))
    left = [path.name for path in killed.glob('*') if '.tmp' in path.name]
    print(json.dumps(dict(kills=done, differences=found, left=left)))  # noqa: T201


if __name__ == '__main__':
    main()
