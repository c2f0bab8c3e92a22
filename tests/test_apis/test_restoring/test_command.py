# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""``mmfacesr restore``: files, reports, exit statuses, interruptions."""

import hashlib
import json
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from torch import Tensor, nn

from mmfacesr.apis.restoring import inferencer, job
from mmfacesr.deploy.ways import OptimizedNetwork, Way

LONG = 30  # seconds; only a fault waits for so long


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Three pictures with a face of 18 pixels each, one of them bad."""
    rng = np.random.default_rng(0)
    for name in ('a/x.jpg', 'b/x.png', 'bad.png'):
        path = tmp_path / 'photos' / name
        path.parent.mkdir(parents=True, exist_ok=True)
        image = Image.fromarray(rng.integers(0, 256, (96, 96, 3), np.uint8))
        image.save(path, quality=90)
    (tmp_path / 'photos/bad.png').write_bytes(b'\x89PNG cut')
    return tmp_path / 'photos'


def tree(folder: Path) -> dict[str, str]:
    """Hash of every file below a folder."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(
            path.read_bytes()
        ).hexdigest()
        for path in folder.rglob('*')
        if path.is_file()
    }


def test_a_folder_with_a_bad_file(
    restore: Callable, photos: Path, tmp_path: Path, capsys: Callable
) -> None:
    before = tree(photos)
    assert restore(photos) == 3
    assert tree(photos) == before
    assert set(tree(tmp_path / 'out')) == {
        'restored/a/x.jpg',
        'restored/b/x.png',
        'faces/a/x_00_lr.png',
        'faces/a/x_00_sr.png',
        'faces/b/x_00_lr.png',
        'faces/b/x_00_sr.png',
        'preds/a/x.json',
        'preds/b/x.json',
        'summary.json',
    }
    summary = json.loads((tmp_path / 'out/summary.json').read_text())
    assert summary['schema'] == 'mmfacesr.restore/1'
    assert summary['counts'] == {'restored': 2, 'failed': 1}
    assert summary['faces'] == 4 and summary['faces_restored'] == 2
    record = json.loads((tmp_path / 'out/preds/a/x.json').read_text())
    assert [face['restored'] for face in record['faces']] == [True, False]
    assert len(record['faces'][0]['landmarks']) == 68
    assert 'larger than' in record['faces'][1]['reason']
    said = capsys.readouterr()
    assert 'bad.png: FAILED' in said.err and not said.out
    sr = Image.open(tmp_path / 'out/faces/a/x_00_sr.png')
    assert sr.size == (128, 128)


def test_a_second_run_keeps_what_is_right(
    restore: Callable, photos: Path, tmp_path: Path
) -> None:
    (photos / 'bad.png').unlink()
    out = tmp_path / 'out'
    assert restore(photos) == 0
    made = tree(out / 'restored')
    (out / 'restored/a/x.jpg').write_bytes(b'damaged')
    seen = []
    find = restore.restorer._finder.find
    restore.restorer._finder.find = lambda image: seen.append(1) or find(image)
    assert restore(photos) == 0
    assert len(seen) == 1  # the damaged one is made again
    assert tree(out / 'restored') == made
    Image.new('RGB', (96, 96)).save(photos / 'b/x.png')  # another input
    assert restore(photos) == 0
    assert len(seen) == 2
    assert restore(photos, '--upscale', 2) == 0  # other settings
    assert len(seen) == 4
    assert restore(photos, '--upscale', 2, '--overwrite') == 0
    assert len(seen) == 6


def test_an_interrupted_run_goes_on(
    restore: Callable, photos: Path, tmp_path: Path
) -> None:
    (photos / 'bad.png').unlink()
    network, calls = restore.restorer.faces.network, []

    def stop_at_second(batch: object) -> object:
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return network(batch)

    restore.restorer.faces.network = stop_at_second
    with pytest.raises(SystemExit) as end:
        restore(photos, '--batch-size', 1)
    assert end.value.code == 130
    done = tree(tmp_path / 'out')
    assert 'preds/a/x.json' in done and 'preds/b/x.json' not in done
    assert restore(photos, '--batch-size', 1) == 0
    assert len(calls) == 3
    again = tree(tmp_path / 'out')
    assert {name: again[name] for name in done} == done


