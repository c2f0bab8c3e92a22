# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""mmcv's ops, compiled or not: each case in a process of its own."""

from collections.abc import Callable
from pathlib import Path

import pytest
from mmcv.utils.ext_loader import check_ops_exist

HAS_OPS = check_ops_exist()
lite_only = pytest.mark.skipif(HAS_OPS, reason="mmcv's ops are compiled here")
BOXES = 'torch.zeros(1, 4), torch.zeros(1), 0.5'


@lite_only
def test_mmagic_needs_them(run: Callable[..., str]) -> None:
    """When this fails, the mend is no longer needed."""
    assert 'mmcv._ext' in run(
        [
            '-c',
            'try:\n    import mmcv.ops\n'
            'except ModuleNotFoundError as error:\n    print(error)',
        ]
    )


@lite_only
def test_calling_one_says_what_to_install(run: Callable[..., str]) -> None:
    out = run(
        [
            '-c',
            'import torch\n'
            'from mmfacesr.compat.mends import mend\n'
            'mend(); mend()\n'
            'from mmcv.ops import nms\n'
            'from mmcv.utils import collect_env\n'
            'from mmcv.utils.ext_loader import check_ops_exist\n'
            'print(check_ops_exist(), collect_env()["MMCV Compiler"])\n'
            f'try:\n    nms({BOXES})\n'
            'except ImportError as error:\n    print(error)',
        ]
    )
    assert 'False n/a' in out
    assert "for 'nms', got none" in out
    assert 'STACK=full' in out


@pytest.mark.slow
def test_what_is_there_is_used(run: Callable[..., str]) -> None:
    out = run(
        [
            '-c',
            'import sys, types\n'
            'real = sys.modules["mmcv._ext"] = types.ModuleType("mmcv._ext")\n'
            'from mmfacesr.compat.mends import mend\n'
            'mend()\n'
            'print(sys.modules["mmcv._ext"] is real)',
        ]
    )
    assert 'True' in out


@pytest.mark.slow
@pytest.mark.parametrize(
    'content, shown',
    [
        ('nms = "compiled"', 'compiled'),
        # Compiled for another torch: a warning, and the stand-in.
        ('raise ImportError("no symbol")', 'do not load (no symbol)'),
    ],
)
def test_a_module_on_the_path(
    content: str, shown: str, run: Callable[..., str], tmp_path: Path
) -> None:
    (tmp_path / '_ext.py').write_text(f'{content}\n')
    out = run(
        [
            '-c',
            'import mmcv, warnings\n'
            f'mmcv.__path__.insert(0, {str(tmp_path)!r})\n'
            'from mmfacesr.compat.mends import mend\n'
            'with warnings.catch_warnings(record=True) as caught:\n'
            '    warnings.simplefilter("always")\n'
            '    mend()\n'
            'print(*(str(one.message) for one in caught))\n'
            'from mmcv._ext import nms\n'
            'print(nms)',
        ]
    )
    assert shown in out


@pytest.mark.skipif(not HAS_OPS, reason="mmcv's ops are not compiled here")
def test_compiled_ops_work(run: Callable[..., str]) -> None:
    out = run(
        [
            '-c',
            'import torch\n'
            'from mmfacesr.compat.mends import mend\n'
            'mend()\n'
            'from mmcv.ops import nms\n'
            'boxes = torch.tensor([[0., 0, 9, 9], [0, 0, 9, 8], [20, 20, 30, '
            '30]])\n'
            'print(nms(boxes, torch.tensor([.5, .9, .7]), 0.5)[1].tolist())',
        ]
    )
    assert '[1, 2]' in out
