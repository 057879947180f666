#!/usr/bin/env bash
# Runs one command on a Slurm allocation: starts Ray on its nodes, runs the command, and stops Ray even if it fails.
#
#   sbatch deploy/slurm.sh python -m jobs.extract --archive /scratch/archive --backbones efficientnet_lite0
#
# Run it from the project's folder, after `make setup`. The folder and your home must be on file systems that all nodes
# share. Change the lines below, or override them with options of sbatch on the command line. A job that ran out of time
# resumes when you submit it again. There is no dashboard, because nodes are often shared with other users.
#
# Most sites require a partition and an account: remove one # from the ##SBATCH line and enter yours.
#
#SBATCH --job-name=artsim
#SBATCH --nodes=4
#SBATCH --ntasks-per-node=1
#SBATCH --cpus-per-task=16
#SBATCH --mem-per-cpu=4G
#SBATCH --gpus-per-node=1
#SBATCH --time=08:00:00
##SBATCH --partition=gpu --account=museum
#SBATCH --output=artsim-%j.log
set -euo pipefail
if [ $# -eq 0 ]; then
    echo "usage: sbatch deploy/slurm.sh python -m jobs.NAME --archive URI ..." >&2
    exit 2
fi
source .venv/bin/activate

# A new token for this allocation, which only its user can read.
umask 077
folder=$(mktemp -d "$HOME/.artsim-XXXXXX")
temp="/tmp/${folder##*/}"  # on each node; Ray makes its own folder readable for all users, so put it in a private one
trap 'kill $(jobs -p) 2> /dev/null || true; wait || true; rm -rf "$folder" "$temp"' EXIT
mkdir "$temp"
openssl rand -hex 32 > "$folder/token"
export RAY_AUTH_MODE=token RAY_AUTH_TOKEN_PATH="$folder/token"

# This script runs on the first node, which is the head and also runs tasks.
head=${SLURMD_NODENAME:-$(hostname)}
address=$({ hostname --ip-address; hostname --all-ip-addresses; } | tr ' ' '\n' | awk '/\./ && !/^127\./ && !n++')
export RAY_ADDRESS="$address:$((20000 + SLURM_JOB_ID % 10000))"
export SRUN_CPUS_PER_TASK="$SLURM_CPUS_PER_TASK"  # srun does not inherit this from sbatch
# Ports are free ones or derived from the job id, because another allocation may share the node.
node=(--num-cpus="$SLURM_CPUS_PER_TASK" --num-gpus="${SLURM_GPUS_ON_NODE:-0}" --temp-dir="$temp/ray"
    --dashboard-agent-listen-port=0 --min-worker-port=0 --max-worker-port=0 --disable-usage-stats --block)
megabytes=${SLURM_MEM_PER_NODE:-$((${SLURM_MEM_PER_CPU:-0} * SLURM_CPUS_PER_TASK))}
if [ "$megabytes" -gt 0 ]; then  # of the allocation, not the machine; a tenth remains for Ray's own processes
    node+=(--memory=$((megabytes * 600000)) --object-store-memory=$((megabytes * 300000)))
fi

env -u RAY_ADDRESS ray start --head --node-ip-address="$address" --port="${RAY_ADDRESS#*:}" "${node[@]}" \
    --ray-client-server-port=$((30000 + SLURM_JOB_ID % 10000)) --include-dashboard=false &
until ray health-check --address "$RAY_ADDRESS" > /dev/null 2>&1; do
    kill -0 $!  # exits the script if Ray is no longer starting
    sleep 1
done
if [ "$SLURM_NNODES" -gt 1 ]; then
    srun --nodes=$((SLURM_NNODES - 1)) --ntasks=$((SLURM_NNODES - 1)) --exclude="$head" \
        bash -c 'mkdir "$0" && trap "rm -rf $0" EXIT && "$@"' "$temp" ray start --address="$RAY_ADDRESS" "${node[@]}" &
fi
python - <<'END' &
import os
import sys
import time

import ray

ray.init(logging_level="ERROR", log_to_driver=False)
wanted, deadline = int(os.environ["SLURM_NNODES"]), time.monotonic() + 300
while (there := sum(node["Alive"] for node in ray.nodes())) < wanted:
    if time.monotonic() > deadline:
        sys.exit(f"only {there} of {wanted} nodes joined within five minutes")
    time.sleep(1)
END
nodes_are_there=$!
wait -n  # for the first process that ends; if that is Ray or srun, the script exits here
wait $nodes_are_there

"$@"
