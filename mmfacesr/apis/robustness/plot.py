# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Small multiples: a panel each change, the model and bicubic."""

import io
from collections.abc import Sequence

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mmfacesr.apis.robustness.changes import CHANGES, KERNEL
from mmfacesr.apis.robustness.measuring import BICUBIC, MODEL

STYLES = {
    MODEL: dict(color='#0b5fa5', marker='o', linestyle='-'),
    BICUBIC: dict(color='#8a8178', marker='s', linestyle='--'),
}
UNITS = dict(PSNR='PSNR, dB', NME='NME, of the eyes\u2019 distance')
COLUMNS = 4
WIDTH, HEIGHT = 2.7, 2.3  # of a panel, inches
HEAD = 0.75  # inches for title and legend
DPI = 160
DODGE = 0.12
INK, FAINT = '#33302c', '#e4dfd8'
FONTS = {
    'font.size': 8.5,
    'axes.edgecolor': INK,
    'axes.labelcolor': INK,
    'text.color': INK,
    'xtick.color': INK,
    'ytick.color': INK,
    'svg.hashsalt': 'robustness',  # the same file each time
}


def draw(rows: Sequence[dict], value: str, title: str) -> dict[str, bytes]:
    """Draw one value of all changes.

    Args:
        rows (Sequence[dict]): Of the table, texts.
        value (str): Such as 'PSNR'.
        title (str): Model, faces and protocol.

    Returns:
        dict[str, bytes]: Ending -> file, of 'png' and 'svg'.
    """
    rows = [row for row in rows if row['value'] == value and row['mean']]
    present = {row['change'] for row in rows}
    changes = [name for name in (*CHANGES, KERNEL) if name in present]
    with mpl.rc_context(FONTS):
        figure = _figure(changes, title)
        for axes, change in zip(figure.axes, changes):
            own = [row for row in rows if row['change'] == change]
            _draw_panel(axes, change, own)
            if axes.get_subplotspec().is_first_col():
                axes.set_ylabel(UNITS.get(value, value))
            else:
                axes.tick_params(labelleft=False)
        figure.legend(
            *figure.axes[0].get_legend_handles_labels(),
            loc='outside upper right',
            ncols=len(STYLES),
            frameon=False,
        )
        return {ending: _file(figure, ending) for ending in ('png', 'svg')}


def _figure(changes: Sequence[str], title: str) -> Figure:
    """Panels with one axis of values; the kernel has two places."""
    places = len(changes) + (KERNEL in changes)
    columns = min(COLUMNS, places)
    lines = -(-places // columns)
    figure = Figure(
        figsize=(WIDTH * columns, HEIGHT * lines + HEAD),
        dpi=DPI,
        layout='constrained',
    )
    figure.get_layout_engine().set(wspace=0.06, hspace=0.1)
    grid = figure.add_gridspec(lines, columns)
    for place, change in enumerate(changes):
        last = min(place + (change == KERNEL), lines * columns - 1)
        line, column = divmod(last, columns)
        width = 1 + (last > place and column > 0)
        cell = grid[line, column + 1 - width : column + 1]
        figure.add_subplot(cell, sharey=next(iter(figure.axes), None))
    figure.suptitle(title, x=0.01, ha='left', fontsize=10.5, parse_math=False)
    return figure


def _draw_panel(axes: Axes, change: str, rows: Sequence[dict]) -> None:
    """Draw a change: lines over numbers, points over names."""
    axes.set_title(change, loc='left', fontsize=9.5, fontweight='bold')
    axes.grid(axis='y', color=FAINT, linewidth=0.8)
    axes.spines[['top', 'right']].set_visible(False)
    axes.set_axisbelow(True)
    names = list(dict.fromkeys(row['strength'] for row in rows))
    if change == KERNEL:
        axes.set_xlabel('recipe of the LR face')
        axes.set_xticks(
            range(len(names)),
            [name.replace('_', '\n') for name in names],
            fontsize=7.5,
        )
        axes.set_xlim(-0.6, len(names) - 0.4)
        draw = _draw_points
    else:
        facts = CHANGES[change]
        axes.set_xlabel(facts.axis)
        axes.axvline(facts.neutral, color=FAINT, linewidth=3, zorder=0)
        if facts.strengths[0] > facts.strengths[-1]:  # stronger to the right
            axes.invert_xaxis()
        draw = _draw_line
    for method in STYLES:
        draw(axes, method, [row for row in rows if row['method'] == method])


def _draw_line(axes: Axes, method: str, rows: Sequence[dict]) -> None:
    """Means over the strength, and the band of their intervals."""
    rows = sorted(rows, key=lambda row: float(row['strength']))
    x = [float(row['strength']) for row in rows]
    axes.plot(x, _numbers(rows, 'mean'), label=method, **_style(method))
    low, high = (_numbers(rows, side) for side in ('low', 'high'))
    color = STYLES[method]['color']
    axes.fill_between(x, low, high, color=color, alpha=0.16, linewidth=0)


def _draw_points(axes: Axes, method: str, rows: Sequence[dict]) -> None:
    """Means by name, and bars of their intervals, beside each other."""
    side = DODGE if method == BICUBIC else -DODGE
    x = [place + side for place in range(len(rows))]
    style = dict(_style(method), linestyle='none')
    axes.plot(x, _numbers(rows, 'mean'), label=method, **style)
    low, high = (_numbers(rows, side) for side in ('low', 'high'))
    axes.vlines(x, low, high, color=style['color'], alpha=0.4, linewidth=4)


def _style(method: str) -> dict:
    """How a method is drawn."""
    return dict(STYLES[method], markersize=3.5, linewidth=1.5)


def _numbers(rows: Sequence[dict], column: str) -> list[float]:
    """A column; NaN where a cell is empty."""
    return [float(row[column] or 'nan') for row in rows]


def _file(figure: Figure, ending: str) -> bytes:
    """The figure as the bytes of a file, without the date."""
    buffer = io.BytesIO()
    undated = dict(Date=None) if ending == 'svg' else None
    figure.savefig(buffer, format=ending, metadata=undated)
    return buffer.getvalue()
