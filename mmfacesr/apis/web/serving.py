# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""The server process: made, run and ended."""

import argparse
import os
import socket
import sys
import threading
import warnings
import webbrowser
from concurrent.futures import wait
from typing import Any, Optional

import numpy as np
import uvicorn
from mmengine.device import get_device

from mmfacesr.apis.restoring.inferencer import FaceSRInferencer
from mmfacesr.apis.web.app import make_app
from mmfacesr.apis.web.connections import Connection
from mmfacesr.apis.web.guard import bracketed
from mmfacesr.apis.web.offers import Offer, own_offer, published_offers
from mmfacesr.apis.web.turns import Turns
from mmfacesr.apis.web.uploads import Limits
from mmfacesr.apis.web.working import Restorers, note_fault
from mmfacesr.utils.signals import ending_of, status_of

MEGA = 1_000_000
MEBI = 1 << 20
END_SECONDS = 1  # for what is under way
BLANK = np.zeros((64, 64, 3), np.uint8)


def serve(args: argparse.Namespace, listener: socket.socket) -> None:
    """Serve until a signal comes.

    Args:
        args (Namespace): Of ``mmfacesr web``.
        listener (socket.socket): Bound; ``Server`` lets it listen.
    """
    # Pillow tells each odd tag of a picture, of which there may be many.
    warnings.filterwarnings('ignore', module='PIL')
    device, own = args.device or get_device(), None
    offers = published_offers()
    if args.model or args.weights:
        own = FaceSRInferencer(
            args.model, args.weights, device=device, show_progress=False
        )
        first = own_offer(own.model.facts, args.model, bool(args.weights))
        offers = [first, *(x for x in offers if x.name != first.name)]
    restorers = Restorers(device, own)
    turns = Turns(args.jobs)
    limits = Limits(
        args.max_mb * MEBI,
        args.max_megapixels * MEGA,
        args.max_pictures,
        args.upload_seconds,
    )
    app = make_app(
        offers, restorers, limits, turns, {args.host, *args.allow_host}
    )
    turns.pool.submit(_warm_up, restorers, offers[0])
    try:
        Server(app, args).run([listener])
    except KeyboardInterrupt as stop:
        _end(turns, stop)
        raise


class Server(uvicorn.Server):
    """Says when it listens, and nothing of what is asked."""

    def __init__(self, app: Any, args: argparse.Namespace) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http=Connection,
                ws='none',
                lifespan='off',
                loop='asyncio',
                log_config=None,
                log_level='critical',
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_graceful_shutdown=END_SECONDS,
            )
        )
        self._host, self._open = args.host, args.open

    async def startup(
        self, sockets: Optional[list[socket.socket]] = None
    ) -> None:
        """Listen, and say so."""
        await super().startup(sockets)
        port = sockets[0].getsockname()[1]
        url = f'http://{bracketed(self._host)}:{port}/'
        sys.__stdout__.write(f'mmfacesr web: {url} (Ctrl-C ends it)\n')
        sys.__stdout__.flush()
        if self._open:  # some browsers return when they are closed
            threading.Thread(
                target=webbrowser.open, args=(url,), daemon=True
            ).start()


def _warm_up(restorers: Restorers, offer: Offer) -> None:
    """Load the first model and the finder before somebody waits for them."""
    try:
        list(restorers.get(offer).stream([BLANK]))
    except Exception as error:  # who chooses it is told
        note_fault(error)


def _end(turns: Turns, stop: KeyboardInterrupt) -> None:
    """End at once, also while a thread restores, which cannot be stopped."""
    if not wait([turns.pool.submit(int)], END_SECONDS).done:
        sys.stderr.write(f'\n{ending_of(stop)}.\n')
        sys.stderr.flush()
        os._exit(status_of(stop))
