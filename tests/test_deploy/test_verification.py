# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Comparing by hand-made outputs."""

import math

import pytest
import torch
from torch import Tensor

from mmfacesr.deploy import ExportMismatchError
from mmfacesr.deploy.verification import BATCH_SIZES, batches, compare

INPUTS = torch.linspace(0, 2, 12 * 3 * 4).view(12, 3, 2, 2)  # a range of 2


def wanted_of(batch: Tensor) -> Tensor:
    return batch


def off_in_last(value: float):
    """A network that is wrong in one value of the last image."""

    def got_of(batch: Tensor) -> Tensor:
        got = batch.clone()
        if len(batch) == 1:
            got[-1, 0, 0, 0] += value
        return got

    return got_of


def test_32_faces_are_batches_of_8_3_and_1_in_turns() -> None:
    sizes = [end - start for start, end in batches(32, BATCH_SIZES)]
    assert sizes == [8, 3, 1, 8, 3, 1, 8]
    assert [end for _, end in batches(5, (3,))] == [3, 5]


def test_differences_are_relative_to_the_range() -> None:
    def found(value: float, dtype: str) -> float:
        got_of = off_in_last(value)
        return compare(wanted_of, got_of, INPUTS, BATCH_SIZES, dtype)

    assert found(0, 'fp32') == 0 and found(0, 'fp16') == math.inf
    assert found(1e-4, 'fp32') == pytest.approx(5e-5, rel=1e-2)
    # One of 12 values of the worst image is off by 0.005 of the range.
    wanted = -10 * math.log10(0.005**2 / 12)
    assert found(0.01, 'fp16') == pytest.approx(wanted, abs=1e-3)
    with pytest.raises(ExportMismatchError, match='drawn face 11'):
        found(3e-4, 'fp32')
    with pytest.raises(ExportMismatchError, match='drawn face 11'):
        found(0.1, 'fp16')


@pytest.mark.parametrize('dtype', ['fp32', 'fp16'])
@pytest.mark.parametrize('value', [math.nan, math.inf])
def test_what_is_no_number_is_refused(value: float, dtype: str) -> None:
    with pytest.raises(ExportMismatchError, match='drawn face 11'):
        compare(wanted_of, off_in_last(value), INPUTS, BATCH_SIZES, dtype)


def test_a_batch_that_fails_is_named() -> None:
    def only_one(batch: Tensor) -> Tensor:
        if len(batch) == 3:
            raise RuntimeError('shapes\ndo not match')
        return batch

    with pytest.raises(ExportMismatchError, match='batch of 3.*do not match'):
        compare(wanted_of, only_one, INPUTS, BATCH_SIZES, 'fp32')
    with pytest.raises(ExportMismatchError, match=r'\(8, 3, 2, 2\), got'):
        compare(wanted_of, lambda x: x[:1], INPUTS, BATCH_SIZES, 'fp32')
