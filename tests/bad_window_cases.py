"""The table of windows and layers that cannot be: larger than their input, and so on.

Rows as in `bad_input_cases.py`: what is called, which error, words that it must say.
"""

import numpy as np

import dlcourse as dl
from dlcourse import layers, ops
from dlcourse.errors import ConfigError, DLCourseError, ShapeError


def ones(*shape):
    return np.ones(shape, "float32")


def image(*shape):
    return ones(2, *shape)


# Windows over one, two and three axes of space.
WINDOWS = {
    "kernel too large": (
        lambda: ops.conv(image(4, 4, 1), ones(5, 3, 1, 1)),
        (ShapeError, ["conv", "5", "4", "axis 1"]),
    ),
    "kernel too large, second axis": (
        lambda: ops.conv(image(4, 2, 1), ones(3, 3, 1, 1)),
        (ShapeError, ["conv", "3", "2", "axis 2"]),
    ),
    "kernel too large, line": (
        lambda: ops.conv(image(2, 3), ones(3, 3, 1)),
        (ShapeError, ["conv", "window of 3"]),
    ),
    "kernel too large, room": (
        lambda: ops.conv(image(3, 3, 2, 1), ones(2, 2, 3, 1, 1)),
        (ShapeError, ["conv", "axis 3"]),
    ),
    "dilated beyond": (
        lambda: ops.conv(image(4, 4, 1), ones(3, 3, 1, 1), dilation_rate=2),
        (ShapeError, ["conv", "dilation 2", "5 cells"]),
    ),
    "padded, still too large": (
        lambda: ops.conv(image(4, 4, 1), ones(9, 1, 1, 1), padding=1),
        (ShapeError, ["conv", "with padding", "6 cells"]),
    ),
    "dilated beyond, with a stride": (
        lambda: ops.conv(image(6, 1), ones(4, 1, 1), strides=3, dilation_rate=2),
        (ShapeError, ["conv", "7 cells"]),
    ),
    "max_pool too large": (
        lambda: ops.max_pool(image(2, 2, 1), pool_size=3),
        (ShapeError, ["max_pool", "3", "2"]),
    ),
    "average_pool too large": (
        lambda: ops.average_pool(image(2, 2, 1), pool_size=(1, 3)),
        (ShapeError, ["average_pool", "3", "2"]),
    ),
    "stride 0": (
        lambda: ops.conv(image(4, 4, 1), ones(2, 2, 1, 1), strides=0),
        (ConfigError, ["strides", "0"]),
    ),
    "stride of one and a half": (
        lambda: ops.conv(image(4, 4, 1), ones(2, 2, 1, 1), strides=1.5),
        (ConfigError, ["strides", "1.5"]),
    ),
    "stride -1 of pooling": (
        lambda: ops.max_pool(image(4, 4, 1), pool_size=2, strides=-1),
        (ConfigError, ["strides", "-1"]),
    ),
    "too many strides": (
        lambda: ops.conv(image(4, 4, 1), ones(2, 2, 1, 1), strides=(1, 1, 1)),
        (ConfigError, ["strides", "2"]),
    ),
    "stride 0, transposed": (
        lambda: ops.conv_transpose(image(4, 4, 1), ones(2, 2, 1, 1), strides=(1, 0)),
        (ConfigError, ["strides", "0"]),
    ),
    "dilation 0": (
        lambda: ops.conv(image(4, 4, 1), ones(2, 2, 1, 1), dilation_rate=0),
        (ConfigError, ["dilation_rate", "0"]),
    ),
    "dilation text": (
        lambda: ops.conv(image(4, 4, 1), ones(2, 2, 1, 1), dilation_rate="2"),
        (ConfigError, ["dilation_rate", "'2'"]),
    ),
    "dilation -1, transposed": (
        lambda: ops.conv_transpose(image(4, 1), ones(2, 1, 1), dilation_rate=-1),
        (ConfigError, ["dilation_rate", "-1"]),
    ),
    "pool_size 0": (
        lambda: ops.average_pool(image(4, 4, 1), pool_size=0),
        (ConfigError, ["pool_size", "0"]),
    ),
    "padding by a wrong name": (
        lambda: ops.conv(image(4, 4, 1), ones(2, 2, 1, 1), padding="sam"),
        (ConfigError, ["padding", "'sam'"]),
    ),
    "causal in two dimensions": (
        lambda: ops.conv(image(4, 4, 1), ones(2, 2, 1, 1), padding="causal"),
        (ConfigError, ["causal"]),
    ),
    "negative padding": (
        lambda: ops.max_pool(image(4, 4, 1), pool_size=2, padding=-1),
        (ConfigError, ["padding", "-1"]),
    ),
    "output_padding as large as the stride": (
        lambda: ops.conv_transpose(
            image(4, 4, 1), ones(2, 2, 1, 1), strides=2, output_padding=2
        ),
        (ConfigError, ["output_padding", "2"]),
    ),
    "all cut off": (
        lambda: ops.conv_transpose(image(1, 1, 1), ones(2, 2, 1, 1), padding=3),
        (ShapeError, ["conv_transpose", "cuts", "2 cells"]),
    ),
    "channels": (
        lambda: ops.conv(image(4, 4, 2), ones(2, 2, 3, 1)),
        (ShapeError, ["conv", "2 channels", "(2, 2, 3, 1)"]),
    ),
    "groups that do not divide": (
        lambda: ops.conv(image(4, 4, 4), ones(2, 2, 2, 3), groups=2),
        (ShapeError, ["groups=2", "cannot be split"]),
    ),
    "groups 0": (
        lambda: ops.conv(image(4, 4, 4), ones(2, 2, 2, 3), groups=0),
        (ConfigError, ["groups", "0"]),
    ),
    "channels, transposed": (
        lambda: ops.conv_transpose(image(4, 4, 2), ones(2, 2, 1, 3)),
        (ShapeError, ["conv_transpose", "(2, 2, 1, 3)"]),
    ),
    "no space": (
        lambda: ops.conv(ones(2, 3), ones(2, 3)),
        (ShapeError, ["conv", "(2, 3)"]),
    ),
    "a kernel with other axes": (
        lambda: ops.conv(image(4, 4, 1), ones(2, 1, 1)),
        (ShapeError, ["conv", "(2, 1, 1)"]),
    ),
    "pooling without space": (
        lambda: ops.max_pool(ones(2, 3), pool_size=1),
        (ShapeError, ["max_pool", "(2, 3)"]),
    ),
}

