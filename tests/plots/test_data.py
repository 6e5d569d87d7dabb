"""What the artists show is what they were given, before and after they are moved."""

import numpy as np
import pytest
from matplotlib.colors import to_hex, to_rgb

import dlcourse as dl
from dlcourse import plots
from dlcourse.errors import ConfigError, LabelError, NonFiniteError, ShapeError


@pytest.fixture
def axes():
    return plots.subplots()[1]


X = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
Y = np.array([0, 1, 1, 2])


def test_each_class_has_its_points_color_marker_and_name(axes):
    artists = plots.scatter_classes(axes, X, Y, names=["ant", "bee", "cat"])
    assert list(artists) == [0, 1, 2]
    assert np.array_equal(artists[1].get_offsets(), X[Y == 1])
    colors = [to_hex(artist.get_facecolor()[0]).upper() for artist in artists.values()]
    assert colors == list(plots.CLASS_COLORS[:3])
    paths = [artist.get_paths()[0].vertices.shape for artist in artists.values()]
    assert len(set(paths)) == 3  # a circle, a triangle, a square
    legend = axes.legend()
    assert [text.get_text() for text in legend.get_texts()] == ["ant", "bee", "cat"]


def test_a_class_keeps_its_look_when_others_are_missing(axes):
    artists = plots.scatter_classes(axes, X[:2], [1, 1])
    assert list(artists) == [1]
    assert to_hex(artists[1].get_facecolor()[0]).upper() == plots.CLASS_COLORS[1]
    assert artists[1].get_label() == "class 1"


def test_points_move_without_being_drawn_anew(axes):
    artists = plots.scatter_classes(axes, X, Y)
    before = list(axes.collections)
    plots.move_points(artists, X[:3] + 5, [2, 2, 0])
    assert axes.collections[:] == before
    assert np.array_equal(artists[2].get_offsets(), X[:2] + 5)
    assert np.array_equal(artists[0].get_offsets(), X[2:3] + 5)
    assert len(artists[1].get_offsets()) == 0
    with pytest.raises(LabelError, match="Class 4 was not drawn"):
        plots.move_points(artists, X[:1], [4])


def test_points_may_be_tensors(axes):
    artists = plots.scatter_classes(axes, dl.Tensor(X), Y)
    assert np.array_equal(artists[1].get_offsets(), X[Y == 1])


@pytest.mark.parametrize(
    ("x", "y", "error", "message"),
    [
        (X, Y[:, None], ShapeError, r"x is \(4, 2\) and y is \(4, 1\)"),
        (X[:, :1], Y, ShapeError, r"x is \(4, 1\)"),
        (X, Y - 1, LabelError, "whole numbers from 0"),
        (X, Y + 0.5, LabelError, "whole numbers from 0"),
        (X, [0, 0, 0, np.nan], LabelError, "whole numbers from 0"),
        (X, ["a", "b", "a", "b"], LabelError, "whole numbers from 0"),
    ],
)
def test_points_that_cannot_be_drawn(axes, x, y, error, message):
    with pytest.raises(error, match=message):
        plots.scatter_classes(axes, x, y)
    assert not axes.collections


def test_too_few_names(axes):
    with pytest.raises(ConfigError, match="Class 2 has no name"):
        plots.scatter_classes(axes, X, Y, names=["ant", "bee"])


GRID_X = np.linspace(-2, 2, 41)
GRID_Y = np.linspace(-1, 1, 21)
XX, YY = np.meshgrid(GRID_X, GRID_Y)


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def vertices(regions):
    """All points of all boundary lines, (M, 2)."""
    paths = [path for lines in regions.boundaries for path in lines.get_paths()]
    return np.concatenate([path.vertices for path in paths])


@pytest.mark.parametrize("grid", [(XX, YY), (GRID_X, GRID_Y)])
def test_two_classes_are_colored_and_parted(axes, grid):
    regions = plots.decision_regions(axes, *grid, sigmoid(20 * (XX - 0.33)))
    image = regions.image.get_array()  # (H, W, 3)
    for column, label in ((0, 0), (-1, 1)):
        full = np.array(to_rgb(plots.CLASS_COLORS[label]))
        assert np.allclose(image[:, column], 1 - 0.55 * (1 - full), atol=1e-6)
    middle = np.argmin(np.abs(GRID_X - 0.33))
    assert image[:, middle].min() > image[:, 0].max(axis=-1).min() - 0.2
    assert np.allclose(vertices(regions)[:, 0], 0.33, atol=0.03)
    assert axes.get_xlim() == (-2, 2) and axes.get_ylim() == (-1, 1)


