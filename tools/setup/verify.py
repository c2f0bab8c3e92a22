# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Prove that an installed environment works; run by its own Python.

``verify.py STACK CONSTRAINTS`` imports what every command needs, asks pip what
it thinks of the set, and of the stack ``full`` runs one of mmcv's ops.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path


def verify_ops() -> None:
    """Run non-maximum suppression on three boxes."""
    import torch
    from mmcv.ops import nms

    boxes = torch.tensor(
        [[0.0, 0.0, 9.0, 9.0], [0.0, 0.0, 9.0, 8.0], [20.0, 20.0, 30.0, 30.0]]
    )
    scores = torch.tensor([0.5, 0.9, 0.7])
    kept = nms(boxes, scores, iou_threshold=0.5)[1].tolist()
    if kept != [1, 2]:
        raise SystemExit(f'mmcv.ops.nms: expected boxes [1, 2], got {kept}.')
    print(f'mmcv.ops works with torch {torch.__version__}')


def verify_imports() -> None:
    """Import what every command of the project starts with."""
    import cv2
    import numpy

    import mmfacesr
    from mmfacesr.compat import mmagic_base  # noqa: F401

    print(
        f'mmfacesr {mmfacesr.__version__}, '
        f'numpy {numpy.__version__}, opencv {cv2.__version__}'
    )


def tolerated(constraints: Path) -> list[tuple[str, str]]:
    """Read ``# tolerate: REGEX  # reason`` lines of a constraints file."""
    lines = constraints.read_text().splitlines()
    found = [re.fullmatch(r'# tolerate: (.*?)  # (.*)', x) for x in lines]
    return [(match[1], match[2]) for match in found if match]


def verify_set(constraints: Path) -> None:
    """Let pip look for contradictions, apart from the tolerated ones."""
    report = subprocess.run(
        [sys.executable, '-m', 'pip', 'check'],
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    bad = []
    for line in report.stdout.splitlines():
        reasons = [
            reason
            for pattern, reason in tolerated(constraints)
            if re.match(pattern, line)
        ]
        if reasons:
            print(f'pip check: "{line}" is meant: {reasons[0]}')
        elif report.returncode:
            bad.append(line)
    if bad:
        raise SystemExit('pip check:\n  ' + '\n  '.join(bad))


def main() -> None:
    """Run the checks."""
    stack, constraints = sys.argv[1:]
    if stack == 'full':
        verify_ops()
    verify_imports()
    verify_set(Path(constraints))


if __name__ == '__main__':
    main()
