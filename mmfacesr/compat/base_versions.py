# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""What training and evaluation need of the machine's packages.

torch and mmcv cannot be declared as requirements: torch is chosen for a
machine, and mmcv is one of two distributions that overwrite each other.
"""

from importlib.metadata import PackageNotFoundError, version

from mmengine.utils import digit_version

OLDEST = {'torch': '2.1', 'mmcv': '2.1', 'mmengine': '0.10.3', 'mmagic': '1.2'}
"""Oldest version of each package on which everything is tested."""
REMEDIES = {
    'torch': 'install torch and torchvision for this machine',
    'mmcv': 'pip install mmcv-lite==2.1.0',
    'mmengine': 'pip install "mmengine>=0.10.3,<0.11"',
    'mmagic': 'pip install "mmagic>=1.2,<1.3"',
}
OTHER_NAMES = {'mmcv': ('mmcv-lite', 'mmcv-full')}
"""Distributions of the same package; no method needs mmcv's compiled ops."""


def check_base() -> None:
    """Check the packages below mmfacesr.

    Raises:
        ImportError: Lists what is missing or too old, with what to install.
    """
    faults = [fault for name in OLDEST for fault in faults_of(name)]
    if faults:
        raise ImportError(
            'mmfacesr cannot train or evaluate with these packages:\n  - '
            + '\n  - '.join(faults)
            + '\n`make install` in a clone makes a tested environment.'
        )


def faults_of(name: str) -> list[str]:
    """Say what is wrong with a package, in at most one line."""
    for distribution in (name, *OTHER_NAMES.get(name, ())):
        try:
            found = version(distribution)
            break
        except PackageNotFoundError:
            found = 'nothing'
    is_new = found != 'nothing' and (
        digit_version(found) >= digit_version(OLDEST[name])
    )
    if is_new:
        return []
    return [
        f'expected {name} >= {OLDEST[name]}, got {found}: {REMEDIES[name]}'
    ]
