# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""A page in a real browser."""

from pathlib import Path

import pytest
from browser import (
    open_file,
    requests_of,
    set_dark,
    set_width,
    start_chromium,
)

from mmfacesr.apis.evaluating.evaluation import Evaluation
from mmfacesr.apis.reporting.page import write_report

HOSTILE = '<img src=x onerror=alert(1)>'
ADDED = """
const done = arguments[0];
document.addEventListener('securitypolicyviolation', (event) => {
  done(event.effectiveDirective);
}, { once: true });
document.body.insertAdjacentHTML('beforeend', %r);
setTimeout(() => done('nothing was refused'), 2000);
"""


@pytest.fixture(scope='module')
def chromium():
    yield from start_chromium()


@pytest.fixture(scope='module')
def path(evaluated: list[Path], tmp_path_factory) -> Path:
    # What a page is called is up to a person.
    folder = tmp_path_factory.mktemp('page')
    return write_report(evaluated, folder / f'{HOSTILE} #1.html', count=3)


@pytest.fixture
def page(chromium, path: Path):
    set_width(chromium, 1280)
    open_file(chromium, path)
    return chromium


def one(page, selector: str):
    return page.find_element('css selector', selector)


def line_of(page, selector: str) -> float:
    """Where the line of a face is, percent, as it is drawn."""
    return page.execute_script(
        """const box = document.querySelector(arguments[0]);
        const line = getComputedStyle(box, '::after').left;
        return 100 * parseFloat(line) / box.clientWidth;""",
        selector,
    )


def names_shown(page) -> list[str]:
    return page.execute_script(
        """return [...document.querySelectorAll('#table tbody tr')]
        .filter((row) => row.offsetHeight)
        .map((row) => row.querySelector('.name').textContent);"""
    )


def column_of(page, number: int) -> list[float]:
    cells = page.find_elements(
        'css selector', f'#table tbody td:nth-of-type({number})'
    )
    return [float(cell.text) for cell in cells]


def test_opens_without_a_complaint_or_a_request(page, path: Path) -> None:
    assert page.get_log('browser') == []
    assert requests_of(page) == [path.resolve().as_uri()]
    assert page.execute_script(
        """return [...document.images].every(
            (image) => !image.complete || image.naturalWidth > 0);"""
    )


def test_hostile_names_are_texts(page) -> None:
    assert HOSTILE in one(page, 'h1').text
    assert HOSTILE in names_shown(page)
    one(page, '#filter').send_keys('onerror')
    assert names_shown(page) == [HOSTILE]
    one(page, '#table tr:not([hidden]) .strip').click()
    assert one(page, '#zoom .caption').text == HOSTILE
    assert page.execute_script('return alerts') == []
    assert (
        page.execute_script("return document.querySelector('[onerror]')")
        is None
    )
    # It would have been noticed.
    page.execute_script('alert(1)')
    assert page.execute_script('return alerts') == [1]


@pytest.mark.parametrize(
    'markup, refused',
    [
        ('<img src=https://example.org/a.png>', 'img-src'),
        (HOSTILE, 'script-src-attr'),
        ('<p style="color: red">', 'style-src-attr'),
        ('<a id=bad onclick=alert(2)>', 'script-src-attr'),
        ('<iframe src=https://example.org></iframe>', 'frame-src'),
    ],
)
def test_policy_refuses_what_is_added(page, markup: str, refused: str) -> None:
    page.set_script_timeout(5)
    assert page.execute_async_script(ADDED % markup) == refused
    assert page.execute_script('return alerts') == []


def test_slider_moves_by_keyboard_and_mouse(page) -> None:
    from selenium.webdriver import ActionChains
    from selenium.webdriver.common.keys import Keys

    assert line_of(page, '.compare') == pytest.approx(50, abs=1)
    one(page, '.slide').send_keys(*[Keys.ARROW_RIGHT] * 10)
    assert line_of(page, '.compare') == pytest.approx(60, abs=1)
    box = one(page, '.compare')
    quarter = -box.size['width'] // 4
    ActionChains(page).click_and_hold(box).move_by_offset(
        quarter, 0
    ).release().perform()
    assert line_of(page, '.compare') == pytest.approx(25, abs=2)
    assert one(page, '.slide').get_attribute('value') == '25'
    assert not one(page, '#zoom').is_displayed()


