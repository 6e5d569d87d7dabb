"""The playground without a page: settings, training, presets, and pictures as bytes."""

import json
import shutil
import subprocess
from dataclasses import replace

import numpy as np
import pytest

from dlcourse.errors import ConfigError, FileFormatError, NonFiniteError
from dlcourse.widgets.playground import (
    PRESETS,
    Settings,
    Trainer,
    playground,
    view,
    wire,
)

ARRAYS = ("theta", "logits", "maps", "peaks", "dead", "curve", "x", "labels")


def trained(steps=50, **settings):
    trainer = Trainer(Settings(**settings))
    trainer.step(steps)
    return trainer


# -------------------------------------------------------------------------- settings


@pytest.mark.parametrize(
    ("depth", "width", "parameters"),
    [(1, 16, 65), (1, 3, 13), (0, 8, 3), (2, 16, 337), (4, 8, 249)],
)
def test_parameters_are_those_of_the_lecture(depth, width, parameters):
    trainer = Trainer(Settings(depth=depth, width=width))
    assert trainer.picture().parameters == parameters
    assert trainer.model.count_params() == parameters


@pytest.mark.parametrize(
    ("name", "value", "hint"),
    [
        ("data", "moon", "Did you mean 'moons'"),
        ("activation", "rulu", "Did you mean 'relu'"),
        ("optimizer", "adan", "Did you mean 'adam'"),
        ("learning_rate", -0.1, "learning_rate must be more than 0"),
        ("learning_rate", float("nan"), "finite number"),
        ("l2", -1, "l2 must be at least 0"),
        ("noise", "much", "noise must be a finite number"),
        ("depth", 5, "depth must be at most 4"),
        ("width", 0, "width must be a whole number >= 1"),
        ("width", 2.5, "width must be a whole number"),
        ("points", 1, "points"),
        ("batch_size", 0, "batch_size"),
        ("seed", None, "seed"),
    ],
)
def test_impossible_settings_are_named(name, value, hint):
    with pytest.raises(ConfigError, match=hint):
        Settings(**{name: value})


def test_unknown_names_get_the_nearest_one():
    with pytest.raises(ConfigError, match="Did you mean 'learning_rate'"):
        playground(learning_rat=1)
    with pytest.raises(ConfigError, match="Did you mean 'spiral needs depth'"):
        playground(preset="spiral needs death")
    with pytest.raises(ConfigError, match="speed cannot be 'fulll'. Did you mean"):
        playground(speed="fulll")


# --------------------------------------------------------------------------- trainer


def test_the_same_settings_and_steps_give_the_same_arrays():
    one, two = trained().picture(), trained(49)
    two.step()
    two = two.picture()
    for name in ARRAYS:
        np.testing.assert_array_equal(getattr(one, name), getattr(two, name), name)
    assert (one.train_loss, one.test_loss) == (two.train_loss, two.test_loss)


def test_pictures_do_not_disturb_the_training():
    watched = Trainer(Settings())
    for _ in range(30):
        watched.step()
        watched.picture()
    np.testing.assert_array_equal(watched.picture().theta, trained(30).picture().theta)


@pytest.mark.parametrize("activation", ["relu", "tanh", "linear"])
def test_theta_is_laid_out_as_the_page_reads_it(activation):
    picture = trained(depth=2, width=5, activation=activation).picture()
    line = np.linspace(-picture.reach, picture.reach, len(picture.logits))
    values = np.stack(np.meshgrid(line, line), axis=-1).reshape(-1, 2)
    functions = {"relu": lambda z: np.maximum(z, 0), "tanh": np.tanh}
    function = functions.get(activation, lambda z: z)
    maps, offset = [], 0
    for inputs, units in zip(picture.sizes, picture.sizes[1:]):
        kernel = picture.theta[offset : offset + inputs * units].reshape(inputs, units)
        offset += inputs * units
        values = values @ kernel + picture.theta[offset : offset + units]
        offset += units
        if units > 1:
            values = function(values)
            maps.append(values.T.reshape(units, *picture.logits.shape))
    side = picture.maps.shape[-1]
    np.testing.assert_allclose(
        picture.maps, np.concatenate(maps)[:, ::2, ::2], rtol=1e-4, atol=1e-5
    )
    assert picture.maps.shape == (10, side, side)
    np.testing.assert_allclose(
        picture.logits.ravel(), values[:, 0], rtol=1e-4, atol=1e-4
    )


