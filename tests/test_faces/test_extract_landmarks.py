# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""The extraction tool: resumable, atomic, failures listed, not fatal."""

import csv
import importlib.util
import io
import os
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
from odd_names import ODD_NAMES, UNLISTABLE
from PIL import Image

from mmfacesr.faces.detection import FaceAlignmentDetector, FaceLandmarks
from mmfacesr.faces.table import LandmarkError, LandmarkTable


@pytest.fixture(scope='module')
def tool(repo: Path) -> ModuleType:
    """The script as a module."""
    spec = importlib.util.spec_from_file_location(
        'extract_landmarks',
        repo / 'tools/dataset_converters/extract_landmarks.py',
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class FakeDetector:
    """Finds 68 points at the first pixel's value; none in black images."""

    scheme = 'ibug68'

    def __init__(self) -> None:
        self.seen: list[str] = []

    def find(self, file: str, image: np.ndarray) -> FaceLandmarks:
        """See LandmarkSource."""
        self.seen.append(file)
        if not image.any():
            raise LandmarkError(file, 'no face found')
        return FaceLandmarks.from_points(np.full((68, 2), image[0, 0, 0]), 0.5)


def write_gray(path: Path, value: int) -> None:
    """A uniform image."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new('RGB', (8, 8), (value,) * 3).save(path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two faces, a black image and a damaged file."""
    write_gray(tmp_path / 'faces/train/a.png', 10)
    write_gray(tmp_path / 'faces/val/b.png', 20)
    write_gray(tmp_path / 'faces/val/black.png', 0)
    (tmp_path / 'faces/val/bad.png').write_bytes(b'no image')
    return tmp_path / 'faces'


def test_what_is_no_picture_is_a_failure(
    tool: ModuleType, folder: Path
) -> None:
    (folder / 'phone.heic').write_bytes(b'\0\0\0\x18ftypheic')
    (folder / 'endless.png').symlink_to('/dev/zero')
    out = folder / 'landmarks68.npz'
    _, failures = tool.extract(folder, out, FakeDetector())
    assert 'HEIC' in failures['phone.heic']
    assert 'device' in failures['endless.png']


def test_table_and_failures(tool: ModuleType, folder: Path) -> None:
    out = folder / 'landmarks68.npz'
    table, failures = tool.extract(folder, out, FakeDetector())
    again = LandmarkTable.load(out)
    assert again.file.tolist() == ['train/a.png', 'val/b.png']
    assert (again.points[again.row_of('val/b.png')] == 20).all()
    assert again.box[0].tolist() == [10] * 4 and again.score[0] == 0.5
    assert (again.points == table.points).all()
    with open(folder / 'landmarks68.failures.csv', newline='') as stream:
        rows = list(csv.reader(stream))
    assert rows[0] == ['file', 'reason']
    assert [row[0] for row in rows[1:]] == ['val/bad.png', 'val/black.png']
    assert set(failures) == {'val/bad.png', 'val/black.png'}
    assert 'no face' in failures['val/black.png']


def test_second_run_looks_only_at_what_changed(
    tool: ModuleType, folder: Path
) -> None:
    out = folder / 'table.npz'
    tool.extract(folder, out, FakeDetector())
    write_gray(folder / 'val/b.png', 30)
    write_gray(folder / 'val/c.png', 40)
    (folder / 'train/a.png').rename(folder / 'train/a2.png')
    detector = FakeDetector()
    table, _ = tool.extract(folder, out, detector)
    assert detector.seen == [
        'train/a2.png',
        'val/b.png',
        'val/black.png',
        'val/c.png',
    ]
    assert table.file.tolist() == ['train/a2.png', 'val/b.png', 'val/c.png']
    assert table.points[:, 0, 0].tolist() == [10, 30, 40]


def test_sizes_are_added_to_an_older_table(
    tool: ModuleType, folder: Path
) -> None:
    out = folder / 'table.npz'
    table, _ = tool.extract(folder, out, FakeDetector())
    assert table.size.tolist() == [[8, 8]] * 2
    table.size[:] = 0
    table.save(out)
    detector = FakeDetector()
    again, _ = tool.extract(folder, out, detector)
    assert again.size.tolist() == [[8, 8]] * 2
    assert detector.seen == ['val/black.png']


def test_place_of_the_result_is_checked_first(
    tool: ModuleType, folder: Path
) -> None:
    (folder / 'is_folder.npz').mkdir()
    for out in ('/proc/table.npz', folder / 'is_folder.npz'):
        detector = FakeDetector()
        with pytest.raises(OSError, match='--out'):
            tool.extract(folder, Path(out), detector)
        assert detector.seen == []


def test_odd_names_go_through(tool: ModuleType, tmp_path: Path) -> None:
    names = [*ODD_NAMES, UNLISTABLE]
    for value, name in enumerate(names):
        write_gray(tmp_path / 'odd' / name, value)  # the first one is black
    out = tmp_path / 'table.npz'
    _, failures = tool.extract(tmp_path / 'odd', out, FakeDetector())
    assert set(failures) == {names[0]}
    assert LandmarkTable.load(out).file.tolist() == sorted(names[1:])
    text = os.fsdecode((tmp_path / 'table.failures.csv').read_bytes())
    assert list(csv.reader(io.StringIO(text)))[1][0] == names[0]
    tool.summarize(LandmarkTable.load(out), failures, out)


def test_interrupted_run_keeps_what_it_found(
    tool: ModuleType, folder: Path
) -> None:
    out = folder / 'table.npz'

    class Interrupted(FakeDetector):
        def find(self, file: str, image: np.ndarray) -> FaceLandmarks:
            if file == 'val/b.png':
                raise KeyboardInterrupt
            return super().find(file, image)

    with pytest.raises(KeyboardInterrupt):
        tool.extract(folder, out, Interrupted(), save_every=1)
    assert LandmarkTable.load(out).file.tolist() == ['train/a.png']
    detector = FakeDetector()
    tool.extract(folder, out, detector, save_every=1)
    assert 'train/a.png' not in detector.seen
    assert len(LandmarkTable.load(out)) == 2


def test_other_scheme_is_not_overwritten(
    tool: ModuleType, folder: Path
) -> None:
    out = folder / 'table.npz'
    tool.extract(folder, out, FakeDetector())
    other = FakeDetector()
    other.scheme = 'celeba5'
    with pytest.raises(ValueError, match='celeba5.*ibug68.*--out'):
        tool.extract(folder, out, other)


def run(
    tool: ModuleType, monkeypatch: pytest.MonkeyPatch, *args: object
) -> int:
    """Exit status of the command line."""
    monkeypatch.setattr(sys, 'argv', ['tool', *map(str, args)])
    return tool.main()


def test_command_line(
    tool: ModuleType, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    header = ','.join(f'x{k},y{k}' for k in range(68))
    annotation = folder / 'points.csv'
    annotation.write_text(f'file,{header}\nb.png,' + ','.join(['3'] * 136))
    status = run(
        tool,
        monkeypatch,
        folder,
        '--backend',
        'csv',
        '--annotation',
        annotation,
    )
    assert status == 0
    table = LandmarkTable.load(folder / 'landmarks68.npz')
    assert table.file.tolist() == ['val/b.png']
    annotation.write_text(f'file,{header}\nother.png,' + ','.join(['3'] * 136))
    status = run(
        tool,
        monkeypatch,
        folder,
        '--backend',
        'csv',
        '--annotation',
        annotation,
        '--out',
        folder / 'new.npz',
    )
    assert status == 1  # nothing found at all


def test_wrong_command_lines(
    tool: ModuleType, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(SystemExit) as error:
        run(tool, monkeypatch, folder, '--backend', 'celeba5')
    assert error.value.code == 2
    assert run(tool, monkeypatch, folder / 'gone', '--backend', 'pts') == 1


def fake_face_alignment(
    faces: list | None, scores: list | None, name: str = 'TWO_D'
) -> SimpleNamespace:
    """A stand-in for the package face-alignment."""

    class Model:
        def __init__(self, kind: int, device: str, flip_input: bool) -> None:
            assert (kind, device, flip_input) == (1, 'cpu', False)

        def get_landmarks_from_image(
            self, image: np.ndarray, return_landmark_score: bool
        ) -> tuple:
            assert return_landmark_score and image.dtype == np.uint8
            return faces, scores, None

    return SimpleNamespace(
        LandmarksType=SimpleNamespace(**{name: 1}), FaceAlignment=Model
    )


def test_face_alignment_takes_the_largest_face(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    small = np.random.default_rng(0).uniform(0, 5, (68, 2))
    large = small * 3
    scores = [np.full((68, 1), 0.9), np.full((68, 1), 0.7)]
    monkeypatch.setitem(
        sys.modules,
        'face_alignment',
        fake_face_alignment([small, large], scores),
    )
    face = FaceAlignmentDetector().find('a', np.zeros((8, 8, 3), np.uint8))
    assert np.allclose(face.points, large) and face.points.dtype == np.float32
    assert face.score == pytest.approx(0.7)


def test_face_alignment_without_a_face(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(
        sys.modules, 'face_alignment', fake_face_alignment(None, None)
    )
    with pytest.raises(LandmarkError, match='a.png'):
        FaceAlignmentDetector().find('a.png', np.zeros((8, 8, 3), np.uint8))


def test_face_alignment_missing_or_old(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, 'face_alignment', None)
    with pytest.raises(ImportError, match='pip install'):
        FaceAlignmentDetector()
    monkeypatch.setitem(
        sys.modules, 'face_alignment', fake_face_alignment(None, None, '_2D')
    )
    with pytest.raises(ImportError, match='>= 1.4'):
        FaceAlignmentDetector()
