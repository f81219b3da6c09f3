"""What a drill has to say at its end."""

from tierfeed.cli.output import err, out, show
from tierfeed.cli.run_drill import Outcome


def tell(outcome: Outcome) -> None:
    rows = [(f"{row['told_s']:+.1f}", row["what"], row["of"], row["detail"]) for row in outcome.timeline]
    show(("s", "what", "of", "detail"), rows, f"{outcome.drill.name}: {outcome.drill.says}")
    names = {"detected": outcome.detected_s, "acted": outcome.acted_s, "all over": outcome.ended_s}
    figures = [f"{name} after {value:.1f} s" for name, value in names.items() if value is not None]
    if outcome.crossed_percent is not None:
        figures.append(f"{outcome.drill.crossed} crossed in {outcome.crossed_percent:g} % of its records")
    out().print("; ".join(figures) or "nothing was told", markup=False)
    for problem in outcome.problems:
        err().print(f"problem: {problem}", markup=False)
    if outcome.problems:
        err().print(f"the logs are in {outcome.kept / 'logs'}", markup=False)
    else:
        out().print("all that was to be found was found, and nothing else", markup=False)
