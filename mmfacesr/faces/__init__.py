# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Faces in images: landmarks, finding, detecting, framing, pasting back."""