def test_pixels_sit_on_the_grid(axes):
    probability = np.full(XX.shape, 0.5)
    probability[15, 30] = 1.0
    regions = plots.decision_regions(axes, XX, YY, probability)
    left, right, bottom, top = regions.image.get_extent()
    image = regions.image.get_array()
    row, column = np.argwhere(image.min(axis=-1) < 0.99)[0]
    assert (row, column) == (15, 30)
    x = left + (column + 0.5) * (right - left) / 41
    y = bottom + (row + 0.5) * (top - bottom) / 21
    assert np.isclose(x, GRID_X[30]) and np.isclose(y, GRID_Y[15])
    assert np.all(image[0, 0] == 1.0)  # undecided is white


def test_three_classes_meet_where_they_are_equally_likely(axes):
    angle = np.arctan2(YY, XX)
    centers = np.array([0, 2, -2]) * np.pi / 3
    logits = 8 * np.cos(angle[..., None] - centers)
    shares = np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)
    regions = plots.decision_regions(axes, XX, YY, shares)
    far = vertices(regions)
    far = far[np.linalg.norm(far, axis=1) > 0.3]
    turned = np.abs(np.rad2deg(np.arctan2(far[:, 1], far[:, 0])))
    assert np.minimum(np.abs(turned - 60), np.abs(turned - 180)).max() < 3
    likeliest = shares[15, 35].argmax()
    color = np.array(to_rgb(plots.CLASS_COLORS[likeliest]))
    shown = regions.image.get_array()[15, 35]
    assert np.argmin(shown) == np.argmin(color)


def test_another_answer_replaces_the_picture(axes):
    regions = plots.decision_regions(axes, XX, YY, sigmoid(9 * XX))
    image = regions.image
    for shift in (-1.0, 1.0):
        regions.update(sigmoid(9 * (XX - shift)))
        assert np.allclose(vertices(regions)[:, 0], shift, atol=0.03)
    assert regions.image is image
    assert len(axes.images) == 1
    assert len(axes.collections) == 1  # the older lines are gone
    regions.update(np.full(XX.shape, 0.9))
    assert not axes.collections  # one class everywhere: nothing to part


def test_a_failed_update_keeps_the_picture(axes):
    regions = plots.decision_regions(axes, XX, YY, sigmoid(9 * XX))
    before = regions.image.get_array().copy()
    with pytest.raises(NonFiniteError, match="diverged"):
        regions.update(np.full(XX.shape, np.nan))
    assert np.array_equal(regions.image.get_array(), before)
    assert len(axes.collections) == 1


@pytest.mark.parametrize(
    ("xx", "yy", "probability", "error", "message"),
    [
        (GRID_X, GRID_Y, np.zeros((41, 21)), ShapeError, r"\(21, 41\) for class 1"),
        (GRID_X, GRID_Y, np.zeros((21, 41, 1)), ShapeError, r"\(21, 41, 1\)"),
        (GRID_X, GRID_Y, 5 * XX, ConfigError, "sigmoid or softmax"),
        (GRID_X[::-1], GRID_Y, XX, ConfigError, "xx must rise in equal steps"),
        (GRID_X, GRID_Y**3, XX, ConfigError, "yy must rise in equal steps"),
        (GRID_X[:1], GRID_Y, XX, ShapeError, "at least two coordinates"),
        (3.0, GRID_Y, XX, ShapeError, "at least two coordinates"),
    ],
)
def test_regions_that_cannot_be_drawn(axes, xx, yy, probability, error, message):
    with pytest.raises(error, match=message):
        plots.decision_regions(axes, xx, yy, probability)
    assert not axes.images and not axes.collections


def test_a_mosaic_shows_each_image_under_its_title(axes):
    images = np.arange(5)[:, None, None] + np.zeros((5, 8, 8))
    shown = plots.image_mosaic(axes, images, titles="abcde", columns=3).get_array()
    for place, title in enumerate(axes.texts):
        assert title.get_text() == "abcde"[place]
        x, y = title.get_position()
        below = shown[int(y) + 1 : int(y) + 9, int(x) - 3 : int(x) + 5]
        assert below.shape == (8, 8) and (below == place).all()
    assert shown.count() == 5 * 64  # nothing else has ink


def test_a_mosaic_takes_digits_as_they_come(axes):
    (x, y), _ = dl.datasets.digits.load_data(flatten=False)
    shown = plots.image_mosaic(axes, x[:12], titles=y[:12]).get_array()
    assert np.isclose(shown.sum(), x[:12].sum(), rtol=1e-5)


@pytest.mark.parametrize(
    ("images", "titles", "error"),
    [
        (np.zeros((2, 64)), None, ShapeError),
        (np.zeros((2, 8, 8, 3)), None, ShapeError),
        (np.zeros((0, 8, 8)), None, ShapeError),
        (np.zeros((2, 8, 8)), [1], ConfigError),
    ],
)
def test_a_mosaic_that_cannot_be(axes, images, titles, error):
    with pytest.raises(error):
        plots.image_mosaic(axes, images, titles=titles)
