#!/usr/bin/env bash
# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail

usage() {
    cat <<'TEXT'
Train in several processes: one a GPU, or on the CPU where there is no GPU.

  tools/dist_train.sh CONFIG NPROC [options of tools/train.py]

  tools/dist_train.sh configs/dic/dic_x8c48b6_4xb2-150k_celeba-hq.py 4
  tools/dist_train.sh CONFIG 2 --work-dir runs/dic --resume
  NNODES=2 NODE_RANK=0 MASTER_ADDR=10.0.0.1 tools/dist_train.sh CONFIG 8
  NNODES=2 NODE_RANK=1 MASTER_ADDR=10.0.0.1 tools/dist_train.sh CONFIG 8

NPROC counts the processes on this machine. Environment:
  NNODES           machines (1)
  NODE_RANK        number of this machine, from 0 (0)
  MASTER_ADDR      address of machine 0 (127.0.0.1)
  PORT             port of machine 0 (a free one; 29500 with several machines)
  OMP_NUM_THREADS  threads a process (without a GPU: cores / NPROC)
  PYTHON           interpreter (activated environment, else the clone's .venv,
                   else python)
TEXT
}

case ${1:-} in -h | --help) usage; exit 0 ;; esac
if [[ $# -lt 2 || ! $2 =~ ^[1-9][0-9]*$ ]]; then
    echo "Error: expected CONFIG and NPROC (a number), got: ${*:-nothing}" >&2
    usage >&2
    exit 2
fi
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
exec bash "$here/dist_run.sh" "$2" train.py "$1" --launcher pytorch "${@:3}"
