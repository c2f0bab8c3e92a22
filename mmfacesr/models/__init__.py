# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
