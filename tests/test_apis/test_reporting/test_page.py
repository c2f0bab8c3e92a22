# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""What a page says, read without a browser."""

import base64
import hashlib
import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from mmfacesr.apis.evaluating.evaluation import Evaluation
from mmfacesr.apis.reporting.page import write_report

HOSTILE = '<img src=x onerror=alert(1)>'
VOID = {'meta', 'link', 'img', 'input'}


class Page(HTMLParser):
    """Elements and texts of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict]] = []
        self.open: list[str] = []
        self.texts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


@pytest.fixture(scope='module')
def text(evaluated: list[Path], tmp_path_factory) -> str:
    out = write_report(evaluated, tmp_path_factory.mktemp('page'))
    assert out.name == 'report.html'
    return out.read_text(encoding='utf-8')


@pytest.fixture(scope='module')
def page(text: str) -> Page:
    return Page(text)


def test_page_is_well_formed_and_asks_for_nothing(page: Page) -> None:
    assert page.open == []
    for tag, attributes in page.elements:
        for name, value in attributes.items():
            assert not name.startswith('on'), (tag, name)
            assert name != 'style'  # the policy would refuse it
            if name == 'src' or (name == 'href' and tag == 'link'):
                assert value.startswith('data:'), (tag, value[:40])
            if name == 'href' and tag == 'a':
                assert value.startswith('#')


def test_policy_allows_this_style_and_script_alone(
    page: Page, text: str
) -> None:
    policy = next(
        attributes['content']
        for _, attributes in page.elements
        if attributes.get('http-equiv') == 'Content-Security-Policy'
    )
    assert policy.startswith("default-src 'none';")
    for tag in ('style', 'script'):
        inside = re.search(f'<{tag}>(.*?)</{tag}>', text, re.DOTALL)[1]
        digest = hashlib.sha256(inside.encode()).digest()
        said = base64.b64encode(digest).decode()
        assert f"{tag}-src 'sha256-{said}'" in policy
    assert 'unsafe' not in policy


def test_names_are_shown_and_never_markup(page: Page) -> None:
    assert HOSTILE in ''.join(page.texts)
    assert not [a for tag, a in page.elements if a.get('src') == 'x']
    scripts = [a for tag, a in page.elements if tag == 'script']
    assert len(scripts) == 2


def test_numbers_are_those_of_the_evaluations(
    text: str, evaluated: list[Path]
) -> None:
    data = json.loads(re.search(r'id="data">(.*?)</script>', text)[1])
    for value in data['values']:
        for column, folder in zip(value['columns'], evaluated):
            numbers = Evaluation.read(folder).table.numbers[value['name']]
            found = [np.inf if n == 'inf' else n for n in column]
            assert found == pytest.approx(
                numbers, abs=0.51 * 10 ** -value['digits']
            )


def test_means_are_of_the_faces_that_all_have(
    text: str, evaluated: list[Path]
) -> None:
    columns = [
        Evaluation.read(folder).table.numbers['rgb/PSNR']
        for folder in evaluated
    ]
    assert np.isinf(columns[0]).sum() == 1
    both = np.isfinite(columns[0]) & np.isfinite(columns[1])
    row = re.search(r'>PSNR <span.*?</tr>', text, re.DOTALL)[0]
    means = re.findall(r'class="mean( best)?">([\d.]+)<', row)
    assert means == [
        (' best', f'{columns[0][both].mean():.2f}'),
        ('', f'{columns[1][both].mean():.2f}'),
    ]


def test_one_method_has_its_quartiles(
    evaluated: list[Path], tmp_path: Path
) -> None:
    out = write_report(evaluated[:1], tmp_path / 'one.html', count=3)
    found = Evaluation.read(evaluated[0]).values['rgb/SSIM']
    text = out.read_text(encoding='utf-8')
    row = re.search(r'>SSIM <span.*?</tr>', text, re.DOTALL)[0]
    numbers = re.findall(r'quiet">([\d.]+)', row)
    assert numbers == [f'{found["quartiles"][i]:.4f}' for i in (0, 2, 4)]
    assert 'id="differences"' not in text
    assert text.count('<figure class="card"') == 3


def test_missing_pictures_are_said(own: list[Path]) -> None:
    shutil.rmtree(own[0].parent / 'sr1')
    text = write_report(own, own[0]).read_text(encoding='utf-8')
    assert 'class="note"' in text
    assert 'id="faces"' not in text
    assert 'are not shown' in text and 'sr1' in text
    assert 'id="values"' in text


def test_a_changed_picture_is_not_shown(own: list[Path]) -> None:
    place = own[0].parent / 'sr0' / 'dora.png'
    shutil.copy(place.with_name('ben.png'), place)
    text = write_report(own, own[0]).read_text(encoding='utf-8')
    assert 'was measured: 1 (dora).' in text
    row = Evaluation.read(own[0]).table.names.index('dora')
    assert f'id="face-{row}"' not in text


def test_others_faces_are_refused(own: list[Path], tmp_path: Path) -> None:
    path = own[1] / 'per_image.csv'
    lines = path.read_text().splitlines(keepends=True)
    path.write_text(''.join(lines[:-1]))
    with pytest.raises(ValueError, match='gus'):
        write_report(own, tmp_path)


def test_wishes_are_checked(evaluated: list[Path], tmp_path: Path) -> None:
    with pytest.raises(ValueError, match='of rgb/PSNR, .* got LPIPS'):
        write_report(evaluated, tmp_path, by='LPIPS')
    with pytest.raises(ValueError, match='reference of Near'):
        write_report(evaluated, tmp_path, reference='Other')
    with pytest.raises(ValueError, match='twice'):
        write_report([evaluated[0], evaluated[0]], tmp_path)


def test_reference_comes_first(evaluated: list[Path], tmp_path: Path) -> None:
    out = write_report(evaluated, tmp_path, reference=str(evaluated[1]))
    assert '<h3>Best of Far' in out.read_text(encoding='utf-8')
