"""Tables from samples: medians, ranges, ratios, and whether they are what is required."""

import statistics

from targets import required

HEAD = ("scenario", "metric", "ours", "baseline", "ratio", "required", "")


def table(samples, ours, baseline):
    """Rows of one line a metric, the header first, and the number of targets that were missed."""
    rows, short = [HEAD], 0
    for scenario, by_peer in samples.items():
        for metric in metrics(by_peer):
            mine, theirs = values(by_peer, ours, metric), values(by_peer, baseline, metric)
            row = [scenario, metric, spread(mine), spread(theirs), "", "", ""]
            target = required(scenario, metric)
            if mine:
                base = statistics.median(theirs) if theirs else None
                row[4] = f"{statistics.median(mine) / base:.2f}" if base else ""
                if target:
                    verdict = target.verdict(statistics.median(mine), base)
                    row[5] = verdict.required
                    row[6] = "ok" if verdict.ok else "short" if base or verdict.ratio else "no baseline"
                    short += not verdict.ok
            rows.append(tuple(row))
        rows += [
            (scenario, "failed", peer, sample["failed"], "", "", "")
            for peer, taken in by_peer.items()
            for sample in taken
            if "failed" in sample
        ]
    return rows, short


def render(rows):
    """The rows as a markdown table, with columns lined up for a terminal."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
    lines = [
        "| " + " | ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)) + " |" for row in rows
    ]
    lines.insert(1, "|" + "|".join("-" * (w + 2) for w in widths) + "|")
    return "\n".join(lines)


def metrics(by_peer):
    """Names of all that was measured, in the order of the samples; of losses only those that happened."""
    every = [
        (name, value) for taken in by_peer.values() for sample in taken for name, value in sample.items()
    ]
    lost = any(value for name, value in every if name == "lost")
    hidden = {"failed", "steal_pct"} | (set() if lost else {"lost"})
    return [name for name in dict.fromkeys(name for name, _ in every) if name not in hidden]


def values(by_peer, peer, metric):
    return [sample[metric] for sample in by_peer.get(peer, []) if metric in sample]


def spread(numbers):
    if not numbers:
        return "–"
    text = human(statistics.median(numbers))
    if len(numbers) > 1 and min(numbers) != max(numbers):
        text += f" ({human(min(numbers))}..{human(max(numbers))})"
    return text


def human(number):
    """Short, with a unit."""
    for limit, divisor, unit in ((1e6, 1e6, "M"), (1e4, 1e3, "k"), (1e3, 1, "")):
        if abs(number) >= limit:
            return f"{number / divisor:.{0 if divisor == 1 else 2 if abs(number) < 10 * limit else 1}f}{unit}"
    return f"{number:.3g}"
