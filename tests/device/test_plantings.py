"""A planted ``np.`` on device data is caught, in every op, kernel and rule.

Each place that says ``xp`` is planted by itself. `HARMLESS` names those that do no harm
where they stand, and why.
"""

import importlib
import pkgutil
from functools import cache

import numpy as np
import pytest

import dlcourse as dl
from dlcourse.errors import DLCourseError, LabelError, NonFiniteError
from tests.device import plantings
from tests.device.memory import counters
from tests.gpu.families import FAMILIES
from tests.gpu.test_families import swept, trained
from tests.gpu.test_pairwise import work_of_layer, work_of_op
from tests.layers.cases import CASES as LAYERS
from tests.loss_cases import TABLE as LOSSES
from tests.ops.cases import CASES as OPS

ENGINE = (
    *("dlcourse.ops", "dlcourse.autodiff", "dlcourse.backend", "dlcourse.op"),
    *("dlcourse.tuning", "dlcourse.modes", "dlcourse.diagnosis"),
)
ABOVE = (
    *("dlcourse.layers", "dlcourse.losses", "dlcourse.metrics", "dlcourse.optimizers"),
    *("dlcourse.models", "dlcourse.initializers", "dlcourse.regularizers"),
)
# Uses that do no harm as `np`, or are no use of a function: why.
HARMLESS = {
    "dlcourse.backend xp in _install": "exchanges the contents of xp itself",
    "dlcourse.backend xp in the module itself": "makes the module xp",
    "dlcourse.ops.composite xp.asarray in dropout": "a Tensor takes host arrays",
    "dlcourse.ops.shaping xp.arange in take_along_axis": "getitem takes host indices",
    "dlcourse.ops.einsum xp.arange in _diagonal": "getitem takes host indices",
    "dlcourse.layers.norm xp.ones in call": "kernels take host arrays beside a Tensor",
    "dlcourse.layers.norm xp.zeros in call": "kernels take host arrays beside a Tensor",
    "dlcourse.layers.recurrent xp.zeros in call": "it makes a Tensor of them",
    "dlcourse.layers.reshaping xp.asarray in call": "a Tensor takes host arrays",
    "dlcourse.models.data xp.asarray in as_targets": "the loss brings targets over",
    "dlcourse.diagnosis xp.finfo in _exp": "asks about a type of numbers",
    "dlcourse.models.sweep xp.asarray in _samples": "the loss brings targets over",
    "dlcourse.models.sweep xp.ones in sweep": "backward brings the gradient over",
    "dlcourse.losses.classification xp.asarray in prepare": "check_labels does it too",
    "dlcourse.autodiff xp.empty in _seed": "a single number, which either side takes",
    "dlcourse.op xp.ndarray in __call__": "asks for the type: then asarray is called",
    "dlcourse.op xp.asarray in __call__": "is for host numbers only",
}
# Branches that are taken on the host only, so that no case gets there.
HOST_ONLY = {
    "dlcourse.tuning xp.matmul in product",
    "dlcourse.ops.kernels.blocks xp.empty in dot",
    "dlcourse.ops.kernels.blocks xp.matmul in dot",
}
# What these make is judged by tests of their own; here, as far as the cases lead.
UNTABLED = ("dlcourse.metrics", "dlcourse.diagnosis")
ROWS_PER_OP = 4
# what the stand-in raises, what an op makes of it, a test that what was meant happened
CAUGHT = (TypeError, DLCourseError, AssertionError)


def key(use):
    return f"{use.module} {use.words} in {use.function}"


def modules(*roots):
    """The modules in these folders that import `xp`."""
    found = []
    for root in roots:
        module = importlib.import_module(root)
        found.append(module)
        for info in pkgutil.walk_packages(getattr(module, "__path__", ()), f"{root}."):
            found.append(importlib.import_module(info.name))
    return [m for m in found if hasattr(m, "xp")]


def refused(error, call):
    with pytest.raises(error):
        call()


def ones(*shape):
    return np.ones(shape)


def leaf(*shape):
    return dl.Tensor(ones(*shape), requires_grad=True)


def freed():
    before = counters.times_freed
    dl.backend.free_memory()
    assert counters.times_freed == before + 1


