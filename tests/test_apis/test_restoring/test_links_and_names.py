# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Links in the folder of results, and names that are no UTF-8."""

import json
import os
from pathlib import Path

import numpy as np
import pytest

from mmfacesr.apis.restoring.choices import Choices
from mmfacesr.apis.restoring.files import Item, record_path
from mmfacesr.apis.restoring.job import Job, Report, _finish, write_summary
from mmfacesr.apis.restoring.results import RestoredPhoto
from mmfacesr.apis.results import Results
from mmfacesr.utils.bad_samples import BadSampleError
from mmfacesr.utils.photos import Photo

LATIN_1 = os.fsdecode(b'caf\xe9')


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return Job(target=tmp_path / 'out', choices=Choices(), made_by={})


def finished(job: Job, name: str) -> dict:
    """The entry of a picture that was enlarged."""
    photo = Photo.from_array(np.zeros((4, 4, 3), np.uint8))
    item = Item(f'{name}.png', name, '.png')
    return _finish(
        RestoredPhoto(item.source, photo, enlarged=2), item, {}, job
    )


@pytest.mark.parametrize('place', ['restored', 'restored/a', 'preds', 'faces'])
def test_a_link_out_of_the_folder_is_not_followed(
    job: Job, tmp_path: Path, place: str
) -> None:
    theirs = tmp_path / 'theirs'
    theirs.mkdir()
    (job.target / place).parent.mkdir(parents=True)
    (job.target / place).symlink_to(theirs)
    entry = finished(job, 'a/x')
    assert entry['status'] == 'failed' and 'a link leads out' in entry['error']
    assert not any(theirs.iterdir())


def test_the_folder_itself_may_be_a_link(job: Job, tmp_path: Path) -> None:
    (tmp_path / 'disk').mkdir()
    job.target.symlink_to(tmp_path / 'disk')
    assert finished(job, 'a/x')['status'] == 'restored'


def test_a_name_that_is_no_utf_8(job: Job) -> None:
    entry = finished(job, LATIN_1)
    assert entry['status'] == 'restored'
    write_summary(Report([entry]), job)
    item = Item(f'{LATIN_1}.png', LATIN_1, '.png')
    record = json.loads(record_path(job.target, item).read_bytes())
    summary = json.loads((job.target / 'summary.json').read_bytes())
    assert record['output']['file'] == f'restored/{LATIN_1}.png'
    assert summary['pictures'][0]['output'] == f'restored/{LATIN_1}.png'
    assert job.current(item, {}) == record


@pytest.mark.parametrize('faces', [None, 3, [3], [{}]])
def test_a_changed_record_does_not_hold(job: Job, faces: object) -> None:
    finished(job, 'x')
    item = Item('x.png', 'x', '.png')
    path = record_path(job.target, item)
    record = json.loads(path.read_bytes())
    assert job.current(item, {}) == record
    path.write_text(json.dumps({**record, 'faces': faces}))
    assert job.current(item, {}) is None


def test_a_pipe_is_no_record(job: Job) -> None:
    item = Item('x.png', 'x', '.png')
    path = record_path(job.target, item)
    path.parent.mkdir(parents=True)
    os.mkfifo(path)
    assert job.current(item, {}) is None


def test_faces_of_a_folder_follow_no_link(tmp_path: Path) -> None:
    (tmp_path / 'out').mkdir()
    (tmp_path / 'out/a').symlink_to(tmp_path)
    results = Results.__new__(Results)  # takes a network for its origins
    results.folder, results.overwrite = str(tmp_path / 'out'), True
    with pytest.raises(BadSampleError, match='a link leads out'):
        results.is_current('a/x.png', 'x')
