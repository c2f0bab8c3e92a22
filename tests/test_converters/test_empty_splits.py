# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""What a converter says of splits that stay empty."""

import pytest

from mmfacesr.datasets.conversion import finish
from mmfacesr.datasets.data_root import read_list


def test_empty_splits_are_named_and_nothing_is_called_ready(tmp_path, capsys):
    def finished(**splits: list[str]) -> str:
        every = dict(dict(train=[], val=[], test=[]), **splits)
        finish(tmp_path, 'faces', every, None, 'by hand')
        return capsys.readouterr().out

    full = finished(train=['a.png'], val=['b.png'], test=['c.png'])
    assert 'is ready: 1 train, 1 val, 1 test' in full
    text = finished(test=['c.png'])  # as of 50 faces to test on
    assert 'nothing to train on or validate on' in text
    assert 'ready' not in text and f'DATA_ROOT={tmp_path}' in text
    text = finished(train=['a.png'], test=['c.png'])
    assert '1 train, 0 val, 1 test: nothing to validate on.' in text
    assert 'ready' not in text
    with pytest.raises(ValueError, match='got none that can be used'):
        finished()
    assert read_list(tmp_path / 'train.txt') == ['a.png']  # as it was
