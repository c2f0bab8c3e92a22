#!/usr/bin/env bash
# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
#
# What slurm_train.sh and slurm_test.sh share: start a tool by srun.
#
#   slurm_run.sh PARTITION JOB TOOL.py [arguments of the tool]
#
# Environment (see slurm_train.sh --help): GPUS GPUS_PER_NODE CPUS_PER_TASK
# SRUN_ARGS PYTHON.
set -euo pipefail

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
partition=$1
job=$2
tool=$3
shift 3

# shellcheck source=tools/find_interpreter.sh
source "$here/find_interpreter.sh"

gpus=${GPUS:-8}
gpus_per_node=${GPUS_PER_NODE:-$((gpus < 8 ? gpus : 8))}
read -ra srun_args <<<"${SRUN_ARGS:-}"

exec srun -p "$partition" \
    --job-name="$job" \
    --gres="gpu:$gpus_per_node" \
    --ntasks="$gpus" \
    --ntasks-per-node="$gpus_per_node" \
    --cpus-per-task="${CPUS_PER_TASK:-5}" \
    --kill-on-bad-exit=1 \
    "${srun_args[@]}" \
    "$python" -u "$here/$tool" "$@"
