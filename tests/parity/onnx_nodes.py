#!/usr/bin/env python3
"""ONNX's node tests (package onnx) whose operators Plastic has, through plastic_parity.

usage: onnx_nodes.py PROGRAM [--verbose] [TEST...]

PROGRAM is plastic_parity; TEST is the name of a test, such as test_conv_with_strides_padding. Prints a
table of the tests of each operator, and a line for each that does not pass. Ends with 1 where one
fails, or is refused, that LISTED does not have, and where one of LISTED passes."""
import argparse
import sys
import warnings
from collections import Counter, defaultdict

import numpy as np
from onnx import TensorProto, helper
from onnx.backend.test.loader import load_model_tests
from onnx.numpy_helper import to_array

from onnx_operators import OPERATORS, Unmapped, mapped
from wire import Crash, Input, Plastic, PlasticError

# Tests that do not pass, with the reason.
_PADDING = "padding of more than half the kernel is refused, as by PyTorch"
_BESSEL = "running variances take Bessel's correction, as PyTorch's; ONNX's do not (batch_norm.h)"
_NOTHING = "the extreme of nothing is an error, as PyTorch's; ONNX gives an infinity (reduce.h)"
LISTED = {
    "test_averagepool_2d_pads": _PADDING,
    "test_averagepool_2d_pads_count_include_pad": _PADDING,
    "test_maxpool_2d_pads": _PADDING,
    "test_maxpool_2d_uint8": "images are f32 or f64 (pool.h)",
    "test_batchnorm_epsilon_training_mode": _BESSEL,
    "test_batchnorm_example_training_mode": _BESSEL,
    "test_clip_min_greater_than_max": "low > high is refused (elementwise.h)",
    "test_reduce_max_empty_set": _NOTHING,
    "test_reduce_max_empty_set_bool": _NOTHING,
    "test_reduce_min_empty_set": _NOTHING,
    "test_slice_neg_steps": "steps are at least 1, as PyTorch's (tensor.h)",
}

PASSED, FAILED, REFUSED, UNMAPPED = "passed", "failed", "refused", "not mapped"


class Engine:
    """Calls operations of Plastic; tells that at least one was."""

    def __init__(self, plastic):
        self.plastic, self.calls = plastic, 0

    def all(self, operation, *tensors, **attributes):
        self.calls += 1
        inputs = [None if t is None else Input(np.asarray(t)) for t in tensors]
        answer = self.plastic.call(operation, inputs, attributes)
        return [result and result[0] for result in answer.results]

    def __call__(self, operation, *tensors, **attributes):
        return self.all(operation, *tensors, **attributes)[0]


def attributes_of(node, types):
    attributes = {a.name: helper.get_attribute_value(a) for a in node.attribute}
    for name, value in attributes.items():
        if hasattr(value, "dims"):
            attributes[name] = to_array(value)
        elif hasattr(value, "node"):
            raise Unmapped("a graph within")
    like = types.get(node.input[1]) if node.op_type == "CastLike" else None
    return attributes | {"op": node.op_type, "outputs": len(node.output), "like": like}


def run_graph(engine, graph, inputs):
    if any(value.type.HasField("sequence_type") or value.type.HasField("optional_type")
           for value in [*graph.input, *graph.output]):
        raise Unmapped("sequences")
    types = {i.name: i.type.tensor_type.elem_type for i in graph.input}
    is_conversion = [node.op_type for node in graph.node] in (["Cast"], ["CastLike"])
    if TensorProto.BFLOAT16 in types.values() and not is_conversion:
        raise Unmapped("bf16 on the CPU, which only converts it")
    values = {i.name: mapped(value) for i, value in zip(graph.input, inputs)}
    values |= {i.name: mapped(to_array(i)) for i in graph.initializer}
    for node in graph.node:
        if node.op_type not in OPERATORS or node.domain not in ("", "ai.onnx"):
            raise Unmapped(f"no {node.op_type}")
        given = [values[name] if name else None for name in node.input]
        results = OPERATORS[node.op_type](engine, given, attributes_of(node, types))
        results = results if isinstance(results, list) else [results]
        if len(results) < len([name for name in node.output if name]):
            raise Unmapped(f"outputs of {node.op_type}")
        values |= {name: value for name, value in zip(node.output, results) if name}
    return [values[o.name] for o in graph.output]


