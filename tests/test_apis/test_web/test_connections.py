# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Who connects and asks nothing takes nobody's place for long."""

import socket
from contextlib import ExitStack

import pytest

from mmfacesr.apis.restoring.inferencer import FaceSRInferencer
from mmfacesr.apis.web import connections
from mmfacesr.apis.web.uploads import Limits

from .conftest import MOST_BYTES, form, picture, serving

LIMITS = Limits(MOST_BYTES, 1_000_000, 50)
ASKS = b'GET /icon.svg HTTP/1.1\r\nHost: localhost:%d\r\n\r\n'


@pytest.mark.parametrize('begun', [b'', b'GET / HT', ASKS, ASKS + b'GET /'])
def test_silence_is_ended(
    restorer: FaceSRInferencer, monkeypatch: pytest.MonkeyPatch, begun: bytes
) -> None:
    monkeypatch.setattr(connections, 'IDLE_SECONDS', 0.2)
    with serving(restorer, LIMITS) as site:
        begun = begun.replace(b'%d', b'%d' % site.port)
        with site.send(begun) as connection:
            connection.settimeout(3)  # uvicorn's own limit is 5 seconds
            said = b''
            while piece := connection.recv(1 << 16):
                said += piece
    assert (b' 200 ' in said) == (ASKS[:12] in begun)


def test_a_long_request_is_no_silence(
    restorer: FaceSRInferencer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, 'IDLE_SECONDS', 0.1)
    body = form({'picture': ('x.png', picture())})
    with (
        serving(restorer, LIMITS) as site,
        site.send((request := site.head(body))[:600]) as connection,
    ):
        connection.settimeout(0.5)
        with pytest.raises(socket.timeout):
            connection.recv(1)
        connection.settimeout(5)
        connection.sendall(request[600:])
        assert connection.recv(20).startswith(b'HTTP/1.1 200')


def test_there_are_never_too_many(
    restorer: FaceSRInferencer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, 'MOST_CONNECTIONS', 3)
    with serving(restorer, LIMITS) as site, ExitStack() as stack:
        first, *_ = [stack.enter_context(site.send(b'')) for _ in range(3)]
        with site.send(b'') as refused:
            refused.settimeout(3)
            assert refused.recv(1) == b''
        first.sendall(ASKS.replace(b'%d', b'%d' % site.port))
        first.settimeout(3)
        assert first.recv(20).startswith(b'HTTP/1.1 200')
