# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Samples of a batch that differ in the order of their keys alone.

mmengine 0.10.7 keeps the names of a sample's fields in sets and lists them as
they come; MMagic 1.2.0 stacks a batch where these lists are equal. Where
transforms set the fields in another order, as branches of `RandomChoice` do,
the order of equal sets depends on the process's hash seed: some trainings
end with an empty AssertionError, others never.
"""

from mmengine.structures import BaseDataElement

from mmfacesr.compat.seam import wrap_once


def mend_data_samples() -> None:
    """List the fields of a sample in the order of their names."""
    for name in ('keys', 'metainfo_keys'):
        wrap_once(
            BaseDataElement, name, lambda fields: lambda s: sorted(fields(s))
        )
