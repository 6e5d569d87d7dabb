"""The playground on the page: controls there, training here, pictures in between.

The training runs on the kernel's event loop in slices of 10 ms, so that a moved control
is answered at once. It is paced by the page: a picture goes out only when the page has
painted the ones before, at most 30 times a second, and when no page looks on, nothing
is computed. The next slice is a timer and not a task, so nothing is pending when the
kernel shuts down. The page's half is ``static/playground/main.js``. Read
``__init__.py`` next.
"""

from __future__ import annotations

from dataclasses import asdict
from itertools import pairwise
from pathlib import Path
from time import perf_counter
from typing import Any

import anywidget
import traitlets

from ...errors import DLCourseError, NotReadyError
from ..scheduling import REST, SLICE, Latest, running_loop
from .bundle import bundle
from .presets import PRESETS, SPEEDS, find, list_choices
from .settings import NAMES, Settings
from .still import draw_still
from .trainer import Picture, Trainer
from .wire import pack

STATIC = Path(__file__).parent.parent / "static" / "playground"
FRAME = 1 / 30  # seconds between two pictures of a training, at least
PORTION = SLICE / 2  # seconds of training at a time: the page has work to do as well
AHEAD = 2  # pictures that may be on their way to the page, if a reader waits


def _setting() -> traitlets.Any:
    # Any value is let in: `Settings` checks it, with a message for a reader.
    return traitlets.Any().tag(sync=True)


