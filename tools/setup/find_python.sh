#!/bin/sh
# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
#
# find_python.sh VERSION...
#
# Prints the first Python that really starts and has one of the versions
# (such as 3.11), earlier versions first. $PYTHON, when set, is the only
# candidate. Each candidate is started: a python3.x on the PATH may be a
# version manager's shim that fails. Says on stderr what was tried.

ask='import sys; print("%d.%d" % sys.version_info[:2])'
tried=''

try() {
    command -v "$1" >/dev/null 2>&1 || return 1
    got=$("$1" -c "$ask" 2>/dev/null </dev/null) || got='does not start'
    for version in $wanted; do
        [ "$got" = "$version" ] && command -v "$1" && exit 0
    done
    tried="$tried
  $1: $got"
    return 1
}

wanted=$*
if [ -n "$PYTHON" ]; then
    try "$PYTHON"
    echo "PYTHON=$PYTHON is not usable: expected Python $(echo "$wanted" |
        sed 's/ / or /g'), got: ${got:-no such command}. Name another one" \
        "or leave PYTHON out." >&2
    exit 1
fi

all=$wanted
for wanted in $all; do
    for candidate in "python$wanted" \
        "$HOME"/.pyenv/versions/"$wanted".*/bin/python"$wanted" \
        /usr/bin/"python$wanted" /usr/local/bin/"python$wanted" \
        python3 /usr/bin/python3 python; do
        try "$candidate"
    done
done
echo "No Python $(echo "$all" | sed 's/ / or /g') that starts. Tried:${tried:-
  nothing: no python on the PATH}" >&2
exit 1
