"""The output of a benchmark: a table of its claims, then one JSON line."""

import json
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Claim:
    """A ratio and its goal; ``at_least`` False makes the goal an upper bound. ``peer``: name, version, settings."""

    name: str
    value: float
    goal: float
    peer: str
    at_least: bool = True

    @property
    def met(self) -> bool:
        return self.value >= self.goal if self.at_least else self.value <= self.goal


def conclude(benchmark: str, claims: list[Claim]) -> None:
    width = max(len(claim.name) for claim in claims)
    print(f"\n{'claim':{width}}  {'value':>9}  {'goal':>9}  met  against")
    for claim in claims:
        goal = f"{'>=' if claim.at_least else '<='} {claim.goal:g}"
        print(f"{claim.name:{width}}  {claim.value:9.2f}  {goal:>9}  {'yes' if claim.met else 'NO ':3}  {claim.peer}")
    rows = [{**asdict(claim), "value": round(claim.value, 4), "met": claim.met} for claim in claims]
    print(json.dumps({"benchmark": benchmark, "claims": rows}))
