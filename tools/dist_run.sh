#!/usr/bin/env bash
# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
#
# What dist_train.sh and dist_test.sh share: start NPROC processes of a tool
# on this machine, by torchrun.
#
#   dist_run.sh NPROC TOOL.py [arguments of the tool]
#
# Environment (see dist_train.sh --help): PYTHON NNODES NODE_RANK MASTER_ADDR
# PORT OMP_NUM_THREADS.
set -euo pipefail

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
nproc_per_node=$1
tool=$2
shift 2

# shellcheck source=tools/find_interpreter.sh
source "$here/find_interpreter.sh"

nnodes=${NNODES:-1}
if [[ -z ${PORT:-} ]]; then
    if [[ $nnodes == 1 ]]; then
        # Two runs on one machine must not meet.
        PORT=$("$python" -c 'import socket
with socket.socket() as door:
    door.bind(("127.0.0.1", 0))
    print(door.getsockname()[1])')
    else
        PORT=29500  # the nodes must agree
    fi
fi

if [[ -z ${OMP_NUM_THREADS:-} ]] && ! nvidia-smi -L >/dev/null 2>&1; then
    # torchrun would give one thread to each process, whatever the machine.
    threads=$(($(nproc) / nproc_per_node))
    export OMP_NUM_THREADS=$((threads > 0 ? threads : 1))
fi

exec "$python" -m mmfacesr.apis.processes \
    --nnodes="$nnodes" \
    --node_rank="${NODE_RANK:-0}" \
    --master_addr="${MASTER_ADDR:-127.0.0.1}" \
    --master_port="$PORT" \
    --nproc_per_node="$nproc_per_node" \
    "$here/$tool" "$@"
