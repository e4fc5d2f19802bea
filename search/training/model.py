"""`lite` in torch, to be trained; `search.encoders` serves the same with onnxruntime and numpy."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.nn import functional

from search.encoders.colours import TO_WHITE_XYZ
from search.encoders.export import tower_network
from search.encoders.framing import GRID

Tensors = dict[str, npt.NDArray[np.float32]]


class Tower(nn.Module):
    """EfficientNet-lite0: pixels (n, 3, s, s) in 0 … 255 → (n, 2560), as `ImageTower` gives it.

    Batch norms keep the statistics of ImageNet: those of batches that mix shops' white ground with
    streets would fit neither. The first ``frozen`` blocks learn nothing.
    """

    def __init__(self, sha256: str, *, frozen: int, drop_blocks: float) -> None:
        super().__init__()
        self.net = tower_network(sha256).to(memory_format=torch.channels_last)
        self.net.requires_grad_(False)
        self._frozen, self._drop = frozen, drop_blocks
        learning = [*self.net._blocks[frozen:], self.net._conv_head, self.net._bn1]
        for part in learning:
            part.requires_grad_(True)

    def train(self, mode: bool = True) -> Tower:
        super().train(mode)
        for module in self.net.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.eval()
        return self

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        net, blocks = self.net, self.net._blocks
        x = ((pixels - 127.0) / 128.0).contiguous(memory_format=torch.channels_last)
        with torch.no_grad():
            x = net._swish(net._bn0(net._conv_stem(x)))
            for block in blocks[: self._frozen]:
                x = block(x)
        for i in range(self._frozen, len(blocks)):
            x = blocks[i](x, drop_connect_rate=self._drop * i / len(blocks))
        x = net._swish(net._bn1(net._conv_head(x)))
        return torch.cat([x.mean((2, 3)), x.amax((2, 3))], dim=1)

    def load(self, tensors: Tensors) -> None:
        """Go on from what `tensors` gave, of a tower that learnt no more blocks than this one."""
        self.net.load_state_dict(
            {name: torch.from_numpy(tensor.copy()) for name, tensor in tensors.items()},
            strict=False,
        )

    def tensors(self) -> Tensors:
        """What was learnt, by the names that `search.encoders.export` reads."""
        return {
            name: parameter.detach().contiguous().numpy()
            for name, parameter in self.net.named_parameters()
            if parameter.requires_grad
        }


class Colours(nn.Module):
    """`search.encoders.colours.histogram` for a batch: (n, 3, s, s), shoes → (n, k·bands)."""

    palette: torch.Tensor
    to_xyz: torch.Tensor

    def __init__(
        self,
        palette: npt.NDArray[np.float32],
        *,
        softness: float,
        bands: Sequence[tuple[float, float]],
    ) -> None:
        super().__init__()
        self.register_buffer("palette", torch.from_numpy(palette))
        self.register_buffer("to_xyz", torch.from_numpy(np.ascontiguousarray(TO_WHITE_XYZ)))
        self._softness, self._bands = softness, bands

    @torch.no_grad()
    def forward(self, pixels: torch.Tensor, shoe: torch.Tensor) -> torch.Tensor:
        half = GRID // 2
        cells = functional.adaptive_avg_pool2d(pixels, half).permute(0, 2, 3, 1) / 255
        share = functional.adaptive_avg_pool2d(shoe, half)[:, 0]
        linear = torch.where(cells > 0.04045, ((cells + 0.055) / 1.055) ** 2.4, cells / 12.92)
        xyz = linear @ self.to_xyz
        f = torch.where(xyz > 0.008856, xyz.clamp(min=1e-6) ** (1 / 3), 7.787 * xyz + 16 / 116)
        x, y, z = f.unbind(-1)
        lab = torch.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], dim=-1)
        distance = torch.cdist(lab.flatten(1, 2), self.palette) ** 2
        weight = torch.softmax(distance / (-2 * self._softness**2), dim=-1)
        weight = weight.reshape(len(pixels), half, half, -1) * share[..., None]
        parts = []
        for low, high in self._bands:
            band = slice(round(low * half), round(high * half))
            total = share[:, band].sum((1, 2)).clamp(min=1.0)
            parts.append(weight[:, band].sum((1, 2)) / total[:, None])
        return torch.cat(parts, dim=1).sqrt()


class Head(nn.Module):
    """Features (n, d) → unit vectors (n, dim): one hidden layer beside a linear shortcut."""

    mean: torch.Tensor
    scale: torch.Tensor

    def __init__(
        self, mean: torch.Tensor, scale: torch.Tensor, *, width: int, dim: int, dropout: float
    ) -> None:
        super().__init__()
        self.register_buffer("mean", mean)
        self.register_buffer("scale", scale)
        self.hidden = nn.Linear(len(mean), width)
        self.norm = nn.LayerNorm(width)
        self.out = nn.Linear(width, dim)
        self.shortcut = nn.Linear(len(mean), dim, bias=False)
        self.drop_in = nn.Dropout(dropout / 2)
        self.drop = nn.Dropout(dropout)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        x = self.drop_in((features - self.mean) * self.scale)
        hidden = self.drop(functional.silu(self.norm(self.hidden(x))))
        return functional.normalize(self.out(hidden) + self.shortcut(x), dim=-1)

    def load(self, tensors: Tensors) -> None:
        """Go on from what `tensors` gave; ``KeyError`` or ``ValueError`` if it was of another
        shape."""
        with torch.no_grad():
            for name, tensor in self._named().items():
                if tuple(tensor.shape) != tensors[name].shape:
                    raise ValueError(f"{name} has the shape {tensors[name].shape}")
                tensor.copy_(torch.from_numpy(tensors[name]))

    def tensors(self) -> Tensors:
        """By the names that `search.encoders.heads.Head` reads."""
        return {name: tensor.detach().numpy() for name, tensor in self._named().items()}

    def _named(self) -> dict[str, torch.Tensor]:
        return {
            "mean": self.mean,
            "scale": self.scale,
            "w1": self.hidden.weight,
            "b1": self.hidden.bias,
            "gain": self.norm.weight,
            "shift": self.norm.bias,
            "w2": self.out.weight,
            "b2": self.out.bias,
            "w3": self.shortcut.weight,
        }


class Lite(nn.Module):
    """The tower, both heads, a proxy for each model that is learnt, and learned temperatures."""

    def __init__(
        self,
        tower: Tower,
        colours: Colours,
        image: Head,
        text: Head,
        *,
        models: int,
        temperature: float,
    ) -> None:
        super().__init__()
        self.tower, self.colours = tower, colours
        self.image = image
        self.text = text
        self.proxies = nn.Parameter(torch.randn(models, image.out.out_features) / 16)
        start = torch.tensor(math.log(1 / temperature))
        self.log_scale_text = nn.Parameter(start.clone())
        self.log_scale_image = nn.Parameter(start.clone())

    def load(self, tensors: Tensors) -> None:
        """Go on from the tensors of a folder of weights: everything but proxies and temperatures,
        which are not kept. Raises as `Head.load`."""
        parts: dict[str, Tensors] = {"tower": {}, "image": {}, "text": {}}
        for name, tensor in tensors.items():
            part, _, rest = name.partition(".")
            if rest:
                parts[part][rest] = tensor
        self.tower.load(parts["tower"])
        self.image.load(parts["image"])
        self.text.load(parts["text"])

    def photos(self, pixels: torch.Tensor, shoes: torch.Tensor) -> torch.Tensor:
        """(n, dim) unit vectors of framed photos, (n, 3, s, s) in 0 … 255, and their shoes."""
        features = torch.cat([self.tower(pixels), self.colours(pixels, shoes)], dim=1)
        found: torch.Tensor = self.image(features)
        return found

    def scales(self) -> tuple[torch.Tensor, torch.Tensor]:
        """For photo–text and photo–photo cosines; at most 100, as in CLIP."""
        return (
            self.log_scale_text.clamp(max=math.log(100)).exp(),
            self.log_scale_image.clamp(max=math.log(100)).exp(),
        )
