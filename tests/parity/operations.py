#!/usr/bin/env python3
"""Random calls of every public operation, forward and backward, and every optimizer and schedule,
against PyTorch: shapes with 0 and 1, views, broadcasting, special values, f32, f64 and integers.

usage: operations.py PROGRAM [--cases N] [--seed S] [--only NUMBER] [--family NAME] [--verbose]

PROGRAM is plastic_parity. The same seed draws the same cases. Ends with 1 where a case differs,
with the line that repeats it; where an operation that the public headers declare is in no case; and
where one of the program's table is. compare.py says when a result is right, differences.py where
Plastic differs from PyTorch by choice."""
import argparse
import sys
import time
import warnings
from collections import Counter
from pathlib import Path

import numpy as np
import torch

import cases  # noqa: F401  (enters the families)
import headers
from case import FAMILIES, TORCH_ERRORS, Refused, expected
from compare import difference
from differences import DIFFERENCES
from draw import Draw
from wire import Crash, Plastic, PlasticError

ROOT = Path(__file__).resolve().parents[2]
# Families that hold several operations come up more often.
WEIGHTS = {"unary": 10, "binary": 6, "with_number": 5, "reduction": 8, "softmax": 4, "comparison": 6,
           "matmul": 2, "conv2d": 3, "classification_loss": 3, "elementwise_loss": 2, "optimizer": 4,
           "schedule": 4, "factory": 3, "activation_module": 3, "reading": 2, "layout": 2, "join": 2,
           "argument_of_extreme": 2, "winograd": 2, "pad": 4, "filling": 2, "item": 2, "pad_mode": 3,
           "comparison_with_number": 6, "arithmetic_in_place": 6, "pair": 6}


