"""Weights and whole models in files: out and back, and files not to be trusted."""

import json
import pickle
import zipfile

import numpy as np
import pytest

import dlcourse as dl
from dlcourse.errors import ConfigError, DLCourseError, FileFormatError, ShapeError
from dlcourse.layers import Dense, Dropout, Flatten, Input
from dlcourse.models import Model, Sequential, load_model

X = np.random.default_rng(0).normal(size=(20, 3)).astype("float32")
FORMATS = pytest.mark.parametrize("suffix", [".safetensors", ".npz"])


def network(units=4, **how):
    dl.manual_seed(0)
    model = Sequential(
        [Input((3,)), Dense(units, "tanh", kernel_regularizer="l2"), Dense(2)], **how
    )
    model.compile(dl.optimizers.Adam(0.01, clipnorm=1.0), "mse", metrics=["mae"])
    return model


@FORMATS
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_weights_out_and_back(tmp_path, suffix, dtype):
    path = tmp_path / f"weights{suffix}"
    model = network(dtype=dtype)
    model.fit(X, X[:, :2], verbose=0)
    model.save_weights(path)
    twin = network(dtype=dtype)
    twin.load_weights(str(path))
    np.testing.assert_array_equal(twin.theta, model.theta)
    assert list(tmp_path.iterdir()) == [path]


@FORMATS
def test_weights_of_another_model(tmp_path, suffix):
    path = tmp_path / f"weights{suffix}"
    network(5).save_weights(path)
    model = network()
    before = model.theta.copy()
    with pytest.raises(ShapeError, match=r"weights.*(4|5)"):
        model.load_weights(path)
    np.testing.assert_array_equal(model.theta, before)


def test_whole_models_go_on_where_they_were(tmp_path):
    path = tmp_path / "model.safetensors"
    x = Input((3,))
    graph = Model(x, Dense(2)(Dropout(0.0)(Dense(4, "relu", name="hidden")(x))))
    graph.compile(dl.optimizers.RMSprop(0.01, momentum=0.5), "huber")
    odd = Sequential([Input((3, 1)), Flatten(), Dense(2, dl.ops.gelu)], name="odd")
    schedule = dl.schedules.CosineDecay(0.1, 50)
    odd.compile(dl.optimizers.SGD(schedule, momentum=0.9), dl.losses.Huber(delta=0.5))
    for model in (network(), network(dtype="float64"), graph, odd):
        x = X[..., None] if model is odd else X
        model.fit(x, X[:, :2], epochs=2, shuffle=False, verbose=0)
        model.save(path)
        twin = load_model(path)
        assert type(twin) is type(model) and twin.name == model.name
        assert [layer.name for layer in twin.layers] == [
            layer.name for layer in model.layers
        ]
        np.testing.assert_array_equal(twin.theta, model.theta)
        np.testing.assert_array_equal(twin.predict(x), model.predict(x))
        for each in (model, twin):  # with momenta, step count, rate, metrics
            each.fit(x, X[:, :2], epochs=2, shuffle=False, verbose=0)
        np.testing.assert_array_equal(twin.theta, model.theta)
        assert twin.metrics_names == model.metrics_names


def test_a_model_that_was_not_compiled(tmp_path):
    path = tmp_path / "model.safetensors"
    model = Sequential([Input((3,)), Dense(2)])
    model.save(path)
    twin = load_model(path)
    assert twin.optimizer is None
    np.testing.assert_array_equal(twin.predict(X), model.predict(X))


def test_what_cannot_be_saved(tmp_path):
    model = network()
    for save, word in (
        (lambda: model.save(tmp_path / "model.npz"), "safetensors"),
        (lambda: model.save(tmp_path / "model.h5"), "safetensors"),
        (lambda: model.save_weights(tmp_path / "weights.pkl"), "safetensors"),
        (lambda: model.save_weights(tmp_path / "no" / "w.npz"), "no"),
    ):
        with pytest.raises(DLCourseError, match=word):
            save()
    model.compile("sgd", lambda t, p: dl.ops.mean(dl.ops.square(t - p), axis=-1))
    with pytest.raises(ConfigError, match="function"):
        model.save(tmp_path / "model.safetensors")
    assert list(tmp_path.iterdir()) == []


# -------------------------------------------------------------- files not to be trusted


def as_it_was(model, load):
    before = model.theta.copy()
    with pytest.raises(DLCourseError) as caught:
        load()
    np.testing.assert_array_equal(model.theta, before)
    return caught.value