def watched(call, *values):
    x = dl.Tensor(np.array(values), requires_grad=True)
    with dl.detect_anomaly():
        refused(NonFiniteError, lambda: call(x).sum().backward())


# What the tables of ops and layers do not reach.
MORE = {
    "dropout": lambda: dl.ops.dropout(leaf(3), 0.5),
    "one_hot": lambda: dl.ops.one_hot([0, 2], 3),
    "label too large": lambda: refused(LabelError, lambda: dl.ops.one_hot([0, 3], 3)),
    "label of half": lambda: refused(
        LabelError, lambda: dl.ops.check_labels("it", [0.5], 3)
    ),
    "labels as a list": lambda: dl.ops.softmax_cross_entropy(leaf(2, 3), [0, 2]),
    "shares as a list": lambda: dl.ops.softmax_cross_entropy(
        leaf(1, 2), [[0.25, 0.75]]
    ),
    "slopes of shares": lambda: dl.ops.softmax_cross_entropy(
        leaf(1, 2), leaf(1, 2)
    ).backward(),
    "gelu by tanh": lambda: dl.ops.gelu(leaf(2), approximate=True),
    "index of half": lambda: refused(LabelError, lambda: dl.ops.take(ones(3), [0.5])),
    "pad by reflecting": lambda: dl.ops.pad(ones(3), 1, mode="reflect"),
    "attention with a mask": lambda: dl.ops.scaled_dot_product_attention(
        ones(2, 3), ones(2, 3), ones(2, 3), mask=np.tri(2)
    ),
    "diagonal": lambda: dl.ops.einsum("ii->i", leaf(3, 3)).sum().backward(),
    "a bias for many places": lambda: dl.ops.conv(
        leaf(1, 9000, 1), leaf(1, 1, 4), leaf(4)
    ),
    "conv in groups, strided": lambda: (
        dl.ops.conv(leaf(1, 6, 4), leaf(2, 2, 4), strides=2, groups=2).sum().backward()
    ),
    "conv of many channels": lambda: (
        dl.ops.conv(leaf(1, 5, 20), leaf(2, 20, 3)).sum().backward()
    ),
    "many rows": lambda: (
        dl.ops.square(dl.ops.linear(leaf(300, 2), leaf(2, 2), leaf(2))).sum().backward()
    ),
    "a large layer": lambda: dl.ops.linear(leaf(128, 128), leaf(128, 64)),
    "pool by three": lambda: (
        dl.ops.max_pool(leaf(1, 6, 2), pool_size=3).sum().backward()
    ),
    "statistics of nothing": lambda: dl.ops.batch_norm(leaf(0, 2), leaf(2), leaf(2)),
    "log of zero": lambda: watched(dl.ops.log, 0.0),
    "exp of much": lambda: watched(dl.ops.exp, 1e3),
    "root of a negative": lambda: watched(lambda x: x**0.5, -1.0),
    "by zero": lambda: watched(lambda x: x / 0.0, 1.0),
    "zero by zero": lambda: watched(lambda x: x / x, 0.0),
    "slope of a root": lambda: watched(dl.ops.sqrt, 0.0),
    "runs with one output": lambda: (
        dl.ops.linear(leaf(4, 5, 3), leaf(4, 3, 1), leaf(4, 1)).sum().backward()
    ),
    "rnn without activation": lambda: (
        dl.ops.rnn(
            *(leaf(2, 4, 3), leaf(2, 2), leaf(3, 2), leaf(2, 2), leaf(2)),
            activation="linear",
        )
        .sum()
        .backward()
    ),
    "cast": lambda: dl.autodiff.cast(leaf(3), dtype="float32").sum().backward(),
    "grad of nothing": lambda: dl.grad(leaf(2), leaf(2)),
    "freeing memory": freed,
}


def on_the_device(call, *args):
    def case():
        with dl.use_backend("cupy"):
            return call(*args)

    return case


