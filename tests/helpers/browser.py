# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""A real browser without a window."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

HOW = (
    'a browser: `apt install chromium chromium-driver`, and `pip install '
    'selenium`'
)
ARGUMENTS = (
    '--headless=new',
    '--no-sandbox',
    '--disable-gpu',
    '--hide-scrollbars',
    '--force-prefers-reduced-motion',  # a click does not wait for a scroll
)
NOTE_ALERTS = 'window.alerts = []; window.alert = (said) => alerts.push(said);'


def start_chromium() -> Iterator:
    """Yield a driver, for a fixture; skip the tests without a browser."""
    webdriver = pytest.importorskip(
        'selenium.webdriver', reason=f'this test takes {HOW}'
    )
    from selenium.webdriver.chrome.service import Service

    browser = shutil.which('chromium') or shutil.which('google-chrome')
    driver = shutil.which('chromedriver')
    if not (browser and driver):
        pytest.skip(f'this test takes {HOW}')
    options = webdriver.ChromeOptions()
    options.binary_location = browser
    for argument in ARGUMENTS:
        options.add_argument(argument)
    options.set_capability(
        'goog:loggingPrefs', {'browser': 'ALL', 'performance': 'ALL'}
    )
    chromium = webdriver.Chrome(options=options, service=Service(driver))
    try:
        set_width(chromium, 1280)
        chromium.execute_cdp_cmd(
            'Page.addScriptToEvaluateOnNewDocument', dict(source=NOTE_ALERTS)
        )
        yield chromium
    finally:
        chromium.quit()


def set_width(chromium, width: int) -> None:
    """Show pages as wide as that, in pixels."""
    chromium.execute_cdp_cmd(
        'Emulation.setDeviceMetricsOverride',
        dict(width=width, height=900, deviceScaleFactor=1, mobile=False),
    )


def set_dark(chromium, dark: bool) -> None:
    """Let a person prefer dark pages, or light ones."""
    value = 'dark' if dark else 'light'
    chromium.execute_cdp_cmd(
        'Emulation.setEmulatedMedia',
        dict(features=[dict(name='prefers-color-scheme', value=value)]),
    )


def open_file(chromium, path: Path) -> None:
    """Open a file; what was logged before is forgotten."""
    chromium.get_log('browser')
    chromium.get_log('performance')
    chromium.get(path.resolve().as_uri())


def requests_of(chromium) -> list[str]:
    """Addresses that were asked for since, but for data: URIs."""
    events = [
        json.loads(entry['message'])['message']
        for entry in chromium.get_log('performance')
    ]
    urls = [
        event['params']['request']['url']
        for event in events
        if event['method'] == 'Network.requestWillBeSent'
    ]
    return [url for url in urls if not url.startswith('data:')]
