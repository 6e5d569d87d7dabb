"""The persistent picture: painting over a kept background changes no pixel."""

import base64
import io
import re

import numpy as np
import pytest
from PIL import Image

from dlcourse.widgets.picture import Picture, animate


def pixels(picture):
    return np.array(picture.image())


def make(*, height):
    picture = Picture((3, 2))
    axes = picture.figure.subplots()
    axes.set(xlim=(0, 1), ylim=(0, 1))
    image = axes.imshow(np.eye(3), extent=(0, 1, 0, 1), aspect="auto")
    (line,) = axes.plot([0, 1], [0, height], "o-")
    title = axes.set_title("a title")
    animate(axes)
    picture.draw()
    return picture, axes, line, image, title


def test_moving_artists_leave_no_traces():
    picture, _, line, image, _ = make(height=0.2)
    line.set_data([0, 1], [0, 0.9])
    image.set_data(np.eye(3)[::-1])
    picture.draw()
    line.set_data([0, 1], [0, 0.5])
    image.set_data(np.eye(3))
    picture.draw()
    assert np.array_equal(pixels(picture), pixels(make(height=0.5)[0]))


def test_the_background_is_kept_until_something_else_changes(monkeypatch):
    picture, axes, line, _, title = make(height=0.2)
    drawn = []
    monkeypatch.setattr(
        picture.canvas, "draw", lambda d=picture.canvas.draw: drawn.append(d())
    )
    line.set_data([0, 1], [0, 0.9])
    picture.draw()
    assert drawn == []
    title.set_text("another title")
    picture.draw()
    axes.set_ylim(0, 2)
    picture.draw()
    assert len(drawn) == 2


def test_labels_are_fitted_once():
    picture = Picture((3, 2))
    picture.figure.set_layout_engine("constrained")
    axes = picture.figure.subplots()
    axes.set_ylabel("a label")
    picture.draw()
    place = axes.get_position().bounds
    axes.set_ylabel("a label\nof two lines")
    picture.draw()
    assert axes.get_position().bounds == place


@pytest.mark.parametrize("webp", [True, False])
def test_encoding_loses_nothing(webp, monkeypatch):
    monkeypatch.setattr("dlcourse.widgets.picture.features.check", lambda name: webp)
    picture, *_ = make(height=0.2)
    data, kind = picture.encode()
    assert kind == ("image/webp" if webp else "image/png")
    decoded = np.array(Image.open(io.BytesIO(data)).convert("RGB"))
    assert np.array_equal(decoded, pixels(picture)[..., :3])


def test_the_saved_form_is_an_image_with_words_and_does_no_harm():
    picture, *_ = make(height=0.2)
    before = pixels(picture)
    page = picture.to_html('a "bar" & more')
    assert 'alt="a &quot;bar&quot; &amp; more" width="300" height="200"' in page
    data = re.search(r"base64,([^\"]+)", page)[1]
    saved = Image.open(io.BytesIO(base64.b64decode(data)))
    assert saved.width >= picture.width
    assert saved.format == "PNG"
    small = np.array(saved.convert("RGB").resize((300, 200)), float)
    assert np.abs(small - before[..., :3]).mean() < 6  # moving artists included
    picture.draw()
    assert np.array_equal(pixels(picture), before)