def test_pictures_left_and_right_are_chosen(page) -> None:
    from selenium.webdriver.support.select import Select

    shown = """return [...document.querySelectorAll('.compare .layer')]
        .filter((image) => getComputedStyle(image).visibility === 'visible'
            && getComputedStyle(image).display !== 'none')
        .map((image) => image.dataset.layer);"""
    assert set(page.execute_script(shown)) == {'bicubic', 'sr-0'}
    names = [option.text for option in Select(one(page, '#left')).options]
    assert names[:3] == ['Input', 'Input, bicubic', 'Near']
    assert f'Error of Far {HOSTILE}' in names
    Select(one(page, '#left')).select_by_value('error-1')
    Select(one(page, '#right')).select_by_value('hr')
    assert set(page.execute_script(shown)) == {'error-1', 'hr'}
    assert one(page, '.side.right').text == 'Ground truth'


@pytest.mark.parametrize('opener', ['.compare', '.enlarge'])
def test_zoom_opens_and_escape_closes(page, opener: str) -> None:
    from selenium.webdriver.common.keys import Keys

    one(page, opener).click()
    assert one(page, '#zoom').is_displayed()
    big, small = one(page, '#zoom .compare'), one(page, '.card .compare')
    assert big.size['width'] > 2 * small.size['width']
    rendering = 'return getComputedStyle(arguments[0]).imageRendering'
    image = one(page, '#zoom .on-right')
    assert page.execute_script(rendering, image) == 'pixelated'
    page.switch_to.active_element.send_keys(*[Keys.ARROW_LEFT] * 20)
    assert line_of(page, '#zoom .compare') == pytest.approx(30, abs=1)
    page.switch_to.active_element.send_keys(Keys.ESCAPE)
    assert not one(page, '#zoom').is_displayed()
    assert line_of(page, '.card .compare') == pytest.approx(50, abs=1)


def test_table_is_sorted_and_filtered(page, evaluated: list[Path]) -> None:
    from selenium.webdriver.support.select import Select

    table = Evaluation.read(evaluated[1]).table
    heads = page.find_elements('css selector', '#table thead button')
    assert names_shown(page) == sorted(table.names)
    Select(one(page, '#value')).select_by_visible_text('rgb/MAE')
    heads[2].click()
    numbers = sorted(table.numbers['rgb/MAE'])
    assert column_of(page, 2) == pytest.approx(numbers, abs=0.0051)
    assert (
        names_shown(page)[0] == table.names[table.numbers['rgb/MAE'].argmin()]
    )
    heads[2].click()
    assert column_of(page, 2) == pytest.approx(numbers[::-1], abs=0.0051)
    Select(one(page, '#value')).select_by_visible_text('rgb/PSNR')
    heads[1].click()  # the face without an error has an infinite one
    assert names_shown(page)[0] == 'gus'
    assert one(page, '#table tbody td').text == '∞'
    one(page, '#filter').send_keys('N')
    assert set(names_shown(page)) == {'anna', 'ben', HOSTILE}
    assert one(page, '#count').text == '3 of 7 faces'


def test_a_point_leads_to_its_row(page) -> None:
    from selenium.webdriver.common.keys import Keys

    one(page, '#filter').send_keys('nothing is called so')
    assert names_shown(page) == []
    page.execute_script("document.querySelector('.scatter a').focus()")
    page.switch_to.active_element.send_keys(Keys.ENTER)
    assert len(names_shown(page)) == 7
    target = one(page, 'tr:target .name').text
    title = one(page, '.scatter a title').get_attribute('textContent')
    assert title.startswith(f'{target}: ')


@pytest.mark.parametrize('width', [320, 375, 768])
def test_no_horizontal_scroll_on_a_phone(page, width: int) -> None:
    set_width(page, width)
    assert (
        page.execute_script('return document.documentElement.scrollWidth')
        == width
    )


def test_dark_pages_are_dark(page) -> None:
    light = 'return getComputedStyle(document.body)[arguments[0]]'

    def luma(what: str) -> float:
        color = page.execute_script(light, what)
        parts = [int(p) for p in color.strip('rgba()').split(',')[:3]]
        return sum(parts) / 3

    set_dark(page, True)
    assert luma('backgroundColor') < 40 and luma('color') > 200
    set_dark(page, False)
    assert luma('backgroundColor') > 240 and luma('color') < 50
