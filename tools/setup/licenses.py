# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Write docs/licenses.md: the licenses of all that mmfacesr installs.

``.venv/bin/python tools/setup/licenses.py`` reads what is installed there and
keeps the rows of packages that only other stacks have. What may be installed,
and each exception with its reason, is in requirements/licenses.json.
"""

from __future__ import annotations

import json
import os
import re
import sys
from fnmatch import fnmatch
from functools import lru_cache
from importlib.metadata import Distribution, distributions
from pathlib import Path

from stacks import REQUIREMENTS, ROOT, STACKS, WITH_OPS, lock_of

TABLE = ROOT / 'docs' / 'licenses.md'
RULES = json.loads((REQUIREMENTS / 'licenses.json').read_text())
UNKNOWN = 'unknown'
HEADER = """# Licenses of the packages

Written by `python tools/setup/licenses.py`; `make test` compares it with what
is installed and with the licenses that are allowed. mmfacesr itself is under
Apache-2.0. These packages are not part of it: pip gets them from their
publishers. "BSD" stands where a package does not say which BSD license it
means.

Weights have licenses of their own, which forbid more: `mmfacesr models` shows
them. The code of others in this repository is listed
[with the page](../mmfacesr/apis/web/page/vendor/README.md).

| Package | License | Remark |
| --- | --- | --- |
"""


def normalized(name: str) -> str:
    """Spell a package as the index does."""
    return re.sub(r'[-_.]+', '-', name).lower()


def hashes_of(stack: str) -> dict[str, list[str]]:
    """Read a lock: names with the SHA-256 of all their files."""
    entries = re.split(r'(?m)^(?=\w)', lock_of(stack).read_text())[1:]
    return {
        entry.split('==')[0]: re.findall(r'sha256:(\w+)', entry)
        for entry in entries
    }


@lru_cache
def known() -> frozenset[str]:
    """Name the packages that some stack or an extra installs."""
    return frozenset(RULES['optional']).union(*map(hashes_of, STACKS))


def license_of(package: Distribution) -> str:
    """Read a license, as an SPDX expression where the package tells one.

    Metadata say it in up to three places, the best first. A whole text in
    one of them says less than a classifier.
    """
    name = normalized(package.metadata['Name'])
    if name in RULES['corrections']:
        return RULES['corrections'][name]
    text = package.metadata.get('License', '').strip()
    classifiers = package.metadata.get_all('Classifier', [])
    said = [
        package.metadata.get('License-Expression', ''),
        '' if '\n' in text else text,
        *(x.split(' :: ')[-1] for x in classifiers if x.startswith('License')),
    ]
    first = next((x for x in said if x not in ('', 'UNKNOWN')), UNKNOWN)
    return RULES['names'].get(first.lower(), first)


def is_allowed(expression: str) -> bool:
    """Tell whether one of the alternatives has allowed parts only."""
    return any(
        all(part in RULES['allowed'] for part in choice.split(' AND '))
        for choice in expression.split(' OR ')
    )


def for_name(rules: dict, name: str) -> object:
    """Return what stands for a package, or for a pattern of it; or None."""
    return next((rules[x] for x in rules if fnmatch(name, x)), None)


def problem(name: str, license: str) -> str | None:
    """Say what is wrong with a license; None if nothing is."""
    exception = for_name(RULES['exceptions'], name)
    if is_allowed(license) or exception and exception['license'] == license:
        return None
    return (
        f'{name}: expected an allowed license, got {license!r}. Read its '
        'license; then drop the package, or add to requirements/licenses.json '
        'what it says, or an exception with its reason.'
    )


def row(name: str, license: str) -> str:
    """Return the line of a package."""
    exception = for_name(RULES['exceptions'], name)
    remarks = [
        exception['reason'] if exception else '',
        for_name(RULES['remarks'], name) or '',
    ]
    remark = '; '.join(x for x in remarks if x)
    return f'| {name} | {license} | {remark} |\n'


def installed(folders: list[str] | None = None) -> dict[str, str]:
    """Read names and licenses of the known packages that are installed.

    Args:
        folders (list[str], optional): Where to look. Defaults to sys.path.
    """
    found = distributions(path=sys.path if folders is None else folders)
    names = known()
    return {
        normalized(package.metadata['Name']): license_of(package)
        for package in found
        if normalized(package.metadata['Name']) in names
    }


def listed() -> dict[str, str]:
    """Read the rows of the table."""
    text = TABLE.read_text() if TABLE.is_file() else ''
    rows = re.findall(r'(?m)^\| ([a-z\d-]+) \| (.+?) \|', text)
    return {name: license for name, license in rows if name in known()}


def stack_here() -> str:
    """Name the stack of this environment, as its installation did."""
    file = Path(sys.prefix) / '.mmfacesr' / 'stack'
    return file.read_text() if file.is_file() else 'unknown'


def main() -> int:
    """Write the table, and name what must not be installed."""
    # Versions differ, and so does what they say: those of `current` count.
    is_default = stack_here() in ('current', WITH_OPS)
    rows = listed() | installed() if is_default else installed() | listed()
    text = HEADER + ''.join(row(*x) for x in sorted(rows.items()))
    part = TABLE.with_suffix('.part')
    part.write_text(text)
    os.replace(part, TABLE)
    missing = sorted(known() - set(rows))
    if missing:
        print(f'No row yet, run it where they are: {", ".join(missing)}')
    problems = [y for x in sorted(rows.items()) if (y := problem(*x))]
    print('\n'.join(problems) or f'{TABLE}: {len(rows)} packages')
    return 1 if problems else 0


if __name__ == '__main__':
    sys.exit(main())
