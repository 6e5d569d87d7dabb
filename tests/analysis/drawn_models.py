"""Architectures of the lectures, small, for tests of how a model is drawn."""

from dlcourse.layers import (
    GRU,
    LSTM,
    Add,
    AveragePooling2D,
    BatchNormalization,
    Bidirectional,
    Concatenate,
    Conv2D,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    GlobalAveragePooling2D,
    Input,
    LayerNormalization,
    MaxPooling2D,
    MultiHeadAttention,
    ReLU,
    Subtract,
    UpSampling2D,
)
from dlcourse.models import Model, Sequential


def conv(filters, size, name, **how):
    return Conv2D(filters, size, padding="same", name=name, **how)


def lenet():
    return Sequential(
        [
            Input((32, 32, 1)),
            Conv2D(6, 5, activation="tanh", name="c1"),
            AveragePooling2D(name="s2"),
            Conv2D(16, 5, activation="tanh", name="c3"),
            AveragePooling2D(name="s4"),
            Flatten(name="flatten"),
            Dense(120, "tanh", name="c5"),
            Dense(84, "tanh", name="f6"),
            Dense(10, "softmax", name="output"),
        ],
        name="lenet",
    )


def vgg():
    layers = [Input((32, 32, 3))]
    for block, times in enumerate((2, 2, 3, 3, 3), 1):
        for k in range(1, times + 1):
            name = f"block{block}_conv{k}"
            layers.append(conv(2**block, 3, name, activation="relu"))
        layers.append(MaxPooling2D(2, name=f"block{block}_pool"))
    layers += [Flatten(name="flatten"), Dense(16, "relu", name="fc1")]
    layers += [Dense(16, "relu", name="fc2"), Dense(10, "softmax", name="predictions")]
    return Sequential(layers, name="vgg")


def residual():
    x = Input((16, 16, 3), name="image")
    h = conv(8, 3, "stem")(x)
    for block, (filters, strides) in enumerate([(8, 1), (16, 2)]):
        y = conv(filters, 3, f"conv{block}a", strides=strides)(h)
        y = ReLU(name=f"relu{block}")(BatchNormalization(name=f"norm{block}")(y))
        y = conv(filters, 3, f"conv{block}b")(y)
        if strides > 1:
            h = conv(filters, 1, f"shortcut{block}", strides=strides)(h)
        h = Add(name=f"add{block}")([y, h])
    y = GlobalAveragePooling2D(name="mean")(h)
    return Model(x, Dense(10, "softmax", name="classes")(y), name="residual")


def inception():
    x = Input((8, 8, 12), name="features")
    branches = [
        conv(4, 1, "one")(x),
        conv(8, 3, "three")(conv(6, 1, "three_reduce")(x)),
        conv(2, 5, "five")(conv(2, 1, "five_reduce")(x)),
        conv(2, 1, "after_pool")(
            MaxPooling2D(3, strides=1, padding="same", name="pool")(x)
        ),
    ]
    return Model(x, Concatenate(name="concat")(branches), name="inception")


def two_inputs():
    image, text = Input((8, 8, 1), name="image"), Input((5,), name="text")
    h = Flatten(name="pixels")(conv(2, 3, "conv", activation="relu")(image))
    h = Dense(6, "relu", name="seen")(h)
    g = LSTM(4, name="reader")(Embedding(20, 3, name="words")(text))
    both = Dropout(0.5, name="dropout")(Concatenate(name="both")([h, g]))
    return Model([image, text], Dense(3, "softmax", name="answer")(both), name="asked")


def autoencoder():
    encoder = Sequential(
        [Input((12,)), Dense(6, "relu", name="e1"), Dense(2, name="code")],
        name="encoder",
    )
    decoder = Sequential(
        [Input((2,)), Dense(6, "relu", name="d1"), Dense(12, name="picture")],
        name="decoder",
    )
    x = Input((12,), name="x")
    return Model(x, decoder(encoder(x)), name="autoencoder")


def bidirectional():
    return Sequential(
        [
            Input((7,)),
            Embedding(20, 4, name="embedding"),
            Bidirectional(LSTM(3, return_sequences=True), name="both_ways"),
            Bidirectional(GRU(2), name="again"),
            Dense(1, "sigmoid", name="opinion"),
        ],
        name="sentiment",
    )


def several_outputs():
    x = Input((8, 8, 3), name="face")
    h = conv(4, 3, "conv", strides=2, activation="relu")(x)
    h = Dense(5, "relu", name="trunk")(GlobalAveragePooling2D(name="mean")(h))
    age = Dense(1, name="age")(Dense(3, "relu", name="age_hidden")(h))
    return Model(x, [age, Dense(2, name="smile")(h), Dense(4, name="mood")(h)])


def siamese():
    left, right = Input((6, 6, 1), name="left"), Input((6, 6, 1), name="right")
    layers = [Input((6, 6, 1)), conv(2, 3, "conv"), Flatten(name="flat")]
    embed = Sequential([*layers, Dense(3, name="point")], name="embed")
    apart = Subtract(name="apart")([embed(left), embed(right)])
    y = Dense(1, "sigmoid", name="same")(apart)
    return Model([left, right], y, name="siamese")


def unet():
    x = Input((16, 16, 1), name="image")
    h, skips = x, []
    for k in range(2):
        skips.append(conv(2, 3, f"down{k}")(h))
        h = MaxPooling2D(2, name=f"pool{k}")(skips[-1])
    h = conv(4, 3, "bottom")(h)
    for k in (1, 0):
        h = UpSampling2D(2, name=f"up{k}")(h)
        h = conv(2, 3, f"merge{k}")(Concatenate(name=f"skip{k}")([h, skips[k]]))
    return Model(x, conv(1, 1, "mask", activation="sigmoid")(h), name="unet")


def transformer():
    x = Input((5, 8), name="tokens")
    h = Add(name="add1")([x, MultiHeadAttention(2, 4, name="attention")(x, x)])
    h = LayerNormalization(name="norm1")(h)
    y = Dense(8, name="mlp2")(Dense(16, "gelu", name="mlp1")(h))
    return Model(x, LayerNormalization(name="norm2")(Add(name="add2")([h, y])))


def dense_connections():
    x = Input((8,), name="x")
    values = [Dense(4, "relu", name="first")(x)]
    for k in range(4):
        joined = Concatenate(name=f"all{k}")([x, *values])
        values.append(Dense(4, "relu", name=f"dense{k}")(joined))
    return Model(x, values[-1], name="dense_connections")


MODELS = (
    *(lenet, vgg, residual, inception, two_inputs, autoencoder, bidirectional),
    *(several_outputs, siamese, unet, transformer, dense_connections),
)
