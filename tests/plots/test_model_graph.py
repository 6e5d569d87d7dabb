"""A drawn model: every word stands in its box, no arrow runs through one."""

from itertools import pairwise

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch, PathPatch, Polygon
from matplotlib.path import Path

from dlcourse import plots
from dlcourse.analysis import model_drawing
from dlcourse.errors import ConfigError
from dlcourse.models import Model
from dlcourse.plots import figure as figure_module
from dlcourse.plots.model_graph import (
    FAMILY_COLORS,
    LETTER,
    PAGE,
    SMALLEST,
    Words,
    measure,
    model_figure,
    page_drawing,
    rounded,
)
from tests.analysis.drawn_models import (
    MODELS,
    autoencoder,
    bidirectional,
    inception,
    lenet,
    siamese,
    unet,
    vgg,
)

EVERY = pytest.mark.parametrize("make", MODELS, ids=lambda make: make.__name__)


def along(path):
    """Many points on a path, its curves included."""
    (polygon,) = path.to_polygons(closed_only=False)
    shares = np.linspace(0.0, 1.0, 30)[:, None]
    pieces = [a + shares * (b - a) for a, b in pairwise(polygon)]
    return np.concatenate(pieces)


@EVERY
@pytest.mark.parametrize("direction", ["down", "right"])
def test_no_arrow_runs_through_a_box(make, direction):
    drawing = page_drawing(make(), direction=direction, expand_nested=True)
    flow = np.array([0.0, 1.0] if direction == "down" else [1.0, 0.0])
    for path in drawing.paths:
        points = along(rounded(path, flow))
        np.testing.assert_allclose(points[[0, -1]], path[[0, -1]])
        for box in drawing.boxes:
            inside = (points > np.array([box.left, box.top]) + 0.01).all(axis=1) & (
                points < np.array([box.left + box.width, box.top + box.height]) - 0.01
            ).all(axis=1)
            if box.unfolded:  # the arrows inside a frame lie in it wholly
                assert inside.all() or not inside.any()
            else:
                assert not inside.any(), (box.name, path)


@EVERY
def test_every_word_is_there_and_stands_in_its_box(make):
    drawing = page_drawing(make(), expand_nested=True)
    figure = model_figure(drawing)
    FigureCanvasAgg(figure).draw()
    (axes,) = figure.axes
    texts = [artist for artist in axes.texts if isinstance(artist, Words)]
    said = [text.get_text() for text in texts]
    expected = [
        words for box in drawing.boxes for line in box.lines for words in line[:2]
    ]
    assert said == [words for words in expected if words]
    renderer = figure.canvas.get_renderer()
    places = iter(texts)
    for box in drawing.boxes:
        for bold, plain, _ in box.lines:
            right = box.left
            for text in [next(places) for words in (bold, plain) if words]:
                extent = text.get_window_extent(renderer)
                extent = extent.transformed(axes.transData.inverted())
                assert extent.x0 > right, f"{text.get_text()!r} lies on what is left"
                right = extent.x1
                assert min(extent.y0, extent.y1) > box.top
                assert max(extent.y0, extent.y1) < box.top + box.height
            assert right < box.left + box.width


def test_what_is_drawn():
    _, axes = plots.subplots(size=(6, 6))
    model = lenet()
    boxes = plots.model_graph(axes, model)
    drawing = model_drawing(model, measure=measure)
    assert len(boxes) == len(drawing.boxes) == 9
    for patch, box in zip(boxes, drawing.boxes, strict=True):
        assert isinstance(patch, FancyBboxPatch)
        assert (patch.get_x(), patch.get_y()) == (box.left, box.top)
    lines = [p for p in axes.patches if isinstance(p, PathPatch)]
    heads = [p for p in axes.patches if isinstance(p, Polygon)]
    assert len(lines) == len(heads) == 8
    for head, path in zip(heads, drawing.paths, strict=True):
        np.testing.assert_allclose(head.get_xy()[0], path[-1])
    colors = [tuple(patch.get_edgecolor()) for patch in boxes]
    kinds = [box.kind for box in drawing.boxes]
    assert len(set(colors)) == len({box.family for box in drawing.boxes}) == 5
    assert colors[kinds.index("Conv2D")] != colors[kinds.index("Dense")]
    assert axes.yaxis_inverted() and not axes.axison
    assert {box.family for box in drawing.boxes} <= set(FAMILY_COLORS)


