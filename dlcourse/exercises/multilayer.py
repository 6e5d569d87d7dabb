"""Exercises of notebook 05: counting weights, Dense rebuilt, a network that predicts.

The numbers come from the formula (in + 1) · out per dense layer; the layer and the
network that students hand in are run on data they have not seen. Read ``check.py`` for
the frame.
"""

from typing import Any

import numpy as np

from .. import backend
from ..datasets import pass_the_class
from ..layers import Layer
from ..models import Sequential
from .check import as_numbers, check, expect, expect_close, expect_shape


@check("Parameters of 2-128-1")
def parameters_of_2_128_1(answer: Any) -> str:
    """The number of weights and biases of two inputs, 128 hidden units, one output."""
    expect_close(
        answer,
        513,
        "Per layer: inputs times units, and one bias for each unit.",
        wrong={
            384: "that is the hidden layer alone; the output has weights too.",
            256: "these are the weights into the hidden layer only.",
            385: "that is 384 + 1: the output has 128 weights besides its bias.",
            512: "you forgot the bias of the output.",
            129: "that is the output alone; the hidden layer has weights too.",
            131: "that counts the units; count the arrows between them, and biases.",
            130: "that counts the units; count the arrows between them, and biases.",
            257: "that would be 2-64-1: half the hidden units.",
        },
    )
    return "(2 + 1)·128 + (128 + 1)·1 = 384 + 129."


@check("The slide's 452")
def parameters_of_2_64_1(answer: Any) -> str:
    """The number of weights and biases of two inputs, 64 hidden units, one output."""
    expect_close(
        answer,
        257,
        "Per layer: inputs times units, and one bias for each unit.",
        wrong={
            452: "that is what the slide says. Count yourself!",
            192: "that is the hidden layer alone; the output has weights too.",
            256: "you forgot the bias of the output.",
            193: "that is 192 + 1: the output has 64 weights besides its bias.",
            128: "these are the weights into the hidden layer only.",
            513: "that would be 2-128-1: twice the hidden units.",
        },
    )
    return "(2 + 1)·64 + (64 + 1)·1 = 257. 452 would need four outputs."


@check("Your Dense")
def dense(layer_class: Any) -> str:
    """A class of layers: ``MyDense(units, activation)`` with build, call, its shape."""
    expect(
        isinstance(layer_class, type) and issubclass(layer_class, Layer),
        "hand in the class itself, made with `class MyDense(dl.layers.Layer)`.",
    )
    rng = backend.rng()
    x = rng.normal(size=(3, 5)).astype(np.float32)
    layer = layer_class(4)
    y = layer(x)
    expect_shape(y, (3, 4), "5 inputs, 4 units and a batch of 3 give (3, 4).")
    w, b = _kernel_and_bias(layer, inputs=5, units=4)
    layer.set_weights([rng.normal(size=weight.shape) for weight in layer.weights])
    expect_close(
        layer(x),
        x @ w.numpy() + b.numpy(),
        "y = x·w + b, without an activation if none is asked for.",
        name="MyDense(4) on a batch of 3",
        rtol=1e-4,
        atol=1e-5,
    )
    loss = (layer(x) ** 2).sum()
    loss.backward()
    expect(
        w.grad is not None and b.grad is not None,
        "no gradient arrives at the weights: compute with Tensors to the end.",
    )
    bent = layer_class(4, "relu")
    bent(x)
    bent.set_weights([rng.normal(size=weight.shape) for weight in bent.weights])
    w, b = _kernel_and_bias(bent, inputs=5, units=4)
    expect_close(
        bent(x),
        np.maximum(x @ w.numpy() + b.numpy(), 0),
        "Is the activation applied, and to the whole sum, bias included?",
        name='MyDense(4, "relu")',
        rtol=1e-4,
        atol=1e-5,
    )
    shape = layer.compute_output_shape((None, 5))
    expect(
        shape == (None, 4),
        f"compute_output_shape((None, 5)) of 4 units says {shape}, not (None, 4).",
    )
    model = Sequential([layer_class(3, "relu"), layer_class(1)])
    model(x[:, :2])
    expect_close(model.count_params(), 13, name="parameters of a 2-3-1 of yours")
    return "shapes, values, gradients, and 13 parameters in 2-3-1: it could be ours."


def _kernel_and_bias(layer: Layer, inputs: int, units: int) -> tuple[Any, Any]:
    """The two weights of a layer, found by their shapes; or say what is wrong."""
    weights = layer.weights
    expect(
        weights,
        "the layer has no weights that training could find: make them in `build` "
        "with `self.add_weight(shape)`.",
    )
    shapes = [weight.shape for weight in weights]
    listed = " and ".join(map(str, shapes))
    expect(
        (units, inputs) not in shapes,
        f"a weight has shape {(units, inputs)}; the course writes (in, out).",
    )
    expect(
        sorted(shapes) == sorted([(inputs, units), (units,)]),
        f"for {inputs} inputs and {units} units the weights have shapes {listed}; "
        f"expected are {(inputs, units)} for w and {(units,)} for b.",
    )
    return tuple(sorted(weights, key=lambda weight: -weight.ndim))


@check("Will I pass this class?")
def will_i_pass(model: Any) -> str:
    """A trained model: (lectures, hours) in, the probability to pass out."""
    expect(
        hasattr(model, "predict"),
        f"hand in the trained model, not {type(model).__name__}.",
    )
    students = np.array([[4.0, 5.0], [1.0, 1.0]])
    found = as_numbers(model.predict(students, verbose=0))
    expect(
        found.shape == (2, 1),
        f"for two students your model says an array of shape {found.shape}; one "
        f"probability each is (2, 1): the last layer has one unit.",
    )
    expect(np.isfinite(found), "your model answers with NaN or infinity: it diverged.")
    x, labels = pass_the_class(1000, seed=1)
    said = as_numbers(model.predict(x, verbose=0))[:, 0]
    expect(
        (said >= 0) & (said <= 1),
        f"a probability lies between 0 and 1, but your model says up to "
        f"{said.max():.3g} and down to {said.min():.3g}. Which activation ends in "
        f"(0, 1)?",
    )
    diligent, lazy = found[:, 0]
    expect(
        diligent > 0.9,
        f"(4, 5) passes, but your model gives it {diligent:.2f}; above 0.90 is asked "
        f"for. Has it been trained, and long enough?",
    )
    expect(
        lazy < 0.1,
        f"(1, 1) fails, but your model gives it {lazy:.2f}. It is too kind to all.",
    )
    right = np.mean((said > 0.5) == labels)
    expect(
        right > 0.93,
        f"of 1,000 students of the year after, only {right:.0%} are told the truth; "
        f"more than 93 % is asked for.",
    )
    return "(4, 5) above 0.9, (1, 1) below 0.1, and the next year's class predicted."
