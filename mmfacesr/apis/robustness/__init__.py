# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""How results depend on framing, blur, noise, JPEG and the LR kernel.

:mod:`changes` -> :mod:`faces` -> :mod:`measuring` -> :mod:`results`, drawn
by :mod:`plot`.
"""
