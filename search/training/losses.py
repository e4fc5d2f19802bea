"""The objectives of `lite`, all of one form: a softmax in which several answers may be right."""

from __future__ import annotations

import torch
from torch.nn import functional


def multi_positive(
    scores: torch.Tensor, positive: torch.Tensor, negative: torch.Tensor
) -> torch.Tensor:
    """Mean −log p over each row's positives; what is neither positive nor negative is left out.

    The supervised contrastive loss (Khosla et al. 2020, L_out) for any pair of sets; ``scores``
    (n, m) are cosines over temperature, the masks boolean of the same shape. Rows without a
    positive do not count; 0 when no row has one.
    """
    usable = positive | negative
    logits = scores.masked_fill(~usable, -1e4)
    log_p = logits - logits.logsumexp(dim=1, keepdim=True)
    count = positive.sum(dim=1)
    rows = count > 0
    if not rows.any():
        return scores.sum() * 0.0
    return -((log_p * positive).sum(dim=1)[rows] / count[rows]).mean()


def caption_truth(known: torch.Tensor, claims: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Which captions are true of which photos, and which are false: two (n, m) masks.

    ``known`` (n, a) and ``claims`` (m, a) are value numbers, -1 for unknown or not claimed. True:
    all that is claimed is known and agrees. False: something known disagrees. Neither: it cannot
    be told, for instance a colour claimed of a photo whose source names none.
    """
    claimed = claims[None] >= 0
    agrees = known[:, None] == claims[None]
    false = (claimed & (known[:, None] >= 0) & ~agrees).any(dim=-1)
    true = (~claimed | agrees).all(dim=-1)
    return true, false


def image_text(
    images: torch.Tensor,
    texts: torch.Tensor,
    known: torch.Tensor,
    claims: torch.Tensor,
    scale: torch.Tensor,
) -> torch.Tensor:
    """Symmetric contrastive loss where every caption that is true of a photo is right."""
    true, false = caption_truth(known, claims)
    scores = images @ texts.T * scale
    return (multi_positive(scores, true, false) + multi_positive(scores.T, true.T, false.T)) / 2


def same_model(images: torch.Tensor, model: torch.Tensor, scale: torch.Tensor) -> torch.Tensor:
    """Photos of one model near to one another."""
    same = model[:, None] == model[None]
    itself = torch.eye(len(images), dtype=torch.bool)
    scores = (images @ images.T * scale).masked_fill(itself, -1e4)
    return multi_positive(scores, same & ~itself, ~same)


def named(
    images: torch.Tensor,
    proxies: torch.Tensor,
    model: torch.Tensor,
    scale: torch.Tensor,
    log_prior: torch.Tensor,
) -> torch.Tensor:
    """Each photo nearest to its model's proxy, popular models being no surer than rare ones.

    Normalised softmax (Zhai and Wu 2019) with logits adjusted by the log of each model's share
    (Menon et al. 2021). ``model`` is -1 for photos that do not count; 0 when none does.
    """
    counted = model >= 0
    if not counted.any():
        return images.sum() * 0.0
    logits = images[counted] @ functional.normalize(proxies, dim=-1).T * scale + log_prior
    return functional.cross_entropy(logits, model[counted])


def valued(
    images: torch.Tensor, words: torch.Tensor, value: torch.Tensor, scale: torch.Tensor
) -> torch.Tensor:
    """Each photo nearest to the words of its own value, among the words of all values of an
    attribute: what zero-shot asks, where a batch's captions rarely say them all.

    ``words`` (v, d); ``value`` (n,) is -1 where unknown; 0 when none is known.
    """
    counted = value >= 0
    if not counted.any():
        return images.sum() * 0.0
    return functional.cross_entropy(images[counted] @ words.T * scale, value[counted])


def edited(
    images: torch.Tensor,
    words: torch.Tensor,
    model: torch.Tensor,
    colour: torch.Tensor,
    scale: torch.Tensor,
    *,
    pairs: int,
    strength: float,
) -> torch.Tensor:
    """A photo moved by words lands on the same model in that colour, as search will ask.

    ``words`` (n, d) are the texts of the photos' own main colours. Two ways of moving are trained:
    the sum ``v + t_target`` and the direction ``v + strength·(t_target − t_source)``. At most
    ``pairs`` random pairs count. ``colour`` is -1 where unknown.
    """
    editable = (
        (model[:, None] == model[None])
        & (colour[:, None] != colour[None])
        & (colour[:, None] >= 0)
        & (colour[None] >= 0)
    )
    source, target = editable.nonzero(as_tuple=True)
    if len(source) == 0:
        return images.sum() * 0.0
    if len(source) > pairs:
        chosen = torch.randperm(len(source))[:pairs]
        source, target = source[chosen], target[chosen]
    right = (model[None] == model[source][:, None]) & (colour[None] == colour[target][:, None])
    itself = torch.arange(len(images))[None] == source[:, None]
    queries = (
        images[source] + words[target],
        images[source] + strength * (words[target] - words[source]),
    )
    losses = [
        multi_positive(
            functional.normalize(query, dim=-1) @ images.T * scale,
            right & ~itself,
            ~right & ~itself,
        )
        for query in queries
    ]
    return torch.stack(losses).mean()
