#!/bin/sh
# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
#
# The C++ compiler, with C++20 where C++17 is asked for: mmcv 2.1.0 asks for
# C++17, and the headers of torch >= 2.14 need C++20. install.py sets CXX to
# this file only for building mmcv, and only with such a torch.

for arg do
    shift
    [ "$arg" = -std=c++17 ] && arg=-std=c++20
    set -- "$@" "$arg"
done
exec ${MMFACESR_CXX:-c++} "$@"
