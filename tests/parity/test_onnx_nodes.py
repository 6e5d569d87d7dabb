"""The node cases of the ONNX backend test suite, computed by `dl.ops`.

The onnx package makes them in memory. Taken are those of a single node with plain
tensors of floats, whole numbers or truth values, without subgraphs. Each must pass
through the adapter (``onnx_adapter.py``) or stand in `MISSING` with its reason.
"""

import fnmatch
import warnings

import numpy as np
import onnx
import pytest
from onnx.backend.test.loader import load_model_tests

import dlcourse as dl
from tests.parity import (  # noqa: F401 (they fill the table of nodes)
    onnx_moving,
    onnx_norms,
    onnx_products,
    onnx_sequences,
    onnx_windows,
)
from tests.parity.onnx_adapter import NODES, ops, run

pytest_plugins = ["tests.parity.counts"]

# With onnx 1.23; another version has other cases.
COLLECTED, PASSED = 1026, 790  # at least

PLAIN = {np.dtype(t) for t in ("float32", "float64", "int32", "int64", "bool")}

# Names of cases or types of nodes, and why dl.ops does not compute them.
WHY = {
    "logic and bits of whole numbers, nothing to differentiate": (
        "And Or Xor Not BitShift BitCast BitwiseAnd BitwiseOr BitwiseXor BitwiseNot "
        "IsInf IsNaN Mod Ceil Floor Round test_div_int32_trunc"
    ),
    "shapes and constants: Python says them": (
        "Shape Size Constant ConstantOfShape EyeLike Range Identity"
    ),
    "sorting and searching": "TopK Unique NonZero NonMaxSuppression",
    "drawn at random, by another generator": "Bernoulli test_training_dropout*",
    "resampling between cells": "Resize GridSample AffineGrid RoiAlign DeformConv",
    "not among the elementary functions of a network": "Acos Asin Atan Det",
    "signals and texts": "STFT MelWeightMatrix TfIdfVectorizer",
    "trees": "TreeEnsemble",
    "optional values": "OptionalGetElement OptionalHasElement",
    "the case itself is off by 2e-7, more than it allows": "test_dft_inverse*",
    "steps of optimizers: test_keras_optimizers.py": "Adagrad Adam Momentum",
    "an extreme of nothing is an error here": (
        "test_reduce_max_empty_set* test_reduce_min_empty_set "
        "test_reduce_log_sum_exp_empty_set"
    ),
    "a label out of range is an error here": "test_onehot_out_of_range_indices",
    "who sees nothing gets zeros there, an average here": (
        "test_attention_*fullymasked* test_attention_causal_boolmask_nan_robustness "
        "test_attention_4d_causal_nonpad_negative_offset_structural_empty "
        "test_attention_local_window_gqa_rank4_mask"
    ),
}
MISSING = {
    pattern: why for why, patterns in WHY.items() for pattern in patterns.split()
}
# These pass all the same.
NOT_AT_RANDOM = "test_training_dropout_zero_ratio"


def is_plain(case):
    """One node, and nothing but arrays of plain numbers in and out."""
    graph = case.model.graph
    if len(graph.node) != 1 or case.name.endswith("_expanded"):
        return False
    kinds = (onnx.AttributeProto.GRAPH, onnx.AttributeProto.GRAPHS)
    if any(attribute.type in kinds for attribute in graph.node[0].attribute):
        return False
    if not all(v.type.HasField("tensor_type") for v in (*graph.input, *graph.output)):
        return False
    values = [v for pair in case.data_sets for side in pair for v in side]
    return all(getattr(v, "dtype", None) in PLAIN for v in values)


def collect():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its own divisions by zero
        cases = load_model_tests(kind="node")
    return {case.name: case for case in cases if is_plain(case)}


CASES = collect()


def pattern_of(case):
    """The entry of `MISSING` that a case falls under, or None."""
    for pattern in MISSING:
        if pattern == case.model.graph.node[0].op_type:
            return pattern
        if fnmatch.fnmatchcase(case.name, pattern):
            return None if case.name.startswith(NOT_AT_RANDOM) else pattern
    return None


LEFT_OUT = {name: pattern_of(case) for name, case in CASES.items() if pattern_of(case)}
COMPUTED = [name for name in CASES if name not in LEFT_OUT]


def plain(value):
    if isinstance(value, bytes):
        return value.decode()
    return [plain(v) for v in value] if isinstance(value, (list, tuple)) else value


def check(case):
    """Compute a case, and compare with what the case says, within its tolerances."""
    node = case.model.graph.node[0]
    attributes = {
        a.name: plain(onnx.helper.get_attribute_value(a)) for a in node.attribute
    }
    for given, expected in case.data_sets:
        arrays = iter([np.asarray(x) for x in given])
        inputs = [next(arrays) if x else None for x in node.input]
        copies = [x if x is None else x.copy() for x in inputs]
        floats = [x is not None and x.dtype.kind == "f" for x in inputs]
        tensors = [dl.Tensor(x) if f else x for x, f in zip(inputs, floats)]
        ops.calls = 0
        with np.errstate(all="ignore"):  # a case may well ask for log 0
            outputs = run(node.op_type, tensors, attributes, len(node.output))
        assert ops.calls, "this was not computed by dl.ops"
        wanted = [y for y, there in zip(outputs, node.output) if there]
        assert len(wanted) == len(expected)
        for y, z in zip(wanted, map(np.asarray, expected)):
            assert np.shape(y) == z.shape
            if z.dtype.kind == "f":
                assert isinstance(y, dl.Tensor) and y.dtype == z.dtype
                np.testing.assert_allclose(y.data, z, rtol=case.rtol, atol=case.atol)
            else:
                np.testing.assert_array_equal(np.asarray(y), z)
        for x, copy in zip(inputs, copies):
            assert x is None or np.array_equal(x, copy, equal_nan=x.dtype.kind == "f")


@pytest.mark.parametrize("name", COMPUTED)
def test_node(name, record_property):
    check(CASES[name])
    op_type = CASES[name].model.graph.node[0].op_type
    record_property("count", ("node cases of ONNX", op_type, 1))


def test_as_many_as_promised(record_property):
    assert len(CASES) >= COLLECTED
    assert len(COMPUTED) >= PASSED
    for pattern in LEFT_OUT.values():
        why = MISSING[pattern]
        record_property("count", ("node cases of ONNX left out", why, 1))


def test_the_list_is_true():
    """Nothing is listed in vain, and nothing that dl.ops could do after all."""
    assert set(LEFT_OUT.values()) == set(MISSING)
    for name in LEFT_OUT:
        if CASES[name].model.graph.node[0].op_type in NODES:
            with pytest.raises((AssertionError, ValueError)):
                check(CASES[name])
