"""Prints what was measured: tables of medians, ratios, bounds, and a summary in Markdown."""

import datetime
import statistics

from compare import setting, suites

REFERENCE_NS = 24.0  # a parameter, at best, of the paper's implementation on two Zen 4 cores
NEUROPLASTIC_BYTES = 64  # a parameter and step; docs/design.md


def row(series):
    per_parameter = ""
    if series.name.endswith(("/resnet18", "/mlp")):  # the optimizer alone
        per_parameter = f"{series.median / series.parameters * 1e9:8.2f}"
    return (f"{series.name:44} {series.median * 1e3:10.3f}  "
            f"[{min(series.seconds) * 1e3:.3f}-{max(series.seconds) * 1e3:.3f}]".ljust(82)
            + per_parameter)


def tables(results):
    for title, entries in (("Plastic", results.plastic), ("peers", results.peers)):
        print(f"\n{title:44} {'median ms':>10}  {'[smallest-largest]':24} ns a parameter")
        for series in entries.values():
            print(row(series))
    for entry, reason in results.skipped.items():
        print(f"skipped: {entry}: {reason}")
    faults = max(statistics.median(series.faults) for series in results.peers.values())
    print(f"\npage faults of a peer in a timed step, median of the worst entry: {faults:.1f}")


def ours_in_bf16(case, results):
    """Ours in bf16 where both sides were measured, or None."""
    return results.plastic.get(suites.in_bf16(case.ours)) if results.best(case.bf16) else None


def ratios(groups, results):
    print("\nratios: median of the fastest peer over median of Plastic, in the same precision; above 1, "
          "Plastic\nis faster")
    for group in groups:
        for case in group.cases:
            best = results.best(case.peers)
            print(f"ratio: {case.name} {best.median / results.plastic[case.ours].median:.2f} "
                  f"(against {best.name.split('/')[0]})")
            if ours_in_bf16(case, results):
                best = results.best(case.bf16)
                print(f"ratio: {case.name}-bf16 "
                      f"{best.median / ours_in_bf16(case, results).median:.2f} "
                      f"(against {best.name.split('/')[0]})")
    for group in groups:
        if group.memory:
            memory(group, results)


def memory(group, results):
    case, = group.cases
    ours = results.plastic[case.ours].peak_memory
    peaks = {entry: results.peers[entry].peak_memory for entry in case.peers
             if entry in results.peers}
    peaks |= {f"{entry}, glibc's own settings": results.memory[entry] for entry in case.peers
              if entry in results.memory}
    print(f"\nmost memory resident in a process, {case.what}, MB: Plastic {ours / 1e6:.0f}; PyTorch")
    for name, peak in peaks.items():
        print(f"  {name} {peak / 1e6:.0f}")
    print("  of which PyTorch itself, once imported: "
          f"{results.context['memory_of_library'] / 1e6:.0f}")
    print(f"ratio: {case.name}-memory {min(peaks.values()) / ours:.2f}")
    narrow = ours_in_bf16(case, results)
    if narrow:
        print(f"memory of Plastic in bf16 over f32: {narrow.peak_memory / ours:.2f}")


def bounds(results):
    ours = results.plastic["neuroplastic/resnet18"]
    stream = results.plastic["stream"]
    bandwidth = 8 * stream.parameters / stream.median
    bound = NEUROPLASTIC_BYTES * ours.parameters / bandwidth
    for model in ("resnet18", "mlp"):
        series = results.plastic[f"neuroplastic/{model}"]
        ratio = REFERENCE_NS * 1e-9 * series.parameters / series.median
        print(f"ratio: neuroplastic-{model}-vs-24ns {ratio:.2f}")
    print(f"ratio: neuroplastic-resnet18-vs-bound {bound / ours.median:.2f}")
    print("\n24ns: what the paper's reference was seen to take a parameter at best, on two Zen 4 "
          "cores.")
    print(f"bound: {NEUROPLASTIC_BYTES} bytes a parameter at the {bandwidth / 1e9:.1f} GB/s of an "
          f"update in place measured in this run: {bound * 1e3:.2f} ms.")


def duration(seconds):
    """Three digits, in the unit that suits."""
    for unit, scale in (("µs", 1e6), ("ms", 1e3)):
        if seconds * scale < 1000:
            return f"{seconds * scale:#.3g}".rstrip(".") + f" {unit}"
    return f"{seconds:#.3g} s"


def how(series):
    """The way in which a peer was fastest: the words of its entry."""
    words = series.name.split("/")[0].replace("-", ", ")
    for rule in ("sgd", "sgd_plain", "adam"):
        words = words.removeprefix(f"{rule}, ")
    return words.replace("neuroplastic", "transcription")


def timed(series):
    return f"{duration(series.median)} ({how(series)})" if series else "–"


def summary_rows(groups, results):
    for group in groups:
        for case in group.cases:
            ours, best = results.plastic[case.ours], results.best(case.peers)
            in_bf16 = ["–"] * 3
            if ours_in_bf16(case, results):
                narrow, peer = ours_in_bf16(case, results), results.best(case.bf16)
                in_bf16 = [duration(narrow.median), timed(peer),
                           f"**{peer.median / narrow.median:.2f}**"]
            yield (case.what, duration(ours.median), timed(best),
                   f"**{best.median / ours.median:.2f}**", *in_bf16)


def summary(rows, options, context, other_work):
    """Markdown; for the README."""
    print("\n| work | Plastic | fastest peer in f32 (how) | ratio | Plastic in bf16 | PyTorch in bf16 | "
          "ratio |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for cells in rows:
        print(f"| {' | '.join(cells)} |")
    print(f"\n{setting.processor()} ({' '.join(setting.vectors())}), {options.threads} threads, "
          f"{datetime.date.today()}, Plastic {setting.plastic_version()},\nPyTorch {context['torch']}; "
          f"medians of {options.rounds} alternating rounds; load average {setting.load()}; other work "
          f"took\n{other_work.share():.0%} of the processors.")
