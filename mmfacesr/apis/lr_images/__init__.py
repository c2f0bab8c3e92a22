# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""What LR files are like, and which protocol and kernel a paper used.

:mod:`files`, :mod:`traces` and :mod:`registration` look, :mod:`doctor` says
what it means; :mod:`fingerprint` searches kernels and protocols.
"""
