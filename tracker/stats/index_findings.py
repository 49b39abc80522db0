"""What the index across benchmarks is and leaves out, in words."""

import polars as pl

from tracker.stats.capability_index import Index

MOST_NAMED = 6


def made(index: Index) -> str:
    """How the index was made, with what defines its scale."""
    anchors = index.anchors
    names = dict(index.models.select("model_id", "model_name").iter_rows())
    benchmark = index.benchmarks.filter(pl.col("benchmark_id") == anchors.benchmark)["benchmark_name"][0]
    low, high = names[anchors.low_model], names[anchors.high_model]
    return (
        "How the index is made: each score is taken as σ(a·(C − D)), with the model’s capability C and the benchmark’s "
        f"difficulty D and slope a, fitted by least squares; {benchmark} fixes the raw scale. By definition {low} is "
        f"{anchors.low:.0f} and {high} {anchors.high:.0f}, so they have no interval. It holds {index.models.height} "
        f"models on {index.benchmarks.height} benchmarks whose answers can be checked and meets their scores to "
        f"{100 * index.residual:.0f} points of percent (root mean square). Its intervals come from drawing the scores "
        "anew."
    )


def left_out(index: Index) -> str | None:
    """Which models the index leaves out and why; None if it leaves out none."""
    reasons = []
    for (reason,), rows in index.left_out.group_by(["reason"], maintain_order=True):
        names = rows["model_name"].to_list()
        more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
        reasons.append(f"{reason} ({len(names)}: {', '.join(names[:MOST_NAMED])}{more})")
    return f"Not on the index: {'; '.join(reasons)}." if reasons else None
