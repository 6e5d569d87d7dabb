"""The tables of ops and layers, each row on NumPy and on CuPy: the same numbers.

To 1e-5 in float32 and 1e-12 in float64, for values and gradients of both orders. Needs
nothing beyond Python, NumPy, CuPy and pytest: ``make gpu-test``.
"""

import numpy as np
import pytest

import dlcourse as dl
from tests.layers.cases import CASES as LAYERS
from tests.ops.cases import CASES as OPS

TOLERANCES = {"float32": 1e-5, "float64": 1e-12}
in_both_types = pytest.mark.parametrize("dtype", TOLERANCES)


def close(name, ours, expected, dtype):
    """Equal to the tolerance, relative to the largest of them."""
    ours, expected = dl.to_numpy(ours), dl.to_numpy(expected)
    assert ours.shape == expected.shape and ours.dtype == expected.dtype, name
    size = max(1.0, np.abs(expected).max(initial=0.0))
    tolerance = TOLERANCES[dtype] * size
    np.testing.assert_allclose(ours, expected, rtol=0, atol=tolerance, err_msg=name)


def on(backend, work):
    """What `work()` gives on this backend, as NumPy arrays by name."""
    with dl.use_backend(backend):
        assert dl.get_backend() == backend
        return {name: dl.to_numpy(value) for name, value in work().items()}


def compare(work, dtype):
    expected, found = on("numpy", work), on("cupy", work)
    assert set(found) == set(expected)
    for name in expected:
        close(name, found[name], expected[name], dtype)


def work_of_op(case, dtype):
    """The op's value, and its gradients by `backward` and by `grad` of both orders."""
    arrays = case.inputs(dtype)
    tensors = [dl.Tensor(x, requires_grad=bool(case.order)) for x in arrays]
    y = case.call(dl.ops, *tensors)
    result = {"y": y, "of arrays": case.call(dl.ops, *(t.data for t in tensors))}
    if case.order:
        g = np.cos(np.arange(y.size)).reshape(y.shape).astype(dtype)
        y.backward(g)
        first = dl.grad((y * g).sum(), tensors, create_graph=True)
        along = sum((d * d).sum() for d in first) + 0 * tensors[0].sum()
        second = dl.grad(along, tensors)
        for i, x in enumerate(tensors):
            result[f"backward {i}"] = x.grad
            result[f"first {i}"] = first[i]
            result[f"second {i}"] = second[i]
    return result


def work_of_layer(case, dtype):
    """What the layer makes in both modes, its weights and all slopes."""
    dl.manual_seed(1)  # weights and masks are drawn on the host: the same for both
    layer = case.make(dtype=dtype)
    x = dl.Tensor(case.x(dtype), requires_grad=True)
    result = {"calm": layer(x), "excited": layer(x, training=True)}
    result["calm"].sum().backward()
    for i, weight in enumerate(layer.trainable_weights):
        result[f"weight {i}"], result[f"slope {i}"] = weight, weight.grad
    return {**result, "slope": x.grad}


@pytest.mark.parametrize("case", OPS, ids=str)
@in_both_types
def test_ops(case, dtype):
    compare(lambda: work_of_op(case, dtype), dtype)


@pytest.mark.parametrize("case", LAYERS, ids=str)
@in_both_types
def test_layers(case, dtype):
    compare(lambda: work_of_layer(case, dtype), dtype)
