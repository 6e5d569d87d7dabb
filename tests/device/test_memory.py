"""A device that runs out of memory in the middle of a training does no harm.

Every allocation of a step fails once: in the forward pass, in the loss, in the backward
pass, in the optimizer. The error is the course's, the weights and the optimizer's state
are those of a whole step, and training goes on afterwards.
"""

import numpy as np
import pytest

import dlcourse as dl
from dlcourse.errors import DeviceMemoryError
from dlcourse.layers import Conv2D, Dense, Dropout, Flatten, Input
from tests.device.memory import counters, fail_after, fail_at, pool
from tests.gpu.test_memory import *  # noqa: F403 - the same on a device that is full


@pytest.fixture(autouse=True)
def on_the_device(device):
    with dl.use_backend("cupy"):
        yield


RNG = np.random.default_rng(0)
X = RNG.normal(size=(12, 5, 5, 1)).astype("float32")
Y = RNG.integers(0, 3, 12)


def network(optimizer):
    dl.manual_seed(1)
    model = dl.Sequential(
        [
            Input((5, 5, 1)),
            Conv2D(2, 2, activation="relu", kernel_regularizer="l2"),
            Dropout(0.1),
            Flatten(),
            Dense(3, "softmax"),
        ]
    )
    model.compile(optimizer, "sparse_categorical_crossentropy")
    model.train_on_batch(X, Y)  # the optimizer has its state
    return model


def state_of(model):
    slots = model.optimizer._state
    arrays = [part[name] for part in slots for name in sorted(part)]
    return [
        model.optimizer.iterations,
        *(dl.to_numpy(a).copy() for a in [model.theta, *arrays]),
    ]


def same(ours, theirs):
    return all(np.array_equal(a, b) for a, b in zip(ours, theirs, strict=True))


def rules():
    return {
        "SGD": dl.optimizers.SGD(0.1),
        "SGD, momentum": dl.optimizers.SGD(0.1, momentum=0.9, nesterov=True),
        "SGD, decay and clipnorm": dl.optimizers.SGD(
            0.1, momentum=0.9, weight_decay=0.1, clipnorm=0.1
        ),
        "Adagrad": dl.optimizers.Adagrad(),
        "Adadelta": dl.optimizers.Adadelta(),
        "RMSprop": dl.optimizers.RMSprop(momentum=0.5, centered=True),
        "Adam": dl.optimizers.Adam(amsgrad=True),
        "Nadam": dl.optimizers.Nadam(),
    }


def one_step(model, x=X, y=Y):
    with dl.backend.using_rng(np.random.default_rng(5)):  # the same dropout each time
        model.train_on_batch(x, y)


@pytest.mark.parametrize("rule", rules())
def test_every_allocation_of_a_step_fails_once(rule):
    """In the loss, backward, in the optimizer: it is always the course's error."""
    model = network(rules()[rule])
    for _ in range(2):  # later steps do not try the data out any more
        one_step(model)
    counters.allocations = 0
    one_step(model)
    count, places = counters.allocations, set()
    for i in range(count):
        freed = counters.times_freed
        fail_at(i)
        with pytest.raises(MemoryError) as caught:
            one_step(model)
        assert isinstance(caught.value, DeviceMemoryError), f"allocation {i} of {count}"
        assert "smaller batches" in str(caught.value)
        assert counters.times_freed > freed
        assert all(w.grad is None for w in model.trainable_weights)
        places.add(str(caught.value).splitlines()[0])
    one_step(model)
    print(f"{rule}: {count} allocations, {len(places)} different places")
    assert count > 30 and len(places) > 8


@pytest.mark.parametrize("rule", rules())
def test_a_step_is_done_whole_or_not_at_all(rule):
    """A device of every size between too small and large enough."""
    x, y = RNG.normal(size=(2, 8)).astype("float32"), np.array([0, 1])

    def wide():
        dl.manual_seed(2)
        layers = [Input((8,)), Dense(500, "tanh"), Dense(2, "softmax")]
        model = dl.Sequential(layers)
        model.compile(rules()[rule], "sparse_categorical_crossentropy")
        one_step(model, x, y)
        return model

    model = wide()
    before, most = state_of(model), 40 * dl.to_numpy(model.theta).nbytes
    one_step(model, x, y)
    after = state_of(model)
    assert not same(before, after)
    refused = 0
    for size in np.linspace(0, most, 80):
        model = wide()
        pool.set_limit(size=pool.used_bytes() + int(size) + 1)
        try:
            one_step(model, x, y)
        except DeviceMemoryError:
            pool.set_limit()
            refused += 1
            assert same(state_of(model), before), f"half a step with {size:.0f} bytes"
            one_step(model, x, y)
        pool.set_limit()
        assert same(state_of(model), after)
    assert 2 < refused < 70


@pytest.mark.parametrize("share", [0.1, 0.4, 0.7, 0.95])
def test_fit_stops_after_a_whole_step_and_goes_on(share):
    model = network(dl.optimizers.Adam(0.01))
    model.fit(X, Y, batch_size=4, epochs=1, verbose=0, seed=1)
    counters.bytes_left = 1e12
    model.fit(X, Y, batch_size=4, epochs=2, verbose=0, seed=1)
    needed = 1e12 - counters.bytes_left
    taken = model.optimizer.iterations
    paths = []
    watch = dl.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: paths.append(state_of(model))
    )
    start = state_of(model)
    fail_after(needed * share)
    with pytest.raises(DeviceMemoryError):
        model.fit(X, Y, batch_size=4, epochs=2, verbose=0, seed=1, callbacks=[watch])
    fail_after(float("inf"))
    assert same(state_of(model), [start, *paths][-1])
    assert model.optimizer.iterations == taken + len(paths)
    assert all(w.grad is None for w in model.trainable_weights)
    losses = model.fit(X, Y, batch_size=2, epochs=20, verbose=0).history["loss"]
    assert losses[-1] < losses[0]


def test_the_op_and_its_shapes_are_named():
    fail_after(1e4)
    with pytest.raises(DeviceMemoryError, match=r"(add|multiply)\(\(500,\)"):
        x = dl.Tensor(np.ones(500, "float32"))
        for _ in range(100):
            x = x * 1.5 + x
    assert isinstance(pool.used_bytes(), int)


def test_prediction_evaluation_and_a_sweep_run_out_too():
    model = network("adam")
    before = state_of(model)
    loss = model.loss
    flat = dl.Sequential([Input((4,)), Dense(3, "softmax")])
    for use in (
        lambda: model.predict(X),
        lambda: model.evaluate(X, Y, verbose=0),
        lambda: dl.models.sweep(flat, X[:, 0, :4, 0], Y, loss=loss, steps=50),
    ):
        fail_after(4e3)
        with pytest.raises(DeviceMemoryError):
            use()
        fail_after(float("inf"))
        use()
    assert same(state_of(model), before)
