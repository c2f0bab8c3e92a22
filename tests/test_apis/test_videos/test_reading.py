# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""What is no video, or a damaged one."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mmfacesr.apis.videos.joining import check_target
from mmfacesr.apis.videos.reading import (
    UnreadableVideoError,
    read_facts,
    read_frames,
)

from .conftest import Sound, make_video


def test_what_is_no_video_is_refused(tmp_path: Path) -> None:
    empty, text = tmp_path / 'empty.mp4', tmp_path / 'text.mp4'
    empty.touch()
    text.write_text('no video\n' * 100)
    photo = tmp_path / 'photo.png'
    Image.fromarray(np.zeros((48, 64, 3), np.uint8)).save(photo)
    for path in (empty, text, photo, tmp_path, tmp_path / 'missing.mp4'):
        with pytest.raises(UnreadableVideoError, match='Expected'):
            read_facts(path)


def test_a_film_without_its_end_is_read_as_far_as_it_goes(
    tmp_path: Path,
) -> None:
    whole = make_video(tmp_path / 'in.mkv', [40 * k for k in range(40)])
    data = whole.read_bytes()
    cut = tmp_path / 'cut.mkv'
    cut.write_bytes(data[: len(data) // 2])
    count = sum(1 for _ in read_frames(cut))
    assert 5 < count < 40


def test_sound_that_a_file_cannot_hold_is_refused_before_the_work(
    tmp_path: Path,
) -> None:
    source = make_video(
        tmp_path / 'in.mp4', [0, 3600, 7200], sounds=[Sound('aac', 'eng')]
    )
    facts = read_facts(source)
    check_target(facts, tmp_path / 'out.mkv')
    with pytest.raises(ValueError, match=r'audio of aac.*\.mkv'):
        check_target(facts, tmp_path / 'out.webm')
