"""Group the artworks of an archive by their features, compare methods and parameters, describe each cluster.

python -m jobs.cluster --archive archives/demo --features efficientnet_lite0 --min-cluster-size 4
python -m jobs.cluster --archive archives/demo --features efficientnet_lite0 \\
    --method hdbscan ward --min-cluster-size 3 4 --k 10 20 --against style
"""

from typing import Any

from artsim.cli import Job
from artsim.clusters.options import ClusterOptions

job = Job("cluster", __doc__, ClusterOptions)


@job.runs
def cluster(archive: Any, options: ClusterOptions) -> dict[str, Any]:
    """Writes ``clusters/<name>``, or assigns new artworks to it; returns the report fields."""
    from artsim.clusters.run import cluster_archive

    return cluster_archive(archive, options)


if __name__ == "__main__":
    job.main()
