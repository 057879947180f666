#!/usr/bin/env bash
# One command on a Slurm allocation: Ray starts on its nodes, the command runs, and Ray ends, whatever became of it.
#
#   sbatch cluster/slurm.sh python -m jobs.extract --archive /scratch/archive --backbones efficientnet_lite0
#
# From the project's folder, after `make setup`; folder and home have to be on file systems that all nodes see. To change:
# the lines below, which every option of sbatch's command line overrides. A job that ran out of time goes on where it was
# when it is submitted again. There is no dashboard: nodes are often shared with other people.
#
#SBATCH --job-name=artsim
#SBATCH --nodes=4
#SBATCH --ntasks-per-node=1
#SBATCH --cpus-per-task=16
#SBATCH --gpus-per-node=1
#SBATCH --time=08:00:00
#SBATCH --output=artsim-%j.log
set -euo pipefail
if [ $# -eq 0 ]; then
    echo "usage: sbatch cluster/slurm.sh python -m jobs.NAME --archive URI ..." >&2
    exit 2
fi
source .venv/bin/activate

# A fresh token of this allocation alone, which only its user can read.
umask 077
folder=$(mktemp -d "$HOME/.artsim-XXXXXX")
trap 'kill $(jobs -p) 2> /dev/null || true; wait || true; rm -rf "$folder"' EXIT
openssl rand -hex 32 > "$folder/token"
export RAY_AUTH_MODE=token RAY_AUTH_TOKEN_PATH="$folder/token"

# This script runs on the first node, which is the head and works as well.
head=$(hostname)
address=$(hostname --ip-address | awk '{print $1}')
export RAY_ADDRESS="$address:$((20000 + SLURM_JOB_ID % 10000))"
node=(--num-cpus="$SLURM_CPUS_PER_TASK" --num-gpus="${SLURM_GPUS_ON_NODE:-0}" --temp-dir="/tmp/artsim-$SLURM_JOB_ID")

env -u RAY_ADDRESS ray start --head --node-ip-address="$address" --port="${RAY_ADDRESS#*:}" "${node[@]}" \
    --include-dashboard=false --disable-usage-stats --block &
until ray health-check --address "$RAY_ADDRESS" > /dev/null 2>&1; do
    kill -0 $!  # it is still starting, else this script ends here
    sleep 1
done
if [ "$SLURM_NNODES" -gt 1 ]; then
    srun --nodes=$((SLURM_NNODES - 1)) --ntasks=$((SLURM_NNODES - 1)) --exclude="$head" \
        ray start --address="$RAY_ADDRESS" "${node[@]}" --block &
fi
python - <<'END'
import os
import time

import ray

ray.init(logging_level="ERROR", log_to_driver=False)
while sum(node["Alive"] for node in ray.nodes()) < int(os.environ["SLURM_NNODES"]):
    time.sleep(1)
END

"$@"
