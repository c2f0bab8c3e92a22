# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Lets a Python process connect to this machine only.

Python imports this by its name, from PYTHONPATH, in every process that a
test starts. What is tried all the same raises, and is written down: code
that catches the error is found, too.
"""

import os
import socket
import sys

LOG = 'MMFACESR_TEST_NETWORK_LOG'
# Of each event: at which argument the host is, or the address with it.
HOST_OF = {
    'socket.getaddrinfo': 0,
    'socket.gethostbyname': 0,
    'socket.connect': 1,
    'socket.sendto': 1,
    'socket.sendmsg': 1,
}


def is_here(host: object) -> bool:
    """Tell whether a host is this machine, as far as its name says."""
    if isinstance(host, bytes):
        host = host.decode(errors='replace')
    if host in (None, '', 'localhost', '::', '::1', '0.0.0.0'):
        return True
    host = str(host).removeprefix('::ffff:')
    return host.startswith('127.') or host == socket.gethostname()


def refuse(event: str, args: tuple) -> None:
    """Raise for an event that leads away from this machine."""
    if event not in HOST_OF:
        return
    target = args[HOST_OF[event]]
    if event in ('socket.connect', 'socket.sendto', 'socket.sendmsg'):
        # A socket of this machine has a path for an address, or none.
        if not isinstance(target, tuple) or is_here(target[0]):
            return
    elif is_here(target):
        return
    with open(os.environ[LOG], 'a') as log:
        log.write(f'{event} {target!r} in {" ".join(sys.argv)!r}\n')
    raise OSError(f'tests connect to this machine only, got {target!r}')


if os.environ.get(LOG):
    sys.addaudithook(refuse)
