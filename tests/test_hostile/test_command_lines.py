# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Command lines of all commands and tools, as far as they are parsed."""

import argparse
import importlib.util
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from unittest import mock

import pytest
from hostile import Fault, Trial, examples
from hypothesis import strategies as st

from mmfacesr.apis.cli import make_parser

EACH = 250
REPO = Path(__file__).parents[2]
PARSERS: dict[str, argparse.ArgumentParser] = {}
VALUES = (
    *('nan', 'inf', '-1', '0', '1e999', '9' * 5000, '-', '--', '', ' ', '٣'),
    *('../x', '/', '/dev/null', 'a' * 300, 'x\0y', '\udce9.png', 'a\nb', '@x'),
    *(
        '%s',
        '{0}',
        '--=',
        '-' * 99,
        'x' * 100_000,
        'a=b',
        '=',
        '.',
        '~',
        '1,2',
    ),
)


class Found(Exception):  # noqa: N818
    """Carries the parser of a tool."""


def give(parser: argparse.ArgumentParser, *_: object, **__: object) -> None:
    """Stands for ``parse_args``, which gets no further."""
    raise Found(parser)


def parser_of(tool: Path) -> argparse.ArgumentParser | None:
    """The parser of a tool, which is not run; None if it has none."""
    spec = importlib.util.spec_from_file_location(f'tool_{tool.stem}', tool)
    module = importlib.util.module_from_spec(spec)
    path = [str(tool.parent), str(REPO / 'tools'), *sys.path]
    with mock.patch.object(sys, 'path', path):
        spec.loader.exec_module(module)
        begin = getattr(module, 'parse_args', None) or module.main
        with mock.patch.object(argparse.ArgumentParser, 'parse_args', give):
            try:
                begin()
            except Found as found:
                return found.args[0]
    return None


def find_parsers(tools: bool) -> None:
    """Note the parsers of all commands, and of the tools if wanted."""
    parser = make_parser()
    (commands,) = (a for a in parser._actions if hasattr(a, 'add_parser'))
    PARSERS.update({f'mmfacesr {k}': p for k, p in commands.choices.items()})
    PARSERS['mmfacesr'] = parser
    files = sorted(REPO.glob('tools/**/*.py')) if tools else []
    for tool in files:
        text = tool.read_text()
        if 'argparse' in text and "== '__main__'" in text:
            with suppress(TypeError):  # main(argv) takes an argument
                PARSERS[tool.stem] = parser_of(tool) or parser


def line(seed: int, trial: Trial) -> None:
    """Words for one of the parsers."""
    name = sorted(PARSERS)[seed % len(PARSERS)]
    parser = PARSERS[name]
    options = [o for a in parser._actions for o in a.option_strings]
    words = st.sampled_from([*options, *options, *VALUES, '--nothing'])
    words |= st.text(st.characters(), max_size=20)
    joined = st.tuples(st.sampled_from(options), words).map('='.join)

    def parse(given: list[str]) -> None:
        try:
            parser.parse_args(given)
        except SystemExit as end:
            if end.code not in (0, 2):
                raise Fault(f'status {end.code!r} for {given!r:.300}') from end

    def body(given: list[str]) -> None:
        trial(name, lambda: parse(given))

    examples(st.lists(words | joined, max_size=8), body, seed, EACH)


def test_command_lines_shortly(endure: Callable, monkeypatch) -> None:
    monkeypatch.setitem(globals(), 'EACH', 3)
    find_parsers(tools=False)
    endure(line, len(PARSERS), 2 * len(PARSERS), 'command lines')


@pytest.mark.slow
def test_command_lines(endure: Callable) -> None:
    find_parsers(tools=True)
    assert len(PARSERS) > 25
    endure(line, 48, 10_000, 'command lines')
