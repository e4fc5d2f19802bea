"""Photos as a customer might have taken them, a batch at a time. Colours are labels: they stay."""

from __future__ import annotations

import io
import math

import numpy as np
import torch
from PIL import Image
from torch.nn import functional

JPEG_SHARE = 0.15
BLUR_SHARE = 0.25
PASTE_SHARE = 0.2
TURNED_SHARE = 0.2
"""Photos that are turned by any angle; others lean by at most ``LEAN`` degrees."""
LEAN = 18.0
HIDDEN_SHARE = 0.2


def augment(
    photos: torch.Tensor, shoes: torch.Tensor, plain: torch.Tensor, *, side: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """Random variants of framed photos: mirrored, turned, cropped, shrunk, blurred, recompressed,
    lit otherwise, partly hidden, and those on plain ground now and then on another's.

    ``photos`` is (n, 3, s, s) in 0 … 255, ``shoes`` (n, 1, s, s) in 0 … 1 says where the shoe is,
    ``plain`` (n,) whether that is known. Gives (n, 3, side, side) and (n, 1, side, side). Draws
    from torch's generator alone.
    """
    n = len(photos)
    both = torch.cat([photos, shoes * 255], dim=1)
    grid = functional.affine_grid(_placements(n), [n, 4, side, side], align_corners=False)
    both = functional.grid_sample(both, grid, padding_mode="border", align_corners=False)
    pixels, shoe = both[:, :3], (both[:, 3:] / 255).clamp(0, 1)
    pixels, shoe = _paste(pixels, shoe, plain)
    pixels = _blur(pixels)
    pixels = _light(pixels)
    pixels = _hide(pixels)
    return _recompress(pixels.clamp(0, 255)), shoe


def _chance(n: int, share: float) -> torch.Tensor:
    return torch.rand(n) < share


def _between(n: int, low: float, high: float) -> torch.Tensor:
    return low + (high - low) * torch.rand(n)


def _placements(n: int) -> torch.Tensor:
    """(n, 2, 3) affine maps from the variant's frame to the photo's."""
    angle = torch.where(_chance(n, TURNED_SHARE), _between(n, -180, 180), _between(n, -LEAN, LEAN))
    angle = angle * (math.pi / 180) * _chance(n, 0.7)
    zoom = torch.exp(_between(n, math.log(0.68), math.log(1.15)))
    stretch = torch.exp(_between(n, -0.1, 0.1))
    mirror = torch.where(_chance(n, 0.5), -1.0, 1.0)
    cos, sin = torch.cos(angle), torch.sin(angle)
    return torch.stack(
        [
            torch.stack([cos * zoom * stretch * mirror, -sin * zoom, _between(n, -0.12, 0.12)], 1),
            torch.stack([sin * zoom * stretch * mirror, cos * zoom, _between(n, -0.12, 0.12)], 1),
        ],
        dim=1,
    )


def _paste(
    pixels: torch.Tensor, shoe: torch.Tensor, plain: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Some shoes from plain ground onto what is around others, blurred; then all counts as shoe."""
    n = len(pixels)
    grounds = torch.nonzero(~plain)[:, 0]
    chosen = torch.nonzero(_chance(n, PASTE_SHARE) & plain)[:, 0]
    if not len(chosen) or not len(grounds):
        return pixels, shoe
    drawn = grounds[torch.randint(len(grounds), (len(chosen),))]
    ground = functional.avg_pool2d(pixels[drawn].flip(-2), 9, stride=1, padding=4)
    share = functional.avg_pool2d(shoe[chosen], 3, stride=1, padding=1)
    pixels, shoe = pixels.clone(), shoe.clone()
    pixels[chosen] = pixels[chosen] * share + ground * (1 - share)
    shoe[chosen] = 1.0
    return pixels, shoe


def _blur(pixels: torch.Tensor) -> torch.Tensor:
    """Some photos shrunk to 64 px or a little more, and back."""
    chosen = torch.nonzero(_chance(len(pixels), BLUR_SHARE))[:, 0]
    if not len(chosen):
        return pixels
    side = pixels.shape[-1]
    small = int(torch.randint(int(0.4 * side), int(0.8 * side), ()))
    shrunk = functional.interpolate(
        pixels[chosen], size=(small, small), mode="bilinear", antialias=True
    )
    pixels = pixels.clone()
    pixels[chosen] = functional.interpolate(shrunk, size=(side, side), mode="bilinear")
    return pixels


def _light(pixels: torch.Tensor) -> torch.Tensor:
    """Brightness, contrast and a faint cast: less than would make another colour's name right."""
    n = len(pixels)
    lit = _chance(n, 0.7)
    gain = torch.where(lit, _between(n, 0.78, 1.15), torch.ones(n))[:, None, None, None]
    contrast = torch.where(lit, _between(n, 0.8, 1.2), torch.ones(n))[:, None, None, None]
    cast = 1 + 0.04 * torch.randn(n, 3, 1, 1).clamp(-2, 2) * lit[:, None, None, None]
    middle = pixels.mean(dim=(1, 2, 3), keepdim=True)
    return ((pixels - middle) * contrast + middle) * gain * cast


def _hide(pixels: torch.Tensor) -> torch.Tensor:
    """A grey patch over some photos: no single detail may carry a name."""
    n, _, side, _ = pixels.shape
    chosen = torch.nonzero(_chance(n, HIDDEN_SHARE))[:, 0].tolist()
    size = _between(n, 0.15, 0.35)
    corner = torch.rand(n, 2)
    pixels = pixels.clone()
    for i in chosen:
        length = max(1, int(float(size[i]) * side))
        top, left = (int(float(c) * (side - length)) for c in corner[i])
        pixels[i, :, top : top + length, left : left + length] = 128
    return pixels


def _recompress(pixels: torch.Tensor) -> torch.Tensor:
    chosen = torch.nonzero(_chance(len(pixels), JPEG_SHARE))[:, 0].tolist()
    quality = torch.randint(25, 75, (len(pixels),)).tolist()
    for i in chosen:
        buffer = io.BytesIO()
        photo = pixels[i].round().byte().permute(1, 2, 0).numpy()
        Image.fromarray(photo).save(buffer, "JPEG", quality=quality[i])
        with Image.open(buffer) as read:
            again = torch.from_numpy(np.array(read))
        pixels[i] = again.permute(2, 0, 1).float()
    return pixels
