"""What every op promises, asked of every row of the table in ``cases``.

Values are compared with NumPy. Gradients are compared three times: by `dl.testing`, by
a difference of NumPy's function (which knows nothing of ours), and the second order by
a difference of the first. A new op without a row fails `test_every_op_has_a_row`.
"""

import numpy as np
import pytest

import dlcourse as dl
from tests.ops.cases import CASES, ELSEWHERE, Case

every_case = pytest.mark.parametrize("case", CASES, ids=str)
SMOOTH = [case for case in CASES if case.order]
every_smooth_case = pytest.mark.parametrize("case", SMOOTH, ids=str)


@pytest.mark.parametrize("name", dl.ops.__all__)
def test_every_op_has_a_row(name):
    rows = [case for case in CASES if case.op == name]
    assert rows or name in ELSEWHERE, f"add rows for dl.ops.{name} to tests/ops/cases"


def test_every_row_is_of_an_op():
    assert {case.op for case in CASES} | set(ELSEWHERE) == set(dl.ops.__all__)
    assert len({str(case) for case in CASES}) == len(CASES)


def random_like(array, seed=1):
    """Numbers to weigh an array with: without signs or symmetry that could cancel."""
    return np.random.default_rng(seed).uniform(0.5, 1.5, np.shape(array))


def tensors_of(arrays):
    return [dl.Tensor(x, requires_grad=True) for x in arrays]


def gradients(case: Case, arrays, g=None):
    """By ``backward()``: the gradient of g·y for each input."""
    tensors = tensors_of(arrays)
    y = case.call(dl.ops, *tensors)
    y.backward(np.asarray(random_like(y.data), y.dtype) if g is None else g)
    return [x.grad for x in tensors]


def difference(f, arrays, directions, step=1e-3):
    """The slope of f along `directions`, from four points: no term below step⁴."""
    at = lambda t: f(*(x + t * d for x, d in zip(arrays, directions)))  # noqa: E731
    near, far = at(step) - at(-step), at(2 * step) - at(-2 * step)
    return (8 * near - far) / (12 * step)


def locked(arrays):
    """The same arrays; writing to them is an error."""
    for x in arrays:
        x.flags.writeable = False
    return arrays


def assert_close(found, expected, tolerance):
    np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance)


# --------------------------------------------------------------------------- values


@every_case
@pytest.mark.parametrize("dtype, tolerance", [("float64", 1e-12), ("float32", 2e-6)])
def test_values_are_numpys(case, dtype, tolerance):
    inputs = locked(case.inputs(dtype))
    expected = case.reference(*case.inputs(dtype))
    y = case.call(dl.ops, *inputs)
    assert type(y) is np.ndarray
    assert y.dtype == (dtype if case.order else expected.dtype)
    assert y.shape == np.shape(expected)
    assert_close(y, expected, tolerance)


@every_smooth_case
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_tensors_in_tensor_out(case, dtype):
    arrays = locked(case.inputs(dtype))
    expected = case.call(dl.ops, *arrays)
    y = case.call(dl.ops, *tensors_of(arrays))
    assert isinstance(y, dl.Tensor) and y.requires_grad and y.dtype == dtype
    np.testing.assert_array_equal(y.data, expected)
    with dl.no_grad():
        y = case.call(dl.ops, *tensors_of(arrays))
    assert isinstance(y, dl.Tensor) and not y.requires_grad
    y = case.call(dl.ops, *map(dl.Tensor, arrays))
    assert isinstance(y, dl.Tensor) and not y.requires_grad


@every_case
def test_lists_and_numbers_become_float32(case):
    inputs = case.inputs("float32")
    if not all(x.size for x in inputs):
        return  # an empty list does not know its other axes
    y = case.call(dl.ops, *(x.tolist() for x in inputs))
    expected = case.call(dl.ops, *inputs)
    assert type(y) is np.ndarray and y.dtype == expected.dtype
    assert_close(y, expected, 1e-6)


@every_case
def test_any_strides(case):
    def strided(x):
        """The same values, backwards in memory and with gaps."""
        if x.ndim == 0:
            return x
        room = np.full(tuple(2 * n + 1 for n in x.shape), np.nan, x.dtype)
        view = room[(slice(None, 0, -2),) * x.ndim]
        view[...] = x
        return view

    arrays = case.inputs()
    for twins in ([strided(x) for x in arrays], [np.asfortranarray(x) for x in arrays]):
        assert_close(
            case.call(dl.ops, *twins), case.call(dl.ops, *arrays), tolerance=1e-14
        )
        if case.order:
            for found, expected in zip(gradients(case, twins), gradients(case, arrays)):
                assert_close(found, expected, tolerance=1e-14)


# ------------------------------------------------------------------------ gradients


@every_smooth_case
def test_gradcheck_to_second_order(case):
    assert dl.testing.gradcheck(
        lambda *xs: case.call(dl.ops, *xs), case.inputs(), order=case.order
    )


