# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""What is refused, and that nothing of it is decoded or kept."""

import io
import socket
import struct
import time
import zipfile
import zlib

import pytest

from mmfacesr.apis.restoring.inferencer import FaceSRInferencer
from mmfacesr.apis.web import app
from mmfacesr.apis.web.guard import HEADERS
from mmfacesr.apis.web.uploads import Limits

from .conftest import (
    BOUNDARY,
    MOST_BYTES,
    Site,
    encoded,
    form,
    picture,
    pixels,
    serving,
)


def chunk(kind: bytes, data: bytes) -> bytes:
    """A chunk of a PNG."""
    check = struct.pack('>I', zlib.crc32(kind + data))
    return struct.pack('>I', len(data)) + kind + data + check


def png(width: int, height: int, *chunks: bytes) -> bytes:
    """A PNG whose header says what it likes."""
    header = struct.pack('>IIBBBBB', width, height, 8, 2, 0, 0, 0)
    pixels = chunk(b'IDAT', zlib.compress(bytes(100_000), 9))
    return b''.join(
        (
            b'\x89PNG\r\n\x1a\n',
            chunk(b'IHDR', header),
            *chunks,
            pixels,
            chunk(b'IEND', b''),
        )
    )


def zipped(data: bytes) -> bytes:
    """Something with an archive behind it."""
    buffer = io.BytesIO(data)
    with zipfile.ZipFile(buffer, 'a') as archive:
        archive.writestr('evil.txt', 'x')
    return buffer.getvalue()


def tiff_bomb(entries: int = 2000) -> bytes:
    """A TIFF whose entries all claim the same large part of the file."""
    size = 500_000
    rows = [
        struct.pack('<HHII', 40000 + i, 7, size, 8) for i in range(entries)
    ]
    rows = [
        struct.pack('<HHII', 256, 4, 1, 10),
        struct.pack('<HHII', 257, 4, 1, 10),
        *rows,
    ]
    end = struct.pack('<H', len(rows)) + b''.join(rows) + bytes(4)
    return b'II*\0' + struct.pack('<I', 8 + size) + bytes(size) + end


def exif_bomb() -> bytes:
    """The same as EXIF data, in two pieces that a JPEG may have."""
    size, count = 60_000, 5000
    rows = b''.join(
        struct.pack('<HHII', 40000 + i, 7, size, 8) for i in range(count)
    )
    exif = b'II*\0' + struct.pack('<I', 65000) + bytes(64992)
    exif += struct.pack('<H', count) + rows[: 12 * 5000] + bytes(4)
    data = encoded(pixels(), 'JPEG')
    pieces = [exif[:65000], exif[65000:]]
    marked = [
        b'\xff\xe1' + struct.pack('>H', len(x) + 8) + b'Exif\0\0' + x
        for x in pieces
    ]
    return data[:2] + b''.join(marked) + data[2:]


def text_bomb() -> bytes:
    """The same as text of a PNG, where it is written in hexadecimal."""
    exif = _small_tiff_bomb()
    text = f'\nexif\n{len(exif)}\n' + exif.hex()
    return png(
        90,
        80,
        chunk(
            b'zTXt',
            b'Raw profile type exif\0\0' + zlib.compress(text.encode()),
        ),
    )


def _small_tiff_bomb() -> bytes:
    size, count = 200_000, 1000
    rows = b''.join(
        struct.pack('<HHII', 40000 + i, 7, size, 8) for i in range(count)
    )
    head = b'II*\0' + struct.pack('<I', 8 + size) + bytes(size)
    return b'Exif\0\0' + head + struct.pack('<H', count) + rows + bytes(4)


def scans(count: int = 200) -> bytes:
    """A JPEG that is decoded over and over."""
    data = encoded(pixels(), 'JPEG', progressive=True)
    start = data.rindex(b'\xff\xda')
    return data[:start] + data[start:-2] * count + data[-2:]