# Layers that cannot be made, or not for this input.
LAYERS = {
    name: (call, (error, words))
    for name, call, error, words in (
        ("units 0", lambda: layers.Dense(0), ConfigError, ["units", "0"]),
        ("filters -1", lambda: layers.Conv2D(-1, 3), ConfigError, ["filters", "-1"]),
        ("strides 0", lambda: layers.Conv2D(1, 3, strides=0), ConfigError, ["strides"]),
        (
            "dilation 0",
            lambda: layers.Conv1D(1, 3, dilation_rate=0),
            ConfigError,
            ["dilation_rate"],
        ),
        ("rate 1", lambda: layers.Dropout(1.0), ConfigError, ["rate"]),
        ("kernel_size 0", lambda: layers.Conv2D(1, 0), ConfigError, ["kernel_size"]),
        (
            "two kernel sizes",
            lambda: layers.Conv3D(1, (2, 2)),
            ConfigError,
            ["kernel_size", "3"],
        ),
        (
            "kernel larger than input",
            lambda: layers.Conv2D(1, 5, name="it")(ones(2, 4, 4, 1)),
            ShapeError,
            ["'it'", "5", "4"],
        ),
        (
            "kernel larger, in a model",
            lambda: dl.Sequential([layers.Input((3, 3, 1)), layers.Conv2D(1, 4)]),
            ShapeError,
            ["Conv2D", "4", "3"],
        ),
        (
            "pool larger than input",
            lambda: layers.MaxPooling2D(3, name="it")(ones(2, 2, 2, 1)),
            ShapeError,
            ["'it'", "3", "2"],
        ),
        (
            "depthwise larger than input",
            lambda: layers.DepthwiseConv2D(3, name="it")(ones(2, 2, 2, 1)),
            ShapeError,
            ["'it'"],
        ),
        (
            "separable larger than input",
            lambda: layers.SeparableConv2D(1, 3, name="it")(ones(2, 2, 2, 1)),
            ShapeError,
            ["'it'"],
        ),
        (
            "groups",
            lambda: layers.Conv2D(3, 1, groups=2)(ones(1, 2, 2, 4)),
            DLCourseError,
            ["groups"],
        ),
        (
            "no batch axis",
            lambda: layers.Conv2D(3, 1, name="it")(ones(2, 2, 1)),
            ShapeError,
            ["(2, 2, 1)"],
        ),
        (
            "recurrent without time",
            lambda: layers.LSTM(2, name="it")(ones(2, 3)),
            ShapeError,
            ["(2, 3)"],
        ),
        (
            "merged shapes",
            lambda: layers.Add(name="it")([ones(2, 3), ones(2, 4)]),
            ShapeError,
            ["(2, 3)", "(2, 4)"],
        ),
        (
            "reshape",
            lambda: layers.Reshape((5,))(ones(2, 4)),
            ShapeError,
            ["4", "5"],
        ),
        (
            "group norm",
            lambda: layers.GroupNormalization(3)(ones(2, 4)),
            DLCourseError,
            ["3", "4"],
        ),
    )
}
