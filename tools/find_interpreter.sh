# shellcheck shell=bash
# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
#
# Sourced with `here` set to the folder of the tools; sets `python`: $PYTHON,
# else the activated virtual environment, else the clone's .venv that
# `make install` made, else the python on the PATH.

if [[ -n ${PYTHON:-} ]]; then
    python=$PYTHON
elif [[ -z ${VIRTUAL_ENV:-} && -x $here/../.venv/bin/python ]]; then
    python=$here/../.venv/bin/python
else
    python=python
fi
if ! command -v -- "$python" >/dev/null; then
    echo "Error: expected a Python to start, got '$python', which is not" \
        "there; run 'make install' or set PYTHON." >&2
    exit 127
fi