def test_losses_are_those_of_the_model_without_the_penalty():
    plain, punished = trained(0, l2=0.0), trained(0, l2=1.0)
    picture, n = plain.picture(), 100
    assert picture.train_loss == punished.picture().train_loss
    x, y = picture.x, picture.labels[:, None]
    assert picture.train_loss == pytest.approx(
        plain.model.evaluate(x[:n], y[:n], verbose=0)
    )
    assert picture.test_loss == pytest.approx(
        plain.model.evaluate(x[n:], y[n:], verbose=0)
    )
    right = (plain.model.predict(x) > 0.5) == y
    assert picture.train_accuracy == pytest.approx(right[:n].mean())
    assert picture.test_accuracy == pytest.approx(right[n:].mean())


def test_an_epoch_sees_every_point_once():
    trainer = Trainer(Settings(points=25, batch_size=10))
    assert trainer.steps_per_epoch == 3
    rows = [trainer._draw_batch() for _ in range(3)]
    assert [len(r) for r in rows] == [10, 10, 5]
    assert sorted(np.concatenate(rows)) == list(range(25))
    trainer = Trainer(Settings(points=25, batch_size=10))
    trainer.step(9)
    assert trainer.epoch == pytest.approx(3)


def test_more_points_move_no_point_and_keep_the_test_set():
    few, many = (Trainer(Settings(points=n)).picture() for n in (20, 50))
    np.testing.assert_array_equal(few.x[:20], many.x[:20])
    np.testing.assert_array_equal(few.x[20:], many.x[50:])


@pytest.mark.parametrize("noise", [0.0, 0.3, 1.0])
def test_no_point_is_outside_the_map(noise):
    for data in ("moons", "circles", "xor", "spirals", "blobs"):
        picture = Trainer(Settings(data=data, noise=noise)).picture()
        assert np.abs(picture.x).max() < picture.reach


def test_it_goes_on_under_other_settings_without_losing_its_weights():
    trainer = trained(200)
    before = trainer.picture().theta
    changed = replace(
        trainer.settings, learning_rate=0.5, l2=0.1, optimizer="sgd", batch_size=50
    )
    trainer.change(changed)
    np.testing.assert_array_equal(trainer.picture().theta, before)
    assert trainer.model.optimizer.learning_rate == 0.5
    assert trainer.steps_per_epoch == 2
    trainer.step(100)
    after = trainer.picture().theta
    kernel = slice(16)
    assert np.abs(after[kernel]).sum() < 0.5 * np.abs(before[kernel]).sum()  # punished
    with pytest.raises(ConfigError, match="new Trainer"):
        trainer.change(replace(changed, width=3))


def test_a_unit_that_answers_no_point_is_dead():
    trainer = Trainer(Settings(activation="relu", width=4))
    theta = trainer.picture().theta
    theta[8 + 2] = -100.0  # the bias of the third unit
    trainer.model.set_theta(theta)
    picture = trainer.picture()
    assert picture.dead.tolist() == [False, False, True, False]
    assert "1 of 4 hidden units are dead" in picture.summary


def test_the_loss_curves_stay_short_and_end_now():
    trainer = Trainer(Settings(points=2, batch_size=2, depth=0))
    for _ in range(1000):
        trainer.step()
        picture = trainer.picture()
        trainer.picture()  # a second look leaves no second point
    epochs = picture.curve[:, 0]
    assert 100 < len(epochs) <= 401
    assert (np.diff(epochs) > 0).all()
    assert tuple(picture.curve[-1]) == pytest.approx(
        (picture.epoch, picture.train_loss, picture.test_loss)
    )
    assert epochs[0] == 1
    assert np.diff(epochs).max() < 10


def test_an_exploded_training_says_so():
    trainer = Trainer(
        Settings(activation="linear", depth=4, optimizer="sgd", learning_rate=100.0)
    )
    trainer.step(50)
    with pytest.raises(NonFiniteError, match="learning rate of 100 is too large"):
        trainer.picture()


# --------------------------------------------------------------------------- presets

# What each preset claims must hold on five seeds.
CLAIMS = {
    "blobs need only a line": lambda p: p.test_accuracy > 0.97,
    "linear cannot do circles": lambda p: 0.3 < p.test_accuracy < 0.7,
    "deep linear is worthless": lambda p: 0.3 < p.test_accuracy < 0.7,
    "two ReLUs cannot close a ring": lambda p: p.test_accuracy < 0.9,
    "spiral needs depth": lambda p: p.test_accuracy > 0.85,
    "sigmoids stall when stacked": lambda p: p.train_loss > 0.68,
    "a large rate kills ReLUs": lambda p: p.dead.sum() >= 4,
    "overfitting noisy moons": lambda p: p.test_loss > 0.5 > 10 * p.train_loss,
    "L2 to the rescue": lambda p: p.test_loss < 0.5,
}


