#!/bin/sh
# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
#
# install.sh STACK VENV: finds a Python of the version that the stack wants
# and hands over to install.py. With the wrong version only, install.py is
# still started: it lists everything that is missing, not just Python.

here=$(dirname "$0")
stack=$1
venv=$2
pins=$stack
[ "$stack" = full ] && pins=current # and mmcv's ops, compiled
constraints="$here/../../requirements/constraints/$pins.txt"
if [ ! -f "$constraints" ]; then
    echo "Expected STACK=current, full, classic or newest, got '$stack'." >&2
    exit 2
fi
wanted=$(sed -n 's/^# python: //p' "$constraints")

# Word splitting of $wanted is meant.
if ! python=$(sh "$here/find_python.sh" $wanted); then
    [ -n "$PYTHON" ] && exit 1
    python=$(sh "$here/find_python.sh" 3.13 3.12 3.11 3.10 3.9 2>/dev/null) || {
        first=${wanted%% *}
        echo "Install one, e.g.: apt-get install python$first" \
            "python$first-venv" >&2
        exit 1
    }
fi
exec "$python" "$here/install.py" --stack "$stack" --venv "$venv" \
    --torch-index "${TORCH_INDEX:-}"
