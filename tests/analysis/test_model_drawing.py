"""A model's drawing: what the boxes say is so, they stand apart, arrows run down."""

import re
from collections import defaultdict
from itertools import combinations, pairwise

import numpy as np
import pytest

from dlcourse.analysis import layered, model_drawing
from dlcourse.analysis.architecture import SMALL
from dlcourse.errors import ConfigError
from dlcourse.layers import Activation, Dense, Input, Layer, Multiply
from dlcourse.models import Model, Sequential
from tests.analysis.drawn_models import (
    MODELS,
    autoencoder,
    dense_connections,
    lenet,
    residual,
    several_outputs,
    siamese,
    unet,
    vgg,
)

EVERY = pytest.mark.parametrize("make", MODELS, ids=lambda make: make.__name__)


def edges_of(box):
    return box.left, box.top, box.left + box.width, box.top + box.height


def overlap(a, b):
    """How deep two boxes (left, top, right, bottom) lie in each other."""
    wide = min(a[2], b[2]) - max(a[0], b[0])
    high = min(a[3], b[3]) - max(a[1], b[1])
    return min(wide, high)


def holds(a, b):
    return a[0] < b[0] and a[1] < b[1] and b[2] < a[2] and b[3] < a[3]


def check_apart(drawing):
    """Boxes touch neither each other nor the edge, but frames hold their own."""
    for a, b in combinations(drawing.boxes, 2):
        nested = a.unfolded and holds(edges_of(a), edges_of(b))
        assert nested or overlap(edges_of(a), edges_of(b)) <= -0.5, (a.name, b.name)
    corners = np.array([edges_of(box) for box in drawing.boxes])
    points = np.concatenate(drawing.paths)
    assert corners.min() >= -1e-6 and points.min() >= -1e-6
    assert corners[:, 2].max() <= drawing.width + 1e-6
    assert corners[:, 3].max() <= drawing.height + 1e-6
    assert (points <= np.array([drawing.width, drawing.height]) + 1e-6).all()


@EVERY
@pytest.mark.parametrize("direction", ["down", "right"])
def test_boxes_stand_apart_and_arrows_follow_the_flow(make, direction):
    for columns in (1, 3):
        drawing = model_drawing(
            make(), direction=direction, columns=columns, expand_nested=True
        )
        check_apart(drawing)
        along = 1 if direction == "down" else 0
        for path in drawing.paths:
            steps = np.diff(path, axis=0)
            assert steps[0, along] > 0 and steps[-1, along] > 0
            if columns == 1:
                assert (steps[:, along] > 0).all()


@EVERY
def test_each_arrow_joins_the_boxes_that_the_model_joins(make):
    model = make()
    drawing = model_drawing(model)
    names = [box.name for box in drawing.boxes]
    joined = set()
    for path in drawing.paths:
        (start,) = [
            box.name
            for box in drawing.boxes
            if abs(box.top + box.height - path[0, 1]) < 1e-6
            and box.left < path[0, 0] < box.left + box.width
        ]
        (end,) = [
            box.name
            for box in drawing.boxes
            if abs(box.top - path[-1, 1]) < 1e-6
            and box.left < path[-1, 0] < box.left + box.width
        ]
        joined.add((start, end))
    if isinstance(model, Sequential):
        assert joined == set(pairwise(names))
    else:
        made = {id(symbol): c.layer.name for c in model._calls for symbol in c.outputs}
        inputs = model.inputs if isinstance(model.inputs, list) else [model.inputs]
        made |= {id(symbol): symbol.name for symbol in inputs}
        assert joined == {
            (made[id(symbol)], call.layer.name)
            for call in model._calls
            for symbol in call.input_list()
        }


