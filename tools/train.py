# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Train a face super-resolution method from its config.

    python tools/train.py configs/dic/dic_x8c48b6_1xb8-150k_celeba.py
    DATA_ROOT=my/faces python tools/train.py CONFIG
    python tools/train.py CONFIG --cfg-options data_root=my/faces
    python tools/train.py CONFIG --resume        # continue after a stop
    tools/dist_train.sh CONFIG 4                 # four processes

Checkpoints go to the work folder, <work-dir>/*.pth, and logs and validation
images to <work-dir>/<time>/. On Ctrl-C, SIGTERM or SIGHUP the training saves a
checkpoint, then ends with the status 130 or 143.
"""

import argparse
import copy

from mmfacesr.apis.config import load_config
from mmfacesr.apis.launch import add_common_arguments, clear_errors, prepare
from mmfacesr.apis.schedules import check_schedule


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('config', help='config file, or the name of one')
    parser.add_argument(
        '--resume',
        nargs='?',
        const='auto',
        metavar='CHECKPOINT',
        help='continue from CHECKPOINT, or from the newest checkpoint in the '
        'work folder; start from the beginning if there is none',
    )
    parser.add_argument(
        '--amp',
        action='store_true',
        help='mixed precision: float16 with loss scaling on a GPU, bfloat16 '
        'without a GPU',
    )
    parser.add_argument(
        '--auto-scale-lr',
        action='store_true',
        help='scale the learning rate by batch size / base batch size',
    )
    add_common_arguments(parser)
    return parser.parse_args()


def main() -> None:
    """Train."""
    args = parse_args()
    with clear_errors():
        cfg = load_config(args.config, args.cfg_options)
        prepare(cfg, args)
        check_schedule(cfg)
        from mmengine.runner import Runner

        from mmfacesr.apis.resume import find_start, resume_from, use_seed_of
        from mmfacesr.apis.stopping import train_until_stopped
        from mmfacesr.engine.optim_wrappers import enable_amp, fuse_optimizers

        if args.amp:
            enable_amp(cfg)
        if cfg.get('fused_optimizer'):
            fuse_optimizers(cfg)
        if args.auto_scale_lr:
            cfg.auto_scale_lr.enable = True
        start = find_start(cfg, args.resume)
        asked = copy.deepcopy(cfg)
        if start is not None:
            use_seed_of(cfg, start)
        runner = Runner.from_cfg(cfg)
        runner._resume = False
        if start is not None:
            resume_from(runner, start, asked)
        train_until_stopped(runner)


if __name__ == '__main__':
    main()
