# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Write a bill of materials of this environment, CycloneDX 1.6 in JSON.

``.venv/bin/python tools/setup/sbom.py sbom.json`` lists every package that is
installed, with its license and the SHA-256 of the files that its version may
have come from, and the files of others in this repository. The same
environment gives the same file: no date, no random number.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import sys
import uuid
from importlib.metadata import Distribution, distributions
from pathlib import Path

from licenses import (
    UNKNOWN,
    hashes_of,
    is_allowed,
    license_of,
    normalized,
    stack_here,
)
from stacks import ROOT, STACKS, WITH_OPS, lock_of

VENDOR = ROOT / 'mmfacesr/apis/web/page/vendor'
WEIGHTS = ROOT / 'mmfacesr/weights/packaged'


def sha256(path: Path) -> list[dict]:
    """Return the hash of a file as CycloneDX writes it."""
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return [{'alg': 'SHA-256', 'content': digest}]


def license_entry(license: str) -> list[dict]:
    """Return a license: by SPDX where it is one for sure, else by name."""
    if license == UNKNOWN:
        return []
    if not is_allowed(license) or license == 'BSD':
        return [{'license': {'name': license}}]
    if ' ' in license:
        return [{'expression': license}]
    return [{'license': {'id': license}}]


def component(name: str, version: str, license: str, **more: object) -> dict:
    """Return a component; what is empty is left out."""
    entry = {
        'type': 'library',
        'name': name,
        'version': version,
        'licenses': license_entry(license),
        **more,
    }
    return {key: value for key, value in entry.items() if value}


def packages(stack: str, folders: list[str] | None = None) -> list[dict]:
    """List what is installed.

    Args:
        stack (str): Whose lock knows the hashes; of another stack, or of a
            version that is not in the lock, there are none.
        folders (list[str], optional): Where to look. Defaults to sys.path.
    """
    known = stack in (*STACKS, WITH_OPS)
    hashes = hashes_of(stack) if known else {}
    pins = lock_of(stack).read_text() if known else ''
    found: dict[str, dict] = {}
    for package in distributions(
        path=sys.path if folders is None else folders
    ):
        name = normalized(package.metadata['Name'])
        if name == 'mmfacesr' or name in found:
            continue
        is_locked = f'\n{name}=={package.version} ' in pins
        found[name] = of_package(package, hashes[name] if is_locked else [])
    return [found[name] for name in sorted(found)]


def of_package(package: Distribution, hashes: list[str]) -> dict:
    """Return the component of a package.

    A version has many files, of which pip took one: the hashes are those of
    the version's distribution, not of the component.
    """
    name = normalized(package.metadata['Name'])
    purl = f'pkg:pypi/{name}@{package.version.replace("+", "%2B")}'
    files = [{'alg': 'SHA-256', 'content': digest} for digest in hashes]
    reference = {'type': 'distribution', 'url': purl, 'hashes': files}
    return component(
        name,
        package.version,
        license_of(package),
        purl=purl,
        externalReferences=[reference] if files else [],
        **{'bom-ref': purl},
    )


def vendored() -> list[dict]:
    """List the files in this repository that are not its code."""
    table = (VENDOR / 'README.md').read_text()
    row = r'(?m)^\| `([\w-]+)\.js` \|[^|]*\| ([\d.]+) \|[^|]*\| ([\w.-]+) \|'
    scripts = [
        component(
            name,
            version,
            license,
            purl=f'pkg:npm/{name}@{version}',
            hashes=sha256(VENDOR / f'{name}.js'),
            **{'bom-ref': f'pkg:npm/{name}@{version}'},
        )
        for name, version, license in re.findall(row, table)
    ]
    weights = [
        component(
            path.stem,
            '',
            'Apache-2.0',
            type='machine-learning-model',
            hashes=sha256(path),
            **{'bom-ref': path.name},
        )
        for path in sorted(WEIGHTS.glob('*.safetensors'))
    ]
    return scripts + weights


def bill(stack: str) -> dict:
    """Return the whole bill of materials of this environment."""
    version = (ROOT / 'mmfacesr/version.py').read_text()
    number = re.search(r"__version__ = '(.*)'", version)[1]
    ref = f'pkg:pypi/mmfacesr@{number}'
    main = component(
        'mmfacesr', number, 'Apache-2.0', purl=ref, **{'bom-ref': ref}
    )
    components = [*packages(stack), *vendored()]
    text = json.dumps([main, components])
    return {
        'bomFormat': 'CycloneDX',
        'specVersion': '1.6',
        'serialNumber': f'urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, text)}',
        'version': 1,
        'metadata': {
            'component': main,
            'properties': [{'name': 'mmfacesr:stack', 'value': stack}],
        },
        'components': components,
    }


def main() -> None:
    """Write the file."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('out', type=Path, help='file to write')
    out = parser.parse_args().out
    text = json.dumps(bill(stack_here()), indent=1, sort_keys=True) + '\n'
    out.parent.mkdir(parents=True, exist_ok=True)
    part = out.with_name(f'{out.name}.part')
    part.write_text(text)
    part.replace(out)
    print(f'{out}: {text.count("bom-ref") - 1} components')


if __name__ == '__main__':
    main()