@EVERY
def test_shapes_and_weights_are_those_of_the_running_model(make, monkeypatch):
    model = make()
    real = defaultdict(list)
    call = Layer.__call__

    def recorded(layer, *args, **how):
        y = call(layer, *args, **how)
        if layer is not model:
            real[layer.name].append((None, *y.shape[1:]))
        return y

    inputs = model.inputs
    if isinstance(model, Sequential):
        inputs = Input(model._start[1:])
    listed = inputs if isinstance(inputs, list) else [inputs]
    x = [np.ones((2, *symbol.shape[1:]), "float32") for symbol in listed]
    monkeypatch.setattr(Layer, "__call__", recorded)
    model(x if isinstance(inputs, list) else x[0])
    drawing = model_drawing(model)
    layers = {layer.name: layer for layer in model.layers}
    drawn = defaultdict(list)
    for box in drawing.boxes:
        if box.kind == "Input":
            continue
        drawn[box.name].append(box.shape)
        layer = layers.pop(box.name, None)
        if layer is None:
            assert "same weights" in box.note
        elif layer.count_params():
            assert f"{layer.count_params():,} weight" in box.note
        else:
            assert "weight" not in box.note
    assert not layers, "every layer has its box"
    for name, shapes in drawn.items():
        assert shapes == [str(shape) for shape in real[name]]


def test_what_the_boxes_say():
    drawing = model_drawing(lenet())
    first, conv, pool = drawing.boxes[:3]
    assert (first.kind, first.shape, first.family) == (
        "Input",
        "(None, 32, 32, 1)",
        "input",
    )
    assert conv.lines == [
        ("Conv2D", "5×5, tanh", 1.0),
        ("", "(None, 28, 28, 6)", 1.0),
        ("", "c1 · 156 weights", SMALL),
    ]
    assert (pool.kind, pool.detail, pool.note) == ("AveragePooling2D", "2×2", "s2")
    details = {box.name: (box.kind, box.detail) for box in drawing.boxes}
    assert details["output"] == ("Dense", "softmax")
    details = {b.name: b.detail for b in model_drawing(residual()).boxes}
    assert details["conv1a"] == "3×3, stride 2" and details["add0"] == ""
    notes = {b.name: b.note for b in model_drawing(several_outputs()).boxes}
    assert notes["age"] == "age · 4 weights · output"
    assert "output" not in notes["trunk"]


def test_straight_where_it_can_be():
    drawing = model_drawing(vgg())
    assert len({box.left for box in drawing.boxes}) == 1
    assert all(len(path) == 2 for path in drawing.paths)
    left = {box.name: box.left for box in model_drawing(residual()).boxes}
    assert left["stem"] == left["conv0a"] == left["relu0"] == left["add0"]
    assert left["conv1a"] == left["norm1"] == left["conv1b"] < left["shortcut1"]
    middle = (left["conv1a"] + left["shortcut1"]) / 2
    assert left["add1"] == pytest.approx(middle, abs=0.05)


def test_a_long_chain_goes_on_in_further_columns():
    one, four = (model_drawing(vgg(), columns=n) for n in (1, 4))
    lefts = sorted({box.left for box in four.boxes})
    assert len(lefts) == 4
    count = [sum(box.left == left for box in four.boxes) for left in lefts]
    assert sum(count) == 23 and max(count) == 6
    assert four.height < 0.3 * one.height and four.width > 4 * one.width
    order = [(box.left, box.top) for box in four.boxes]
    assert order == sorted(order), "each column from top to bottom, then the next"
    rows = model_drawing(vgg(), columns=4, direction="right")
    assert len({box.top for box in rows.boxes}) == 4


def test_no_column_ends_where_two_arrows_go_on():
    drawing = model_drawing(unet(), columns=4)
    left = {box.name: box.left for box in drawing.boxes}
    inner = {left[name] for name in ("down0", "pool0", "bottom", "up1", "skip0")}
    assert len(inner) == 1


def test_unfolded_models_are_frames_around_their_layers():
    folded = model_drawing(autoencoder())
    assert [box.name for box in folded.boxes] == ["x", "encoder", "decoder"]
    assert folded.boxes[1].detail == "2 layers" and folded.boxes[1].family == "model"
    unfolded = model_drawing(autoencoder(), expand_nested=True)
    box = {box.name: box for box in unfolded.boxes}
    assert box["encoder"].unfolded and box["decoder"].unfolded
    for name in ("e1", "code"):
        assert holds(edges_of(box["encoder"]), edges_of(box[name]))
    assert not holds(edges_of(box["encoder"]), edges_of(box["d1"]))


