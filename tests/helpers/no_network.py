# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""A process in which no socket can be made and no name be looked up."""

import socket
from collections.abc import Callable
from typing import Any


def block(replace: Callable[[Any, str, Any], None] = setattr) -> list[str]:
    """Let everything that leads to a network raise.

    Args:
        replace: Sets an attribute of an object, as ``setattr`` does.

    Returns:
        list[str]: Grows by every look-up and connection that is tried, also
        by one whose error is caught. A socket alone is none: urllib3 makes
        one when it is imported, to see whether there is IPv6.
    """
    attempts: list[str] = []

    def refuse(*args: object, **kwargs: object) -> None:
        raise OSError('this process has no network')

    def note_and_refuse(*args: object, **kwargs: object) -> None:
        attempts.append(f'{args} {kwargs}')
        refuse()

    class NoSocket(socket.socket):
        __init__ = refuse

        def __del__(self) -> None:
            """There is nothing to close."""

    replace(socket, 'socket', NoSocket)
    for name in ('create_connection', 'getaddrinfo', 'gethostbyname'):
        replace(socket, name, note_and_refuse)
    return attempts
