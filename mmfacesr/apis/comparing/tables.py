# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""A comparison as text, Markdown, LaTeX and CSV."""

import csv
import io
import json
import re
from collections.abc import Callable, Sequence
from textwrap import fill
from typing import NamedTuple

from mmfacesr.apis.comparing.words import notes, two_digits
from mmfacesr.evaluation.value_names import shown, unit
from mmfacesr.utils.finite import for_json

LEAST_P = 0.001  # smaller ones are shown as below it
LATEX = {
    '\\': r'\textbackslash{}',
    '~': r'\textasciitilde{}',
    '^': r'\textasciicircum{}',
    '<': r'\textless{}',
    '>': r'\textgreater{}',
    '|': r'\textbar{}',
    '"': r'\textquotedbl{}',
    **{character: f'\\{character}' for character in '&%$#_{}'},
}
HTML = {'&': '&amp;', '<': '&lt;', '>': '&gt;'}
MARKDOWN = re.compile(r'([\\`*_|]|\](?=[(\[]))')


class Cell(NamedTuple):
    """A cell of a table.

    Attributes:
        text (str): Not escaped.
        is_best (bool): Whether it is the best of its column.
        is_like_best (bool): Whether it is not told from the best.
    """

    text: str
    is_best: bool = False
    is_like_best: bool = False


Table = list[list[Cell]]
"""Rows, the first of which is the head."""


def means_table(comparison: dict) -> Table:
    """Methods by values: mean and interval."""
    values = comparison['values']
    heads = [_with_unit(value['name']) for value in values]
    rows = [[Cell('Method'), *map(Cell, heads)]]
    for method in comparison['methods']:
        name = method['name']
        cells = [
            Cell(
                _mean(value['name'], method['values'][value['name']]),
                value['best'] == name,
                name in value['like_best'],
            )
            for value in values
        ]
        rows.append([Cell(name), *cells])
    return rows


def differences_table(comparison: dict) -> Table:
    """All methods against the reference: difference, test, verdict."""
    reference = comparison['reference']
    head = (
        'Value',
        'Method',
        f'Difference to {reference}',
        'Verdict',
        'p (Holm)',
        'Could show',
    )
    rows = [[Cell(text) for text in head]]
    for pair in comparison['pairs']:
        if pair['against'] != reference:
            continue
        name, p = pair['value'], pair['p_holm']
        is_same = pair['verdict'] == 'identical'  # has no spread to judge by
        texts = (
            name,
            pair['method'],
            _mean(name, dict(pair, mean=pair['difference']), '+'),
            pair['verdict'],
            f'<{LEAST_P}' if p < LEAST_P else f'{p:.3f}',
            two_digits(None if is_same else pair['detectable']),
        )
        rows.append([Cell(text) for text in texts])
    return rows


def _with_unit(name: str) -> str:
    """A value and its unit."""
    return f'{name} ({unit(name)})' if unit(name) else name


def _mean(name: str, value: dict, sign: str = '') -> str:
    """A mean, and its interval if it has one."""
    text = shown(name, value['mean'], sign)
    if value.get('interval'):
        low, high = (shown(name, v, sign) for v in value['interval'])
        text += f' [{low}, {high}]'
    return text


def as_text(comparison: dict, width: int = 80) -> str:
    """Tables and notes for a terminal of so many columns."""
    return '\n\n'.join(
        [
            _columns(means_table(comparison), width, keys=1),
            _columns(differences_table(comparison), width, keys=2),
            '\n'.join(fill(line, width) for line in notes(comparison, '*')),
            '',
        ]
    ).removesuffix('\n')


def _columns(table: Table, width: int, keys: int) -> str:
    """Aligned columns; those that do not fit follow below the others.

    Args:
        table (Table): What is shown.
        width (int): Of the terminal.
        keys (int): First columns, which are repeated.
    """
    texts = [[_marked(cell) for cell in row] for row in table]
    columns = [
        [text.ljust(max(map(len, column))) for text in column]
        for column in zip(*texts)
    ]
    blocks = [columns[:keys]]
    for column in columns[keys:]:
        used = sum(len(c[0]) + 2 for c in blocks[-1]) + len(column[0])
        if used > width and len(blocks[-1]) > keys:
            blocks.append(columns[:keys])
        blocks[-1].append(column)
    return '\n\n'.join(
        '\n'.join('  '.join(row).rstrip() for row in zip(*block))
        for block in blocks
    )


