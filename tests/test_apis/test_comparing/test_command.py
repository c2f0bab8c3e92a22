# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""``mmfacesr compare`` on folders that ``mmfacesr evaluate`` has written."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mmfacesr.apis import cli
from mmfacesr.apis.evaluating.evaluation import Evaluation
from mmfacesr.apis.evaluating.folders import evaluate_folders
from mmfacesr.utils.images import write_image

FACES = 8


@pytest.fixture(scope='module')
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Evaluations ``good`` and ``poor`` of eight faces, 40x40 pixels."""
    root = tmp_path_factory.mktemp('compared')
    rng = np.random.default_rng(1)
    for face in range(FACES):
        truth = rng.integers(40, 216, (40, 40, 3), np.uint8)
        write_image(root / f'hr/{face}.png', truth)
        for name, most in dict(good=5 + face, poor=20 + face).items():
            noise = rng.integers(-most, most + 1, truth.shape)
            sr = (truth + noise).astype(np.uint8)
            write_image(root / f'{name}_sr/{face}.png', sr)
    for name in ('good', 'poor'):
        evaluate_folders(
            root / f'{name}_sr', root / 'hr', root / name, method=name
        )
    return root


def test_tables_and_files(
    results: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    out = tmp_path / 'new/out.json'
    words = ['compare', str(results / 'good'), str(results / 'poor')]
    assert cli.main([*words, '--values', 'rgb/*', '--out', str(out)]) == 0
    said = capsys.readouterr()
    assert 'worse' in said.out and str(out) in said.err
    found = json.loads(out.read_text())
    verdicts = {p['value']: p['verdict'] for p in found['pairs']}
    names = ('rgb/PSNR', 'rgb/SSIM', 'rgb/MAE')
    assert verdicts == dict.fromkeys(names, 'worse')
    good = Evaluation.read(results / 'good').values['rgb/PSNR']
    written = found['methods'][0]['values']['rgb/PSNR']
    assert (written['mean'], tuple(written['interval'])) == (
        good['mean'],
        tuple(good['interval']),
    )
    for ending, start in (
        ('md', '| Method |'),
        ('tex', '\\begin{tabular}'),
        ('csv', 'value,method,against,difference,'),
    ):
        path = tmp_path / f'out.{ending}'
        assert cli.main([*words, '--out', str(path)]) == 0
        assert path.read_text().startswith(start)


@pytest.mark.parametrize('by_name', [True, False])
def test_another_reference(
    results: Path, capsys: pytest.CaptureFixture, by_name: bool
) -> None:
    reference = 'poor' if by_name else str(results / 'poor')
    words = [str(results / 'good'), str(results / 'poor')]
    assert cli.main(['compare', *words, '--reference', reference]) == 0
    said = capsys.readouterr().out
    assert 'Difference to poor' in said and 'better' in said


@pytest.mark.parametrize(
    'words, message',
    [
        (['good', 'hr'], 'Expected an evaluation'),
        (['good', 'poor', '--reference', 'x'], 'among good, poor, got x'),
        (['good', 'poor', '--values', 'x/*'], 'got x/*'),
    ],
)
def test_mistakes_are_explained(
    results: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
    words: list[str],
    message: str,
) -> None:
    monkeypatch.chdir(results)
    with pytest.raises(SystemExit) as stop:
        cli.main(['compare', *words])
    assert stop.value.code == 1
    assert message in capsys.readouterr().err


def test_other_faces_are_refused_by_name(
    results: Path,
    make: Callable[..., Evaluation],
    written: Callable[[Evaluation], Path],
    psnr: np.ndarray,
    capsys: pytest.CaptureFixture,
) -> None:
    other = written(make('other', rgb_PSNR=psnr))
    with pytest.raises(SystemExit):
        cli.main(['compare', str(results / 'good'), str(other)])
    said = capsys.readouterr().err
    assert '8 only in good (0, 1, 2, ...)' in said
    assert '50 only in other (face00, face01, face02, ...)' in said


def test_evaluate_shows_what_its_images_could_show(
    results: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    """Beside every mean: 2.8016 x sqrt(2 / N) x spread."""
    out = tmp_path / 'again'
    words = [str(results / 'good_sr'), str(results / 'hr'), '--out', str(out)]
    assert cli.main(['evaluate', *words]) == 0
    table = Evaluation.read(out).table.numbers['rgb/PSNR']
    by_hand = 2.801585 * np.sqrt(2 / FACES) * table.std(ddof=1)
    detectable = Evaluation.read(out).values['rgb/PSNR']['detectable']
    assert detectable == pytest.approx(by_hand, rel=1e-5)
    assert f']  {detectable:.4f}\n' in capsys.readouterr().out