@FORMATS
def test_files_cut_short_and_garbage(tmp_path, suffix):
    path = tmp_path / f"weights{suffix}"
    model = network()
    model.save_weights(path)
    whole = path.read_bytes()
    rng = np.random.default_rng(0)
    for data in (
        *(whole[:cut] for cut in (0, 5, 50, len(whole) // 2, len(whole) - 1)),
        rng.bytes(1000),
        b"{}",
        b"\xff" * 8 + whole[8:],  # a header longer than any file
    ):
        path.write_bytes(data)
        error = as_it_was(model, lambda: model.load_weights(path))
        assert isinstance(error, FileFormatError) and path.name in str(error)
    path.unlink()
    assert "no file" in str(as_it_was(model, lambda: model.load_weights(path)))


class Bomb:
    """Unpickled, it would write a file."""

    def __reduce__(self):
        return (open, ("exploded", "w"))


def test_nothing_is_ever_unpickled(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    model = network()
    np.savez("bomb.npz", allow_pickle=True, **{"a": np.array([Bomb()], dtype=object)})
    np.save("bomb.npy", np.array([Bomb()], dtype=object), allow_pickle=True)
    for name in ("bomb.npz", "bomb.npy", "raw.npz", "raw.safetensors"):
        if name.startswith("raw"):
            with open(name, "wb") as file:
                pickle.dump(Bomb(), file)
        as_it_was(model, lambda name=name: model.load_weights(name))
    assert not (tmp_path / "exploded").exists()


def test_a_header_that_claims_more_than_there_is(tmp_path):
    """Terabytes announced in a few bytes: refused before anything is allocated."""
    path = tmp_path / "huge.npz"
    header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000,), }"
    header += b" " * (118 - len(header)) + b"\n"
    entry = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.npy", entry)
    model = network()
    assert "8000000000000" in str(as_it_was(model, lambda: model.load_weights(path)))
    huge = {"a": {"dtype": "F32", "shape": [10**12], "data_offsets": [0, 4 * 10**12]}}
    text = json.dumps(huge).encode()
    path = tmp_path / "huge.safetensors"
    path.write_bytes(len(text).to_bytes(8, "little") + text + b"\0" * 8)
    assert isinstance(
        as_it_was(model, lambda: model.load_weights(path)), FileFormatError
    )


def rewritten(path, change):
    """The same file with another config in its header."""
    from safetensors import safe_open
    from safetensors.numpy import save_file

    with safe_open(str(path), framework="numpy") as file:
        arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        notes = dict(file.metadata())
    change(notes)
    save_file(arrays, str(path), metadata=notes)


def renamed(name):
    def change(notes):
        model = json.loads(notes["model"])
        model["config"]["layers"][1]["class_name"] = name
        notes["model"] = json.dumps(model)

    return change


def configured(**more):
    def change(notes):
        model = json.loads(notes["model"])
        model["config"]["layers"][1]["config"].update(more)
        notes["model"] = json.dumps(model)

    return change


CONFIGS = {
    "a name to import": (renamed("os.system"), ConfigError),
    "a name of ours that is no layer": (renamed("get"), ConfigError),
    "a base class": (renamed("Weight"), ConfigError),
    "an unknown key": (configured(colour="red"), ConfigError),
    "an unknown activation": (configured(activation="os.system"), ConfigError),
    "units of text": (configured(units="many"), ConfigError),
    "other units": (configured(units=7), ShapeError),
    "no model": (lambda notes: notes.pop("model"), FileFormatError),
    "no JSON": (lambda notes: notes.update(model="{"), FileFormatError),
    "a list": (lambda notes: notes.update(model="[]"), FileFormatError),
    "a model of no kind": (
        lambda notes: notes.update(model='{"class_name": "Layer", "config": {}}'),
        FileFormatError,
    ),
    "weights only": (lambda notes: notes.update(kind="weights"), FileFormatError),
    "an unknown loss": (
        lambda notes: notes.update(
            compiled='{"optimizer": "sgd", "loss": "msee", "metrics": []}'
        ),
        ConfigError,
    ),
    "an unknown argument": (
        lambda notes: notes.update(compiled='{"optimiser": "sgd"}'),
        DLCourseError,
    ),
}


@pytest.mark.parametrize("change, error", CONFIGS.values(), ids=CONFIGS)
def test_configs_that_were_tampered_with(tmp_path, change, error):
    path = tmp_path / "model.safetensors"
    network().save(path)
    rewritten(path, change)
    with pytest.raises(error) as caught:
        load_model(path)
    assert isinstance(caught.value, DLCourseError)