def test_a_shared_model_is_drawn_twice_and_counted_once():
    drawing = model_drawing(siamese(), expand_nested=True)
    first, second = (box for box in drawing.boxes if box.name == "embed")
    assert first.unfolded and not second.unfolded
    assert second.note == "embed · same weights (use 2)"
    square = Input((3,), name="x")
    twice = model_drawing(Model(square, Multiply(name="xx")([square, square])))
    assert len(twice.paths) == 1


def test_before_it_is_built_shapes_are_question_marks():
    model = Sequential([Dense(4, "relu", name="a"), Dense(1, name="b")], name="late")
    drawing = model_drawing(model)
    assert [box.shape for box in drawing.boxes] == ["?", "?", "?"]
    assert drawing.boxes[1].note == "a · ? weights"
    assert "late, ? weights" in drawing.words
    model(np.ones((2, 3), "float32"))
    assert model_drawing(model).boxes[1].shape == "(None, 4)"


def test_words_name_every_layer_with_its_shape():
    for make in MODELS:
        drawing = model_drawing(make(), expand_nested=True)
        for box in drawing.boxes:
            assert box.name in drawing.words and box.shape in drawing.words
    words = model_drawing(residual()).words
    assert "add0, Add, (None, 16, 16, 8), fed by conv0b and stem;" in words
    assert re.match(r"The model residual, [\d,]+ weights: image, ", words)
    model = siamese()
    model.get_layer("same").trainable = False
    assert "4 weights, frozen" in model_drawing(model).words


def test_layers_of_ones_own():
    class Halved(Activation):
        pass

    class Alone(Layer):
        def call(self, x, training=False):
            return x

    x = Input((3,))
    y = Alone(name="alone")(Halved(lambda x: x * 0.5, name="half")(x))
    _, half, alone = model_drawing(Model(x, y)).boxes
    assert (half.kind, half.detail, half.family) == ("Halved", "own function", "shape")
    assert (alone.kind, alone.family) == ("Alone", "own")


def test_what_cannot_be_drawn_says_what_to_do():
    class Own(Model):
        def call(self, x, training=False):
            return x

    with pytest.raises(ConfigError, match=r"Model\(x, y\)"):
        model_drawing(Own())
    with pytest.raises(ConfigError, match="no layers"):
        model_drawing(Sequential([]))
    with pytest.raises(ConfigError, match="Did you mean 'right'"):
        model_drawing(lenet(), direction="rigth")
    with pytest.raises(ConfigError, match="Only a model"):
        model_drawing(Dense(3))
    x = Input((3,))  # one such class inside a graph is a box like any other
    assert len(model_drawing(Model(x, Dense(2)(x)), expand_nested=True).boxes) == 2


def test_the_order_on_a_level_spares_crossings():
    # two chains whose ends are handed in the wrong way round
    sizes = np.full((6, 2), 3.0)
    edges = [(0, 3), (1, 2), (2, 4), (3, 5)]
    placed = layered.place(sizes, edges)
    left = placed.corners[:, 0]
    assert left[0] == left[3] == left[5] and left[1] == left[2] == left[4]
    graph = layered._Levels(sizes, edges)
    assert graph.crossings() > 0
    graph.order()
    assert graph.crossings() == 0


def test_pushed_apart_by_the_least():
    half = np.array([1.0, 1.0, 1.0])
    found = layered._apart(np.array([0.0, 0.0, 9.0]), half, np.ones(3))
    np.testing.assert_allclose(found, [-1.0, 1.0, 9.0])
    found = layered._apart(np.array([0.0, 0.0, 0.0]), half, np.array([1.0, 1e6, 1.0]))
    np.testing.assert_allclose(found, [-2.0, 0.0, 2.0], atol=1e-5)


def test_many_layers_do_not_take_long():
    drawing = model_drawing(dense_connections(), columns=8)
    check_apart(drawing)
    x = Input((2,))
    h = x
    for _ in range(150):
        h = Dense(2)(h)
    check_apart(model_drawing(Model(x, h), columns=8))
