# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""The demo script and the notebook restore pictures by the inferencer."""

import ast
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from mmfacesr.apis import get_model

MODEL = 'dic-small_x8c16b2_1xb4-500_synthetic'
MOST_BYTES = 200_000  # of a notebook


def test_a_small_face_becomes_a_large_one(repo: Path, tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = get_model(MODEL)
    torch.save(model.state_dict(), tmp_path / 'dic.pth')
    rng = np.random.default_rng(0)
    lr = rng.integers(0, 256, (16, 16, 3), np.uint8)
    Image.fromarray(lr).save(tmp_path / 'lr.png')
    words = [tmp_path / 'lr.png', MODEL, tmp_path / 'dic.pth', '--mode', 'lr']
    done = subprocess.run(
        [
            sys.executable,
            repo / 'demo/face_sr_demo.py',
            *words,
            '--out',
            'sr.png',
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert 'face of 16 pixels: restored' in done.stdout
    mean = torch.tensor(model.facts.mean).view(3, 1, 1)
    with torch.no_grad():
        inputs = torch.from_numpy(lr).permute(2, 0, 1) - mean
        sr = model(inputs[None] / 255, image_only=True)[0] * 255 + mean
    sr = sr.clamp(0, 255).round().byte().permute(1, 2, 0).numpy()
    found = np.array(Image.open(tmp_path / 'sr.png')).astype(int)
    assert np.abs(found - sr).max() <= 1


@pytest.fixture(scope='module')
def notebook(repo: Path) -> dict:
    text = (repo / 'demo/restore_photo.ipynb').read_text(encoding='utf-8')
    assert len(text) < MOST_BYTES
    return json.loads(text)


def sources_of(notebook: dict) -> list[str]:
    """What the code cells say, in order."""
    cells = [c for c in notebook['cells'] if c['cell_type'] == 'code']
    return [''.join(cell['source']) for cell in cells]


def shown_by(sources: list[str], names: dict) -> Iterator[object]:
    """Run cells in order; yield what each shows, as a notebook does."""
    for source in sources:
        *statements, last = ast.parse(source).body
        if not isinstance(last, ast.Expr):
            statements, last = [*statements, last], None
        exec(compile(ast.Module(statements, []), 'cell', 'exec'), names)
        if last is not None:
            code = compile(ast.Expression(last.value), 'cell', 'eval')
            if (value := eval(code, names)) is not None:
                yield value


def test_the_notebook_carries_no_results(notebook: dict) -> None:
    assert notebook['nbformat'] == 4
    ids = [cell['id'] for cell in notebook['cells']]
    assert len(set(ids)) == len(ids)
    for cell in notebook['cells']:
        if cell['cell_type'] == 'code':
            assert cell['outputs'] == [] and cell['execution_count'] is None


def test_the_notebook_restores(
    notebook: dict,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: Callable,
) -> None:
    """As it is, by the weights in the package."""
    pytest.importorskip('mediapipe.python.solutions')
    sources = sources_of(notebook)
    monkeypatch.chdir(tmp_path)
    names: dict = {}
    photo, before, after, faces = shown_by(sources, names)
    assert before.size == after.size == (4 * photo.width, 4 * photo.height)
    result = names['result']
    restored = [face for face in result.faces if face.restored]
    assert 0 < len(restored) < len(result.faces)
    changed = (np.array(before) != np.array(after)).any(-1)
    assert 0 < changed.mean() < 0.1
    assert faces.height > 128 * len(restored)
    saved = np.array(Image.open(tmp_path / 'restored.png'))
    np.testing.assert_array_equal(saved, np.array(after))
    said = capsys.readouterr().out
    assert said.count('  restored, consistency ') == len(restored)
    for face in result.faces:
        assert f': {face.size:.0f} pixels, box [' in said
        assert face.restored or f'  left alone: {face.reason}' in said
