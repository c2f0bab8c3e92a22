# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Curves of logged values, drawn by the tool."""

import runpy
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from mmengine.visualization import LocalVisBackend

from mmfacesr.utils.images import read_image

TOOL = 'analysis_tools/plot_curves.py'


def train(iteration: int, **values: float) -> dict:
    """A line as mmengine's logger hook writes it."""
    return dict(lr=0.1, time=2.0, **values, iter=iteration, step=iteration)


def write_part(run: Path, time: str, records: list[dict]) -> Path:
    """One part of a run, through mmengine's own writer."""
    backend = LocalVisBackend(str(run / time / 'vis_data'))
    for record in records:
        backend.add_scalars(record, step=record['step'])
    return run / time / 'vis_data/scalars.json'


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """Ten iterations, validated at 5 and 10 under step 0."""
    records = []
    for i in range(1, 11):
        records.append(train(i, loss=1.0 / i, loss_pix=10.0 - i))
        if i % 5 == 0:
            records.append(dict(PSNR=20.0 + i, time=0.5, step=0))
    write_part(tmp_path / 'work', '20260101_000000', records)
    return tmp_path / 'work'


@pytest.fixture
def read_run(repo) -> Callable:
    """The tool's reader."""
    return runpy.run_path(str(repo / 'tools' / TOOL))['read_run']


@pytest.fixture
def drawn(run_tool, tmp_path, monkeypatch) -> Callable:
    """Run the tool: its panels' lines (label -> x, y) by their titles."""
    figures = []
    save = Figure.savefig

    def note(figure, *args, **options):
        figures.append(figure)
        return save(figure, *args, **options)

    monkeypatch.setattr(Figure, 'savefig', note)

    def draw(*args) -> dict:
        out = tmp_path / 'pictures/curves.png'
        status, text, error = run_tool(TOOL, *args, '--out', out)
        assert status == 0, error
        assert str(out) in text
        assert read_image(out).std() > 5  # something is drawn
        assert not list(out.parent.glob('.*'))  # nothing half-written
        return {
            axes.get_title(): {
                line.get_label(): (
                    list(line.get_xdata()),
                    list(line.get_ydata()),
                )
                for line in axes.lines
            }
            for axes in figures[-1].axes
        }

    return draw


def test_losses_and_validations_by_default(drawn, run) -> None:
    panels = drawn(run)
    assert list(panels) == ['loss', 'loss_pix', 'PSNR (validation)']
    x, y = panels['loss']['work']
    assert x == list(range(1, 11)) and y == [1.0 / i for i in x]
    assert panels['PSNR (validation)']['work'] == ([5, 10], [25.0, 30.0])


@pytest.mark.parametrize('place', ['', 'part', 'part/vis_data', 'file'])
def test_work_folder_run_folder_and_file(read_run, run, place) -> None:
    (file,) = run.glob('*/vis_data/scalars.json')
    place = place.replace('part', file.parts[-3])
    curves = read_run(str(file if place == 'file' else run / place))
    assert list(curves.train) == ['lr', 'time', 'loss', 'loss_pix']
    assert curves.train['loss'] == {i: 1.0 / i for i in range(1, 11)}
    assert curves.val == {'PSNR': {5: 25.0, 10: 30.0}}


def test_runs_side_by_side(drawn, run, tmp_path) -> None:
    """A value that one run lacks is drawn for the other."""
    other = tmp_path / 'other'
    write_part(other, '20260102_000000', [train(4, loss=3.0, gan=1.0)])
    panels = drawn(run, other, '--keys', 'loss', 'gan')
    assert panels['loss']['other'] == ([4], [3.0])
    assert panels['gan']['work'] == ([], [])
    write_part(tmp_path / 'b/work', '20260102_000000', [train(4, loss=3.0)])
    panels = drawn(run, tmp_path / 'b/work')
    assert set(panels['loss']) == {str(run), str(tmp_path / 'b/work')}


def test_resumed_parts_are_joined(read_run, run) -> None:
    """The later part replaces what the earlier one did after it began."""
    later = [train(i, loss=50.0 + i) for i in (7, 8)]
    # The first part, too, is validated once more before it goes on.
    redone = dict(PSNR=39.0, step=0)
    write_part(run, '20260101_120000', [redone, *later])
    # A validation that was cut short, redone after the last iteration.
    write_part(run, '20260101_130000', [dict(PSNR=40.0, step=0)])
    curves = read_run(str(run))
    kept = {i: 1.0 / i for i in range(1, 7)}
    assert curves.train['loss'] == {**kept, 7: 57.0, 8: 58.0}
    assert curves.val['PSNR'] == {5: 25.0, 6: 39.0, 8: 40.0}


def test_running_mean_by_hand(drawn, tmp_path) -> None:
    values = [1.0, 3.0, float('nan'), 5.0, 7.0]
    records = [train(i, loss=v) for i, v in enumerate(values, 1)]
    write_part(tmp_path / 'r', '20260101_000000', records)
    lines = drawn(tmp_path / 'r', '--smooth', '3')['loss']
    np.testing.assert_allclose(lines['r'][1], [1, 2, 2, 4, 6])
    (raw,) = (line for label, line in lines.items() if label != 'r')
    np.testing.assert_allclose(raw[1], values)


def test_a_line_that_is_being_written(read_run, run) -> None:
    (file,) = run.glob('*/vis_data/scalars.json')
    with file.open('a') as stream:
        stream.write('{"loss": 0.1, "it')
    assert max(read_run(str(run)).train['loss']) == 10


def test_unknown_key_lists_the_known_ones(run_tool, run, tmp_path) -> None:
    out = tmp_path / 'no.png'
    status, _, error = run_tool(TOOL, run, '--keys', 'los', '--out', out)
    assert status == 1 and not out.exists()
    assert "['los']" in error and 'loss_pix' in error and 'PSNR' in error
    assert 'Traceback' not in error


def test_wrong_folders_and_files_are_named(run_tool, tmp_path) -> None:
    (tmp_path / 'empty').mkdir()
    (tmp_path / 'notes.json').write_text('words\n{}\n')
    for name, reason in (
        ('empty', 'has none'),
        ('gone', 'does not exist'),
        ('notes.json', 'words'),
    ):
        out = tmp_path / 'no.png'
        status, _, error = run_tool(TOOL, tmp_path / name, '--out', out)
        assert status == 1 and reason in error and name in error
    status, _, error = run_tool(TOOL, tmp_path, '--out', 'a.jpg')
    assert status == 2 and '.png' in error


def test_a_run_without_a_line_is_refused(run_tool, tmp_path) -> None:
    part = tmp_path / 'r/20260101_000000/vis_data'
    part.mkdir(parents=True)
    (part / 'scalars.json').write_text('')
    status, _, error = run_tool(TOOL, tmp_path / 'r')
    assert status == 1 and 'none' in error
