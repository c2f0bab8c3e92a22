# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Who uses the page: by keyboard, on a phone, by a screen reader; foes."""

import pytest
from browser import requests_of, set_dark, set_width

from .answers import PICTURE
from .driver import CONTRASTS, Page
from .server import HOSTILE, StandIn


def test_opens_with_what_may_be_chosen(page: Page, server) -> None:
    from selenium.webdriver.support.select import Select

    model = Select(page.one('#model'))
    texts = [option.text for option in model.options]
    assert texts == ['Drawn faces', f'Photos {HOSTILE}', 'Not here (not here)']
    assert [o.is_enabled() for o in model.options] == [True, True, False]
    assert 'Apache-2.0. Comes with mmfacesr.' in page.one('#license').text
    assert 'Restricted' not in page.one('#license').text
    model.select_by_index(1)
    assert 'CC BY-NC-SA 4.0. Restricted' in page.one('#license').text
    page.one('#more summary').click()
    assert 'mmfacesr download away' in page.one('#more li').text
    assert page.chromium.get_log('browser') == []
    asked = requests_of(page.chromium)
    assert all(url.startswith(server[1]) for url in asked), asked


def test_hostile_names_are_texts(page: Page, stand_in) -> None:
    name = 'ok<img src=x onerror=alert(1)>.png'
    page.add({name: PICTURE, f'fails{name}': PICTURE})
    page.wait_for(name, '2 of 3')
    page.wait_for('fails', 'damaged')
    assert page.run('return alerts') == []
    assert page.run("return document.querySelector('[onerror]')") is None
    assert page.chromium.get_log('browser') == []
    page.run(
        "document.body.insertAdjacentHTML('beforeend', arguments[0])", HOSTILE
    )
    noted = page.wait(lambda: page.chromium.get_log('browser'))
    assert any('Content Security' in entry['message'] for entry in noted)
    assert page.run('return alerts') == []


def test_two_tabs_do_not_see_each_other(page: Page, server) -> None:
    first = page.chromium.current_window_handle
    page.add({'ok1.png': PICTURE, 'slow.png': PICTURE})
    page.chromium.switch_to.new_window('tab')
    page.chromium.get(server[1])
    page.wait(lambda: page.one('#files').is_enabled())
    assert page.all('.card') == []
    page.add({'ok2.png': PICTURE})
    page.wait_for('ok2', '2 of 3')
    page.chromium.close()
    page.chromium.switch_to.window(first)
    page.wait_for('ok1', '2 of 3')
    assert [card.text.split()[0] for card in page.all('.card')] == [
        'ok1.png',
        'slow.png',
    ]


@pytest.mark.parametrize('dark', [False, True])
def test_texts_are_readable_and_fit_a_phone(
    page: Page, stand_in, dark: bool
) -> None:
    set_dark(page.chromium, dark)
    long = 'ok' + 'W' * 90 + '.png'
    page.add({long: PICTURE, 'fails.png': PICTURE, 'a.txt': b'text'})
    page.wait_for('ok', '2 of 3')
    page.wait_for('fails', 'damaged')
    page.one('#more summary').click()
    for width in (1280, 360):
        set_width(page.chromium, width)
        assert page.run('return document.documentElement.scrollWidth') == width
        found = page.run(CONTRASTS)
        assert len(found) > 40
        assert [one for one in found if one[0] < 4.5] == []
    set_dark(page.chromium, False)


def test_screen_readers_get_names(page: Page, stand_in) -> None:
    page.add({'ok.png': PICTURE, 'fails.png': PICTURE, 'slow.png': PICTURE})
    page.wait_for('ok', '2 of 3')
    page.wait_for('fails', 'damaged')
    assert page.nameless() == []


def test_keyboard_alone_does_everything(page: Page, stand_in: StandIn) -> None:
    from selenium.webdriver.common.keys import Keys

    def tab_to(wanted: str) -> None:
        for _ in range(30):
            page.press(Keys.TAB)
            if page.focus() == wanted:
                return
        raise AssertionError(f'{wanted} is not reached')

    tab_to('model')
    page.press(Keys.ARROW_DOWN)
    tab_to('upscale')
    page.press(Keys.ARROW_RIGHT)
    tab_to('force')
    page.press(Keys.SPACE)
    tab_to('files')
    outline = page.run(
        'return getComputedStyle(document.querySelector("#files + label"))'
        '.outlineStyle'
    )
    assert outline == 'solid'
    page.add({'ok.png': PICTURE, 'slow.png': PICTURE})
    page.wait_for('ok', '3 of 3')
    tab_to('Download ok_restored.png')
    assert stand_in.requests[0]['model'] == 'photos'
    assert stand_in.requests[0]['upscale'] == '2'
    tab_to('The whole picture: before and after')
    page.press(*[Keys.ARROW_RIGHT] * 5)
    assert page.run('return document.activeElement.value') == 60
    assert page.run('return document.activeElement.ariaValueNow') == '60'
    page.press(Keys.HOME)
    assert page.run('return document.activeElement.ariaValueText') == (
        '0 % before, 100 % after'
    )
    tab_to('Face 3: before and after')
    tab_to('Cancel: slow.png')
    page.press(Keys.ENTER)
    page.wait_for('slow', 'Canceled')
    tab_to('Remove: slow.png')
    page.press(Keys.ENTER)
    assert [card.text.split()[0] for card in page.all('.card')] == ['ok.png']
    assert 'ok.png' in page.focus()  # the next card, not the top of the page
    for _ in range(40):  # out at the end: nothing traps the focus
        page.press(Keys.TAB)
        if page.focus() == 'model':
            return
    raise AssertionError('the focus does not come around')


def test_says_that_the_server_is_gone(page: Page, stand_in) -> None:
    set_offline(page, True)
    page.add({'ok.png': PICTURE})
    page.wait_for('ok', 'mmfacesr web still running?')
    set_offline(page, False)
    page.one('.retry').click()
    page.wait_for('ok', '2 of 3')


def set_offline(page: Page, offline: bool) -> None:
    page.chromium.execute_cdp_cmd(
        'Network.emulateNetworkConditions',
        dict(
            offline=offline,
            latency=0,
            downloadThroughput=-1,
            uploadThroughput=-1,
        ),
    )


def test_asks_before_results_are_lost(page: Page, stand_in) -> None:
    leaves = """const event = new Event('beforeunload', { cancelable: true });
    return dispatchEvent(event);"""
    assert page.run(leaves)
    page.add({'ok.png': PICTURE})
    page.wait_for('ok', '2 of 3')
    assert not page.run(leaves)
    page.one('.download').click()
    assert page.run(leaves)
