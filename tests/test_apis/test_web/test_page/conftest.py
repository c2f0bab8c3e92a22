# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""The page in a browser, and a stand-in for its server."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import set_width, start_chromium

from .driver import Page
from .server import StandIn, serving


@pytest.fixture(scope='module')
def server() -> Iterator[tuple[StandIn, str]]:
    stand_in = StandIn()
    with serving(stand_in.app()) as address:
        yield stand_in, address


@pytest.fixture(scope='module')
def chromium():
    yield from start_chromium()


@pytest.fixture
def stand_in(server) -> StandIn:
    server[0].forget()
    yield server[0]
    server[0].go.set()


@pytest.fixture
def page(chromium, server, stand_in, tmp_path: Path) -> Page:
    set_width(chromium, 1280)
    chromium.get('about:blank')
    chromium.get_log('browser')
    chromium.get_log('performance')
    chromium.get(server[1])
    page = Page(chromium, tmp_path)
    page.wait(lambda: page.one('#files').is_enabled())
    return page