def outcome(settings, epochs):
    trainer = Trainer(settings)
    trainer.step(epochs * trainer.steps_per_epoch)
    return trainer.picture()


@pytest.mark.parametrize("name", CLAIMS)
def test_a_preset_keeps_its_word_on_five_seeds(name):
    preset = PRESETS[name]
    for seed in range(5):
        picture = outcome(replace(preset.settings, seed=seed), preset.epochs)
        assert CLAIMS[name](picture), (seed, picture.summary)


def test_three_relus_close_the_ring_unless_one_dies():
    preset = PRESETS["three ReLUs can"]
    found = [outcome(replace(preset.settings, seed=s), preset.epochs) for s in range(5)]
    own = outcome(preset.settings, preset.epochs)
    assert own.test_accuracy > 0.95 and not own.dead.any()
    assert all(p.test_accuracy > 0.95 for p in found if not p.dead.any())
    assert sum(not p.dead.any() for p in found) >= 3


def test_every_preset_says_what_to_look_for():
    assert set(PRESETS) == {*CLAIMS, "three ReLUs can"}
    assert all(60 < len(preset.note) < 180 for preset in PRESETS.values())


# ---------------------------------------------------------------------- the wire


def test_a_packed_picture_is_found_again():
    picture = trained(depth=2, width=4).picture()
    found = wire.unpack(wire.pack(picture, frame=7))
    assert (found["frame"], found["step"], found["train"], found["test"]) == (
        7,
        50,
        100,
        200,
    )
    assert tuple(found["sizes"]) == picture.sizes
    for name in ("theta", "peaks", "logits", "curve", "x", "labels", "dead"):
        np.testing.assert_array_equal(found[name], getattr(picture, name), name)
    for name in ("train_loss", "test_accuracy", "epoch", "reach"):
        assert found[name] == pytest.approx(getattr(picture, name))
    units = (found["maps"].astype(float) - 128) / 127 * picture.peaks[:, None, None]
    error = np.abs(units - picture.maps).max(axis=(1, 2))
    assert (error <= picture.peaks / 127).all()


def test_what_is_no_picture_is_refused():
    message = wire.pack(trained().picture())
    with pytest.raises(FileFormatError, match="not a picture"):
        wire.unpack(b"PNG?" + message[4:])
    with pytest.raises(FileFormatError, match=f"should have {len(message)} bytes"):
        wire.unpack(message[:-1])


def test_the_page_reads_what_the_kernel_writes(tmp_path):
    node = shutil.which("node")
    if node is None:
        pytest.skip("Node.js is not installed: the browser tests read the same bytes")
    picture = trained(depth=2, width=3).picture()
    # one byte off, as in a socket's buffer
    (tmp_path / "message").write_bytes(b"!" + wire.pack(picture, 3))
    source = (view.STATIC / "wire.js").read_text()
    (tmp_path / "wire.mjs").write_text(source)
    (tmp_path / "main.mjs").write_text(
        'import { readFileSync } from "node:fs";\n'
        'import { decode, layersOf, unitNumber } from "./wire.mjs";\n'
        'const bytes = Uint8Array.from(readFileSync("message"));\n'
        "const found = decode(new DataView(bytes.buffer, 1));\n"
        "const [first] = layersOf(found);\n"
        "const list = (value) => (ArrayBuffer.isView(value) ? [...value] : value);\n"
        "console.log(JSON.stringify({ ...found, first, unit: unitNumber(found, 2, 1) },"
        " (_, value) => list(value)));\n"
    )
    run = [node, "main.mjs"]
    output = subprocess.run(run, cwd=tmp_path, capture_output=True, check=True).stdout
    found = json.loads(output)
    assert (found["frame"], found["points"], found["unit"]) == (3, 300, 4)
    assert found["testLoss"] == pytest.approx(picture.test_loss)
    np.testing.assert_allclose(found["logits"], picture.logits.ravel(), rtol=1e-6)
    np.testing.assert_allclose(found["first"]["bias"], picture.theta[6:9], rtol=1e-6)
    assert found["dead"] == picture.dead.tolist()