def wrong(ours, theirs, test):
    theirs = mapped(theirs)
    if ours.dtype != theirs.dtype or ours.shape != theirs.shape:
        return f"{ours.dtype}{list(ours.shape)} for {theirs.dtype}{list(theirs.shape)}"
    if np.allclose(ours, theirs, test.rtol, test.atol, equal_nan=True):
        return None
    at = np.argwhere(~np.isclose(ours, theirs, test.rtol, test.atol, equal_nan=True))[0]
    return f"{ours[tuple(at)]!r} for {theirs[tuple(at)]!r} at {at.tolist()}"


def outcome(plastic, test):
    """(what became of it, why)."""
    engine = Engine(plastic)
    try:
        for inputs, outputs in test.data_sets:
            for ours, theirs in zip(run_graph(engine, test.model.graph, inputs), outputs):
                reason = wrong(ours, theirs, test)
                if reason:
                    return FAILED, reason
    except Unmapped as reason:
        return UNMAPPED, str(reason)
    except PlasticError as reason:
        return REFUSED, str(reason)
    except Crash as reason:
        return FAILED, f"CRASH: {reason}"
    return (PASSED, "") if engine.calls else (UNMAPPED, "nothing is computed")


def operators(tests):
    """Test -> its operator. That of one whose operator was expanded into others is the one's that was
    not."""
    of = {t.name: t.model.graph.node[0].op_type for t in tests if len(t.model.graph.node) == 1}
    for test in tests:
        whole = test.name.split("_expanded")[0]
        of.setdefault(test.name, of.get(whole, "others"))
    return of


def load():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return sorted(load_model_tests(kind="node"), key=lambda test: test.name)


def print_table(of, found):
    table = defaultdict(Counter)
    for name, (kind, _) in found.items():
        table[of[name]][kind] += 1
    print("| operator | passed | failed | refused | not mapped |\n| --- | --- | --- | --- | --- |")
    kinds = (PASSED, FAILED, REFUSED, UNMAPPED)
    none = []
    for operator, counts in sorted(table.items()):
        if set(counts) == {UNMAPPED}:
            none.append(operator)
        else:
            print(f"| {operator} | {' | '.join(str(counts[kind]) for kind in kinds)} |")
    totals = Counter(kind for kind, _ in found.values())
    print(f"| all | {' | '.join(str(totals[kind]) for kind in kinds)} |\n")
    print(f"No test of these maps: {', '.join(none)}.\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("program")
    parser.add_argument("tests", nargs="*")
    parser.add_argument("--verbose", action="store_true", help="also why tests are not mapped")
    options = parser.parse_args()
    np.seterr(all="ignore")
    tests = load()
    of = operators(tests)
    plastic = Plastic(options.program)
    found = {t.name: outcome(plastic, t) for t in tests if not options.tests or t.name in options.tests}
    plastic.close()
    print_table(of, found)
    surprises = 0
    for name, (kind, reason) in found.items():
        if kind in (FAILED, REFUSED):
            surprises += name not in LISTED
            print(f"{kind}: {name}: {LISTED.get(name, 'NOT LISTED')}: {reason}")
        elif kind == PASSED and name in LISTED:
            surprises += 1
            print(f"passed, though listed: {name}")
        elif kind == UNMAPPED and options.verbose:
            print(f"not mapped: {name} ({of[name]}): {reason}")
    sys.exit(1 if surprises or not found else 0)


if __name__ == "__main__":
    main()