PICTURE = picture()
JPEG = encoded(pixels(), 'JPEG')
GIF = encoded(pixels(), 'GIF')
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>1</script></svg>'
UPLOADS = {
    'huge header': (png(60000, 60000), 413),
    'too many pixels': (png(1001, 1000), 413),
    'huge GIF': (b'GIF89a' + struct.pack('<HH', 65535, 65535) + GIF[10:], 413),
    'huge BMP': (
        b'BM'
        + bytes(12)
        + struct.pack('<IiiHH', 40, 60000, 60000, 1, 24)
        + bytes(30),
        413,
    ),
    'empty': (b'', 415),
    'SVG': (SVG, 415),
    'SVG with declaration': (b'<?xml version="1.0"?>' + SVG, 415),
    'HTML': (b'<!DOCTYPE html><script>alert(1)</script>', 415),
    'PDF': (b'%PDF-1.7\n', 415),
    'EPS': (b'%!PS-Adobe-3.0 EPSF-3.0\n', 415),
    'ZIP': (zipped(b''), 415),
    'video': (b'\0\0\0 ftypisom\0\0\2\0isomiso2avc1mp41' + bytes(99), 415),
    'HEIC': (b'\0\0\0 ftypheic\0\0\0\0mif1heic' + bytes(99), 415),
    'Photoshop': (b'8BPS\0\1' + bytes(99), 415),
    'text': (b'hello', 415),
    'JPEG and ZIP': (zipped(JPEG), 415),
    'PNG and ZIP': (zipped(PICTURE), 415),
    'GIF and script': (b'GIF89a/*' + GIF[8:] + b'*/=1;alert(1)', 415),
    'GIF that is a variable': (b'GIF89a=1;alert(1)//' + GIF[19:], 415),
    'BMP and script': (b'BM/*' + encoded(pixels(), 'BMP')[4:], 415),
    'PNG with a script first': (
        png(90, 80, chunk(b'tEXt', b'a\0<SCRIPT>alert(1)</SCRIPT>')),
        415,
    ),
    'JPEG with PHP': (
        encoded(pixels(), 'JPEG', comment=b'<?php system(1); ?>'),
        415,
    ),
    'JPEG and PDF': (
        encoded(pixels(), 'JPEG', comment=b'%PDF-1.5'),
        415,
    ),
    'only a beginning': (PICTURE[:20], 422),
    'no pixels': (b'\xff\xd8\xff\xe0' + bytes(40), 422),
    'BMP of letters': (b'BM is a brand of cars, not a picture of one', 422),
    'many chunks': (png(90, 80, chunk(b'prVt', b'') * 70_000), 422),
    'many scans': (scans(), 422),
    'TIFF bomb': (tiff_bomb(), 422),
    'EXIF bomb': (exif_bomb(), 422),
    'EXIF bomb in a text': (text_bomb(), 422),
    'too many bytes': (bytes(MOST_BYTES + 1), 413),
    'far too many bytes': (bytes(MOST_BYTES + 99_999), 413),
}


@pytest.mark.parametrize('what', UPLOADS)
def test_uploads_that_are_refused_by_their_header(
    site: Site, decoded: list[str], written: list[str], what: str
) -> None:
    data, status = UPLOADS[what]
    reply = site.restore(data)
    assert reply.status == status, reply.body[:300]
    assert all(word in reply.error for word in ('Expected', 'got', ';'))
    assert decoded == written == site.finder.seen == []


def test_what_a_large_photo_may_become(site: Site, decoded: list) -> None:
    large = png(1000, 900)
    assert site.restore(large, upscale='4').status == 413
    assert decoded == []
    assert site.restore(large, upscale='2').status == 200
    assert decoded == ['PNG']  # what the test looks at is what decodes


@pytest.mark.parametrize(
    'name',
    [
        '../../x.png',
        '/etc/passwd',
        'a\\..\\b.png',
        '..',
        ' ',
        'a\tb.png',
        'a\x1b[31m.png',
        'a\x7f.png',
        'a\u0085.png',
        'a\u202egpj.exe',
        'a' * 300,
    ],
)
def test_names_that_are_refused(
    site: Site, decoded: list[str], name: str
) -> None:
    reply = site.restore(PICTURE, name)
    assert reply.status == 400 and decoded == []
    assert name.strip() not in reply.error or not name.strip()


def test_names_of_people(site: Site) -> None:
    """Also a family that is joined by characters that are not shown."""
    name = 'Оля & 李, 2\u202f%20 👨\u200d👩\u200d👧.PNG'
    reply = site.restore(PICTURE, name)
    parts = reply.lines[-1]['parts']
    assert parts[0]['name'] == name.replace('.PNG', '_restored.PNG')


