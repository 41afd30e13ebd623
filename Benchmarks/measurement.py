"""One JSON object a line for each figure, as docs promise: name, value, unit, peer, peer_value, ratio, goal, met."""

import json
import math
import statistics


def show(name, value, unit, *, peer=None, peer_value=None, goal=None, lower_is_better=True):
    """Prints a figure. `goal` is held against the ratio where there is a peer and `goal` is a ("ratio", bound), else
    against the value; rates want to be at or above it, times and sizes at or below."""
    ratio = value / peer_value if peer_value else None
    met = None
    if goal is not None:
        kind, bound = goal
        measured = ratio if kind == "ratio" else value
        met = measured <= bound if lower_is_better else measured >= bound
    print(json.dumps({
        "name": name if peer is None else f"{name} beside {peer}", "value": rounded(value), "unit": unit, "peer": peer,
        "peer_value": rounded(peer_value), "ratio": rounded(ratio),
        "goal": None if goal is None else words(goal, lower_is_better), "met": met,
    }), flush=True)


def words(goal, lower_is_better):
    kind, bound = goal
    return f"{kind} {'<=' if lower_is_better else '>='} {bound}"


def rounded(value):
    """Four significant digits: more than these measurements can tell apart."""
    if value is None or value == 0:
        return value
    return round(value, max(0, 3 - math.floor(math.log10(abs(value)))))


def median(values):
    return statistics.median(values)
