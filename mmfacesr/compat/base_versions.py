# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""What training and evaluation need of the machine's packages.

torch and mmcv cannot be declared as requirements: torch is chosen for a
machine, and an mmcv that pip resolves comes without its compiled ops.
"""

import importlib.util
from importlib.metadata import PackageNotFoundError, version

from mmengine.utils import digit_version

OLDEST = {'torch': '2.1', 'mmcv': '2.1', 'mmengine': '0.10.3', 'mmagic': '1.2'}
"""Oldest version of each package on which everything is tested."""
REMEDIES = {
    'torch': 'install torch and torchvision for this machine',
    'mmcv': 'pip install --no-build-isolation mmcv==2.1.0, with torch, '
    'setuptools<81 and a C++ compiler there and MMCV_WITH_OPS=1 set',
    'mmengine': 'pip install "mmengine>=0.10.3,<0.11"',
    'mmagic': 'pip install "mmagic>=1.2,<1.3"',
}


def check_base() -> None:
    """Check the packages below mmfacesr.

    Raises:
        ImportError: Lists what is missing, too old or without compiled ops,
            with what to install.
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
    remedy = REMEDIES[name]
    try:
        found = version(name)
    except PackageNotFoundError:
        lite = name == 'mmcv' and importlib.util.find_spec('mmcv')
        what = 'mmcv-lite, which has no ops' if lite else 'nothing'
        return [f'expected {name} >= {OLDEST[name]}, got {what}: {remedy}']
    if digit_version(found) < digit_version(OLDEST[name]):
        return [f'expected {name} >= {OLDEST[name]}, got {found}: {remedy}']
    if name == 'mmcv' and importlib.util.find_spec('mmcv._ext') is None:
        return [
            f'expected mmcv with compiled ops, got {found} without: {remedy}'
        ]
    return []
