# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Restoring the faces in a video.

reading -> frames -> (`faces.tracking`, `faces.smoothing`, the inferencer of
photos) -> encoding in parts -> joining
"""