@cache
def engine_cases():
    """Rows of the tables of ops and layers, and `MORE`; and which lines they reach."""
    rows = {}
    for case in OPS:
        rows.setdefault(case.op, []).append(case)
    cases = {}
    for several in rows.values():
        few = several[:: -(-len(several) // ROWS_PER_OP)]
        for case in few:
            cases[f"op {case}"] = on_the_device(work_of_op, case, "float64")
    for case in LAYERS:
        cases[f"layer {case}"] = on_the_device(work_of_layer, case, "float64")
    for name, call in MORE.items():
        cases[name] = on_the_device(call)
    return cases, plantings.trace(cases)


def plant_all(where, cases, reached):
    """Plant every use in these modules and print what came of it; those not caught."""
    caught, missed = 0, []
    for module in where:
        for use in plantings.uses_in(module):
            if key(use) in HARMLESS:
                continue
            names = reached.get((module.__file__, use.line), [])
            left_out = module.__name__.startswith(UNTABLED) or key(use) in HOST_ONLY
            if not names and left_out:
                continue
            with plantings.planted(module, use):
                problem = plantings.first_refusal(cases, names)
            if isinstance(problem, CAUGHT):
                caught += 1
            else:
                missed.append(f"{use}: {problem!r} by {len(names)} cases")
    print(f"{caught + len(missed)} plantings of np, {caught} caught")
    return caught, missed


def test_every_use_of_xp_in_the_engine():
    caught, missed = plant_all(modules(*ENGINE), *engine_cases())
    assert not missed
    assert caught > 250


def loss_of(name, how, true, pred):
    loss = getattr(dl.losses, name)(**how)
    y_pred = dl.Tensor(pred, requires_grad=True)
    weight = np.ones(len(pred), "float32")
    loss(true, y_pred, weight).backward()
    loss(np.asarray(true).tolist(), pred)
    loss.reduction = "mean_with_sample_weight"
    loss(true, pred, weight)
    far = np.broadcast_to(np.array(np.nan), np.shape(true))
    refused(LabelError, lambda: loss(far, pred))


def clipped_by_hand():
    w = leaf(3)
    w.sum().backward()
    dl.optimizers.SGD(0.1, clipnorm=1.0).apply_gradients([(w.grad, w)])


def resumed(folder):
    """From the middle of an epoch: 3 steps make one, the last file is of the 8th."""
    file = folder / "a.safetensors"
    for how in (
        {"callbacks": [dl.callbacks.ModelCheckpoint(file, save_freq=2)]},
        {"resume": file},
    ):
        model, x, y, _ = FAMILIES["perceptron"]()
        model.fit(x, y, batch_size=8, epochs=3, verbose=0, **how)


def test_every_use_of_xp_above_the_engine(tmp_path):
    cases = {
        **{f"layer {c}": on_the_device(work_of_layer, c, "float64") for c in LAYERS},
        **{f"family {n}": on_the_device(trained, n) for n in FAMILIES},
        "sweep": on_the_device(swept, "perceptron", None),
        "sweep in batches": on_the_device(swept, "perceptron", 8),
        "checkpoints": on_the_device(resumed, tmp_path),
        "clipped by hand": on_the_device(clipped_by_hand),
        "a host array": on_the_device(lambda: dl.layers.Dense(2)(np.ones((1, 2), "f"))),
    }
    for name, rows in LOSSES.items():
        for i, (how, _, true, pred) in enumerate(rows):
            cases[f"loss {name} {i}"] = on_the_device(loss_of, name, how, true, pred)
    caught, missed = plant_all(modules(*ABOVE), cases, plantings.trace(cases))
    assert not missed
    assert caught > 25


def test_what_is_harmless_is_still_there():
    found = {key(use) for m in modules(*ENGINE, *ABOVE) for use in plantings.uses_in(m)}
    assert set(HARMLESS) <= found


def test_every_function_of_every_op():
    """Ops of operators and methods only say `xp` nowhere: plant it before them."""
    cases, reached = engine_cases()
    ops, functions, missed = plantings.all_ops(), 0, []
    for op in ops:
        for kind, function, exchange in plantings.functions_of(op):
            functions += 1
            code = function.__code__
            lines = {line for *_, line in code.co_lines() if line}
            names = [n for at in lines for n in reached.get((code.co_filename, at), ())]
            exchange(plantings.with_numpy(function))
            problem = plantings.first_refusal(cases, sorted(set(names)))
            exchange(function)
            if not isinstance(problem, CAUGHT):
                missed.append(f"{op!r} {kind}: {problem!r} by {len(names)} cases")
    print(f"{len(ops)} ops, {functions} functions, {functions - len(missed)} caught")
    assert not missed
    assert len(ops) > 60
