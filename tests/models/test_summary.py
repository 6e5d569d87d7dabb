"""The table of `summary()`: what Keras prints, the same on every terminal."""

import pytest

from dlcourse.errors import ConfigError
from dlcourse.layers import (
    LSTM,
    Add,
    BatchNormalization,
    Concatenate,
    Dense,
    Dropout,
    Input,
    MultiHeadAttention,
)
from dlcourse.models import Model, Sequential


def lines_of(model, **how):
    """The printed lines; their frame is checked for one width."""
    texts = []
    assert model.summary(print_fn=texts.append, **how) is None
    (text,) = texts
    lines = text.splitlines()
    framed = [line for line in lines if line[0] in "┏┃┡│├└"]
    assert len({len(line) for line in framed}) == 1, "the table has one width"
    return lines


def cells_of(model, **how):
    """The cells of each layer, the lines of a cell put together."""
    rows, new = [], True
    for line in lines_of(model, **how):
        if line[0] == "│":
            cells = [cell.strip() for cell in line.strip("│").split("│")]
            if not new:
                cells = [
                    f"{a} {b}".strip() for a, b in zip(rows.pop(), cells, strict=True)
                ]
            rows.append(cells)
        new = line[0] != "│"
    return rows


def counts_of(model):
    """Total, trainable and other parameters, as printed."""
    ends = [line.split(":")[1] for line in lines_of(model) if "params:" in line]
    return [int(end.split("(")[0].replace(",", "")) for end in ends]


def test_a_pile_of_layers(capsys):
    model = Sequential(
        [Input((64,)), Dense(32, "relu", name="hidden"), Dropout(0.5), Dense(10)],
        name="digits",
    )
    model.summary()
    text = capsys.readouterr().out
    assert text.splitlines()[0] == 'Model: "digits"'
    assert " Total params: 2,410 (9.41 KB)\n" in text
    assert " Trainable params: 2,410 (9.41 KB)\n" in text
    assert " Non-trainable params: 0 (0.00 B)\n" in text
    hidden, dropout, last = cells_of(model)
    assert hidden == ["hidden (Dense)", "(None, 32)", "2,080"]
    assert "(Dropout)" in dropout[0] and dropout[1:] == ["(None, 32)", "0"]
    assert last[1:] == ["(None, 10)", "330"]
    assert capsys.readouterr().out == ""
    assert lines_of(model) == text.splitlines(), "the same text for print_fn"


def test_a_graph_says_what_feeds_each_layer():
    x, extra = Input((4,)), Input((3,), name="extra")
    shared = Dense(4, name="shared")
    twice = shared(shared(x))
    y = Concatenate(name="both")([Add(name="add")([x, twice]), extra])
    assert cells_of(Model([x, extra], y)) == [
        ["input (InputLayer)", "(None, 4)", "0", "-"],
        ["extra (InputLayer)", "(None, 3)", "0", "-"],
        ["shared (Dense)", "(None, 4)", "20", "input[0][0], shared[0][0]"],
        ["add (Add)", "(None, 4)", "0", "input[0][0], shared[1][0]"],
        ["both (Concatenate)", "(None, 7)", "0", "add[0][0], extra[0][0]"],
    ]
    assert counts_of(Model([x, extra], y)) == [20, 20, 0], "shared weights count once"


def test_a_chain_of_symbols_needs_no_such_column():
    x = Input((3,), name="x")
    rows = cells_of(Model(x, Dense(2, name="b")(Dense(4, name="a")(x))))
    assert [row[0] for row in rows] == ["x (InputLayer)", "a (Dense)", "b (Dense)"]
    assert {len(row) for row in rows} == {3}


def test_inputs_without_names_are_told_apart():
    a, b = Input((4,)), Input((4,))
    rows = cells_of(Model([a, b], Add(name="sum")([a, b])))
    assert [row[0] for row in rows[:2]] == [
        "input (InputLayer)",
        "input_1 (InputLayer)",
    ]
    assert rows[2][3] == "input[0][0], input_1[0][0]"


