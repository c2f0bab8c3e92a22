# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""What all dataset converters share.

A converter works through named sources. Each finished one is a line in
``conversion.jsonl`` of the data root, so that an interrupted run goes on
where it stopped; those that fail are listed in ``bad_files.csv`` with the
reason and tried again by the next run.
"""

from mmfacesr.datasets.conversion.command_line import (
    add_allow_incomplete,
    argument_parser,
    require_outside,
    run,
)
from mmfacesr.datasets.conversion.loop import Row, convert_all
from mmfacesr.datasets.conversion.results import (
    MIN_SIZE,
    finish,
    list_in_place,
    save_points,
)
from mmfacesr.datasets.conversion.sources import (
    divide_train_val,
    existing_names,
    find_file,
    read_celeba_partition,
    require_counts,
    result_name,
    stop_or_warn,
)

__all__ = [
    'MIN_SIZE',
    'Row',
    'add_allow_incomplete',
    'argument_parser',
    'convert_all',
    'divide_train_val',
    'existing_names',
    'find_file',
    'finish',
    'list_in_place',
    'read_celeba_partition',
    'require_counts',
    'require_outside',
    'result_name',
    'run',
    'save_points',
    'stop_or_warn',
]
