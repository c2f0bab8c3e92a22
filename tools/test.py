# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Test a checkpoint, the baseline, or restore a folder of faces.

    python tools/test.py CONFIG CHECKPOINT --out report.json
    python tools/test.py CONFIG https://example.com/weights-5d3439ca.pth
    python tools/test.py CONFIG NAME             # see `mmfacesr models`
    python tools/test.py CONFIG --baseline
    python tools/test.py CONFIG CHECKPOINT --data FOLDER    # all its images
    python tools/test.py CONFIG CHECKPOINT --fast   # the fastest way here
    python tools/test.py CONFIG CHECKPOINT --protocol all   # every protocol
    python tools/test.py CONFIG CHECKPOINT --report results/mine   # a page
    python tools/test.py CONFIG CHECKPOINT --input FOLDER --save-dir RESULTS
    tools/dist_test.sh CONFIG CHECKPOINT 4

Every test prints its protocol: color, border, rounding, how the LR images
were made and how many images there were. The baseline is the 8-bit LR image
of the config, enlarged by Pillow bicubic and measured by the same metrics. If
the config trains a landmark head, it is the mean landmarks of the training
faces.
"""

import argparse
import os
import sys
from typing import TYPE_CHECKING, Optional

from mmfacesr.apis.config import add_protocols, datasets_of, load_config
from mmfacesr.apis.launch import (
    add_common_arguments,
    add_speed,
    clear_errors,
    prepare,
)
from mmfacesr.apis.settings import as_list
from mmfacesr.models.protocols import ALL
from mmfacesr.utils import output_file, output_folder, printable

if TYPE_CHECKING:
    from mmengine.config import Config

    from mmfacesr.apis.stand_in import StandIn


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('config', help='config file, or the name of one')
    parser.add_argument(
        'checkpoint',
        nargs='?',
        help='weights in any known layout: a file, a URL, or a name that '
        '`mmfacesr models` lists; not for --baseline',
    )
    parser.add_argument(
        '--out',
        type=output_file('.json', '.yaml', '.yml', '.pkl'),
        metavar='FILE',
        help='write the report (.json, .yaml or .pkl): metrics, protocol, '
        'number of images, hashes of the weights and of the list of images',
    )
    parser.add_argument(
        '--baseline',
        action='store_true',
        help='test Pillow bicubic instead of a checkpoint, or for a landmark '
        'head the mean shape of up to 2000 training faces',
    )
    parser.add_argument(
        '--data',
        metavar='FOLDER',
        help='test on all images of this folder instead of the test split',
    )
    parser.add_argument(
        '--input',
        metavar='FOLDER',
        help='restore the faces of this folder; needs no ground truth and '
        'measures nothing',
    )
    parser.add_argument(
        '--save-dir',
        type=output_folder,
        metavar='FOLDER',
        help='folder for the results of --input: PNG files, and left_out.txt, '
        'which lists files that could not be restored; results of the same '
        'inputs, weights and settings are kept, others are made again',
    )
    parser.add_argument(
        '--overwrite',
        action='store_true',
        help='with --input, make every result again, and replace other files '
        'of the same names',
    )
    add_evaluation(parser)
    add_speed(parser, batch_size='that of the config')
    add_common_arguments(parser)
    args = parser.parse_args()
    if bool(args.input) != bool(args.save_dir):
        parser.error('--input and --save-dir go together')
    if args.overwrite and not args.input:
        parser.error('--overwrite goes with --input')
    if args.data is not None and not os.path.isdir(args.data):
        parser.error(f'--data {printable(args.data)!r} is not a folder')
    if args.data and args.input:
        parser.error('--data measures and --input restores; give one of them')
    if args.baseline and (args.input or args.checkpoint):
        parser.error('--baseline takes neither a checkpoint nor --input')
    if args.input and (args.report or args.protocol or args.metrics):
        parser.error(
            '--input measures nothing; leave out --protocol, '
            '--report and --metrics'
        )
    if (args.metrics or args.name) and not args.report:
        parser.error('--metrics and --name go with --report')
    if args.launcher != 'none' and (args.baseline or args.input):
        parser.error('--baseline and --input run in one process')
    if args.backend and (args.baseline or args.launcher != 'none'):
        parser.error(
            '--fast and --backend run a network in one process; leave out '
            '--baseline and --launcher, or run it as it was trained'
        )
    if not args.baseline and not args.checkpoint:
        parser.error('give a checkpoint, or --baseline')
    return args


def add_evaluation(parser: argparse.ArgumentParser) -> None:
    """Add what is measured beside the metrics of the config."""
    parser.add_argument(
        '--protocol',
        nargs='+',
        default=[],
        metavar='NAME',
        help='measure by these protocols too, or by all; docs/metrics.md '
        'lists them',
    )
    parser.add_argument(
        '--report',
        type=output_folder,
        metavar='DIR',
        help='write every face and an evaluation of the files: summary.json, '
        'per_image.csv and report.html; by all protocols, or by those of '
        '--protocol',
    )
    parser.add_argument(
        '--metrics',
        nargs='+',
        default=[],
        metavar='NAME',
        help='with --report, further metrics as of `mmfacesr evaluate`',
    )
    parser.add_argument(
        '--name',
        metavar='TEXT',
        help='with --report, what the method is called there (default: the '
        'name of the config)',
    )


def restore(args: argparse.Namespace) -> int:
    """Restore a folder; the exit status says whether there is any result."""
    from mmengine.logging import print_log

    from mmfacesr.apis.restore_folder import LIST_FILE, restore_folder

    cfg = load_config(args.config, args.cfg_options)
    fast = speed_up(cfg, args)
    done, kept, left_out = restore_folder(
        cfg,
        args.checkpoint,
        args.input,
        args.save_dir,
        batch_size=cfg.test_dataloader.batch_size,
        overwrite=args.overwrite,
        stand_in=fast,
        backend=args.backend,
    )
    target = printable(args.save_dir)
    print_log(
        f'{done} faces restored into {target}; {kept} results of an earlier '
        'run with the same inputs, weights and settings are kept',
        'current',
    )
    if left_out:
        print_log(
            f'{len(left_out)} were left out; {target}/{LIST_FILE} says why',
            'current',
        )
    return 0 if done or kept else 1


def speed_up(cfg: 'Config', args: argparse.Namespace) -> 'Optional[StandIn]':
    """Find the fastest way to run the network, and set the batch size.

    Returns:
        StandIn | None: Runs it; None where it runs as it was trained.

    Raises:
        ValueError: If the model restores no faces.
    """
    fast = None
    if args.backend:
        from mmengine.device import get_device

        from mmfacesr.apis.models import build_model
        from mmfacesr.apis.stand_in import StandIn
        from mmfacesr.deploy.commands import optimize_as_asked

        check_restores(cfg, '--fast and --backend')
        network, _ = build_model(cfg, args.checkpoint, get_device())
        found = optimize_as_asked(network, args)
        fast = StandIn(found, network.facts.input_size)
    keys = [key for key, _ in args.cfg_options]
    size = args.batch_size
    if fast and not size and 'test_dataloader.batch_size' not in keys:
        size = fast.run.batch_size
    for loader in as_list(cfg.test_dataloader) if size else ():
        loader.batch_size = size
    return fast


def check_restores(cfg: 'Config', options: str) -> None:
    """Refuse options that need a restored face, and no more than that.

    Raises:
        ValueError: If the model gives something else.
    """
    if 'facts' not in cfg:
        raise ValueError(
            'Expected a model whose output is a restored face, got '
            f'{os.path.basename(str(cfg.filename))}, which is measured by '
            f'more than an image; leave out {options}.'
        )


def take_whole_folder(cfg: 'Config', folder: str) -> None:
    """Let the test take all faces of a folder."""
    for dataset in datasets_of(cfg, ['test_dataloader']):
        dataset.update(data_root=folder, split=None, ann_file=None)


def evaluate(args: argparse.Namespace) -> None:
    """Run the test of the config and report it."""
    cfg = load_config(args.config, args.cfg_options)
    if args.data:
        take_whole_folder(cfg, args.data)
    fast, run_by = speed_up(cfg, args), None
    if args.protocol or args.report:
        check_restores(cfg, '--protocol and --report')
        add_protocols(cfg, args.protocol)
    prepare(cfg, args)
    from mmengine.dist import is_main_process

    from mmfacesr.apis.baseline import baseline_of
    from mmfacesr.apis.evaluating.saved_faces import (
        SaveFacesHook,
        evaluate_saved,
    )
    from mmfacesr.apis.report import (
        KeepMetricsHook,
        format_report,
        make_report,
        save_report,
    )
    from mmfacesr.apis.reporting.page import write_report
    from mmfacesr.apis.testing import TestRunner
    from mmfacesr.checkpoint import load_weights
    from mmfacesr.engine.module_path import find_module
    from mmfacesr.models.common.facts import Facts

    # A config that a run wrote may ask for a checkpoint of its own.
    cfg.load_from, cfg.resume = None, False
    record, method, generator = None, 'model', None
    if args.baseline:
        cfg.model, method = baseline_of(cfg)
    runner = TestRunner.from_cfg(cfg)
    if not args.baseline:
        # Strict, unlike the runner's own loading.
        generator = find_module(runner.model, 'generator')
        record = load_weights(generator, args.checkpoint)
        runner.logger.info(f'Weights: {record.source} ({record.layout})')
    if fast:
        runner.model.generator, run_by = fast, fast.run.to_dict()
    kept = KeepMetricsHook()
    runner.register_hook(kept)
    if args.report:
        facts = Facts(**cfg.facts)
        runner.register_hook(SaveFacesHook(args.report, facts))
    runner.test()
    if is_main_process():
        report = make_report(runner, cfg, kept, record, method, run_by)
        runner.logger.info(format_report(report))
        if args.out:
            save_report(report, args.out)
        if args.report:
            evaluate_saved(
                args.report,
                cfg,
                report,
                args.protocol or [ALL],
                args.metrics,
                generator,
                args.name,
            )
            write_report([args.report], args.report)


def main() -> None:
    """Test, or restore."""
    args = parse_args()
    with clear_errors():
        if args.input:
            sys.exit(restore(args))
        evaluate(args)


if __name__ == '__main__':
    main()
