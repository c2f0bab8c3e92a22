# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Samples whose fields were set in another order stack to a batch."""

from itertools import count

import torch
from mmengine.structures import BaseDataElement

from mmfacesr.compat.mends import mend
from mmfacesr.compat.mmagic_base import DataSample

GONE = 'this mend is no longer needed'


def colliding() -> tuple[str, str]:
    """Two names that a set lists in the order they came."""
    for number in count():
        first, second = 'img_shape', f'field_{number}'
        if list({first, second}) != list({second, first}):
            return first, second


def sample(names: tuple[str, str]) -> BaseDataElement:
    made = DataSample()
    for name in names:
        made.set_field(1, name, field_type='metainfo')
        made.set_field(torch.ones(2), f'{name}_data', field_type='data')
    return made


def test_order_of_fields_does_not_matter():
    mend()
    names = colliding()
    samples = [sample(names), sample(names[::-1])]
    batch = DataSample.stack(samples)
    assert batch.get(f'{names[0]}_data').shape == (2, 2)


def test_fault_of_the_base():
    mend()
    names = colliding()
    listed = BaseDataElement.metainfo_keys.__wrapped__
    first, second = (listed(sample(n)) for n in (names, names[::-1]))
    assert sorted(first) == sorted(second)
    assert first != second, GONE
