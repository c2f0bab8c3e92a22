# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Asking a server for a file, with errors that tell whether to ask again."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Optional
from urllib.parse import urljoin, urlsplit

import requests
from urllib3.exceptions import HTTPError

from mmfacesr.weights.cache import public_url

# Less than this much of what arrived is lost when a connection breaks.
CHUNK = 1 << 16
MAX_REASON = 300  # characters; a server can write tens of thousands


class BrokenOffError(Exception):
    """A try that failed for a reason that may pass.

    Args:
        reason (str): What happened.
        wait (float): Seconds that the server asks to wait. Defaults to 0.
    """

    def __init__(self, reason: str, wait: float = 0) -> None:
        super().__init__(reason)
        self.wait = wait


class RefusedError(Exception):
    """This URL will not give the file, however often one asks."""


class SafeSession(requests.Session):
    """Follows no redirect from https to http."""

    def get_redirect_target(self, resp: requests.Response) -> Optional[str]:
        """Return where a response leads to, None for nowhere."""
        target = super().get_redirect_target(resp)
        if target and urlsplit(resp.url).scheme == 'https':
            target = urljoin(resp.url, target)
            if urlsplit(target).scheme != 'https':
                raise RefusedError(
                    f'a redirect from https to {public_url(target)}, which '
                    'anyone on the way can change'
                )
        return target


@contextmanager
def ask(
    session: requests.Session,
    url: str,
    headers: dict[str, str],
    timeout: tuple[float, float],
) -> Iterator[requests.Response]:
    """Send the request; the response has its header only."""
    try:
        response = session.get(
            url, headers=headers, timeout=timeout, stream=True
        )
    except (requests.ConnectionError, requests.Timeout) as error:
        raise BrokenOffError(_reason(error, url, timeout)) from error
    except (requests.RequestException, ValueError) as error:
        raise RefusedError(_reason(error, url, timeout)) from error
    with response:
        yield response


def chunks(
    response: requests.Response, timeout: tuple[float, float]
) -> Iterator[bytes]:
    """Yield the body as it arrives, also from a server that drips."""
    while True:
        try:
            chunk = response.raw.read1(CHUNK, decode_content=False)
        except (HTTPError, OSError, ValueError) as error:
            is_silent = 'timed out' in str(error)
            raise BrokenOffError(
                f'silence for {timeout[1]:g} s'
                if is_silent
                else 'a lost connection'
            ) from error
        if not chunk:
            return
        yield chunk


def _reason(error: Exception, url: str, timeout: tuple[float, float]) -> str:
    """Say in a few words why a request failed, without any password."""
    text = str(error)
    if isinstance(error, requests.ConnectTimeout):
        text = f'no connection within {timeout[0]:g} s'
    elif isinstance(error, requests.ReadTimeout):
        text = f'silence for {timeout[1]:g} s'
    # The innermost reason says it all: 'Caused by ...: Connection refused'.
    elif isinstance(error, requests.ConnectionError):
        text = text.rstrip(')\'" ').rpartition(': ')[2]
        text += ')' * (text.count('(') - text.count(')'))
    text = text.replace(url, public_url(url))[:MAX_REASON]
    return f'{type(error).__name__}: {text}'
