"""What an artefact is, in words for machines: synthetic, of which generation, and by what kind of process.

Generations: 0 is rendered; 1 is refined by a model that learnt from real pictures; what a model made that learnt from
generation N is N + 1. Training on generated data again and again loses the rare cases first (Shumailov et al., "AI
models collapse when trained on recursively generated data", Nature 2024): so the number goes wherever the data goes.
"""

from __future__ import annotations

VOCABULARY = "http://cv.iptc.org/newscodes/digitalsourcetype/"
"""IPTC's NewsCodes for ``Iptc4xmpExt:DigitalSourceType``, which C2PA uses too; release of 2024-09-17."""

RENDERED = VOCABULARY + "algorithmicMedia"
"""Pure algorithmic media: made by an algorithm alone, without training data. Meshes, materials, light and sensors are
formulas here. ``digitalCreation`` would name a person's work with tools, ``virtualRecording`` the recording of an event
that people take part in, and ``trainedAlgorithmicMedia`` a generative model, which draws none of a render."""

REFINED = VOCABULARY + "compositeWithTrainedAlgorithmicMedia"
"""Edited with generative AI: a picture that existed before, altered by a trained model. ``trainedAlgorithmicMedia``
would deny the render below it; ``algorithmicallyEnhanced`` is for corrections without generative AI."""


def digital_source_type(generation: int) -> str:
    """IPTC's term for an artefact of a generation.

    Raises:
        ValueError: there is no such generation.
    """
    if generation < 0:
        raise ValueError(f"generation {generation}: generations count from 0, which is rendered")
    return REFINED if generation else RENDERED