def test_a_drawing_made_before_is_taken_as_it_is():
    drawing = model_drawing(inception(), direction="right")
    _, axes = plots.subplots()
    assert len(plots.model_graph(axes, drawing)) == len(drawing.boxes)
    _, axes = plots.subplots()
    frames = plots.model_graph(axes, autoencoder(), expand_nested=True)
    assert [frame.get_linestyle() for frame in frames].count("--") == 2


def test_letters_grow_with_the_axes():
    sizes = []
    for inches in (4, 8):
        figure = Figure(figsize=(inches, inches))
        axes = figure.add_axes((0, 0, 1, 1))
        plots.model_graph(axes, lenet())
        FigureCanvasAgg(figure).draw()
        sizes.append(axes.texts[0].get_fontsize())
    assert sizes[1] == pytest.approx(2 * sizes[0])


def test_a_page_is_filled_but_stays_readable():
    for make, direction in ((vgg, "down"), (vgg, "right"), (lenet, "down")):
        figure = model_figure(page_drawing(make(), direction=direction))
        width, height = figure.get_size_inches()
        assert width <= PAGE[0] + 1e-6 and height <= PAGE[1] + 1e-6
        FigureCanvasAgg(figure).draw()
        letter = figure.axes[0].texts[0].get_fontsize()
        assert SMALLEST - 1e-6 <= letter <= LETTER + 1e-6
    figure = model_figure(page_drawing(bidirectional()))
    FigureCanvasAgg(figure).draw()
    assert figure.axes[0].texts[0].get_fontsize() == pytest.approx(LETTER)
    figure = model_figure(page_drawing(unet()))  # cannot be cut: the page is scrolled
    assert figure.get_figwidth() <= PAGE[0] and figure.get_figheight() > PAGE[1]
    FigureCanvasAgg(figure).draw()
    assert figure.axes[0].texts[0].get_fontsize() == pytest.approx(SMALLEST)


def test_shown_with_its_words(monkeypatch):
    shown = []
    monkeypatch.setattr(figure_module, "display", shown.append)
    assert plots.show_model(siamese(), expand_nested=True) is None
    picture, _ = shown
    data, metadata = picture._repr_mimebundle_()
    words = model_drawing(siamese(), expand_nested=True).words
    assert data["text/plain"] == metadata["image/png"]["alt"] == words
    assert data["image/png"].startswith(b"\x89PNG")
    assert len(data["image/png"]) < 100_000


def test_curves_turn_along_the_flow():
    down = np.array([0.0, 1.0])
    path = rounded(np.array([[0.0, 0.0], [4.0, 2.0]]), down)
    assert list(path.codes) == [Path.MOVETO, Path.CURVE4, Path.CURVE4, Path.CURVE4]
    assert path.vertices[1, 0] == 0.0 and path.vertices[2, 0] == 4.0
    corner = rounded(np.array([[0.0, 0.0], [0.0, 5.0], [5.0, 5.0]]), down)
    assert Path.CURVE3 in corner.codes
    points = along(corner)
    assert np.abs(points - [0.0, 5.0]).max(axis=1).min() > 0.1, "the corner is cut"


def test_a_class_of_its_own_is_refused():
    class Own(Model):
        def call(self, x, training=False):
            return x

    _, axes = plots.subplots()
    with pytest.raises(ConfigError, match="call"):
        plots.model_graph(axes, Own())
    with pytest.raises(ConfigError, match="call"):
        plots.show_model(Own())
