#!/usr/bin/env bash
# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail

usage() {
    cat <<'TEXT'
Train on a Slurm cluster, one task a GPU.

  tools/slurm_train.sh PARTITION JOB CONFIG WORK_DIR [options of tools/train.py]

  GPUS=4 tools/slurm_train.sh gpu dic CONFIG work_dirs/dic --resume

Environment:
  GPUS           tasks in all (8)
  GPUS_PER_NODE  tasks a machine (GPUS, at most 8)
  CPUS_PER_TASK  processors a task, for its data workers too (5)
  SRUN_ARGS      further options of srun, separated by spaces
  PYTHON         interpreter (activated environment, else the clone's .venv,
                 else python)
TEXT
}

case ${1:-} in -h | --help) usage; exit 0 ;; esac
if [[ $# -lt 4 ]]; then
    echo "Error: expected PARTITION JOB CONFIG WORK_DIR," \
        "got: ${*:-nothing}" >&2
    usage >&2
    exit 2
fi
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
exec bash "$here/slurm_run.sh" "$1" "$2" train.py "$3" --work-dir "$4" \
    --launcher slurm "${@:5}"
