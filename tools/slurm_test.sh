#!/usr/bin/env bash
# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail

usage() {
    cat <<'TEXT'
Test a checkpoint on a Slurm cluster, one task a GPU.

  tools/slurm_test.sh PARTITION JOB CONFIG CHECKPOINT [options of tools/test.py]

  GPUS=4 tools/slurm_test.sh gpu dic CONFIG CHECKPOINT --out report.json

Environment: GPUS, GPUS_PER_NODE, CPUS_PER_TASK, SRUN_ARGS, PYTHON; see
tools/slurm_train.sh --help.
TEXT
}

case ${1:-} in -h | --help) usage; exit 0 ;; esac
if [[ $# -lt 4 ]]; then
    echo "Error: expected PARTITION JOB CONFIG CHECKPOINT," \
        "got: ${*:-nothing}" >&2
    usage >&2
    exit 2
fi
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
exec bash "$here/slurm_run.sh" "$1" "$2" test.py "$3" "$4" --launcher slurm \
    "${@:5}"
