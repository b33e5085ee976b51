"""Comparisons made from numbers."""

from dataclasses import replace

from ctpet.evaluate.compare import METRICS, Entry, compared


def entry(title, mae, *, seen=(), without=None, coverage=0.9):
    """A report whose cases are c0, c1, …, each of its own patient, with every metric of METRICS.

    ``without`` takes a metric of a kind from some cases, by their numbers. All of them but
    coverage have the value of the MAE.
    """
    fixed = {"coverage": coverage}
    model = {"name": title, "version": "1.0.0", "digest_sha256": "ab" * 32}
    cases = {
        f"c{n}": {
            "patient": f"p{n}",
            "in_training": None if seen is None else n in seen,
            "baselines": {"nothing": {"body": {"mae": 1.5 + 0.01 * n}}},
            "regions": [
                {
                    "kind": kind,
                    "name": region,
                    "values": {metric: fixed.get(metric, value)},
                }
                for kind, region, metric in METRICS
                if n not in (without or {}).get((kind, metric), ())
            ],
        }
        for n, value in enumerate(mae)
    }
    merged = {name: {**case, "regions": _merged(case["regions"])} for name, case in cases.items()}
    return Entry(title, model if seen is not None else None, merged)


def _merged(regions):
    found = {}
    for one in regions:
        found.setdefault((one["kind"], one["name"]), {}).update(one["values"])
    return [{"kind": k, "name": n, "values": values} for (k, n), values in found.items()]


def made_comparison(maes, *, seen=None, without=None, margin=None, coverage=0.9):
    """Models A, B, … with these MAEs; the last saw the cases ``seen``, of the first it is unknown.

    The last lacks what ``without`` says, and covers what ``coverage`` says.
    """
    entries = []
    for number, mae in enumerate(maes):
        last = number == len(maes) - 1
        told = None if number == 0 else seen if last and seen is not None else ()
        own = {"without": without, "coverage": coverage} if last else {}
        entries.append(entry(f"Model {chr(65 + number)}", mae, seen=told, **own))
    return replace(
        compared(entries, margin),
        counts={word: tuple(range(len(entries))) for word in (
            "fabricated", "omitted", "predicted", "measured")},
    )  # fmt: skip
