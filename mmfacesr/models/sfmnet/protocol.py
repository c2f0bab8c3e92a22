# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""How SFMNet's paper measured.

Source: Wang et al., CVPR 2023, released evaluation code. Differs: LPIPS, which
the released code takes of the luma on the scale [0, 255], is left out.
"""

from mmfacesr.evaluation.functional.shared_protocols import SURVEY

PROTOCOL = SURVEY
