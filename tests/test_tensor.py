"""`Tensor`: what goes in, what comes out, operators, methods, indexing."""

import operator

import numpy as np
import pytest

import dlcourse as dl
from dlcourse import ops
from dlcourse.errors import ConfigError, ShapeError

F32, F64 = np.dtype("float32"), np.dtype("float64")

# what Tensor() is given, and the type it then has
DTYPES = {
    "number": (2.0, F32),
    "whole number": (2, F32),
    "truth": (True, F32),
    "list": ([1.0, 2.0], F32),
    "nested list": ([[1, 2], [3, 4]], F32),
    "tuple": ((1.0, 2.0), F32),
    "empty list": ([], F32),
    "float32 array": (np.ones(2, "float32"), F32),
    "float64 array": (np.ones(2), F64),
    "float16 array": (np.ones(2, "float16"), F32),
    "int array": (np.ones(2, int), F32),
    "bool array": (np.ones(2, bool), F32),
    "Tensor": (dl.Tensor(np.ones(2)), F64),
    "list of arrays": ([np.ones(2, "float32")] * 2, F32),
}


@pytest.mark.parametrize("data, dtype", DTYPES.values(), ids=DTYPES)
def test_what_type_it_becomes(data, dtype):
    x = dl.Tensor(data)
    assert x.dtype == dtype
    expected = data.data if isinstance(data, dl.Tensor) else data
    np.testing.assert_array_equal(x.numpy(), np.asarray(expected, dtype))
    for wish in ("float32", "float64", np.float64):
        assert dl.Tensor(data, dtype=wish).dtype == np.dtype(wish)


WRONG = {
    "text": "abc",
    "None": None,
    "ragged": [[1.0], [1.0, 2.0]],
    "complex": np.array([1j]),
    "objects": np.array([None]),
    "strings": np.array(["a"]),
    "dict": {"a": 1},
}


@pytest.mark.parametrize("data", WRONG.values(), ids=WRONG)
def test_what_is_no_array_of_numbers(data):
    with pytest.raises(ConfigError):
        dl.Tensor(data)


def test_whole_numbers_have_no_gradient():
    assert dl.Tensor([1, 2], dtype="int64").dtype == "int64"
    with pytest.raises(ConfigError, match="int64"):
        dl.Tensor([1, 2], dtype="int64", requires_grad=True)


def test_it_says_what_it_is():
    x = dl.Tensor([[1.0, 2.0, 3.0]], requires_grad=True)
    assert (x.shape, x.ndim, x.size, len(x)) == ((1, 3), 2, 3, 1)
    assert x.requires_grad and x.grad is None
    assert isinstance(x.data, np.ndarray) and isinstance(x.numpy(), np.ndarray)
    assert repr(x) == "Tensor([[1., 2., 3.]], requires_grad=True)"
    assert repr(dl.Tensor(np.array(0.5))) == "Tensor(0.5, dtype=float64)"


def test_single_values():
    x = dl.Tensor([[2.5]])
    assert x.item() == float(x) == 2.5 and int(x) == 2 and bool(x)
    assert isinstance(x.item(), float)
    assert f"{x:.3f}" == "2.500" and f"{x}" == str(x)
    for use in (dl.Tensor.item, float, int, bool):
        with pytest.raises(ShapeError, match=r"\(2,\)"):
            use(dl.Tensor([1.0, 2.0]))
    with pytest.raises(TypeError):
        len(dl.Tensor(1.0))


def test_detach_shares_values_and_no_graph():
    x = dl.Tensor([1.0], requires_grad=True)
    y = (x * 2).detach()
    assert not y.requires_grad
    np.testing.assert_array_equal(y.data, [2.0])


def test_numpy_reads_it():
    x = dl.Tensor([1.0, 4.0])
    assert np.asarray(x).dtype == F32
    assert np.asarray(x, dtype="float64").dtype == F64
    np.testing.assert_array_equal(np.asarray(x), [1, 4])
    assert np.shares_memory(np.asarray(x), x.data)
    assert not np.shares_memory(np.array(x), x.data)


# ------------------------------------------------------------------------- operators

A = np.array([[1.5, -2.0], [0.5, 3.0]], "float32")
B = np.array([[2.0, 4.0], [-1.0, 0.5]], "float32")
BINARY = {
    name: getattr(operator, name)
    for name in "add sub mul truediv matmul lt le gt ge eq ne".split()
}


