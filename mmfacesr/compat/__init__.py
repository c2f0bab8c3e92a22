# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Mends of mmengine and MMagic, applied from outside where needed."""
