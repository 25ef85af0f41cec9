"""Every model there is, by name."""

from __future__ import annotations

import difflib
import functools
from collections.abc import Callable
from types import MappingProxyType

from assets import (
    barriers,
    buildings,
    kangaroo,
    mobility,
    motorcycles,
    people,
    props,
    props_debris,
    props_garden,
    props_luggage,
    props_refuse,
    props_roadworks,
    props_street,
    quadrupeds,
    signals,
    street,
    two_wheelers,
    vegetation,
    vehicles,
)
from assets.model import Model

Maker = Callable[[int, tuple[float, float, float] | None], Model]
MODELS: MappingProxyType[str, Maker] = MappingProxyType(
    {
        **kangaroo.MODELS,
        **quadrupeds.MODELS,
        **people.MODELS,
        **mobility.MODELS,
        **vehicles.MODELS,
        **two_wheelers.MODELS,
        **motorcycles.MODELS,
        **vegetation.MODELS,
        **props.MODELS,
        **signals.MODELS,
        **buildings.MODELS,
        **street.MODELS,
        **barriers.MODELS,
        **{
            f"prop.{name}": functools.partial(recipe.model, f"prop.{name}")
            for themed in (props_street, props_roadworks, props_refuse, props_garden, props_luggage, props_debris)
            for name, recipe in themed.RECIPES.items()
        },
    }
)
"""Catalogue name -> function of (variant, size)."""


def names() -> tuple[str, ...]:
    """All catalogue names, sorted."""
    return tuple(sorted(MODELS))


def model(name: str, *, variant: int = 0, size: tuple[float, float, float] | None = None) -> Model:
    """The model of that name: the same arguments give the same object, and the same bytes in every process.

    Args:
        name: ``animal.kangaroo``, ``vehicle.sedan``, ...
        variant: picks an individual (build, coat, clothes, paint job details); 0 is the typical one.
        size: (length, width, height) [m] a vehicle is to have; None is its own.

    Raises:
        KeyError: there is no model of that name; the message names the nearest.
        ValueError: the kind takes no ``size``, or a wrong one.
    """
    return _made(name, variant, size)


@functools.cache
def _made(name: str, variant: int, size: tuple[float, float, float] | None) -> Model:
    if name not in MODELS:
        near = difflib.get_close_matches(name, names(), n=4, cutoff=0.3)
        hint = f"did you mean {', '.join(near)}?" if near else f"there are {', '.join(names())}"
        raise KeyError(f"no model {name!r}; {hint}")
    return MODELS[name](variant, size)