def _marked(cell: Cell) -> str:
    """A cell with * for the best and = for what is not told from it."""
    return cell.text + ' *' * cell.is_best + ' =' * cell.is_like_best


def as_markdown(comparison: dict) -> str:
    """Tables and notes for a page."""
    tables = [
        _pipes(table(comparison)) for table in (means_table, differences_table)
    ]
    lines = map(escape_markdown, notes(comparison, 'Bold'))
    return '\n\n'.join([*tables, '\n'.join(f'- {x}' for x in lines)]) + '\n'


def means_as_markdown(comparison: dict, names: Sequence[str]) -> str:
    """The table of means alone, of some values.

    Args:
        comparison (dict): Of :func:`~mmfacesr.apis.comparing.comparison.
            compare`.
        names (Sequence[str]): Values, as far as it has them; all if it has
            none of them.
    """
    values = comparison['values']
    chosen = [value for value in values if value['name'] in names]
    return _pipes(means_table(dict(comparison, values=chosen or values)))


def _pipes(table: Table) -> str:
    """A table of Markdown."""
    head, *rows = [[_markdown_cell(cell) for cell in row] for row in table]
    lines = [head, ['---'] * len(head), *rows]
    return '\n'.join(f'| {" | ".join(line)} |' for line in lines)


def _markdown_cell(cell: Cell) -> str:
    text = escape_markdown(cell.text)
    return f'**{text}**' if cell.is_best else text + ' =' * cell.is_like_best


def escape_markdown(text: str) -> str:
    """Text that Markdown and HTML show as it is."""
    for character, entity in HTML.items():
        text = text.replace(character, entity)
    return MARKDOWN.sub(r'\\\1', text)


def as_latex(comparison: dict) -> str:
    """Two tabulars that need no package, and the notes."""
    tables = [
        _tabular(table(comparison))
        for table in (means_table, differences_table)
    ]
    text = '\n\n'.join(map(escape_latex, notes(comparison, 'Bold')))
    return '\n\n'.join([*tables, text]) + '\n'


def _tabular(table: Table) -> str:
    """A tabular."""
    head, *rows = [' & '.join(map(_latex_cell, row)) + r' \\' for row in table]
    return '\n'.join(
        [
            rf'\begin{{tabular}}{{{"l" * len(table[0])}}}',
            r'\hline',
            head,
            r'\hline',
            *rows,
            r'\hline',
            r'\end{tabular}',
        ]
    )


def _latex_cell(cell: Cell) -> str:
    text = escape_latex(cell.text)
    if cell.is_best:
        return rf'\textbf{{{text}}}'
    return text + ' $=$' * cell.is_like_best


def escape_latex(text: str) -> str:
    """Text that LaTeX prints as it is."""
    return ''.join(LATEX.get(character, character) for character in text)


def as_csv(comparison: dict) -> str:
    """A line for every pair in every value, with all digits."""
    text = io.StringIO()
    rows = [
        {key: cell for key, cell in pair.items() if key != 'interval'}
        | dict(zip(('low', 'high'), pair['interval'] or (None, None)))
        for pair in comparison['pairs']
    ]
    writer = csv.DictWriter(text, rows[0] if rows else [], lineterminator='\n')
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def as_json(comparison: dict) -> str:
    """Everything, for programs and for tables in documents."""
    text = json.dumps(for_json(comparison), indent=2, allow_nan=False)
    return text + '\n'


FORMATS: dict[str, Callable[[dict], str]] = {
    '.json': as_json,
    '.md': as_markdown,
    '.tex': as_latex,
    '.csv': as_csv,
}
"""Ending of a file -> what writes it."""
