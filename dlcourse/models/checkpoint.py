"""A training's whole state, and the file it can go on from after being killed.

`Run` is where a training stands: which epoch and batch, in which order, with which
random numbers. `save` writes it with the weights, the optimizer's state and the
history; `restore` puts everything back, so that the continued training ends with the
same bits.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from .. import backend
from ..backend import xp
from ..errors import FileFormatError
from . import data, storage
from .files import read_arrays, write_arrays


class Run:
    """Where a training stands."""

    def __init__(
        self,
        generator: np.random.Generator,
        shuffle: bool,
        batch_size: int,
        epoch: int,
        watchers: Any,
    ) -> None:
        self.generator = generator
        self.shuffle = shuffle
        self.batch_size = batch_size
        self.watchers = watchers
        self.epoch = epoch
        self.batch = 0  # how many of this epoch are done
        self.order: Any = None  # of the samples in this epoch
        self.samples: Any = None  # x, y and weights of this batch
        self.forward: Any = None  # how the loss of a batch is computed
        self.total: Any = 0.0  # the losses of this epoch, stays on the device
        self.seen = 0
        self.logs: dict[str, float] = {}  # of the last whole epoch

    def begin_epoch(self, n: int) -> None:
        """Draw the order of the samples and begin to count."""
        rng = self.generator if self.shuffle else None
        self.order = data.shuffled(n, self.batch_size, rng)
        self.total, self.seen = 0.0, 0

    def count(self, loss: Any, samples: int) -> None:
        """One more batch is done."""
        self.total = self.total + loss * samples
        self.seen += samples
        self.batch += 1

    def end_epoch(self) -> int:
        """The next epoch is due; returns the number of the one that ended."""
        self.epoch += 1
        self.batch = 0
        return self.epoch - 1


def save(model: Any, path: Any) -> None:
    """Write the state of the training that ``model.fit`` is in."""
    run = model._run
    arrays = {
        **storage.weight_arrays(model),
        **storage.optimizer_arrays(model),
        "progress/total": np.asarray(backend.to_numpy(xp.asarray(run.total))),
    }
    if run.batch and run.order is not None:
        arrays["progress/order"] = np.asarray(run.order)
    for i, metric in enumerate(model._metrics):
        arrays[f"progress/metric/{i}"] = metric.get_state()
    remembered = []
    for i, callback in enumerate(run.watchers.callbacks):
        kept = {}
        for name in callback.remembers:
            value = getattr(callback, name, None)
            if isinstance(value, list):  # weights
                for k, array in enumerate(value):
                    arrays[f"progress/callback/{i}/{name}/{k:04d}"] = array
            else:
                kept[name] = value
        remembered.append(kept)
    rate = model.optimizer._rate
    state = {
        "epoch": run.epoch,
        "batch": run.batch,
        "seen": run.seen,
        "batch_size": run.batch_size,
        "random": run.generator.bit_generator.state,
        "layers_random": [g.bit_generator.state for g in _generators(model)],
        "learning_rate": rate if isinstance(rate, float) else None,
        "history": model.history.history,
        "epochs_done": model.history.epoch,
        "callbacks": remembered,
    }
    notes = {**storage.weight_notes(model, "checkpoint"), "state": json.dumps(state)}
    write_arrays(path, arrays, notes)


def restore(model: Any, run: Run, path: Any) -> None:
    """Put model, optimizer and run back to where the checkpoint was written.

    Raises `FileFormatError` for a file that is no checkpoint or belongs to another
    training, `ShapeError` if the weights do not fit; nothing is changed then.
    """
    arrays, notes = read_arrays(path)
    name = Path(path).name
    if notes.get("kind") != "checkpoint":
        raise FileFormatError(f"{name} is no checkpoint of a training.")
    generators = [run.generator, *_generators(model)]
    own = storage.own_arrays(arrays)
    try:  # everything is read and checked before anything is changed
        state = json.loads(notes["state"])
        counts = [int(state[key]) for key in ("epoch", "batch", "seen", "batch_size")]
        randoms = [state["random"], *state["layers_random"]]
        for generator, saved in zip(generators, randoms, strict=True):
            type(generator.bit_generator)().state = saved
        history, epochs = dict(state["history"]), list(state["epochs_done"])
        callbacks, rate = list(state["callbacks"]), state["learning_rate"]
        total = xp.asarray(arrays["progress/total"])
        metrics = [
            metric.checked_state(arrays[f"progress/metric/{i}"])
            for i, metric in enumerate(model._metrics)
        ]
        if not all(isinstance(kept, dict) for kept in callbacks):
            raise ValueError("callbacks")
    except (KeyError, TypeError, ValueError, AttributeError) as problem:
        raise FileFormatError(
            f"{name}: its state is damaged, or of another training ({problem})."
        ) from None
    if counts[3] != run.batch_size:
        raise FileFormatError(
            f"{name} was written with batch_size {counts[3]}, not {run.batch_size}; "
            "resume needs the same model, data and settings."
        )
    optimizer = storage.optimizer_state(model, arrays, name)
    storage.set_weight_arrays(model, own, notes, name, write=False)

    storage.set_weight_arrays(model, own, notes, name)
    storage.set_optimizer_arrays(model, optimizer)
    for generator, saved in zip(generators, randoms, strict=True):
        generator.bit_generator.state = saved
    if rate is not None:
        model.optimizer.learning_rate = rate
    run.epoch, run.batch, run.seen = counts[:3]
    run.order, run.total = arrays.get("progress/order"), total
    for metric, collected in zip(model._metrics, metrics, strict=True):
        metric.set_state(collected)
    model.history.history, model.history.epoch = history, epochs
    _restore_callbacks(run.watchers.callbacks, callbacks, arrays)


def _restore_callbacks(callbacks: Any, remembered: Any, arrays: Any) -> None:
    for i, (callback, kept) in enumerate(zip(callbacks, remembered, strict=False)):
        for name in callback.remembers:
            if name in kept:
                setattr(callback, name, kept[name])
            else:
                prefix = f"progress/callback/{i}/{name}/"
                names = sorted(key for key in arrays if key.startswith(prefix))
                setattr(callback, name, [arrays[key] for key in names])


def _generators(model: Any) -> list[np.random.Generator]:
    """The generators of the layers that have one of their own."""
    found = (getattr(layer, "_generator", None) for layer in model._tree())
    return [generator for generator in found if generator is not None]
