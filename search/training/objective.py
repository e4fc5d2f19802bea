"""What a batch is judged by: the terms of `search.training.losses`, each by its weight."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

from search.training.augment import augment
from search.training.losses import edited, image_text, named, same_model, valued
from search.training.material import Material, tensors
from search.training.model import Lite
from search.training.options import TrainOptions


def objective(
    lite: Lite,
    rows: npt.NDArray[np.intp],
    whole: int,
    material: Material,
    options: TrainOptions,
    rng: np.random.Generator,
    epoch: int,
) -> torch.Tensor:
    """Of the photos ``rows``; the last ``whole`` of them are of whole models in several colours."""
    pixels, shoes = tensors(material.framing, rows)
    shoes = functional.interpolate(shoes, size=pixels.shape[-2:])
    plain = torch.from_numpy(material.framing.plain[rows])
    images = lite.photos(*augment(pixels, shoes, plain, side=options.side_at(epoch)))
    known = torch.from_numpy(material.known[rows])
    model = torch.from_numpy(material.model[rows])
    text_scale, image_scale = lite.scales()
    said = rng.integers(0, material.captions.shape[1], len(rows))
    sentence = material.captions[rows, said]
    speaking = sentence >= 0
    loss = options.model_weight * same_model(images, model, image_scale)
    loss = loss + options.name_weight * named(
        images,
        lite.proxies,
        torch.from_numpy(material.name[rows]),
        image_scale,
        torch.from_numpy(material.log_prior),
    )
    if speaking.any():
        texts = lite.text(torch.from_numpy(material.sentences[sentence[speaking]]))
        claims = torch.from_numpy(material.claims[rows, said][speaking])
        loss = loss + image_text(images, texts, known, claims, text_scale)
    said_values = {
        column: lite.text(
            torch.from_numpy(material.sentences[prompts[:, rng.integers(prompts.shape[1])]])
        )
        for column, prompts in material.value_prompts.items()
    }
    for column, words in said_values.items():
        loss = loss + options.value_weight * valued(images, words, known[:, column], text_scale)
    if whole and options.edit_weight:
        colour = known[-whole:, material.colour_column]
        words = said_values[material.colour_column][colour]
        loss = loss + options.edit_weight * edited(
            images[-whole:],
            words,
            model[-whole:],
            colour,
            image_scale,
            pairs=options.edit_pairs,
            strength=options.edit_strength,
        )
    return loss