GOOD = {'picture': ('x.png', PICTURE)}
FORMS = {
    'nothing': form({}),
    'no file': form({}, picture='x'),
    'another file': form({'other': ('x.png', PICTURE)}),
    'two files': form(GOOD).removesuffix(b'--') + b'\r\n' + form(GOOD),
    'a text as file': form(
        {'picture': ('x.png', PICTURE), 'model': ('x', b'')}
    ),
    'another text': form(GOOD, path='/etc/passwd'),
    'upscale': form(GOOD, upscale='3'),
    'upscale of letters': form(GOOD, upscale='x'),
    'upscale in Arabic': form(GOOD, upscale='٢'),
    'force': form(GOOD, force='yes'),
    'model': form(GOOD, model='../../model'),
    'model that is not here': form(
        GOOD, model='dic_x8c48b6_4xb2-150k_celeba-hq'
    ),
    'long text': form(GOOD, model='x' * 1000),
    '10,000 texts': form(GOOD, **{f'x{i}': 'y' for i in range(10_000)}),
    'one text 10,000 times': (
        form({}, force='true').removesuffix(b'--') + b'\r\n'
    )
    * 10_000,
    'no end': form(GOOD).removesuffix(f'\r\n--{BOUNDARY}--'.encode()),
    'no name': form(GOOD).replace(b' name="picture";', b''),
    'many headers': form(GOOD).replace(
        b'Content-Type', b'X: y\r\n' * 100 + b'Content-Type'
    ),
    'a long header': form(GOOD).replace(
        b'Content-Type', b'X: ' + b'y' * 9000 + b'\r\nContent-Type'
    ),
    'no form': b'{"picture": 1}',
    'another boundary': form(GOOD).replace(BOUNDARY.encode(), b'other'),
}


@pytest.mark.parametrize('what', FORMS)
def test_forms_that_are_refused(
    site: Site, decoded: list[str], written: list[str], what: str
) -> None:
    reply = site.post(FORMS[what])
    assert reply.status == 400 and 'Expected' in reply.error
    assert decoded == written == []


@pytest.mark.parametrize(
    'kind',
    [
        'multipart/form-data',
        'multipart/form-data; boundary=',
        f'multipart/form-data; boundary={"x" * 300}',
        f'multipart/mixed; boundary={BOUNDARY}',
        'application/x-www-form-urlencoded',
        'text/plain',
        '',
    ],
)
def test_kinds_of_forms_that_are_refused(site: Site, kind: str) -> None:
    assert site.post(form(GOOD), Content_Type=kind).status == 400


FOREIGN = {
    'another name': dict(Host='evil.example'),
    'another port': dict(Host='127.0.0.1:1'),
    'no port': dict(Host='127.0.0.1'),
    'a longer name': dict(Host='localhost.evil.example:{port}'),
    'a user': dict(Host='localhost:{port}@evil.example'),
    'nothing': dict(Host=''),
    'another site': dict(Origin='http://evil.example'),
    'no site': dict(Origin='null'),
    'another server here': dict(Origin='http://127.0.0.1:1'),
    'the other name of it': dict(Origin='http://localhost:{port}'),
    'a link': dict(Sec_Fetch_Site='cross-site'),
    'a neighbor': dict(Sec_Fetch_Site='same-site'),
}


@pytest.mark.parametrize('what', FOREIGN)
def test_who_must_not_ask(site: Site, decoded: list[str], what: str) -> None:
    headers = {k: x.format(port=site.port) for k, x in FOREIGN[what].items()}
    reply = site.post(form(GOOD), **headers)
    assert reply.status == 403 and 'Expected' in reply.error
    assert decoded == []
    if 'Host' in headers:
        for path in ('/', '/options.json', '/page.css'):
            assert site.ask('GET', path, **headers).status == 403


def test_who_may_ask(site: Site) -> None:
    for host in (
        f'127.0.0.1:{site.port}',
        f'LOCALHOST:{site.port}',
        f'[::1]:{site.port}',
        'faces.org',
        f'faces.org:{site.port}',
    ):
        headers = dict(Host=host, Origin=f'http://{host}')
        site_of = 'same-origin'
        reply = site.post(form(GOOD), Sec_Fetch_Site=site_of, **headers)
        assert reply.status == 200
    behind_proxy = dict(Host='faces.org', Origin='https://faces.org')
    assert site.post(form(GOOD), **behind_proxy).status == 200