def test_threads_change_no_bit(
    restore: Callable,
    photos: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rng = np.random.default_rng(1)
    for index in range(5):
        noise = rng.integers(0, 256, (96, 96, 3), np.uint8)
        Image.fromarray(noise).save(photos / f'{index}.png')

    def results() -> tuple[tuple, list, dict]:
        assert restore(photos, '--batch-size', 3, '--overwrite') == 3
        records = [
            json.loads(path.read_text())
            for path in sorted((tmp_path / 'out/preds').rglob('*.json'))
        ]
        for record in records:
            del record['seconds']
        made = tree(tmp_path / 'out/restored'), tree(tmp_path / 'out/faces')
        summary = json.loads((tmp_path / 'out/summary.json').read_text())
        return made, records, summary['counts']

    ahead = results()
    monkeypatch.setattr(inferencer, 'map_ahead', lambda f, x, _: map(f, x))
    monkeypatch.setattr(job, 'map_ahead', map)
    assert results() == ahead
    assert len(ahead[0][0]) == 7


def test_a_result_is_written_while_the_next_is_made(
    restore: Callable, photos: Path, tmp_path: Path
) -> None:
    """The network of the second picture waits for the file of the first."""
    (photos / 'bad.png').unlink()
    network, calls = restore.restorer.faces.network, []
    first = tmp_path / 'out/preds/a/x.json'

    def wait_for_first(batch: Tensor) -> Tensor:
        calls.append(1)
        until = time.monotonic() + LONG
        while len(calls) == 2 and not first.exists():
            assert time.monotonic() < until
            time.sleep(0.01)
        return network(batch)

    restore.restorer.faces.network = wait_for_first
    assert restore(photos, '--batch-size', 1) == 0
    assert len(calls) == 2


def test_pictures_without_faces_come_back_byte_for_byte(
    restore: Callable, photos: Path, tmp_path: Path, capsys: Callable
) -> None:
    restore.restorer._finder.faces = []
    assert restore(photos / 'a/x.jpg') == 0
    copy = tmp_path / 'out/restored/x.jpg'
    assert copy.read_bytes() == (photos / 'a/x.jpg').read_bytes()
    assert 'no face found' in capsys.readouterr().err


def test_dry_run_writes_nothing(
    restore: Callable, photos: Path, tmp_path: Path, capsys: Callable
) -> None:
    assert restore(photos / 'a', '--dry-run') == 0
    assert not (tmp_path / 'out').exists()
    assert '1 of 2 faces restored' in capsys.readouterr().err


def test_json_is_all_that_is_printed(
    restore: Callable, photos: Path, capsys: Callable
) -> None:
    assert restore(photos / 'a', '--json') == 0
    assert json.loads(capsys.readouterr().out)['counts'] == {'restored': 1}


def test_foreign_files_are_not_replaced(
    restore: Callable, photos: Path, tmp_path: Path
) -> None:
    foreign = tmp_path / 'out/restored/x.jpg'
    foreign.parent.mkdir(parents=True)
    foreign.write_bytes(b'mine')
    assert restore(photos / 'a/x.jpg') == 1
    assert foreign.read_bytes() == b'mine'
    assert restore(photos / 'a/x.jpg', '--overwrite') == 0
    assert foreign.read_bytes() != b'mine'


def test_format_and_name_of_results(
    restore: Callable, photos: Path, tmp_path: Path
) -> None:
    assert restore(photos / 'a', '--ext', 'png', '--suffix', '_sr') == 0
    image = Image.open(tmp_path / 'out/restored/x_sr.png')
    assert image.format == 'PNG' and image.size == (96, 96)


def test_only_bad_files_is_status_1(restore: Callable, photos: Path) -> None:
    assert restore(photos / 'bad.png') == 1


@pytest.mark.parametrize(
    'words',
    [
        ['--aligned', '--lr'],
        ['--quality', '0'],
        ['--ext', 'gif'],
        ['--upscale', 'two'],
    ],
)
def test_wrong_arguments_are_status_2(
    restore: Callable, photos: Path, words: list[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        restore(photos, *words)
    assert end.value.code == 2


def test_a_faster_way_is_used_and_explained(
    restore: Callable,
    photos: Path,
    tmp_path: Path,
    capsys: Callable,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    batches, asked = [], {}
    network = restore.restorer.faces.network

    def fast(batch: Tensor) -> Tensor:
        batches.append(len(batch))
        return network(batch)

    def found(model: nn.Module, **kwargs: object) -> OptimizedNetwork:
        asked.update(kwargs, model=model)
        way = Way('fast float32', fast, 1e-6, 0.5)
        return OptimizedNetwork(way, 2, [Way('as it is', network, None, 1.0)])

    monkeypatch.setattr('mmfacesr.deploy.commands.optimize', found)
    (photos / 'bad.png').unlink()
    assert restore(photos, '--fast', '--explain') == 0
    assert batches == [2]
    assert asked['model'] is restore.restorer.model
    assert asked['backend'] == 'auto' and asked['anew']
    assert '| as it is |' in capsys.readouterr().err
    record = json.loads((tmp_path / 'out/preds/a/x.json').read_text())
    assert record['origin']['backend'] == 'auto'
    assert restore(photos) == 0  # results of the network itself are others
    assert restore(photos, '--backend', 'torch', '--batch-size', 1) == 0
    assert batches == [2, 2, 1, 1]