def test_several_outputs_of_one_layer():
    x = Input((5, 6), name="x")
    out, state, cell = LSTM(4, return_state=True, name="lstm")(x)
    y = Add(name="add")([state, cell])
    rows = cells_of(Model(x, [out, y]))
    assert rows[1][1] == "[(None, 4), (None, 4), (None, 4)]"
    assert rows[2][3] == "lstm[0][1], lstm[0][2]"
    seen = MultiHeadAttention(2, 3, name="seen")(x, x)
    assert cells_of(Model(x, Add()([seen, x])))[1][3] == "x[0][0], x[0][0]"


def test_nested_models_unfold():
    inner = Sequential(
        [Input((8,)), Dense(5, name="a"), Dense(5, name="b")], name="enc"
    )
    outer = Sequential([Input((8,)), inner, Dense(2, name="head")])
    assert [row[0] for row in cells_of(outer)] == ["enc (Sequential)", "head (Dense)"]
    x = Input((8,))
    deeper = Model(x, outer(x), name="all")
    rows = cells_of(deeper, expand_nested=True)
    assert [row[0].split(" (")[0] for row in rows] == [
        "input", outer.name, "└ enc", "└ a", "└ b", "└ head",
    ]  # fmt: skip
    printed = "\n".join(lines_of(deeper, expand_nested=True))
    assert "│    └ enc (Seq" in printed and "│       └ a (Dense)" in printed
    assert counts_of(deeper) == [87, 87, 0]


def test_what_training_leaves_alone():
    model = Sequential(
        [Input((4,)), Dense(3), BatchNormalization(), Dropout(0.1), Dense(2)]
    )
    assert counts_of(model) == [35, 29, 6]
    model.layers[0].trainable = False
    assert counts_of(model) == [35, 14, 21]
    rows = cells_of(model, show_trainable=True)
    assert [row[-1] for row in rows] == ["N", "Y", "-", "Y"]
    model.trainable = False
    assert counts_of(model) == [35, 0, 35]


def test_not_built_yet_is_a_question_mark_and_advice():
    model = Sequential([Dense(4, name="a"), Dense(3, name="b")])
    assert cells_of(model) == [
        ["a (Dense)", "?", "0 (unbuilt)"],
        ["b (Dense)", "?", "0 (unbuilt)"],
    ]
    assert counts_of(model) == [0, 0, 0]
    assert "input_shape" in lines_of(model)[-1]
    model([[1.0, 2.0]])
    assert [row[1:] for row in cells_of(model)] == [
        ["(None, 4)", "12"],
        ["(None, 3)", "15"],
    ]
    assert "params" in lines_of(model)[-1]
    assert "Not built" in lines_of(Sequential([]))[-1]


def test_a_class_of_its_own_lists_its_layers():
    class Own(Model):
        def __init__(self):
            super().__init__()
            self.a, self.b = Dense(4, name="a"), Dense(2, name="b")

        def call(self, x, training=False):
            return self.b(self.a(x))

    model = Own()
    assert [row[2] for row in cells_of(model)] == ["0 (unbuilt)"] * 2
    assert "call the model" in lines_of(model)[-1]
    model([[1.0, 2.0, 3.0]])
    assert cells_of(model) == [["a (Dense)", "?", "16"], ["b (Dense)", "?", "10"]]
    assert counts_of(model) == [26, 26, 0]


@pytest.mark.parametrize("line_length", [40, 60, 80, None])
def test_no_line_is_longer_than_asked(line_length):
    a, b = Input((4,), name="a_rather_long_input_name"), Input((4,))
    y = Add(name="sum_of_two_rather_long_layer_names")([a, BatchNormalization()(b)])
    model = Model([a, b], Dense(2)(y))
    lines = lines_of(model, line_length=line_length, show_trainable=True)
    assert max(map(len, lines)) <= (line_length or 80)
    rows = cells_of(model, line_length=line_length)
    name = "sum_of_two_rather_long_layer_names (Add)"
    assert any(name.replace(" ", "") == row[0].replace(" ", "") for row in rows)


def test_what_is_no_width_is_refused():
    for wrong in (10, 60.5, "wide"):
        with pytest.raises(ConfigError, match="line_length"):
            Sequential([Dense(1)]).summary(line_length=wrong)


def test_memory_has_its_unit():
    wide = Sequential([Input((1024,)), Dense(1024, use_bias=False)], dtype="float64")
    assert " Total params: 1,048,576 (8.00 MB)" in lines_of(wide)
