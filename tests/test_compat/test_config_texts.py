# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""The text of a config is formatted once."""

from collections.abc import Callable

import pytest
from mmengine.config import Config, config

from mmfacesr.compat.config_texts import mend_config_texts

GONE = 'this mend is no longer needed'
TEXT = 'formatted = 1\n'


@pytest.fixture
def formatted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What yapf is asked to format, under the mend."""
    asked: list[str] = []

    def format_code(text: str, style_config: dict, **_: object) -> tuple:
        assert style_config['based_on_style'] == 'pep8'
        asked.append(text)
        return TEXT, True

    monkeypatch.setattr(config, 'FormatCode', format_code)
    mend_config_texts()
    return asked


def test_fault_of_the_base(unmended: dict[str, str]) -> None:
    assert 'formatted again' in str(unmended['config_formatted_once']), GONE


def test_same_text_is_formatted_once(formatted: list[str]) -> None:
    for _ in range(3):
        assert Config(dict(a=1)).pretty_text == TEXT
    assert formatted == ['a=1']


def test_changed_config_is_formatted_again(formatted: list[str]) -> None:
    cfg = Config(dict(a=1))
    for cfg.a in (1, 2):
        cfg.pretty_text  # noqa: B018
    assert formatted == ['a=1', 'a=2']


def test_texts_are_those_of_the_base(run: Callable) -> None:
    program = """
from mmengine.config import Config
cfg = Config(dict(model=dict(type='A', sizes=[1, 2], name='b'), iters=3))
theirs = cfg.pretty_text
from mmfacesr.compat.mends import mend
mend()
assert [cfg.pretty_text, cfg.pretty_text] == [theirs] * 2
print(theirs.strip())
"""
    assert 'model = dict(' in run(['-c', program])
