"""The figures of a demo: as one JSON object, and for a person to read."""

from tierfeed.cli.run_demo import Outcome


def figures(outcome: Outcome) -> dict[str, object]:
    return {"audit": str(outcome.audit), "summary": str(outcome.summary), "elapsed_s": outcome.elapsed_s}


def summary(outcome: Outcome) -> None:
    from rich import print as p
    p(outcome.audit, outcome.summary, outcome.elapsed_s)
