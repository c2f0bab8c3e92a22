# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""What a test measured, with all that is needed to measure it again."""

import hashlib
import os
import os.path as osp
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Optional

import numpy as np
from mmengine.config import Config
from mmengine.evaluator import BaseMetric
from mmengine.fileio import dump
from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmfacesr.apis.settings import as_list
from mmfacesr.checkpoint import LoadRecord
from mmfacesr.utils import first_few, write_atomic
from mmfacesr.utils.finite import identical_images
from mmfacesr.version import __version__

DIGITS_OF_SINGLE = {'PSNR': '.2f', 'NME': '.4f', 'NME-inner51': '.4f'}
"""Values whose spread is shown to a person -> their format."""


class KeepMetricsHook(Hook):
    """Keeps what a test gave; MMagic's test loop returns nothing.

    ``metrics`` are the values of the test, None where no image has a finite
    one. ``spread`` says how the finite values of single images are
    distributed, of every metric that takes them: PSNR of the protocol
    ``pfsrnet`` has none, FID neither. ``identical`` names the images that
    equal their ground truth, which a mean leaves out.
    """

    def __init__(self) -> None:
        self.metrics: dict[str, float | None] = {}
        self.spread: dict[str, dict[str, float]] = {}
        self.identical: dict[str, list[str]] = {}

    def before_test_epoch(self, runner: Runner) -> None:
        """Listen to the metrics of the test."""
        for evaluator in runner.test_loop.evaluators:
            for metric in evaluator.metrics:
                # Only there are the values of all processes together.
                metric.compute_metrics = self._listening(metric)

    def _listening(self, metric: BaseMetric) -> Callable[[list], dict]:
        """The metric's summary of the images, noting their spread."""
        summary = type(metric).compute_metrics

        def compute_metrics(results: list[dict]) -> dict:
            found = summary(metric, results)
            # Metrics of others may keep anything of an image.
            if not (results and isinstance(results[0], dict)):
                return found
            prefix = f'{metric.prefix}/' if metric.prefix else ''
            for name in results[0]:
                if name not in found:  # kept of an image, but not reported
                    continue
                values = np.array([result[name] for result in results])
                if np.isfinite(values).any():
                    finite = values[np.isfinite(values)]
                    self.spread[prefix + name] = spread_of(finite)
            for name, files in identical_images(results).items():
                self.identical[prefix + name] = files
            return found

        return compute_metrics

    def after_test_epoch(
        self, runner: Runner, metrics: dict[str, float] | None = None
    ) -> None:
        """Keep the metrics."""
        self.metrics.update(metrics or {})


def spread_of(values: np.ndarray) -> dict[str, float]:
    """Deviation (population), extremes and quartiles of single values."""
    names = ('min', 'lower_quartile', 'median', 'upper_quartile', 'max')
    places = np.percentile(values, (0, 25, 50, 75, 100))
    return dict(std=float(values.std()), **dict(zip(names, places.tolist())))


def commit_of_clone() -> Optional[str]:
    """The commit of the clone that the package runs from, if any."""
    root = Path(__file__).resolve().parents[2]
    # An installed package may lie inside the clone of something else.
    if not (root / '.git').exists() or shutil.which('git') is None:
        return None
    result = subprocess.run(
        ['git', 'rev-parse', 'HEAD'],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    return result.stdout.strip() or None


def make_report(
    runner: Runner,
    cfg: Config,
    kept: KeepMetricsHook,
    record: Optional[LoadRecord],
    method: str = 'model',
    run_by: Optional[dict] = None,
) -> dict:
    """Put together the report of one test.

    Args:
        runner (Runner): After ``test()``.
        cfg (Config): What was run.
        kept (KeepMetricsHook): What it gave.
        record (LoadRecord, optional): The weights; None for the baseline.
        method (str): What was tested. Defaults to 'model'.
        run_by (dict, optional): ``way`` in which the network was run instead
            of as it was trained, and its ``agreement`` with that.

    Returns:
        dict: Values that JSON takes.
    """
    loaders = as_list(runner.test_dataloader)
    identical = {p for paths in kept.identical.values() for p in paths}
    files, short = [], {}
    for loader in loaders:
        for info in map(
            loader.dataset.get_data_info, range(len(loader.dataset))
        ):
            path = str(info.get('gt_path'))
            files.append(str(info.get('file', path)))
            if path in identical:
                short[path] = files[-1]
    return dict(
        method=method,
        run_by=run_by,
        metrics={
            key: None if value is None else float(value)
            for key, value in kept.metrics.items()
        },
        spread=kept.spread,
        identical={
            key: [short.get(path, path) for path in paths]
            for key, paths in kept.identical.items()
        },
        protocol=dict(cfg.get('protocol', {})),
        degradation=(
            'files of lr_folder'
            if cfg.get('lr_folder')
            else [dict(step) for step in cfg.get('degradation', [])]
        ),
        images=len(files),
        data_root=[
            osp.basename(osp.abspath(loader.dataset.data_root))
            for loader in loaders
        ],
        data_list_sha256=hashlib.sha256(
            os.fsencode('\n'.join(files))
        ).hexdigest(),
        config=osp.basename(str(cfg.filename)),
        checkpoint=record and osp.basename(record.source),
        checkpoint_sha256=record and record.sha256,
        mmfacesr=__version__,
        commit=commit_of_clone(),
    )


def save_report(report: dict, path: str) -> None:
    """Write a report whole or not at all, in the format of the suffix.

    Args:
        report (dict): From :func:`make_report`.
        path (str): A .json, .yaml or .pkl file.

    Raises:
        TypeError: If the suffix is another one.
    """
    # JSON is valid whatever is in it: see mmfacesr.compat.json_files.
    text = dump(report, file_format=osp.splitext(path)[1].lstrip('.'))
    write_atomic(path, text if isinstance(text, bytes) else text.encode())


def format_report(report: dict) -> str:
    """The report as a few lines for a person."""
    values = '  '.join(
        f'{key} {"without a value" if value is None else f"{value:.4f}"}'
        for key, value in report['metrics'].items()
        if not key.endswith('time')
    )
    protocol = ', '.join(
        f'{key} {value}' for key, value in report['protocol'].items()
    )
    single = '  '.join(
        f'{name} {spread["min"]:{digits}} to {spread["max"]:{digits}} '
        f'(standard deviation {spread["std"]:{digits}})'
        for name, spread in report['spread'].items()
        if (digits := DIGITS_OF_SINGLE.get(name))
    )
    identical = ''.join(
        f'Equal to the ground truth and left out of {key}: {len(files)} '
        f'images ({first_few(files)})\n'
        for key, files in report['identical'].items()
    )
    run_by = ''
    if report.get('run_by'):
        run_by = (
            'The network was run by {way}; agreement with the network as it '
            'was trained: {agreement}\n'.format_map(report['run_by'])
        )
    return (
        f'{report["method"]}: {values}\nSingle images: {single}\n{identical}'
        f'{run_by}{report["images"]} images; {protocol}'
    )
