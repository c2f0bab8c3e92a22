# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""What a person does with the page, for tests of it."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

SECONDS = 20
CONTROLS = {
    'button',
    'checkbox',
    'combobox',
    'link',
    'progressbar',
    'radio',
    'slider',
}


class Page:
    """The page in a browser.

    Args:
        chromium: The driver.
        folder (Path): Where pictures of the person lie.
    """

    def __init__(self, chromium: Any, folder: Path) -> None:
        self.chromium = chromium
        self.folder = folder

    def add(self, files: dict[str, bytes]) -> None:
        """Choose pictures by the button."""
        for name, data in files.items():
            (self.folder / name).write_bytes(data)
        paths = [str(self.folder / name) for name in files]
        self.one('#files').send_keys('\n'.join(paths))

    def one(self, selector: str) -> Any:
        return self.chromium.find_element('css selector', selector)

    def all(self, selector: str) -> list:
        return self.chromium.find_elements('css selector', selector)

    def card(self, name: str) -> Any:
        """The card of a picture."""
        (found,) = [
            card
            for card in self.all('.card')
            if card.find_element('css selector', '.name').text == name
        ]
        return found

    def in_card(self, name: str, selector: str) -> Any:
        return self.card(name).find_element('css selector', selector)

    def state(self, name: str) -> str:
        return self.in_card(name, '.state').text

    def run(self, script: str, *arguments: Any) -> Any:
        return self.chromium.execute_script(script, *arguments)

    def wait(self, question: Callable[[], Any]) -> Any:
        """Wait until something is so, and return it."""
        end = time.monotonic() + SECONDS
        while not (found := question()):
            assert time.monotonic() < end, self.one('main').text
            time.sleep(0.02)
        return found

    def wait_for(self, name: str, text: str) -> None:
        """Wait until the state of a picture says something."""
        self.wait(
            lambda: any(
                text in said and name in said
                for said in [card.text for card in self.all('.card')]
            )
        )

    def press(self, *keys: str) -> None:
        """Press keys, wherever the focus is."""
        from selenium.webdriver import ActionChains

        ActionChains(self.chromium).send_keys(*keys).perform()

    def focus(self) -> str:
        """What has the focus, as a person hears it."""
        return self.run(
            """const e = document.activeElement;
            return e.id || e.getAttribute('aria-label') || e.name
              || e.textContent.trim() || e.tagName;"""
        )

    def nameless(self) -> list[dict]:
        """Controls that a screen reader could not name."""
        tree = self.chromium.execute_cdp_cmd('Accessibility.getFullAXTree', {})
        return [
            node
            for node in tree['nodes']
            if not node['ignored']
            and node['role']['value'] in CONTROLS
            and not node.get('name', {}).get('value', '').strip()
        ]


CONTRASTS = """
const numbers = (color) => color.match(/[\\d.]+/g).map(Number);
const light = ([r, g, b]) => {
  const [x, y, z] = [r, g, b].map((v) => v / 255).map(
    (v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
  return 0.2126 * x + 0.7152 * y + 0.0722 * z;
};
const below = (element) => {
  for (let at = element; at; at = at.parentElement) {
    const color = numbers(getComputedStyle(at).backgroundColor);
    if (color.length < 4 || color[3] > 0.7) return color;
  }
  return [255, 255, 255];
};
const found = [];
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walker.nextNode()) {
  const element = walker.currentNode.parentElement;
  const text = walker.currentNode.textContent.trim();
  if (!text || !element.offsetHeight) continue;
  if (element.closest('.unseen, option, noscript, :disabled')) continue;
  const [a, b] = [numbers(getComputedStyle(element).color), below(element)]
    .map(light).sort((x, y) => y - x);
  found.push([(a + 0.05) / (b + 0.05), element.className || element.tagName,
    text]);
}
return found;
"""
"""Contrast of all texts by WCAG 2, with class and text."""
