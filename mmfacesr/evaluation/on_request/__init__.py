# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Metrics beside the protocols, each with what it needs.

A module a metric: a function that builds its `ImageMetric` or `SetMetric`.
What is missing, such as weights or a package, is an error of the builder;
networks are built for the first image.
"""
