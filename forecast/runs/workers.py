"""Who works a run's batches off: this process, others of this machine, or those of a cluster."""

from __future__ import annotations

from collections.abc import Generator, Sequence

from forecast.processes import spread
from forecast.runs.batches import Batch, BatchAnswer, answer_batch

__all__ = ["worked_off"]


def worked_off(
    batches: Sequence[Batch], *, jobs: int = 1, cluster: str = ""
) -> Generator[BatchAnswer, None, None]:
    """Yield the answers as they come, in no order.

    Args:
        batches: what is to be done.
        jobs: processes of this machine; one is this process.
        cluster: address of a Dask scheduler, such as ``tcp://10.0.0.5:8786``; empty for none.

    Raises:
        ForecastError: a worker can't do its part, or all of them are lost.
    """
    if cluster and batches:
        from forecast.runs.cluster import on_cluster

        yield from on_cluster(batches, cluster)
    else:
        # A process that is started for a single batch would keep this one waiting.
        yield from spread(answer_batch, batches, jobs if len(batches) > 1 else 1, ordered=False)
