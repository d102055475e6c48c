"""Printing measurements, one JSON object a line, and holding them against ``rows.json``."""

import json
import os
import platform
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

GOALS: dict[str, dict[str, dict[str, Any]]] = json.loads(
    (Path(__file__).parent / "rows.json").read_text()
)


@dataclass(frozen=True)
class Measurement:
    """A value of one row of a bench, and what it was computed from."""

    name: str
    value: float
    unit: str
    detail: dict[str, Any]


def conclude(bench: str, measurements: list[Measurement], *, awaited: set[str]) -> int:
    """Print measurements and return the exit code: 0 when each row has a value that meets its goal.

    ``awaited`` are rows whose feature does not exist yet.
    """
    goals = GOALS[bench]
    met_all = goals.keys() - awaited == {measured.name for measured in measurements}
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    for measured in measurements:
        goal = goals[measured.name]
        met = goal.get("min", measured.value) <= measured.value <= goal.get("max", measured.value)
        met_all = met_all and met
        print(
            json.dumps(
                {
                    "bench": bench,
                    "name": measured.name,
                    "value": round(measured.value, 3),
                    "unit": measured.unit,
                    "goal": {side: goal[side] for side in ("min", "max") if side in goal} or None,
                    "met": met,
                    "detail": measured.detail | {"machine": machine},
                }
            )
        )
        sys.stdout.flush()
    return 0 if met_all else 1
