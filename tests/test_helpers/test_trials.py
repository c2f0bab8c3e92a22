# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""The table of faults adds up, and holds rows of tests that failed."""

from trials import as_table, merged


def test_rows_of_one_kind_are_summed() -> None:
    rows = [
        ['b', 'x', 2, 1, 1, 'slow'],
        ['a', 'y', 1000, 1000, 0, ''],
        ['b', 'x', 3, 3, 0, 'slow'],
        ['b', 'x', 1, 1, 0, '2 s'],
    ]
    assert merged(rows) == [
        ['a', 'y', 1000, 1000, 0, ''],
        ['b', 'x', 6, 5, 1, '2 s; slow'],
    ]
    last = as_table(merged(rows)).splitlines()[-1]
    assert last == '|  | all | 1,006 | 1,005 | 1 |  |'
