# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""What the files of the page hold."""

import hashlib
import re
from html.parser import HTMLParser

from .server import PAGE

OWN = sorted(path for path in PAGE.iterdir() if path.is_file())
ROW = re.compile(r'^\| `(.+?)` .*`([0-9a-f]{64})` \|$', re.MULTILINE)
XML_NAME = 'http://www.w3.org/2000/svg'


class Found(HTMLParser):
    """Tags and attributes of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list) -> None:
        self.tags.append(tag)
        self.attributes += attributes


def test_code_of_others_is_unchanged_and_has_its_licenses() -> None:
    folder = PAGE / 'vendor'
    listed = dict(ROW.findall((folder / 'README.md').read_text()))
    there = {path.name for path in folder.iterdir()} - {'README.md'}
    assert set(listed) == there
    for name, digest in listed.items():
        data = (folder / name).read_bytes()
        assert hashlib.sha256(data).hexdigest() == digest, name
    for script in folder.glob('*.js'):
        text = (folder / f'{script.stem}.LICENSE.txt').read_text()
        assert 'Permission is hereby granted, free of charge' in text


def test_nothing_is_inline_and_nothing_foreign() -> None:
    page = Found((PAGE / 'index.html').read_text(encoding='utf-8'))
    assert 'style' not in page.tags
    assert 'template' in page.tags
    names = {name for name, _ in page.attributes}
    assert not [x for x in names if x == 'style' or x.startswith('on')]
    for path in OWN:
        text = path.read_text(encoding='utf-8').replace(XML_NAME, '')
        assert not re.search(r'https?://|@import', text), path.name
    assert 'url(' not in (PAGE / 'page.css').read_text()


def test_texts_are_never_read_as_markup() -> None:
    sinks = re.compile(
        r'innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b'
        r'|DOMParser|new Function'
    )
    for path in OWN:
        found = sinks.search(path.read_text(encoding='utf-8'))
        assert found is None, (path.name, found)
