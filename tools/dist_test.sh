#!/usr/bin/env bash
# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail

usage() {
    cat <<'TEXT'
Test a checkpoint in several processes; the result is that of one process.

  tools/dist_test.sh CONFIG CHECKPOINT NPROC [options of tools/test.py]

  tools/dist_test.sh CONFIG work_dirs/dic/best_PSNR_iter_150000.pth 4
  tools/dist_test.sh CONFIG CHECKPOINT 2 --out report.json

NPROC counts the processes on this machine. Environment: NNODES, NODE_RANK,
MASTER_ADDR, PORT, OMP_NUM_THREADS, PYTHON; see tools/dist_train.sh --help.
TEXT
}

case ${1:-} in -h | --help) usage; exit 0 ;; esac
if [[ $# -lt 3 || ! $3 =~ ^[1-9][0-9]*$ ]]; then
    echo "Error: expected CONFIG, CHECKPOINT and NPROC (a number)," \
        "got: ${*:-nothing}" >&2
    usage >&2
    exit 2
fi
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
exec bash "$here/dist_run.sh" "$3" test.py "$1" "$2" --launcher pytorch "${@:4}"
