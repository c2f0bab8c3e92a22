# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Several visitors, and those who go away."""

import gc
import json
import socket
import threading
import weakref
from collections.abc import Callable, Iterator

import pytest

from mmfacesr.apis.web import app, turns, working

from .conftest import JOBS, Site, form, picture, wait_until


class Visitor:
    """Somebody who reads the events of a picture one by one."""

    def __init__(self, site: Site, red: int) -> None:
        self.connection = site.begin(picture(red))
        self.stream = self.connection.makefile('rb')

    def event(self) -> dict:
        """The next event that is no sign of life."""
        while True:
            line = self.stream.readline()
            assert line
            if line.startswith(b'{"event"') and b'"alive"' not in line:
                return json.loads(line)

    def leave(self) -> None:
        self.stream.close()
        self.connection.close()


@pytest.fixture
def visit(site: Site) -> Iterator[Callable[[int], Visitor]]:
    """Send pictures to a server that holds on to the first."""
    site.finder.gate.clear()
    found = []

    def visit(red: int) -> Visitor:
        found.append(Visitor(site, red))
        return found[-1]

    yield visit
    for visitor in found:
        visitor.leave()


def test_one_after_the_other(site: Site, visit: Callable) -> None:
    first = visit(1)
    assert first.event() == dict(event='waiting', position=0)
    assert first.event() == dict(event='working', stage='restoring')
    second = visit(2)
    assert second.event() == dict(event='waiting', position=1)
    third = visit(3)
    assert third.event() == dict(event='waiting', position=2)
    site.finder.gate.set()
    assert first.event()['event'] == 'done'
    assert second.event()['event'] == 'working'
    assert third.event() == dict(event='waiting', position=1)
    wait_until(lambda: site.finder.seen == [1, 2, 3])


def test_who_waits_and_leaves_is_taken_out(
    site: Site, visit: Callable
) -> None:
    first = visit(1)
    assert site.finder.begun.wait(30)
    second = visit(2)
    assert second.event()['position'] == 1
    third = visit(3)
    assert third.event()['position'] == 2
    second.leave()
    assert third.event() == dict(event='waiting', position=1)
    site.finder.gate.set()
    while third.event()['event'] != 'done':
        pass
    assert first.event()['event'] == 'waiting'
    assert site.finder.seen == [1, 3]


def test_who_is_worked_for_and_leaves(site: Site, visit: Callable) -> None:
    """The work ends, its turn with it, and nobody gets the result."""
    first = visit(1)
    assert site.finder.begun.wait(30)
    first.leave()
    wait_until(lambda: site.turns._taken == 0)
    second = visit(2)
    assert second.event() == dict(event='waiting', position=1)
    site.finder.gate.set()
    assert second.event()['event'] == 'working'
    assert second.event()['event'] == 'done'
    assert site.finder.seen == [1, 2]


def test_who_uploads_and_leaves(site: Site) -> None:
    request = site.head(b'x' * 9)[:-5]
    with site.send(request):
        wait_until(lambda: site.turns._taken == 1)
    wait_until(lambda: site.turns._taken == 0)


def test_the_line_is_full(site: Site, visit: Callable) -> None:
    visitors = [visit(red) for red in range(JOBS)]
    wait_until(lambda: site.turns._taken == JOBS)
    reply = site.restore(picture(99))
    assert reply.status == 503 and reply.headers['retry-after'].isdigit()
    assert f'at most {JOBS} pictures' in reply.error
    assert site.ask('GET', '/options.json').status == 200  # others are served
    visitors[1].leave()
    wait_until(lambda: site.turns._taken < JOBS)
    last = visit(50)
    site.finder.gate.set()
    while last.event()['event'] != 'done':
        pass
    assert 99 not in site.finder.seen and 1 not in site.finder.seen


def test_signs_of_life(
    site: Site, visit: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, 'ALIVE_SECONDS', 0.05)
    visitor = visit(1)
    for _ in range(2):
        while b'"alive"' not in visitor.stream.readline():
            pass


def test_two_do_not_see_each_other(site: Site) -> None:
    replies = {}

    def send(red: int) -> None:
        replies[red] = site.restore(picture(red), f'name {red}.png')

    threads = [threading.Thread(target=send, args=(red,)) for red in (5, 200)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    alone = {red: site.restore(picture(red)) for red in (5, 200)}
    for red, reply in replies.items():
        assert reply.parts == alone[red].parts
        names = [part['name'] for part in reply.lines[-1]['parts']]
        assert all(name.startswith(f'name {red}_') for name in names)


def test_a_picture_is_gone_after_its_answer(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = []

    def watch(module: object, name: str) -> None:
        function = getattr(module, name)

        def watched(*args: object) -> object:
            result = function(*args)
            held.append(weakref.ref(result))
            return result

        monkeypatch.setattr(module, name, watched)

    watch(working, 'decode_photo')
    watch(working, 'answer_of')
    monkeypatch.setattr(app, 'restore_upload', working.restore_upload)
    assert site.restore(picture()).status == 200
    assert len(held) == 2

    def gone() -> bool:
        gc.collect()
        return all(reference() is None for reference in held)

    wait_until(gone)


def test_who_does_not_read_is_cut_off(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, 'SEND_SECONDS', 0.3)
    data = picture(size=(990, 990))
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect(('127.0.0.1', site.port))
        body = site.head(form(dict(picture=('x.png', data)), upscale='2'))
        connection.sendall(body)
        wait_until(lambda: site.finder.seen != [])
        wait_until(lambda: site.turns._taken == 0)
