# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""The template, its style and its script: one file without requests."""

import base64
import hashlib
from importlib import resources
from typing import Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup


def fill_template(**texts: Any) -> str:
    """Fill page.html.

    A Content-Security-Policy in the page names the hashes of its style and
    of its script; a browser runs and loads nothing else.

    Args:
        texts: What the template shows. Every text is escaped.
    """
    style, script = _packaged('page.css'), _packaged('page.js')
    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.from_string(_packaged('page.html')).render(
        style=Markup(style),
        script=Markup(script),
        style_hash=_hash(style),
        script_hash=_hash(script),
        **texts,
    )


def _packaged(name: str) -> str:
    """A file that lies beside this one."""
    return resources.files(__package__).joinpath(name).read_text('utf-8')


def _hash(text: str) -> str:
    """How a Content-Security-Policy names what may run."""
    digest = hashlib.sha256(text.encode()).digest()
    return 'sha256-' + base64.b64encode(digest).decode('ascii')