@every_smooth_case
def test_gradient_is_the_slope_of_numpys_function(case):
    arrays = locked(case.inputs())
    directions = [random_like(x, i) for i, x in enumerate(arrays)]
    found = gradients(case, arrays)
    slope = np.sum([np.sum(g * d) for g, d in zip(found, directions)])
    g = random_like(case.reference(*arrays))
    expected = np.sum(g * difference(case.reference, arrays, directions))
    assert_close(slope, expected, 1e-9)
    for x, gradient in zip(arrays, found):
        assert type(gradient) is np.ndarray
        assert gradient.shape == x.shape and gradient.dtype == x.dtype


@every_smooth_case
def test_second_gradient_is_the_slope_of_the_first(case):
    arrays = case.inputs()
    directions = [random_like(x, i) for i, x in enumerate(arrays)]
    tensors = tensors_of(arrays)
    y = case.call(dl.ops, *tensors)
    first = dl.grad((y * random_like(y.data)).sum(), tensors, create_graph=True)
    for gradient, expected in zip(first, gradients(case, arrays)):
        assert_close(gradient.data, expected, 1e-12)  # both ways to the first order
    along = dl.Tensor(0.0, dtype="float64")
    for gradient, direction in zip(first, directions):
        along = along + (gradient * direction).sum()
    if not along.requires_grad:  # linear: flat from here on
        along = along + 0 * tensors[0].sum()
    second = dl.grad(along, tensors)
    for i, found in enumerate(second):
        ith = lambda *xs, i=i: gradients(case, xs)[i]  # noqa: E731
        # the Hessian is symmetric, so its rows are differences of the gradient
        assert_close(found.data, difference(ith, arrays, directions), 1e-7)


@every_smooth_case
def test_float32_stays_float32(case):
    arrays = case.inputs("float32")
    g = np.asarray(random_like(case.reference(*arrays)), "float32")
    found = gradients(case, arrays, locked([g])[0])
    for gradient, expected in zip(found, gradients(case, case.inputs())):
        assert gradient.dtype == "float32"
        assert_close(gradient, expected, 2e-5)
    tensors = tensors_of(arrays)
    y = case.call(dl.ops, *tensors).sum() * np.float64(2.0)
    first = dl.grad(y, tensors, create_graph=True)
    assert {x.dtype for x in (y, *first)} == {np.dtype("float32")}
    if any(x.requires_grad for x in first):
        along = sum((x.sum() for x in first), start=dl.Tensor(0.0))
        assert {x.dtype for x in dl.grad(along, tensors)} == {np.dtype("float32")}


@every_smooth_case
def test_only_what_is_needed(case):
    arrays = case.inputs()
    every = gradients(case, arrays)
    for i, expected in enumerate(every):
        tensors = [dl.Tensor(x, requires_grad=i == j) for j, x in enumerate(arrays)]
        y = case.call(dl.ops, *tensors)
        y.backward(random_like(y.data))
        assert [x.grad is None for x in tensors] == [j != i for j in range(len(arrays))]
        assert_close(tensors[i].grad, expected, 1e-14)


@every_smooth_case
def test_no_false_alarm(case):
    with dl.detect_anomaly():
        gradients(case, case.inputs())


# ------------------------------------------------------ NumPy's scalars never widen

SCALAR = np.float64(0.75)
WITH_SCALARS = {
    **{
        f"{name} {side}": (
            (lambda x, f=name: getattr(dl.ops, f)(x, SCALAR))
            if side == "right"
            else (lambda x, f=name: getattr(dl.ops, f)(SCALAR, x))
        )
        for name in "add subtract multiply divide power maximum minimum".split()
        for side in ("left", "right")
    },
    "where": lambda x: dl.ops.where(np.array([True, False]), x, SCALAR),
    "clip": lambda x: dl.ops.clip(x, -SCALAR, SCALAR),
    "leaky_relu": lambda x: dl.ops.leaky_relu(x, negative_slope=SCALAR),
    "elu": lambda x: dl.ops.elu(x, alpha=SCALAR),
    "pad": lambda x: dl.ops.pad(x, 1, constant_values=SCALAR),
    "dropout": lambda x: dl.ops.dropout(x, SCALAR),
    "operators": lambda x: SCALAR * (SCALAR + x) / SCALAR - SCALAR**x + x**SCALAR,
}


@pytest.mark.parametrize("call", WITH_SCALARS.values(), ids=WITH_SCALARS)
def test_a_float64_scalar_never_widens(call):
    x = dl.Tensor([0.5, 1.5], requires_grad=True)
    y = call(x)
    assert y.dtype == "float32"
    [slope] = dl.grad(y.sum(), x, create_graph=True)
    assert slope.dtype == "float32"
    y.sum().backward()
    assert x.grad.dtype == "float32"
