# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Connections that ask nothing do not stay, nor too many of them."""

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

MOST_CONNECTIONS = 256  # a process may often open 1024 files
IDLE_SECONDS = 10.0  # for the head of a request


class Connection(H11Protocol):
    """A connection that is closed when no request comes."""

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Begin, or refuse one too many."""
        super().connection_made(transport)
        if len(self.connections) > MOST_CONNECTIONS:
            transport.close()
        self._look_again()

    def _look_again(self) -> None:
        self.loop.call_later(IDLE_SECONDS, self._close_if_idle, self.cycle)

    def _close_if_idle(self, last: Any) -> None:
        """Close if nothing was asked since the last look."""
        if self.transport.is_closing():
            return
        answered = last is None or last.response_complete
        if self.cycle is last and answered:
            self.transport.close()
        else:
            self._look_again()
