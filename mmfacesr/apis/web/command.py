# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""The command ``mmfacesr web``."""

import argparse
import ipaddress
import socket
import sys
from contextlib import redirect_stdout

from mmfacesr.apis.launch import positive
from mmfacesr.utils import printable
from mmfacesr.utils.native_messages import without_native_messages

HELP = """\
Open a page that restores faces: drop pictures into it, choose a model, look at
every face before and after, and download the results.

  mmfacesr web                         then open http://127.0.0.1:8000/
  mmfacesr web --port 0 --open         any free port, in the browser
  mmfacesr web -m MODEL                another model first
  mmfacesr web --host 192.168.1.5      for everybody in that network

The model that comes first is loaded in the background; one of -m before the
page is there, its weights downloaded if need be. Models whose weights are not
on this machine are listed, and `mmfacesr download NAME` makes them usable;
for a visitor nothing is downloaded. Pictures are kept in memory alone, and
only until their answer is sent; their names are not logged.

There is no password and no encryption. With --host of a network put a proxy
before it that has both, and name its address by --allow-host.

Memory, at most: --jobs times --max-mb for pictures that wait, three times
--max-mb for each of four uploads at a time, and for the one picture that is
worked on about 12 bytes a pixel of its result, 50 with 16 bits and
transparency. An enlarged result has at most 4 times --max-megapixels. Two
more results may be on their way to their visitors.

Exit status: 1 it could not start, 130 ended by Ctrl-C, 143 by SIGTERM.
"""
EXPOSED = """\
WARNING: everybody who reaches {host} can use this server: there is no
password and no encryption. Put a proxy before it that has both.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what ``mmfacesr web`` takes."""
    parser.add_argument(
        '--host',
        default='127.0.0.1',
        help='address to listen at (default: %(default)s, this machine only)',
    )
    parser.add_argument(
        '--port',
        type=_port,
        default=8000,
        help='port; 0 takes a free one (default: %(default)s)',
    )
    parser.add_argument(
        '--allow-host',
        action='append',
        default=[],
        metavar='NAME',
        help='further name of the server, such as that of a proxy; may be '
        'repeated',
    )
    parser.add_argument(
        '--open', action='store_true', help='open the page in the browser'
    )
    parser.add_argument(
        '-m', '--model', help='name or config of the model that comes first'
    )
    parser.add_argument(
        '--weights', help='weights of it: a file, a URL or a name'
    )
    parser.add_argument(
        '--device', help='such as cuda:0 (default: a GPU if there is one)'
    )
    limits = parser.add_argument_group('limits')
    for name, default, what in (
        ('jobs', 16, 'requests at a time; others are told to come again'),
        ('max-mb', 32, 'MiB of a picture'),
        ('max-megapixels', 40, 'million pixels of a picture'),
        ('max-pictures', 50, 'pictures that the page holds at a time'),
        ('upload-seconds', 60, 'seconds for an upload'),
    ):
        limits.add_argument(
            f'--{name}',
            type=positive,
            default=default,
            metavar='N',
            help=f'{what} (default: %(default)s)',
        )


def _port(text: str) -> int:
    """Read a port of the command line."""
    value = int(text)
    if not 0 <= value < 1 << 16:
        raise argparse.ArgumentTypeError(f'expected 0 to 65535, got {value}')
    return value


def web(args: argparse.Namespace) -> int:
    """Serve until a signal ends it; return the exit status."""
    if not _is_loopback(args.host):
        sys.stderr.write(EXPOSED.format(host=printable(args.host)))
    with without_native_messages(), _listen(args) as listener:
        from mmfacesr.apis.web.serving import serve

        # Messages of all packages go to the standard error.
        with redirect_stdout(sys.stderr):
            serve(args, listener)
    return 0


def _listen(args: argparse.Namespace) -> socket.socket:
    """Take the port; nobody is served yet."""
    family = socket.AF_INET6 if ':' in args.host else socket.AF_INET
    try:
        return socket.create_server((args.host, args.port), family=family)
    except OSError as error:
        raise OSError(
            f'Expected a free port {args.port} at {printable(args.host)}, got '
            f'"{error.strerror}"; choose another by --port (0 takes a free '
            'one), or an address of this machine by --host.',
        ) from error


def _is_loopback(host: str) -> bool:
    """Whether an address is reached from this machine alone."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == 'localhost'
