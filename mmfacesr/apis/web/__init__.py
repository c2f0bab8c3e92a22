# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""A page in the browser that restores the faces of dropped pictures.

guard -> app -> `uploads` and `headers`: what came, without decoding it ->
`turns`: one picture after the other -> `working`: the inferencer -> `answers`.
A picture lives as long as its request, in memory alone.
"""
