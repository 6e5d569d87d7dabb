"""The checks of notebook 05: what they accept, and what they say to a wrong answer."""

import functools

import numpy as np

import dlcourse as dl
from dlcourse.exercises import multilayer
from dlcourse.layers import Dense, Input, Layer
from tests.exercises.answers import Answers, held_against


class Rebuilt(Layer):
    """What the notebook asks for; the wrong ones below differ in one method."""

    def __init__(self, units, activation=None):
        super().__init__()
        self.units = units
        self.activation = dl.layers.activations.get(activation)

    def build(self, input_shape):
        self.w = self.add_weight((input_shape[-1], self.units))
        self.b = self.add_weight((self.units,), "zeros")

    def call(self, x, training=False):
        return self.activation(dl.ops.matmul(x, self.w) + self.b)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.units)


class BiasFirst(Rebuilt):
    def build(self, input_shape):
        self.b = self.add_weight((self.units,))
        self.w = self.add_weight((input_shape[-1], self.units))

    def call(self, x, training=False):
        return self.activation(dl.ops.linear(x, self.w, self.b))


class Stub(Rebuilt):
    def build(self, input_shape):
        self.w = ...
        self.b = ...

    def call(self, x, training=False):
        return ...


class HalfStub(Stub):
    def build(self, input_shape):
        Rebuilt.build(self, input_shape)


class WithoutBias(Rebuilt):
    def call(self, x, training=False):
        return self.activation(dl.ops.matmul(x, self.w))


class Transposed(Rebuilt):
    def build(self, input_shape):
        self.w = self.add_weight((self.units, input_shape[-1]))
        self.b = self.add_weight((self.units,))

    def call(self, x, training=False):
        return self.activation(dl.ops.matmul(x, dl.ops.transpose(self.w)) + self.b)


class OneBias(Rebuilt):
    def build(self, input_shape):
        self.w = self.add_weight((input_shape[-1], self.units))
        self.b = self.add_weight((1,))


class NeverBent(Rebuilt):
    def call(self, x, training=False):
        return dl.ops.matmul(x, self.w) + self.b


class BentTooEarly(Rebuilt):
    def call(self, x, training=False):
        return self.activation(dl.ops.matmul(x, self.w)) + self.b


class Unregistered(Rebuilt):
    def build(self, input_shape):
        rng = np.random.default_rng(0)
        self.w = rng.normal(size=(input_shape[-1], self.units)).astype(np.float32)
        self.b = np.zeros(self.units, np.float32)


class OutOfTheGraph(Rebuilt):
    def call(self, x, training=False):
        y = x.numpy() @ self.w.numpy() + self.b.numpy()
        return self.activation(dl.Tensor(y, requires_grad=True))


class Forgetful(Rebuilt):
    def call(self, x, training=False):
        return self.activation(x @ self.weights_of_mine + self.b)


class WrongShape(Rebuilt):
    def compute_output_shape(self, input_shape):
        return input_shape


@functools.cache
def trained(units=16, activation="relu", output="sigmoid", epochs=60, flip=False):
    """A student's network for the class."""
    x, y = dl.datasets.pass_the_class(200, seed=0)
    y = (1 - y if flip else y)[:, None]
    dl.manual_seed(0)
    layers = [Input(shape=(2,)), Dense(units, activation), Dense(1, output)]
    model = dl.Sequential(layers)
    loss = "binary_crossentropy" if output == "sigmoid" else "mse"
    model.compile(optimizer=dl.optimizers.Adam(0.03), loss=loss)
    model.fit(x, y, batch_size=20, epochs=epochs, verbose=0)
    return model


class Constant:
    """A model that says the same to everybody."""

    def __init__(self, says, width=1):
        self.says, self.width = says, width

    def predict(self, x, verbose=0):
        return np.full((len(x), self.width), self.says)


class OneRule(Constant):
    """Who comes to more than one lecture passes."""

    def predict(self, x, verbose=0):
        return np.where(x[:, :1] > 1, 0.95, 0.05)


TABLE = [
    Answers(
        multilayer.parameters_of_2_128_1,
        right=[513, 3 * 128 + 129.0, dl.Tensor(513)],
        wrong=[
            (512, "bias of the output"),
            (384, "hidden layer alone"),
            (256, "weights into the hidden"),
            (385, "128 weights besides"),
            (129, "output alone"),
            (131, "counts the units"),
            (514, "514 is not it"),
            ("513", "is text"),
        ],
    ),
    Answers(
        multilayer.parameters_of_2_64_1,
        right=[257, np.int64(257), 3 * 64 + 65.0],
        wrong=[
            (452, "what the slide says"),
            (256, "bias of the output"),
            (192, "hidden layer alone"),
            (128, "weights into the hidden"),
            (513, "twice the hidden"),
            (-257, "not it"),
        ],
    ),
    Answers(
        multilayer.dense,
        right=[Rebuilt, BiasFirst],
        wrong=[
            (WithoutBias, "MyDense(4) on a batch of 3"),
            (Transposed, "(in, out)"),
            (OneBias, "(5, 4) and (1,)"),
            (NeverBent, "activation applied"),
            (BentTooEarly, "bias included"),
            (Unregistered, "no weights"),
            (OutOfTheGraph, "no gradient"),
            (Forgetful, "AttributeError"),
            (WrongShape, "not (None, 4)"),
            (Rebuilt(4), "the class itself"),
            (lambda x, w, b: x @ w + b, "the class itself"),
        ],
        blank=[Stub, HalfStub],
    ),
    Answers(
        multilayer.will_i_pass,
        right=[trained(), trained(8, "tanh", epochs=80)],
        wrong=[
            (trained(epochs=0), "been trained"),
            (trained(flip=True), "(4, 5) passes"),
            (trained(output=None), "between 0 and 1"),
            (Constant(0.95), "too kind"),
            (Constant(0.95, width=2), "shape (2, 2)"),
            (Constant(np.nan), "NaN or"),
            (OneRule(0), "1,000 students"),
            (0.95, "not float"),
        ],
    ),
]

test_right, test_wrong, test_blank, test_table = held_against(multilayer, TABLE)
