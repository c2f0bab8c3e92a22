# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Files in every released layout, by URL, against golden outputs."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
import released_files
import torch

from mmfacesr.checkpoint import load_weights

SAME_WEIGHTS = {
    'dic of mmagic': ['dic of the authors', 'dicgan of the authors'],
    'discriminator of mmagic': ['discriminator of the authors'],
    'landmarks of dic': [],
    'sparnet': [],
    'sparnet light': [],
    'sparnet hd 2d': ['sparnet hd 2d new norm'],
    'sparnet hd 3d': ['sparnet hd 3d new norm'],
    'pfsrnet': ['pfsrnet distributed'],
    'landmarks of pfsrnet': [],
    'elsface': [],
}
"""A file -> files with the same weights in other layouts."""
SLOW = {'dic of mmagic', 'sparnet hd 2d', 'sparnet hd 3d'}


def test_every_file_is_here() -> None:
    named = [
        name for pair in SAME_WEIGHTS.items() for name in (pair[0], *pair[1])
    ]
    assert sorted(named) == sorted(released_files.FILES)


@pytest.mark.parametrize(
    'name',
    [
        pytest.param(name, marks=pytest.mark.slow) if name in SLOW else name
        for name in SAME_WEIGHTS
    ],
)
def test_file_by_url_gives_the_golden_output(
    name: str,
    golden: Path,
    fill: ModuleType,
    serve: Callable[[Path], str],
    tmp_path: Path,
) -> None:
    def load(name: str, number: int) -> released_files.Released:
        released = released_files.make(name, golden, fill)
        path = tmp_path / f'released{number}.pth'
        torch.save(released.content, path)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        url = serve(path)
        record = load_weights(released.network, url, digest[:8])
        assert record.layout == released.layout
        assert (record.source, record.sha256) == (url, digest)
        return released

    first = load(name, 0)
    with torch.no_grad():
        found = first.run(first.network.eval())
    assert (found - first.wanted).abs().max() < first.tolerance
    wanted = first.network.state_dict()
    for number, other in enumerate(SAME_WEIGHTS[name], 1):
        # Of the same weights the same output follows.
        found = load(other, number).network.state_dict()
        for key, value in wanted.items():
            assert torch.equal(found[key], value), key