def test_headers_of_every_answer(site: Site) -> None:
    replies = [
        site.ask('GET', '/'),
        site.ask('GET', '/nothing'),
        site.ask('GET', '/restore'),
        site.ask('DELETE', '/'),
        site.ask('OPTIONS', '/restore'),
        site.ask('POST', '/'),
        site.ask('GET', '/', Host='evil.example'),
        site.restore(PICTURE),
        site.restore(b'x'),
    ]
    assert [reply.status for reply in replies] == [
        *(200, 404, 405, 405, 405, 405, 403, 200, 415)
    ]
    for reply in replies:
        for name, value in HEADERS.items():
            assert reply.headers[name.lower()] == value
        assert 'server' not in reply.headers
        assert not any('access-control' in name for name in reply.headers)
    policy = replies[0].headers['content-security-policy']
    assert "default-src 'none'" in policy and 'unsafe' not in policy


def answer_to(site: Site, data: bytes) -> bytes:
    """All that comes back on a connection until it is closed."""
    with site.send(data) as connection:
        return rest_of(connection)


def rest_of(connection: socket.socket) -> bytes:
    found = b''
    try:
        while data := connection.recv(1 << 16):
            found += data
    except ConnectionResetError:
        pass
    return found


def test_a_stream_without_an_end(site: Site, decoded: list[str]) -> None:
    """Counted while it comes; its sender is told, and cut off."""
    head = site.head(b'', Content_Length=None, Transfer_Encoding='chunked')
    begin = form(GOOD)[:200]
    piece = b'10000\r\n' + bytes(1 << 16) + b'\r\n'
    sent = 0
    with site.send(head + b'%x\r\n%b\r\n' % (len(begin), begin)) as connection:
        with pytest.raises(OSError):
            while sent < 20 * MOST_BYTES:
                connection.sendall(piece)
                sent += len(piece)
        assert b' 413 ' in rest_of(connection)[:20]
    assert decoded == []


def test_a_length_that_lies(site: Site, decoded: list[str]) -> None:
    body = form(GOOD)
    large = site.head(b'', Content_Length=10**12)
    assert b' 413 ' in answer_to(site, large)[:20]
    short = site.head(body, Content_Length=len(body) - 30, Connection='close')
    assert b' 400 ' in answer_to(site, short)[:20]
    with site.send(site.head(body, Content_Length=len(body) + 30)) as sender:
        sender.shutdown(socket.SHUT_WR)  # the rest never comes
        assert b' 200 ' not in rest_of(sender)[:20]
    for length in ('-1', '1, 2', '1e3', '0x10', '+5', ''):
        said = answer_to(site, site.head(body, Content_Length=length))
        assert b' 400 ' in said[:20], length
    assert decoded == []


def test_a_request_that_may_be_two(site: Site) -> None:
    """Where a proxy and this server could see different ones."""
    body = form(GOOD)
    both = site.head(b'0\r\n\r\n', Transfer_Encoding='chunked')
    assert b' 400 ' in answer_to(site, both + b'')[:20]
    for lines in (
        dict(Transfer_Encoding='chunked, identity', Content_Length=None),
        dict(Transfer_Encoding=' xchunked', Content_Length=None),
        {'Content-Length ': len(body), 'Content_Length': None},
    ):
        said = answer_to(site, site.head(body, Connection='close', **lines))
        assert b' 200 ' not in said[:20] and said[9:10] in b'45'
    twice = site.head(body).replace(
        b'Host:', b'Host: evil.example\r\nHost:', 1
    )
    assert b' 40' in answer_to(site, twice)[:20]
    long = site.head(b'', X='y' * 100_000)
    assert b' 400 ' in answer_to(site, long)[:20]


def test_a_slow_upload(
    restorer: FaceSRInferencer,
    decoded: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Byte by byte, it would take hours."""
    monkeypatch.setattr(app, 'DRAIN_SECONDS', 0.1)
    limits = Limits(MOST_BYTES, 1_000_000, 50, seconds=1)
    with serving(restorer, limits) as site:
        request = site.head(form(GOOD))
        with site.send(request[:600]) as connection:
            for byte in request[600:605]:
                time.sleep(0.05)
                connection.sendall(bytes([byte]))
            said = rest_of(connection)
    assert b' 408 ' in said[:20] and b'within 1 seconds' in said
    assert decoded == []
