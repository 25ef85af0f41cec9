#!/usr/bin/env bash
# A night on Slurm. Longtail is installed at the same place on all nodes, the output is a bucket or a shared folder:
#   sbatch --nodes 10 launch/slurm.sh launch/nightly.yaml [/shared/nights/tonight]
# A job that is preempted or loses its first node is queued again and goes on from what is complete.
#SBATCH --job-name=longtail
#SBATCH --ntasks-per-node=1
#SBATCH --cpus-per-task=32
#SBATCH --time=08:00:00
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --signal=B:TERM@120
set -euo pipefail

job=${1:?usage: sbatch --nodes N slurm.sh JOB.yaml [OUTPUT]}
output=${2:-}
cpus=${SLURM_CPUS_PER_TASK:?start this with sbatch}
port=6379
head=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1)

RAY_AUTH_MODE=token
RAY_AUTH_TOKEN=$(head -c 32 /dev/urandom | sha256sum | cut -c 1-64)
export RAY_AUTH_MODE RAY_AUTH_TOKEN RAY_USAGE_STATS_ENABLED=0
export LP_NUM_THREADS=1   # a renderer for each core, not all cores for each

start() { srun --overlap --nodes 1 --ntasks 1 --cpus-per-task "$cpus" "$@"; }

start --nodelist "$head" ray start --head --block --port "$port" --num-cpus "$cpus" --metrics-export-port 8080 &
for node in $(scontrol show hostnames "$SLURM_JOB_NODELIST" | tail -n +2); do
    # One that finds no head yet tries again; one that dies takes nobody along.
    start --nodelist "$node" bash -c "until ray start --address '$head:$port' --block --num-cpus '$cpus' \
        --metrics-export-port 8080; do sleep 5; done" &
done

options=(--address "$head:$port")
[ -z "$output" ] || options+=(--out "$output")
until ray status --address "$head:$port" >/dev/null 2>&1; do sleep 2; done
longtail run "$job" "${options[@]}" &
driver=$!
trap 'kill -TERM "$driver"' TERM
code=0
wait "$driver" || code=$?
if [ "$code" = 130 ]; then   # the time is up: the rest in another night
    scontrol requeue "$SLURM_JOB_ID"
fi
exit "$code"
