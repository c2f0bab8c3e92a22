# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""From a photo to the photo with its faces restored.

inputs -> `Photo` -> faces found and framed -> `FaceNetwork` -> changes put
back -> `RestoredPhoto` -> files.
"""
