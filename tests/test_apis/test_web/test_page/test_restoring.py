# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""The page in a real browser, by a server whose answers are scripted."""

import io

import pytest
from PIL import Image

from .answers import BOXES, PICTURE, SIZE
from .driver import Page
from .server import HOSTILE, StandIn


def test_restores_several_pictures_two_at_a_time(
    page: Page, stand_in: StandIn
) -> None:
    names = ['ok1.png', 'slow2.png', 'slow3.png', 'slow4.png', 'none5.png']
    choose_upscale(page, 2)
    page.one('[name=only_center_face]').click()
    page.add(dict.fromkeys(names, PICTURE))
    page.wait_for('ok1', '2 of 3 faces restored')
    page.wait_for('slow2', 'Waits at the server, place 3')
    assert page.state('slow4.png') == 'Waits for its turn'
    assert page.one('#total').text == '1 of 5 pictures done'
    assert page.run('return document.querySelector("#bar").value') == 1
    assert page.chromium.title.startswith('(1/5)')
    stand_in.go.set()
    page.wait_for('none5', 'No face found')
    page.wait(lambda: page.one('#total').text == '5 of 5 pictures done')
    assert 'none5.png' in page.one('#live').get_attribute('textContent')
    assert stand_in.most == 2
    assert [sent['picture'] for sent in stand_in.requests] == names
    expected = dict(
        model='drawn', upscale='2', force='false', only_center_face='true'
    )
    for sent in stand_in.requests:
        assert sent.pop('data') == PICTURE
        assert sent == dict(expected, picture=sent['picture'])
    assert page.chromium.get_log('browser') == []


@pytest.mark.parametrize('upscale', [1, 4])
def test_shows_the_picture_and_its_faces(
    page: Page, stand_in, upscale: int
) -> None:
    choose_upscale(page, upscale)
    page.add({'ok.png': PICTURE})
    page.wait_for('ok', '2 of 3 faces restored')
    sliders = page.wait(lambda: page.all('img-comparison-slider'))
    assert [s.get_attribute('aria-label') for s in sliders] == [
        'The whole picture: before and after',
        'Face 1: before and after',
        'Face 2: before and after',
    ]
    stage = page.run(
        'return document.querySelector(".stage").getBoundingClientRect()'
    )
    for box, (x0, y0, x1, y1) in zip(page.all('.box'), BOXES):
        shown = page.run('return arguments[0].getBoundingClientRect()', box)
        middle = (
            (shown['x'] + shown['width'] / 2 - stage['x']) / stage['width'],
            (shown['y'] + shown['height'] / 2 - stage['y']) / stage['height'],
        )
        assert middle == pytest.approx(
            ((x0 + x1) / 2 / SIZE[0], (y0 + y1) / 2 / SIZE[1]), abs=0.004
        )
        assert shown['width'] / stage['width'] > (x1 - x0) / SIZE[0]
    assert [box.text for box in page.all('.box')] == ['1', '2', '3']
    faces = page.all('.face')
    assert 'smaller than 16 pixels' in faces[2].text
    assert faces[0].text.splitlines()[-1] == 'Face 1 40 pixels wide'
    page.one('.mark input').click()
    assert not page.one('.boxes').is_displayed()
    # 'before' left of the line, 'after' right of it
    page.run('arguments[0].scrollIntoView()', sliders[0])
    assert pixel(page, sliders[0], 0.2) == (90, 90, 160)
    assert pixel(page, sliders[0], 0.8) == (200, 120, 90)


def choose_upscale(page: Page, factor: int) -> None:
    radio = page.one(f'[name=upscale][value="{factor}"]')
    radio.find_element('xpath', './parent::label').click()


def pixel(page: Page, element, across: float) -> tuple[int, ...]:
    """A color of an element as it is drawn."""
    drawn = Image.open(io.BytesIO(element.screenshot_as_png)).convert('RGB')
    place = int(across * drawn.width), drawn.height // 4
    return drawn.getpixel(place)


def test_restores_again_with_faces_of_any_size(
    page: Page, stand_in: StandIn
) -> None:
    page.add({'ok.png': PICTURE})
    page.wait_for('ok', '2 of 3 faces restored')
    again = page.one('.as-chosen')
    assert not again.is_displayed()
    page.one('.any-size').click()
    page.wait_for('ok', '3 of 3 faces restored')
    assert not page.one('.any-size').is_displayed()
    assert stand_in.requests[1]['force'] == 'true'
    choose_upscale(page, 4)
    again.click()
    page.wait_for('ok', '2 of 3 faces restored')
    assert '1280 × 800 pixels, enlarged 4 times' in page.one('.facts').text
    assert len(page.all('.card')) == 1


@pytest.mark.parametrize(
    'name, reason',
    [
        ('fails', f'It is damaged {HOSTILE}'),
        ('refused', f'No {HOSTILE}'),
        ('cut', 'The answer broke off'),
        ('odd', 'The answer could not be read'),
    ],
)
def test_says_why_a_picture_failed(
    page: Page, stand_in: StandIn, name: str, reason: str
) -> None:
    page.add({f'{name}.png': PICTURE})
    page.wait_for(name, reason)
    assert page.state(f'{name}.png').startswith(reason)
    assert page.one('#total').text == '0 of 1 picture done, 1 failed'
    assert not page.one('.download').is_displayed()
    page.one('.retry').click()
    page.wait(lambda: len(stand_in.requests) == 2)
    page.wait_for(name, reason)


def test_comes_again_when_the_server_is_busy(
    page: Page, stand_in: StandIn
) -> None:
    page.add({'busy.png': PICTURE})
    page.wait_for('busy', 'tries again in 1 s')
    page.wait_for('busy', '2 of 3 faces restored')
    assert stand_in.tries['busy.png'] == 2


def test_cancels_and_tries_again(page: Page, stand_in: StandIn) -> None:
    page.add({'slow.png': PICTURE})
    page.wait_for('slow', 'Waits at the server')
    page.one('.cancel').click()
    page.wait_for('slow', 'Canceled')
    page.wait(lambda: stand_in.lost == ['slow.png'])
    stand_in.go.set()
    page.one('.retry').click()
    page.wait_for('slow', '2 of 3 faces restored')
