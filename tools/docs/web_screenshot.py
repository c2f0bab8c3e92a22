# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Draw the README's pictures of ``mmfacesr web``: docs/images/web*.png.

    python tools/docs/web_screenshot.py [--out docs/images]

Starts the server, lets a headless chromium restore pictures of drawn people,
and takes the page as it is then, on a desk and on a phone. Takes chromium,
its driver, and selenium.
"""

import argparse
import base64
import io
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from PIL import Image

from mmfacesr.datasets.synthetic_faces import render_group
from mmfacesr.utils import output_folder, write_atomic

ROOT = Path(__file__).resolve().parents[2]
PICTURES = {
    'family.png': (5, 360, 240, 4, (21, 40)),
    'street.png': (7, 640, 420, 4, (24, 40)),
}
"""Name -> arguments of `render_group`; the first one is shown."""
SCREENS = {'web.png': (1280, 520), 'web_phone.png': (390, 844)}
COLORS = 144
MOST_BYTES = 250_000
SECONDS = 120
ARGUMENTS = (
    '--headless=new',
    '--no-sandbox',
    '--disable-gpu',
    '--hide-scrollbars',
    '--force-prefers-reduced-motion',
)
ENDED = ".card:is([data-state='done'], [data-state='same'])"
OPEN_FIRST = """document.querySelectorAll('.result').forEach(
  (result, i) => { result.open = !i; });
document.activeElement.blur();"""
DECODE = """const done = arguments[0];
const images = [...document.querySelectorAll('.card img[src]')];
Promise.all(images.map((image) => image.decode())).then(done, done);"""
END_OF_RESULT = """const first = document.querySelector('.card');
return Math.round(first.getBoundingClientRect().bottom + scrollY + 12);"""


@contextmanager
def running_server() -> Iterator[str]:
    """Start ``mmfacesr web`` on a free port; gives its address."""
    command = [sys.executable, '-m', 'mmfacesr.apis.cli', 'web', '--port', '0']
    server = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    try:
        for line in server.stdout:
            if 'http://' in line:
                yield line[line.index('http://') :].split()[0]
                return
        raise RuntimeError(
            'Expected the address of the server, got its end; run '
            '`mmfacesr web` to see why.'
        )
    finally:
        server.terminate()
        server.communicate()


@contextmanager
def running_browser() -> Iterator[Any]:
    """Start chromium without a window."""
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    driver = shutil.which('chromedriver')
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which('chromium') or ''
    for argument in ARGUMENTS:
        options.add_argument(argument)
    browser = webdriver.Chrome(options=options, service=Service(driver))
    try:
        yield browser
    finally:
        browser.quit()


def restore_pictures(browser: Any, address: str, folder: Path) -> None:
    """Let the page restore the pictures, and open the first one's result."""
    from selenium.webdriver.support.ui import WebDriverWait

    def find(selector: str) -> list:
        return browser.find_elements('css selector', selector)

    paths = []
    for name, arguments in PICTURES.items():
        paths.append(str(folder / name))
        Image.fromarray(render_group(*arguments)[0]).save(paths[-1])
    wait = WebDriverWait(browser, SECONDS)
    browser.get(address)
    wait.until(lambda _: find('#files:enabled'))
    browser.execute_script(
        'document.querySelector(\'[name=upscale][value="4"]\').click()'
    )
    find('#files')[0].send_keys('\n'.join(paths))
    wait.until(lambda _: len(find(ENDED)) == len(paths))
    browser.execute_script(OPEN_FIRST)


def take(browser: Any, width: int, height: int) -> Image.Image:
    """Take the page of a screen, from its top to the end of the result."""
    browser.execute_cdp_cmd(
        'Emulation.setDeviceMetricsOverride',
        dict(width=width, height=height, deviceScaleFactor=1, mobile=False),
    )
    bottom = browser.execute_script(END_OF_RESULT)
    browser.execute_async_script(DECODE)
    taken = browser.execute_cdp_cmd(
        'Page.captureScreenshot',
        dict(
            captureBeyondViewport=True,
            clip=dict(x=0, y=0, width=width, height=bottom, scale=1),
        ),
    )
    data = base64.b64decode(taken['data'])
    return Image.open(io.BytesIO(data)).convert('RGB')


def encode(image: Image.Image) -> bytes:
    """Write a small PNG.

    Raises:
        ValueError: If it is too large for a README.
    """
    buffer = io.BytesIO()
    # Patterns of dithering would not compress.
    small = image.quantize(COLORS, kmeans=2, dither=Image.Dither.NONE)
    small.save(buffer, 'PNG', optimize=True)
    if buffer.tell() > MOST_BYTES:
        raise ValueError(
            f'Expected at most {MOST_BYTES} bytes, got {buffer.tell()}; show '
            'less of the page.'
        )
    return buffer.getvalue()


def main() -> None:
    """Draw both pictures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        '--out',
        type=partial(output_folder, kind=Path),
        default=ROOT / 'docs/images',
    )
    out = parser.parse_args().out
    with (
        tempfile.TemporaryDirectory() as folder,
        running_server() as address,
        running_browser() as browser,
    ):
        restore_pictures(browser, address, Path(folder))
        for name, screen in SCREENS.items():
            write_atomic(out / name, encode(take(browser, *screen)))


if __name__ == '__main__':
    main()
