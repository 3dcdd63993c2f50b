"""What does a benchmark say, and is it good enough?"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One measure. `result` is what is held against the bar: a ratio to the baseline, or the product's own number.

    `baseline` and `product` hold one number for each round, in `unit`. One of the bars is set, or none where the row
    only stands beside the others.
    """

    measure: str
    unit: str
    product: Sequence[float]
    result: float
    baseline: Sequence[float] = ()
    at_least: float | None = None
    at_most: float | None = None

    @property
    def passed(self) -> bool:
        """Whether the result reaches its bar."""
        if self.at_least is not None:
            return self.result >= self.at_least
        return self.at_most is None or self.result <= self.at_most

    @property
    def bar(self) -> str | None:
        """What the result has to reach; None where it only stands beside others."""
        if self.at_least is not None:
            return f">= {self.at_least:g}"
        return None if self.at_most is None else f"<= {self.at_most:g}"

    def as_json(self) -> dict[str, Any]:
        """All of it, for one JSON document."""
        return {**asdict(self), "passed": self.passed}


def ratio(
    measure: str,
    unit: str,
    baseline: Sequence[float],
    product: Sequence[float],
    *,
    at_least: float | None = None,
    at_most: float | None = None,
) -> Row:
    """The median of the rounds' ratios; of a round both halves are measured in turn, under the same load."""
    return Row(
        measure=measure,
        unit=unit,
        baseline=tuple(baseline),
        product=tuple(product),
        result=median(ours / theirs for ours, theirs in zip(product, baseline, strict=True)),
        at_least=at_least,
        at_most=at_most,
    )


def table(rows: Sequence[Row]) -> str:
    """The rows for people: medians, result, bar and verdict."""
    lines = [("measure", "baseline", "product", "unit", "result", "bar", "")]
    for row in rows:
        bar, verdict = row.bar or "-", ("ok" if row.passed else "MISSED") if row.bar else ""
        baseline = f"{median(row.baseline):,.4g}" if row.baseline else "-"
        numbers = (baseline, f"{median(row.product):,.4g}", row.unit, f"{row.result:.3f}", bar)
        lines.append((row.measure, *numbers, verdict))
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in lines)