class Playground(anywidget.AnyWidget):
    """A network in training to be played with; `playground` makes one.

    Every field of `Settings` is an attribute that can be read, set and observed. So are
    `speed` ("batch" or "epoch": what is done between two pictures; "full": as much as
    time allows), `playing`, and `preset`, the name of a prepared state. `error` says
    what is wrong, if anything is; the page then still shows the last good picture.
    """

    _esm = bundle(STATIC)
    _css = STATIC / "playground.css"

    data, noise, points, seed = _setting(), _setting(), _setting(), _setting()
    depth, width, activation = _setting(), _setting(), _setting()
    optimizer, learning_rate, l2 = _setting(), _setting(), _setting()
    batch_size = _setting()
    speed = traitlets.Enum(list(SPEEDS), "epoch").tag(sync=True)
    playing = traitlets.Bool(False).tag(sync=True)
    preset = traitlets.Unicode().tag(sync=True)
    note = traitlets.Unicode().tag(sync=True)
    error = traitlets.Unicode().tag(sync=True)
    choices = traitlets.Dict().tag(sync=True)

    def __init__(self, settings: Settings, speed: str = "epoch", preset: str = ""):
        self._timer = Latest(self._train)
        self._first = settings
        self._trainer = Trainer(settings)
        self._looked_at = False  # has a page asked for pictures?
        self._sent = self._painted = self._answer = 0  # numbers of pictures
        self._wanted = False  # is a picture owed to the page?
        self._left = 0  # mini-batches until the next picture of a training
        self._sent_at = self._due = 0.0  # times of the last picture and of the next
        self._pause = 0.0  # seconds that the page needs between two pictures
        super().__init__(
            **asdict(settings),
            speed=speed,
            preset=preset,
            note=PRESETS[preset].note if preset else "",
            choices=list_choices(),
        )
        self.observe(self._set, NAMES)
        self.observe(self._prepare, "preset")
        self.observe(lambda _: self._show(), "speed")
        self.observe(self._play_or_pause, "playing")
        self.on_msg(self._hear)

    # What a notebook may do with it ---------------------------------------------------

    @property
    def settings(self) -> Settings:
        """The settings in force: the last ones that were valid."""
        return self._trainer.settings

    @property
    def picture(self) -> Picture:
        """What is to be seen now, as arrays."""
        return self._trainer.picture()

    def play(self) -> None:
        """Train until `pause`; needs a notebook, whose event loop carries it."""
        self.playing = True

    def pause(self) -> None:
        """Stop training, and keep what was learned."""
        self.playing = False

    def step(self, n: int | None = None) -> None:
        """Pause, and train on `n` mini-batches (default: what `speed` calls a step)."""
        self.playing = False
        try:
            self._trainer.step(self._quota() if n is None else n)
        except Exception as error:
            self._complain(error)
        else:
            self._show()

    def reset(self) -> None:
        """Pause, and begin again with the weights of the beginning.

        If nothing has been trained yet, all settings go back to the beginning too.
        """
        self.playing = False
        self._begin(self.settings if self._trainer.steps else self._first)
        self._write(self.settings)  # also takes back what could not be used
        self.error = ""
        self._show()

    def close(self) -> None:
        """Stop training, and leave the page."""
        self._timer.cancel()
        self._looked_at = False
        super().close()

    def __repr__(self) -> str:
        s = self.settings
        size = sum((i + 1) * j for i, j in pairwise(s.sizes))
        return (
            f"Playground: {s.data}, {s.architecture} network with {size} parameters, "
            f"{s.training}."
        )

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """The live view, and a picture and a text for when no kernel is alive."""
        data, metadata = super()._repr_mimebundle_() or ({}, {})
        epochs = PRESETS[self.preset].epochs if self.preset else 100
        picture = draw_still(self.settings, epochs, repr(self))
        return data | {"text/html": picture, "text/plain": repr(self)}, metadata

    # From a control to the picture ----------------------------------------------------

    def _set(self, _: Any) -> None:
        """A setting was changed, here or on the page."""
        try:
            settings = Settings(**{name: getattr(self, name) for name in NAMES})
            if settings == self.settings and not self.error:
                return  # one of several that were changed together
            if self.settings.continues(settings):
                self._trainer.change(settings)
            else:
                self._begin(settings)
        except Exception as error:
            self._complain(error)
            return
        self.error = ""
        if self.preset and settings != PRESETS[self.preset].settings:
            self.preset = ""
        self._show()

    def _begin(self, settings: Settings) -> None:
        self._trainer = Trainer(settings)
        self._left = 0

    def _write(self, settings: Settings) -> None:
        """Move the controls, all as one change."""
        with self.hold_trait_notifications():
            for name, value in asdict(settings).items():
                setattr(self, name, value)

    def _prepare(self, change: Any) -> None:
        """A preset was chosen; the empty name leaves all as it is."""
        if not change["new"]:
            return
        try:
            preset = find(change["new"])
        except DLCourseError as error:
            self.preset = ""
            self._complain(error)
            return
        self._first = preset.settings
        self._begin(preset.settings)
        self._write(preset.settings)
        self.speed, self.note, self.error = preset.speed, preset.note, ""
        self._show()

    def _complain(self, error: Exception) -> None:
        """Say what is wrong, beside the last good picture."""
        self.playing = False
        if isinstance(error, DLCourseError):
            self.error = str(error)
        else:
            self.error = f"This should not happen: {type(error).__name__}: {error}"

    # Training in slices ---------------------------------------------------------------

    def _play_or_pause(self, change: Any) -> None:
        if not change["new"]:
            self._timer.cancel()
            self._show()  # what was trained since the last picture
        elif running_loop() is None:
            self.playing = False
            raise NotReadyError(
                "The playground plays in a notebook only, where an event loop is "
                "running; in a script, use step(n)."
            )
        else:
            self._left, self._due = 0, 0.0
            self._timer.request()

    def _quota(self) -> int:
        """Mini-batches between two pictures, unless time decides."""
        return 1 if self.speed == "batch" else self._trainer.steps_per_epoch

    def _train(self) -> None:
        """One slice, and the order for the next."""
        if not self.playing or not self._looked_at or self._painted < self._answer:
            return  # a word from the page wakes it up again
        wait = self._due - perf_counter()
        if wait <= 0 and (self._left == 0 or self.speed == "full"):
            if self._painted < self._sent:
                return  # the page is slower: it sets the pace
            self._left = self._quota()
            self._send_picture()
            if self.error:
                return
        try:
            if self.speed == "full":
                self._trainer.step(10**9, min(PORTION, max(wait, 0.0)))
            elif self._left:
                self._left -= self._trainer.step(self._left, PORTION)
        except Exception as error:
            self._complain(error)
            return
        busy = self.speed == "full" or self._left > 0
        self._timer.request(REST if busy else max(REST, self._due - perf_counter()))

    # Pictures -------------------------------------------------------------------------

    def _show(self) -> None:
        """Send a picture that answers a reader: now, before any other.

        Training waits until it is painted, and leaves the processor to the page.
        """
        self._wanted = True
        self._send_wanted()
        self._answer = self._sent

    def _send_wanted(self) -> None:
        """Send the picture that is owed, or leave it until the page has caught up."""
        if self._wanted and self._looked_at and self._sent - self._painted < AHEAD:
            self._wanted = False
            self._send_picture()

    def _send_picture(self) -> None:
        try:
            picture = self._trainer.picture()
        except Exception as error:
            self._complain(error)
            return
        self._sent += 1
        self._sent_at = perf_counter()
        self._due = self._sent_at + max(FRAME, self._pause)
        content = {
            "kind": "frame",
            "summary": picture.summary,
            "activation": self.settings.activation,
            "training": f"{self.settings.training}, {SPEEDS[self.speed]}",
        }
        self.send(content, buffers=[pack(picture, self._sent)])

    def _hear(self, _: Any, content: dict[str, Any], __: Any) -> None:
        """A message from the page."""
        kind = content.get("kind")
        if kind == "step":
            self.step()
        elif kind == "reset":
            self.reset()
        elif kind == "hello":  # a page has opened, perhaps not the first
            self._looked_at, self._painted = True, self._sent
            self._show()
        elif kind == "ack":
            self._painted = max(self._painted, int(content["frame"]))
            # A page that is slow to paint is given time for other things as well.
            self._pause = min(0.5, 1.5 * (perf_counter() - self._sent_at))
            self._send_wanted()
        if self.playing and not self._timer.pending:
            self._timer.request()
