"""Saving and loading: weights, whole models, and nothing that could be run.

Weights go to ``.safetensors`` or ``.npz``; a whole model is one ``.safetensors`` file
whose header also holds its config as JSON. A file is written beside its final place,
synced, and renamed, so it is either whole or not there. Reading never unpickles,
evaluates or imports anything: configs are names looked up among the course's own
classes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import ConfigError, FileFormatError, ShapeError
from ..losses.joint import JointLoss
from .files import read_arrays, write_arrays

FORMAT = "dlcourse 1"


# --------------------------------------------------------------------------- weights


def weight_names(model: Any) -> list[str]:
    """A name for each of ``model.weights``: its layer's and its own, all different."""
    owners = {
        id(weight): layer.name
        for layer in reversed(model._tree())
        for weight in layer._weights
    }
    names: list[str] = []
    for weight in model.weights:
        name = f"{owners.get(id(weight), model.name)}/{weight.name}"
        names.append(name if name not in names else f"{name}:{len(names)}")
    return names


def weight_arrays(model: Any) -> dict[str, np.ndarray]:
    """The weights by name."""
    return dict(zip(weight_names(model), model.get_weights(), strict=True))


def own_arrays(arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The weights among the arrays of a file."""
    others = ("optimizer/", "progress/")
    return {k: v for k, v in arrays.items() if not k.startswith(others)}


def set_weight_arrays(
    model: Any,
    arrays: Mapping[str, np.ndarray],
    notes: Mapping[str, str],
    source: str,
    *,
    write: bool = True,
) -> None:
    """Write the arrays into the model: all of them, or none (or only check them).

    They are found by name; where the names differ (a twin of the model numbers its
    layers anew), the order they were saved in decides.
    """
    names = weight_names(model)
    if not all(name in arrays for name in names):
        try:
            names = json.loads(notes.get("order", "null")) or list(arrays)
            names = [name for name in names if name in arrays]
        except (TypeError, json.JSONDecodeError):
            raise FileFormatError(
                f"{source}: its list of weights is damaged."
            ) from None
    try:
        values = [arrays[name] for name in names]
        if write:
            model.set_weights(values)
        else:
            model.check_weights(values)
    except ShapeError as problem:
        raise ShapeError(f"{source} does not fit this model: {problem}") from None


def weight_notes(model: Any, kind: str) -> dict[str, str]:
    """What every file says of itself: format, kind, and the order of the weights."""
    order = json.dumps(weight_names(model))
    return {"format": FORMAT, "kind": kind, "order": order}


def save_weights(model: Any, path: Any) -> None:
    """Write the weights to ``.safetensors`` or ``.npz``."""
    write_arrays(path, weight_arrays(model), weight_notes(model, "weights"))


def load_weights(model: Any, path: Any) -> None:
    """Read the weights back; the model is unchanged unless every shape is right."""
    arrays, notes = read_arrays(path)
    set_weight_arrays(model, own_arrays(arrays), notes, Path(path).name)


# ---------------------------------------------------------------------- whole models


def save_model(model: Any, path: Any) -> None:
    """Write architecture, weights, and what ``compile`` was told, to one file."""
    if Path(path).suffix != ".safetensors":
        raise ConfigError(
            f"{Path(path).name}: a whole model is saved as .safetensors (its config is "
            "in the header); weights alone may be .npz."
        )
    notes = {
        **weight_notes(model, "model"),
        "model": json.dumps(
            {"class_name": type(model).__name__, "config": model.get_config()}
        ),
        "compiled": json.dumps(_compiled_config(model)),
    }
    arrays = {**weight_arrays(model), **optimizer_arrays(model)}
    write_arrays(path, arrays, notes)


def load_model(path: Any) -> Any:
    """The model that ``model.save(path)`` wrote, compiled as it was.

    Raises `FileFormatError` if the file is not one, `ConfigError` if it names a layer
    or setting that does not exist.
    """
    from .model import Model
    from .sequential import Sequential

    arrays, notes = read_arrays(path)
    name = Path(path).name
    if notes.get("kind") != "model":
        raise FileFormatError(f"{name} holds no whole model; use load_weights for it.")
    try:
        described = json.loads(notes["model"])
        compiled = json.loads(notes["compiled"])
        kinds = {"Sequential": Sequential, "Model": Model}
        kind = kinds[described["class_name"]]
    except (KeyError, TypeError, json.JSONDecodeError) as problem:
        raise FileFormatError(f"{name}: its config is damaged ({problem}).") from None
    try:
        model = kind.from_config(described["config"])
        if compiled:
            model.compile(**compiled)
    except (KeyError, TypeError, AttributeError, IndexError) as problem:
        raise FileFormatError(f"{name}: its config is damaged ({problem}).") from None
    set_weight_arrays(model, own_arrays(arrays), notes, name)
    if compiled:
        set_optimizer_arrays(model, optimizer_state(model, arrays, name))
    return model


def _compiled_config(model: Any) -> dict[str, Any] | None:
    if model.optimizer is None:
        return None
    loss = model.loss

    def described(part: Any) -> Any:
        known = hasattr(part, "get_config") and not hasattr(part, "function")
        if isinstance(part, str) or part is None:
            return part
        if isinstance(part, list):
            return [described(one) for one in part]
        if not known:
            raise ConfigError(
                f"{part!r} is a function of yours and cannot be saved; use "
                "save_weights, "
                "or compile with a loss and metrics by name first."
            )
        return {"class_name": type(part).__name__, "config": part.get_config()}

    joint = isinstance(loss, JointLoss)
    return {
        "optimizer": described(model.optimizer),
        "loss": described(loss.parts if joint else loss),
        "metrics": described(model._wanted_metrics),
        "loss_weights": loss.weights if joint else model._loss_weight,
    }


# ------------------------------------------------------------------- optimizer state


def optimizer_arrays(model: Any) -> dict[str, np.ndarray]:
    """The optimizer's state as named arrays."""
    from .. import backend

    rule = model.optimizer
    if rule is None:
        return {}
    arrays = {"optimizer/iterations": np.array(rule.iterations, np.int64)}
    product = getattr(rule, "_product", None)
    if product is not None:  # Nadam's
        arrays["optimizer/product"] = np.array(product, np.float64)
    for i, state in enumerate(rule._state):
        for name, array in state.items():
            arrays[f"optimizer/{i}/{name}"] = backend.to_numpy(array)
    return arrays


def optimizer_state(
    model: Any, arrays: Mapping[str, np.ndarray], source: str
) -> dict[str, Any] | None:
    """The optimizer's state among the arrays, checked against the model's optimizer."""
    from .. import backend

    rule = model.optimizer
    if "optimizer/iterations" not in arrays:
        return None
    states: dict[int, dict[str, Any]] = {}
    for name, array in arrays.items():
        parts = name.split("/")
        if parts[0] == "optimizer" and len(parts) == 3 and parts[1].isdigit():
            state = states.setdefault(int(parts[1]), {})
            state[parts[2]] = backend.asarray(array.copy())
    slots = set(rule.slots)
    fits = all(set(state) == slots for state in states.values() if slots or state)
    if not fits or sorted(states) != list(range(len(states))):
        raise FileFormatError(
            f"{source} holds the state of another optimizer than {rule.name}."
        )
    try:
        found: dict[str, Any] = {
            "iterations": int(arrays["optimizer/iterations"]),
            "_state": [states[i] for i in sorted(states)],
        }
        if "optimizer/product" in arrays:
            found["_product"] = float(arrays["optimizer/product"])
    except (TypeError, ValueError) as problem:
        raise FileFormatError(
            f"{source}: the optimizer is damaged: {problem}"
        ) from None
    return found


def set_optimizer_arrays(model: Any, state: Mapping[str, Any] | None) -> None:
    """Put the optimizer into a state that `optimizer_state` has found."""
    for name, value in (state or {}).items():
        setattr(model.optimizer, name, value)
