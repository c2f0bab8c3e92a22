# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Pictures come into the page, and files out of it."""

import time
import zipfile

from .answers import PICTURE, noise, png
from .driver import Page
from .server import StandIn


def test_nothing_is_kept_after_removal(page: Page, stand_in: StandIn) -> None:
    page.run(
        """window.kept = new Set();
        const [make, drop] = [URL.createObjectURL, URL.revokeObjectURL];
        URL.createObjectURL = (blob) => {
          const url = make.call(URL, blob); kept.add(url); return url; };
        URL.revokeObjectURL = (url) => { kept.delete(url); drop(url); };"""
    )
    page.add({'ok.png': PICTURE, 'slow.png': PICTURE, 'fails.png': PICTURE})
    page.wait_for('ok', '2 of 3 faces restored')
    page.wait_for('fails', 'damaged')
    assert page.run('return kept.size') > 5
    page.one('#remove-all').click()
    assert page.all('.card') == []
    assert not page.one('#pictures').is_displayed()
    page.wait(lambda: stand_in.lost == ['slow.png'])
    assert page.run('return [...kept]') == []


def test_refuses_at_once_what_the_server_would(page: Page, stand_in) -> None:
    page.add(
        {
            'a.txt': b'text',
            'b.png': b'',
            'c.png': noise(0, (300, 300)),
            'd.png': png((0, 0, 0), (2000, 600)),
            'ok.png': PICTURE,
        }
    )
    page.wait_for('ok', '2 of 3')
    lines = page.wait(lambda: page.one('#refused').text.splitlines())
    assert lines == [
        'Left out',
        'a.txt: it is not a picture.',
        'b.png: it is empty.',
        'c.png: it has 0.3 MB; at most 0.2 MB are taken, so save it smaller.',
        'd.png: it has 1.2 million pixels; at most 1 million are taken, '
        'so save it smaller.',
        'Close',
    ]
    assert [sent['picture'] for sent in stand_in.requests] == ['ok.png']
    page.one('#refused button').click()
    page.add({f'ok{i}.png': PICTURE for i in range(5)})
    text = 'ok4.png: this page holds 5 pictures at a time; remove some first.'
    page.wait(lambda: text in page.one('#refused').text)
    assert len(page.all('.card')) == 5


def test_downloads_one_and_all(page: Page, stand_in: StandIn) -> None:
    saved = page.folder / 'saved'
    page.chromium.execute_cdp_cmd(
        'Browser.setDownloadBehavior',
        dict(behavior='allow', downloadPath=str(saved)),
    )
    page.add({'ok.png': PICTURE, 'none.png': PICTURE})
    page.wait_for('ok', '2 of 3')
    page.wait_for('none', 'No face')
    page.add({'ok.png': PICTURE})  # of another folder, say
    page.wait(lambda: page.one('#download-all').text == 'Download all 3')
    page.one('.download').click()
    file = saved / 'ok_restored.png'
    page.wait(file.exists)
    time.sleep(0.1)
    assert file.read_bytes() == stand_in.results['ok.png']
    page.one('#download-all').click()
    page.wait((saved / 'restored.zip').exists)
    with zipfile.ZipFile(saved / 'restored.zip') as archive:
        assert archive.testzip() is None
        found = {name: archive.read(name) for name in archive.namelist()}
    assert found == {
        'ok_restored.png': stand_in.results['ok.png'],
        'none_restored.png': stand_in.results['none.png'],
        'ok_restored (2).png': stand_in.results['ok.png'],
    }


def test_takes_drops_of_folders_and_what_is_pasted(
    page: Page, stand_in: StandIn
) -> None:
    folder = page.folder / 'album' / 'inner'
    folder.mkdir(parents=True)
    for place in (folder.parent / 'ok_a.png', folder / 'ok_b.png'):
        place.write_bytes(PICTURE)
    (folder / 'notes.txt').write_text('left out without a word')
    (page.folder / 'ok_c.png').write_bytes(PICTURE)
    dropped = [str(folder.parent), str(page.folder / 'ok_c.png')]
    data = dict(items=[], files=dropped, dragOperationsMask=1)
    for kind in ('dragEnter', 'dragOver', 'drop'):
        page.chromium.execute_cdp_cmd(
            'Input.dispatchDragEvent', dict(type=kind, x=600, y=700, data=data)
        )
        is_marked = 'dropping' in page.one('body').get_attribute('class')
        assert is_marked == (kind != 'drop')
    page.wait(lambda: '3 of 3' in page.one('#total').text)
    page.run(
        """const data = new DataTransfer();
        data.items.add(new File(['abc'], 'image.png', { type: 'image/png' }));
        dispatchEvent(new ClipboardEvent('paste', { clipboardData: data }));"""
    )
    page.wait(lambda: '4 of 4' in page.one('#total').text)
    sent = sorted(request['picture'] for request in stand_in.requests)
    assert sent == ['ok_a.png', 'ok_b.png', 'ok_c.png', 'pasted.png']
    assert not page.one('#refused').is_displayed()
