# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""The tables of a comparison, as a person sees them."""

import csv
import io
from collections.abc import Callable

import numpy as np
import pytest

from mmfacesr.apis.comparing import tables
from mmfacesr.apis.comparing.comparison import compare
from mmfacesr.apis.evaluating.evaluation import Evaluation


@pytest.fixture
def found(make: Callable[..., Evaluation], psnr: np.ndarray) -> dict:
    """A poor, a good and an equally good method, of odd names."""
    noise = np.random.default_rng(3).normal(0, 0.01, len(psnr))
    psnr = psnr - psnr.mean() + 25
    gain = np.linspace(0.5, 1.5, len(psnr))
    return compare(
        [
            make('a_1 & <b>', of_set={'FID/gt': 9.0}, rgb_PSNR=psnr),
            make('50% #|', of_set={'FID/gt': 8.0}, rgb_PSNR=psnr + gain),
            make(
                'like~it\\',
                of_set={'FID/gt': 8.5},
                rgb_PSNR=psnr + gain + noise - noise.mean() - 1e-4,
            ),
        ]
    )


def test_markdown_marks_the_best_and_what_is_like_it(found: dict) -> None:
    head, _, *rows = tables.as_markdown(found).splitlines()
    assert head == '| Method | rgb/PSNR (dB) | FID/gt |'
    assert rows[0].startswith('| a\\_1 &amp; &lt;b&gt; | 25.00 [')
    assert rows[0].endswith('] | 9.00 |')
    assert rows[1].startswith('| 50% #\\| | **26.00 [')
    assert rows[1].endswith(']** | **8.00** |')
    assert rows[2].startswith('| like~it\\\\ | 26.00 [')
    assert rows[2].endswith('] = | 8.50 |')


def test_differences_stand_to_the_reference(found: dict) -> None:
    text = tables.as_markdown(found)
    rows = [line for line in text.splitlines() if '| better |' in line]
    assert len(rows) == 2
    assert rows[0].startswith('| rgb/PSNR | 50% #\\| | +1.00 [+0.')
    assert '| &lt;0.001 |' in rows[0]
    assert 'rgb/PSNR: smallest difference that 50 images could show: ' in text
    assert 'FID/gt: one value of the whole set' in text
    assert 'adjusted by Holm over 3 tests' in text


def test_latex_escapes_names(found: dict) -> None:
    text = tables.as_latex(found)
    assert 'a\\_1 \\& \\textless{}b\\textgreater{} & 25.00' in text
    assert '50\\% \\#\\textbar{} & \\textbf{26.00 [' in text
    assert 'like\\textasciitilde{}it\\textbackslash{} & 26.00' in text
    assert text.count('\\begin{tabular}') == text.count('\\end{tabular}') == 2
    rows = [x for x in text.splitlines() if x.endswith(r'\\')]
    assert {x.replace(r'\&', '').count('&') for x in rows} == {2, 5}


def test_no_line_starts_a_bracket_after_a_row(found: dict) -> None:
    r"""LaTeX takes ``\\ [x]`` for a distance."""
    rows = tables.as_latex(found).splitlines()
    assert not any(row.lstrip().startswith('[') for row in rows)


def test_csv_has_every_pair(found: dict) -> None:
    rows = list(csv.DictReader(io.StringIO(tables.as_csv(found))))
    assert len(rows) == 3
    for row, pair in zip(rows, found['pairs']):
        assert float(row['difference']) == pair['difference']
        assert [float(row['low']), float(row['high'])] == list(
            pair['interval']
        )
        assert row['verdict'] == pair['verdict']


@pytest.mark.parametrize('width', [60, 80, 200])
def test_text_fits_the_terminal(found: dict, width: int) -> None:
    text = tables.as_text(found, width)
    assert max(map(len, text.splitlines())) <= width
    if width == 200:
        assert 'a_1 & <b>  25.00 [' in text
        assert '] *' in text and '] =' in text
    for said in ('25.00', '26.00', '9.00', 'better', '<0.001'):
        assert said in text


def test_images_that_are_left_out_are_told(
    make: Callable[..., Evaluation], psnr: np.ndarray
) -> None:
    perfect = psnr.copy()
    perfect[:3] = np.inf
    made = compare([make('A', rgb_PSNR=psnr), make('B', rgb_PSNR=perfect)])
    text = ' '.join(tables.as_text(made, 100).split())
    assert 'B: 3 results equal their ground truth' in text
    assert 'means of the 47 images' in text and 'A 0, B 3' in text