def family_of(number, seed, families=None):
    names = [name for name in families or FAMILIES for _ in range(WEIGHTS.get(name, 1))]
    # Each round has every family, in an order of its own.
    order = np.random.default_rng([seed, number // len(names), 77]).permutation(len(names))
    return names[order[number % len(names)]]


def draw_gradients(draw, results):
    """For each result that requires one, a gradient of its shape; often a view."""
    gradients = []
    for r in results:
        if not r.requires_grad:
            gradients.append(None)
            continue
        dtype = np.float32 if r.dtype == torch.float32 else np.float64
        gradients.append(draw.tensor(list(r.shape), dtype, "normal"))
    return gradients if any(g is not None for g in gradients) else []


class Outcome:
    def __init__(self, operation, wrong=None, differs="", refused=False):
        self.operation, self.wrong, self.differs, self.refused = operation, wrong, differs, refused


def run(plastic, number, seed, family):
    draw = Draw(seed, number)
    case = FAMILIES[family](draw)
    try:
        wanted, gradients = expected(case, lambda results: draw_gradients(draw, results))
    except Refused as choice:
        assert choice.difference in DIFFERENCES, choice.difference
        return Outcome(case.operation, refused_by(plastic, case, f"the choice '{choice.difference}'"),
                       choice.difference, True)
    except TORCH_ERRORS as error:
        text = (str(error).splitlines() or [type(error).__name__])[0]
        return Outcome(case.operation, refused_by(plastic, case, f"PyTorch ({text})"), "", True)
    try:
        answer = plastic.call(case.operation, case.tensors, case.attributes, gradients)
    except PlasticError as error:
        return Outcome(case.operation, f"refused by Plastic only: {error}", case.differs)
    except Crash as crash:
        return Outcome(case.operation, f"CRASH: {crash}", case.differs)
    return Outcome(case.operation, judged(case, answer, wanted, gradients), case.differs)


def refused_by(plastic, case, who):
    """None if Plastic refuses it too."""
    try:
        plastic.call(case.operation, case.tensors, case.attributes)
    except PlasticError:
        return None
    except Crash as crash:
        return f"CRASH: {crash}"
    return f"not refused by Plastic, but by {who}"


def shadows(case, gradients):
    """The same in f64, and of the sizes of all numbers: None where that cannot be."""
    if not any(t is not None and t.data.dtype.kind == "f" for t in case.tensors):
        return None, None
    found = []
    for how in ("f64", "magnitude"):
        try:
            found.append(expected(case, lambda _: gradients, how)[0])
        except (Refused, *TORCH_ERRORS):
            found.append(None)
    return found


def judged(case, answer, wanted, gradients):
    results = [r for r in answer.results if r is not None]
    if len(results) != len(wanted.results):
        return f"{len(results)} results, PyTorch has {len(wanted.results)}"
    truth, magnitude = shadows(case, gradients)
    finite = all(np.isfinite(t.data).all() for t in case.tensors if t is not None)
    for i, ((ours, requires_grad), theirs) in enumerate(zip(results, wanted.results)):
        wrong = difference(ours, theirs, truth and truth.results[i], magnitude and magnitude.results[i],
                           case.forward, finite=finite)
        if wrong:
            return f"result {i}: {wrong}"
        if requires_grad != wanted.requires_grad[i]:
            return f"result {i}: requires_grad is {requires_grad}"
    if answer.backward_error:
        return f"backward refused by Plastic only: {answer.backward_error}"
    largest = max([float(np.abs(g.data).max()) for g in gradients if g is not None and g.data.size],
                  default=0.0)
    for i, (ours, theirs) in enumerate(zip(answer.gradients, wanted.gradients)):
        if ours is None or theirs is None:
            if (ours is None) != (theirs is None):
                return f"gradient {i}: {'none' if ours is None else 'one'}, unlike PyTorch"
            continue
        repeats = any(name == "expand" for name, _ in case.tensors[i].views)
        wrong = difference(ours, theirs, truth and truth.gradients[i],
                           magnitude and magnitude.gradients[i],
                           case.backward.summed() if repeats else case.backward, largest, finite)
        if wrong:
            return f"gradient {i}: {wrong}"
    return None


def described(case):
    inputs = []
    for given in case.tensors:
        same = "" if given is None or given.same_as < 0 else f"#{given.same_as}="
        inputs.append("none" if given is None else f"{same}{given.data.dtype}{list(given.data.shape)}" + "".join(
            f".{name}{list(a)}" for name, a in given.views))
    return f"{case.operation}({', '.join(inputs)}) {case.attributes}"


def missing(plastic, seen):
    """Declarations that no operation calls, and operations that no case called."""
    table = plastic.operations()
    called = {d for declarations in table.values() for d in declarations}
    declared = headers.declared(ROOT)
    lines = [f"{header}: {declaration} is in no operation of tests/parity"
             for declaration, header in declared.items() if declaration not in called]
    lines += [f"tests/parity: no public header declares {d}" for d in sorted(called - declared.keys())]
    if seen is not None:
        lines += [f"tests/parity: no case calls {name}" for name in table if name not in seen]
    lines += [f"differences.py: no {header} for '{name}'" for name, (header, _) in DIFFERENCES.items()
              if not (ROOT / "include/plastic" / header).exists()]
    return lines


def report(outcomes, seconds):
    differs = Counter(o.differs for o in outcomes if o.differs and not o.wrong)
    for name, count in sorted(differs.items()):
        header, why = DIFFERENCES[name]
        print(f"  by choice, {count:4}: {name} ({header}): {why}")
    refused = sum(o.refused for o in outcomes)
    print(f"{len(outcomes)} cases of {len({o.operation for o in outcomes})} operations in "
          f"{seconds:.0f} s: {sum(bool(o.wrong) for o in outcomes)} wrong; {refused} refused by both or "
          f"by choice")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("program")
    parser.add_argument("--cases", type=int, default=3600)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", type=int, help="the number of one case")
    parser.add_argument("--family", help="draws cases of these families only: 'a' or 'a,b'")
    parser.add_argument("--verbose", action="store_true", help="a line for every case")
    options = parser.parse_args()
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    np.seterr(all="ignore")
    plastic = Plastic(options.program)
    numbers = range(options.cases) if options.only is None else [options.only]
    families = options.family.split(",") if options.family else None
    begin, outcomes = time.monotonic(), []
    for number in numbers:
        family = family_of(number, options.seed, families)
        outcome = run(plastic, number, options.seed, family)
        outcomes.append(outcome)
        if outcome.wrong or options.verbose:
            case = FAMILIES[family](Draw(options.seed, number))
            only = f" --family {family}" if options.family else ""
            print(f"{'WRONG' if outcome.wrong else 'right'} {described(case)}: {outcome.wrong or ''}\n"
                  f"      --only {number} --seed {options.seed}{only}", flush=True)
    whole = options.only is None and options.family is None
    lines = missing(plastic, {o.operation for o in outcomes}) if whole else []
    print(*lines, sep="\n", end="\n" if lines else "")
    report(outcomes, time.monotonic() - begin)
    ended_well = plastic.close()
    sys.exit(0 if not lines and not any(o.wrong for o in outcomes) and ended_well else 1)


if __name__ == "__main__":
    main()
