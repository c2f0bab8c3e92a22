# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Plot what trainings have logged, over the iterations.

    python tools/analysis_tools/plot_curves.py WORK_DIR
    python tools/analysis_tools/plot_curves.py WORK_DIR OTHER_WORK_DIR
        --keys loss_pix loss_gan PSNR --smooth 20 --out curves.png

Each panel shows one value of all runs: every loss and every validation value,
or those of --keys. A run is a work folder, one of its folders named after the
time, or a scalars.json. The parts of a resumed run are joined: from where a
later part begins, it replaces the earlier one.

A validation is drawn at the last iteration that was logged before it, because
mmengine records only its epoch.
"""

import argparse
import io
import json
import math
import os.path as osp
import sys
from dataclasses import dataclass, field
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mmfacesr.apis.launch import clear_errors
from mmfacesr.utils import output_file, write_atomic

FILE = 'scalars.json'
NOT_VALUES = {'iter', 'step', 'epoch'}
NOT_METRICS = {'data_time', 'time', 'memory'}
COLUMNS = 3
PANEL = (4.2, 2.8)
"""Width and height of a panel in inches."""
DPI = 120

Curve = dict[int, float]
"""Iteration -> value."""


@dataclass
class Curves:
    """What was logged in training and in validation, by its key."""

    train: dict[str, Curve] = field(default_factory=dict)
    val: dict[str, Curve] = field(default_factory=dict)

    def of(self, key: str) -> Curve:
        """A curve; one of validation only where training has none."""
        return self.train.get(key) or self.val.get(key, {})

    def cut(self, start: int) -> None:
        """Forget everything from an iteration on."""
        for curves in (self.train, self.val):
            for key, curve in curves.items():
                curves[key] = {i: v for i, v in curve.items() if i < start}

    def last(self, otherwise: int | None) -> int | None:
        """The last iteration logged in training."""
        iterations = (i for curve in self.train.values() for i in curve)
        return max(iterations, default=otherwise)


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        'runs', nargs='+', metavar='RUN', help='work folder or scalars.json'
    )
    parser.add_argument(
        '--keys',
        nargs='+',
        metavar='KEY',
        help='values to plot (default: all losses and validation values)',
    )
    parser.add_argument(
        '--smooth',
        type=int,
        default=1,
        metavar='NUM',
        help='also plot the mean of the last NUM logged training values '
        '(default: 1, no mean)',
    )
    parser.add_argument(
        '--out',
        type=output_file('.png'),
        metavar='FILE.png',
        default='curves.png',
        help='the picture (default: curves.png)',
    )
    args = parser.parse_args()
    if args.smooth < 1:
        parser.error('--smooth must be at least 1')
    return args


def find_parts(run: str) -> list[Path]:
    """Name the scalars.json of a run in the order of their times.

    Raises:
        FileNotFoundError: If there is none.
    """
    path = Path(run)
    if path.is_file():
        return [path]
    for pattern in (FILE, f'vis_data/{FILE}', f'*/vis_data/{FILE}'):
        if found := sorted(path.glob(pattern)):
            return found
    raise FileNotFoundError(
        f'Expected a work folder with */vis_data/{FILE}, got {run}, which '
        f'{"has none" if path.exists() else "does not exist"}; give the '
        '--work-dir of a training that has logged something.'
    )


def read_records(path: Path) -> list[dict]:
    """Read what was logged; the last line may still be half-written.

    Raises:
        ValueError: If another line is not a JSON object.
    """
    lines = path.read_text(encoding='utf-8').splitlines()
    records = []
    for number, line in enumerate(lines, 1):
        try:
            record = json.loads(line)
        except json.JSONDecodeError:
            record = None
        if isinstance(record, dict):
            records.append(record)
        elif number < len(lines):
            raise ValueError(
                f'Expected one JSON object a line in {path}, got line '
                f'{number}: {line[:40]!r}; give a {FILE} of mmengine.'
            )
    return records


def read_run(run: str) -> Curves:
    """Join the parts of a run."""
    curves = Curves()
    for path in find_parts(run):
        records = read_records(path)
        begin = next((r['iter'] for r in records if 'iter' in r), None)
        if begin is not None:
            curves.cut(begin)
        # A resumed run may begin with the validation that was cut short.
        now = curves.last(begin)
        if now is None:  # a test, or stopped before the first line
            continue
        for record in records:
            is_train = 'iter' in record
            now = record.get('iter', now)
            target = curves.train if is_train else curves.val
            left_out = NOT_VALUES | (set() if is_train else NOT_METRICS)
            for key, value in record.items():
                value = math.nan if value is None else value  # see json_files
                if key not in left_out and isinstance(value, (int, float)):
                    target.setdefault(key, {})[now] = value
    return curves


def choose(runs: dict[str, Curves], keys: list[str] | None) -> list[str]:
    """The keys to draw.

    Raises:
        ValueError: If a key is unknown, or there is nothing to draw.
    """
    train = list(dict.fromkeys(k for run in runs.values() for k in run.train))
    val = list(dict.fromkeys(k for run in runs.values() for k in run.val))
    known = list(dict.fromkeys(train + val))
    wanted = keys or [key for key in train if 'loss' in key] + val
    unknown = [key for key in wanted if key not in known]
    if unknown or not wanted:
        raise ValueError(
            f'Expected --keys from {known}, got {unknown or "none"}; '
            'only these were logged.'
        )
    return list(dict.fromkeys(wanted))


def running_mean(values: list[float], num: int) -> list[float]:
    """Mean of each value and up to num - 1 before it, NaN left out."""
    means = []
    for stop in range(1, len(values) + 1):
        recent = values[max(stop - num, 0) : stop]
        window = [value for value in recent if math.isfinite(value)]
        means.append(sum(window) / len(window) if window else math.nan)
    return means


def labels_of(runs: list[str]) -> list[str]:
    """A short name for each run; its path where two are alike."""
    names = [osp.basename(osp.abspath(run)) for run in runs]
    return names if len(set(names)) == len(set(runs)) else runs


def draw(runs: dict[str, Curves], keys: list[str], smooth: int) -> bytes:
    """Draw one panel a key; returns the PNG file."""
    columns = min(COLUMNS, len(keys))
    rows = math.ceil(len(keys) / columns)
    size = (PANEL[0] * columns, PANEL[1] * rows + 0.5)
    figure = Figure(figsize=size, dpi=DPI, layout='constrained')
    drawn = (i for run in runs.values() for key in keys for i in run.of(key))
    last = max(drawn, default=1)
    for place, key in enumerate(keys, 1):
        axes = figure.add_subplot(rows, columns, place)
        draw_panel(axes, key, runs, smooth)
        axes.set_xlim(-0.03 * last, 1.03 * last)
    handles, labels = figure.axes[0].get_legend_handles_labels()
    figure.legend(
        handles, labels, loc='outside upper center', ncols=columns, fontsize=9
    )
    buffer = io.BytesIO()
    figure.savefig(buffer, format='png')
    return buffer.getvalue()


def draw_panel(
    axes: Axes, key: str, runs: dict[str, Curves], smooth: int
) -> None:
    """Draw one value of every run."""
    is_train = any(key in run.train for run in runs.values())
    axes.set_title(key if is_train else f'{key} (validation)', fontsize=10)
    axes.set_xlabel('iteration', fontsize=8)
    axes.tick_params(labelsize=8)
    axes.grid(alpha=0.3)
    for number, (label, run) in enumerate(runs.items()):
        curve, color = run.of(key), f'C{number}'
        x = sorted(curve)
        y = [curve[iteration] for iteration in x]
        if is_train and smooth > 1:
            axes.plot(x, y, color=color, alpha=0.25, linewidth=0.8)
            y = running_mean(y, smooth)
        marker = '' if is_train and len(x) > 1 else 'o'
        axes.plot(x, y, color=color, label=label, marker=marker, markersize=4)


def main() -> None:
    """Draw the curves and write them."""
    args = parse_args()
    with clear_errors():
        labels = labels_of(args.runs)
        runs = dict(zip(labels, map(read_run, args.runs), strict=True))
        keys = choose(runs, args.keys)
        write_atomic(args.out, draw(runs, keys, args.smooth))
        sys.stdout.write(f'{args.out}: {", ".join(keys)}\n')


if __name__ == '__main__':
    main()