@pytest.mark.parametrize("name", BINARY)
@pytest.mark.parametrize("kind", ["Tensor", "array", "number", "NumPy scalar"])
def test_operators_from_both_sides(name, kind):
    f = BINARY[name]
    other = {
        "Tensor": dl.Tensor(B),
        "array": B,
        "number": 2.0,
        "NumPy scalar": np.float64(2.0),
    }[kind]
    if name == "matmul" and np.ndim(dl.to_numpy(other)) == 0:
        return
    plain = dl.to_numpy(other) if kind == "Tensor" else np.asarray(other, "float32")
    for found, expected in (
        (f(dl.Tensor(A), other), f(A, plain)),
        (f(other, dl.Tensor(A)), f(plain, A)),
    ):
        assert isinstance(found, dl.Tensor) or expected.dtype == bool
        found = dl.to_numpy(found)
        assert found.dtype == expected.dtype
        np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_the_other_operators():
    x = dl.Tensor(A)
    np.testing.assert_array_equal((-x).data, -A)
    np.testing.assert_array_equal(abs(x).data, np.abs(A))
    np.testing.assert_allclose((x**2).data, A**2)
    np.testing.assert_allclose((2**x).data, 2**A, rtol=1e-6)
    np.testing.assert_allclose((abs(x) ** dl.Tensor(B)).data, np.abs(A) ** B, rtol=1e-6)
    x += 1  # makes a new Tensor; the array behind the old one stays
    np.testing.assert_array_equal(x.data, A + 1)


METHODS = {
    "sum": lambda x: x.sum(),
    "sum of rows": lambda x: x.sum(axis=1),
    "sum, kept": lambda x: x.sum(axis=0, keepdims=True),
    "mean": lambda x: x.mean(axis=-1),
    "var": lambda x: x.var(axis=0),
    "std": lambda x: x.std(),
    "max": lambda x: x.max(axis=1),
    "min": lambda x: x.min(),
    "reshape": lambda x: x.reshape(4, 1),
    "reshape, tuple": lambda x: x.reshape((1, -1)),
    "transpose": lambda x: x.transpose(),
    "transpose, axes": lambda x: x.transpose(1, 0),
    "transpose, tuple": lambda x: x.transpose((1, 0)),
    "T": lambda x: x.T,
    "index": lambda x: x[1],
    "slice": lambda x: x[:, ::-1],
    "array index": lambda x: x[np.array([1, 1, 0])],
    "mask": lambda x: x[A > 0],
    "new axis": lambda x: x[:, None],
}


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
def test_methods_are_numpys_and_differentiable(method):
    x = dl.Tensor(A, requires_grad=True)
    y = method(x)
    np.testing.assert_allclose(y.data, method(A), rtol=1e-6)
    assert y.shape == method(A).shape and y.dtype == F32
    assert dl.testing.gradcheck(method, A)


def test_indices_may_be_tensors_and_lists():
    x = dl.Tensor(A)
    np.testing.assert_array_equal(x[[1, 0]].data, A[[1, 0]])
    np.testing.assert_array_equal(x[dl.Tensor([1], dtype="int64")].data, A[[1]])
    np.testing.assert_array_equal(x[x > 0].data, A[A > 0])


def test_a_tensor_iterates_over_its_rows():
    rows = list(dl.Tensor(A))
    assert len(rows) == 2
    np.testing.assert_array_equal(rows[1].data, A[1])


def test_tensors_are_keys():
    x, y = dl.Tensor(A), dl.Tensor(A)
    assert {x: 1, y: 2}[x] == 1


# ------------------------------------------------------------------------ mixed types


def test_float64_is_kept_to_the_last_digit():
    x = dl.Tensor(np.array([0.1]), requires_grad=True)
    third = 1 / 3
    y = (x * third + third) / 7.0 - third
    assert y.dtype == F64
    assert y.item() == (0.1 * third + third) / 7.0 - third
    y.backward()
    assert x.grad.item() == pytest.approx(third / 7, rel=1e-15)


@pytest.mark.parametrize("shape", [(), (1,), (1, 1)])
def test_single_numbers_keep_float64_in_any_shape(shape):
    """An array of no axes is easily taken for a number; its digits must not go."""
    values = np.full(shape, 0.3)
    x = dl.Tensor(values, requires_grad=True)
    y = ops.exp(ops.sin(x) * x).mean()
    assert y.dtype == F64
    assert y.item() == pytest.approx(np.exp(np.sin(0.3) * 0.3), rel=1e-15)
    [g] = dl.grad(y, x)
    exact = np.exp(np.sin(0.3) * 0.3) * (np.cos(0.3) * 0.3 + np.sin(0.3))
    np.testing.assert_allclose(g.data, np.full(shape, exact), rtol=1e-14)


def test_float32_meets_float64():
    """A float64 *array* widens, as in NumPy; each gradient has its Tensor's type."""
    x = dl.Tensor(np.ones(2, "float32"), requires_grad=True)
    y = dl.Tensor(np.ones(2), requires_grad=True)
    z = x * y
    assert z.dtype == F64
    z.sum().backward()
    assert x.grad.dtype == F32 and y.grad.dtype == F64
    tripled = [g.dtype for g in dl.grad((x * y * x).sum(), [x, y], create_graph=True)]
    assert tripled == [F32, F64]


def test_integers_meet_floats():
    x = dl.Tensor(A)
    assert (x * np.arange(2)).dtype == F32
    assert (x * np.array([True, False])).dtype == F32
    assert (dl.Tensor(A.astype("float64")) * np.arange(2)).dtype == F64
