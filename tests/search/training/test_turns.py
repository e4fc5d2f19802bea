"""How photos lie, learned from a stand-in for the tower's map and read by the exported graph."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
import torch

from search.encoders.export import pooled_and_lying
from search.encoders.lite import seems_to_lie, stands_better
from search.training.turns import MIRRORED, Turns, fit_turns, quarter_maps

SIDE, CELLS = 40, 4


def pooled(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """A map of four cells a side: the mean colour of each."""
    n, step = len(pixels), SIDE // CELLS
    cells = pixels.reshape(n, CELLS, step, CELLS, step, 3).mean(axis=(2, 4))
    return np.asarray(cells / 255, np.float32)


def soles_down(n: int) -> npt.NDArray[np.uint8]:
    """Noise with a dark sole at the bottom and a toe to the left or to the right."""
    rng = np.random.default_rng(0)
    photos = rng.integers(120, 256, (n, SIDE, SIDE, 3), np.uint8)
    photos[:, SIDE * 3 // 4 :] //= 4
    photos[: n // 2, SIDE // 2 :, : SIDE // 4, 0] = 255
    photos[n // 2 :, SIDE // 2 :, -SIDE // 4 :, 0] = 255
    return photos


def test_it_is_told_how_photos_lie() -> None:
    photos, told = soles_down(300), 0

    def advance(count: int) -> None:
        nonlocal told
        told += count

    head = fit_turns(photos[:250], pooled, seed=0, advance=advance)
    assert told == 250 * 9
    maps = quarter_maps(photos[250:], pooled, advance=lambda _: None)
    with torch.no_grad():
        lies = head(torch.from_numpy(maps).flatten(0, 1).float()).argmax(dim=1)
    assert (lies.reshape(-1, 4) == torch.arange(4)).float().mean() > 0.95


def test_without_photos_nothing_can_be_learned() -> None:
    with pytest.raises(ValueError, match="no photos"):
        fit_turns(soles_down(0), pooled, seed=0, advance=lambda _: None)


def test_a_mirror_exchanges_left_and_right() -> None:
    photo = soles_down(1)
    for quarter in range(4):
        lying = np.rot90(photo, quarter, (1, 2))
        again = np.rot90(photo[:, :, ::-1], int(MIRRORED[quarter]), (1, 2))
        assert (lying[:, :, ::-1] == again).all()


def test_the_graph_computes_what_the_head_computes() -> None:
    torch.manual_seed(0)
    head = Turns(torch.randn(8), torch.rand(8) + 0.5, cells=9).eval()
    maps = torch.randn(5, 8, 3, 3)
    tensors = {name: torch.from_numpy(tensor) for name, tensor in head.tensors().items()}
    with torch.no_grad():
        expected = head(maps.permute(0, 2, 3, 1))
        found = pooled_and_lying(maps, tensors)
    torch.testing.assert_close(found[:, 16:], expected)
    torch.testing.assert_close(found[:, :8], maps.mean((2, 3)))


def lies(*shares: float) -> npt.NDArray[np.float32]:
    return np.log(np.array(shares, np.float32) + 1e-6)


def test_only_what_hardly_stands_is_looked_at_again() -> None:
    photos = np.stack([lies(0.4, 0.5, 0.05, 0.05), lies(0.1, 0.1, 0.1, 0.7), lies(0.9, 0.1, 0, 0)])
    doubtful, quarters = seems_to_lie(photos, below=0.3)
    assert doubtful.tolist() == [1]
    assert quarters.tolist() == [3]


def test_a_photo_is_turned_only_where_it_then_stands() -> None:
    """The second one, a sole, seems to lie to its left however it is turned."""
    before = np.stack([lies(0.1, 0.8, 0.05, 0.05), lies(0.1, 0.8, 0.05, 0.05)])
    after = np.stack([lies(0.7, 0.1, 0.1, 0.1), lies(0.05, 0.05, 0.05, 0.85)])
    assert stands_better(before, after, np.array([1, 1]), margin=1).tolist() == [True, False]
