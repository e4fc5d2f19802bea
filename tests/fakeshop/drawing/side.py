"""The shoe from its side: upper with overlays, laces, collar and mark, above its sole."""

from __future__ import annotations

import numpy as np

from tests.fakeshop.drawing.curves import Points, band, normals, offset, part, smooth
from tests.fakeshop.drawing.kit import DARK, Bench
from tests.fakeshop.drawing.layer import Plane, line_colour, luma, mix
from tests.fakeshop.drawing.marks import mark
from tests.fakeshop.drawing.soles import draw_sole, draw_stiletto
from tests.fakeshop.drawing.straps import draw_straps

FAR = 120.0


def draw_side(bench: Bench, *, medial: bool = False, tongue: bool = True) -> None:
    """Paint one side on ``bench.layer``; the medial side has a smaller mark and plain quarters."""
    if bench.look.silhouette == "heel":
        draw_stiletto(bench)
    if bench.shape.outline.closure == "straps":
        draw_sole(bench)
        draw_straps(bench, medial=medial)
        return
    if tongue:
        draw_tongue(bench)
    draw_upper(bench, medial=medial)
    draw_sole(bench)


def draw_tongue(bench: Bench) -> None:
    """What stands above the collar: the tongue of a laced shoe, the pull tabs of a boot."""
    s, layer, p = bench.shape, bench.layer, bench.paints
    x, y = s.ridge[0]
    hx, hy = s.back[-1]
    if s.outline.closure == "laces":
        colour = p.accent if bench.look.cut % 5 == 0 else mix(p.upper, DARK, 0.12)
        along = s.ridge[len(s.ridge) // 4] - s.ridge[0]
        back = -along / np.hypot(*along)
        side = np.array([back[1], -back[0]])  # to the front of the shin
        tip = s.ridge[0] + back * 6
        piece = smooth(
            [(x - 6, y - 6), (x - 4.2, y - 1), tuple(tip - side * 2.6), tuple(tip + back * 1.2),
             tuple(tip + side * 1.6), tuple(s.ridge[0] + side * 1.5 - back * 3), (x + 3, y - 9)],
            closed=True,
        )  # fmt: skip
        layer.fill(piece, colour, texture=bench.weave)
        layer.stroke(smooth(piece[8:44:6]), line_colour(colour), 0.4, opacity=0.5)
        mask = layer.mask(piece)
        layer.model(mask, depth=1.8, light=0.7, gloss=bench.gloss)
    elif s.outline.closure == "gore":
        for px, py in ((hx + 2.5, hy), (x - 4, y - 0.5)):
            loop = np.array(
                [(px - 2, py - 4), (px - 1.6, py + 5), (px + 1.6, py + 5), (px + 2, py - 4)]
            )
            layer.fill(smooth(loop, steps=4), p.accent)
            layer.stroke(smooth(loop, steps=4), line_colour(p.accent), 0.35, opacity=0.6)
    if bench.look.silhouette in ("runner", "boot", "mid") and "heel" in bench.look.panels:
        tab = smooth(
            [(hx + 0.2, hy - 8), (hx - 2.2, hy - 4), (hx - 2, hy + 2.5), (hx + 2.2, hy + 1.5)]
        )
        layer.stroke(tab, p.accent, 1.5)


def draw_upper(bench: Bench, *, medial: bool) -> None:
    s, layer, p = bench.shape, bench.layer, bench.paints
    body = layer.mask(s.upper)
    layer.fill(s.upper, p.upper, texture=bench.weave)
    draw_panels(bench, body, medial=medial)
    draw_collar(bench, body)
    if s.outline.closure == "elastic":
        draw_elastic(bench, body)
    elif s.outline.closure == "gore":
        draw_gore(bench, body)
    if bench.look.silhouette == "loafer":
        draw_apron(bench, body)
    draw_mark(bench, body, small=medial)
    # a faint contour, without which white shoes dissolve into white paper
    layer.stroke(np.vstack([s.upper, s.upper[:1]]), (0, 0, 0), 0.7, clip=body, opacity=0.16)
    layer.model(body, depth=6.0, light=0.62, gloss=bench.gloss)
    layer.model(body, depth=1.6, light=0.3, gloss=bench.gloss * 0.4)
    if s.outline.closure == "laces":
        draw_laces(bench)


def draw_panels(bench: Bench, body: Plane, *, medial: bool) -> None:
    """The overlays: in the accent where the look says so, else in a shade of the upper."""
    s, layer, p, look = bench.shape, bench.layer, bench.paints, bench.look
    o = s.outline
    tone = mix(p.upper, (0, 0, 0), 0.13) if luma(p.upper) > 0.2 else mix(p.upper, (1, 1, 1), 0.09)
    lift = float(s.sole_top[:, 1].min())

    def colour(name: str) -> tuple[float, float, float]:
        return p.accent if name in look.panels else tone

    laced = o.closure == "laces"
    if "saddle" in look.panels and not medial and laced:
        front = smooth([(66, 34), (60, 24), (57, 15), (58, 4)])
        rear = smooth([(30, 4), (31, 14), (36, 24), (40, 44)])
        layer.panel(np.vstack([front, rear]), colour("saddle"), clip=body, texture=bench.weave,
                    seam=front)  # fmt: skip
        layer.stroke(rear, line_colour(p.accent), 0.35, clip=body, opacity=0.6)
    if "guard" in look.panels or o.tread == "runner":
        x = np.linspace(0, 104, 50)
        rise = 4.2 + 4.5 * np.clip((x - 74) / 16, 0, 1) + 3 * np.clip((22 - x) / 12, 0, 1)
        if look.cut % 2:
            rise = rise + 1.6 * np.sin(x / 9)
        top = np.column_stack([x, s.floor(x) + rise])
        low = np.array([(FAR, lift - 9), (-5, lift - 9)])
        layer.panel(np.vstack([top, low]), colour("guard"), clip=body, seam=top)
        layer.stitch(top - (0, 1.1), line_colour(colour("guard")), clip=body)
    if "toe" in look.panels or look.silhouette in ("boot", "high-top", "mid", "sneaker"):
        c = o.toe_cap
        bow = 5 + look.cut % 3 * 1.5
        line = smooth(
            [(c + 2, 40), (c + bow * 0.7, 26), (c + bow * 0.4, 18), (c - 2, 11), (c - 7, 2)]
        )
        layer.panel(np.vstack([line, [(FAR, 0), (FAR, 45)]]), colour("toe"), clip=body, seam=line)
        layer.stitch(line - (1.1, 0), line_colour(colour("toe")), clip=body)
        if laced and o.tread == "flat" and look.cut % 2 == 0:  # perforations of the toe box
            for i in range(9):
                dot = np.array(
                    [
                        c - 4 + i % 3 * 2.4 - i // 3 * 0.6,
                        s.floor(np.array([c]))[0] + 7 + i // 3 * 2.2,
                    ]
                )
                layer.stroke(
                    np.array([dot, dot + (0.01, 0.5)]), line_colour(p.upper), 0.8, clip=body
                )
    if "heel" in look.panels or laced or o.closure == "gore":
        c = o.counter
        top = s.back[-1, 1]
        reach = top + 4 if "heel" in look.panels and look.cut % 2 else lift + (top - lift) * 0.72
        line = smooth(
            [
                (-3, reach),
                (c * 0.55, reach - 1.5),
                (c, (reach + lift) * 0.5),
                (c + 7, lift),
                (c + 9, 0),
            ]
        )
        layer.panel(np.vstack([line, [(-9, 0), (-9, reach)]]), colour("heel"), clip=body, seam=line,
                    texture=bench.weave)  # fmt: skip
        layer.stitch(line - (0.9, 0.9), line_colour(colour("heel")), clip=body)
    if laced:
        stay = part(s.ridge, 0.0, o.laces[1] + 0.07)
        width = np.interp(np.linspace(0, 1, len(stay)), [0, 0.8, 1], [7.5, 6.0, 0.5])
        strip = band(stay, -width)
        layer.panel(strip, colour("eyestay"), clip=body, seam=offset(stay, -width))
        layer.stitch(offset(stay, -(width - 0.9)), line_colour(colour("eyestay")), clip=body)


def draw_collar(bench: Bench, body: Plane) -> None:
    """The padded rim of the opening, with the lining turned over it."""
    s, layer, p = bench.shape, bench.layer, bench.paints
    padded = s.outline.closure in ("laces", "elastic")
    width = 2.6 if padded else 1.0
    layer.fill(band(s.collar, -width), p.lining, clip=body, opacity=0.92)
    layer.stitch(offset(s.collar, -width - 0.9), p.thread, clip=body)


def draw_elastic(bench: Bench, body: Plane) -> None:
    """The stretch wedge that lets a slip-on open."""
    s, layer, p = bench.shape, bench.layer, bench.paints
    x, y = s.collar[-1]
    wedge = np.array([(x - 11, y + 3), (x - 1, y + 4), (x - 2.5, y - 9), (x - 5.5, y - 9)])
    layer.panel(wedge, mix(p.lining, DARK, 0.3), clip=body, seam=smooth(wedge, steps=3))
    for dx in np.linspace(-8.5, -2.5, 6):
        layer.stroke(np.array([(x + dx, y + 2), (x + dx * 0.3 - 3.2, y - 8.5)]),
                     line_colour(p.lining), 0.3, clip=body, opacity=0.6)  # fmt: skip


def draw_gore(bench: Bench, body: Plane) -> None:
    """The elastic side panel of a Chelsea boot."""
    s, layer, p = bench.shape, bench.layer, bench.paints
    top = float(s.collar[:, 1].max())
    gore = smooth(
        [
            (12, top + 4),
            (13, top - 12),
            (16.5, 34),
            (20, 29.5),
            (24.5, 33),
            (27, top - 12),
            (27, top + 4),
        ]
    )
    colour = p.accent if p.accent != p.upper else mix(p.upper, DARK, 0.4)
    layer.panel(gore, colour, clip=body, seam=gore)
    for x in np.linspace(13.5, 26.5, 14):
        layer.stroke(np.array([(x, top + 2), (20 + (x - 20) * 0.6, 31)]), line_colour(colour), 0.3,
                     clip=body, opacity=0.45)  # fmt: skip
    seam = smooth([(24, 31), (34, 25), (48, 14), (52, 6)])
    layer.stroke(seam, line_colour(p.upper), 0.4, clip=body, opacity=0.8)
    layer.stitch(seam + (1, 0.6), p.thread, clip=body)


def draw_apron(bench: Bench, body: Plane) -> None:
    """The raised seam around the toe of a loafer, and the strap across its instep."""
    s, layer, p = bench.shape, bench.layer, bench.paints
    rise = float(s.sole_top[:, 1].min()) - 5
    seam = smooth(
        [(44, 27 + rise), (54, 20 + rise), (68, 17.5 + rise), (82, 17 + rise), (93, 18.5 + rise)]
    )
    layer.stroke(seam, line_colour(p.upper), 1.1, clip=body, opacity=0.75)
    layer.stroke(seam + (0, 0.7), mix(p.upper, (1, 1, 1), 0.3), 0.5, clip=body, opacity=0.7)
    strap = np.array(
        [(50, 45), (64, 45), (62, 24), (58, 15 + rise), (50, 6), (40, 6), (46, 17 + rise), (50, 28)]
    )
    colour = p.accent
    layer.panel(strap, colour, clip=body, seam=smooth(strap[2:], steps=6))
    layer.fill(np.array([(53, 28.5 + rise), (60, 28 + rise), (59, 25.6 + rise), (53.5, 26 + rise)]),
               mix(p.upper, DARK, 0.5), clip=body)  # fmt: skip


def draw_mark(bench: Bench, body: Plane, *, small: bool) -> None:
    """The brand's mark on the quarter, in a colour that stands out from what lies below it."""
    s, layer, p, look = bench.shape, bench.layer, bench.paints, bench.look
    o = s.outline
    ground = p.accent if "saddle" in look.panels and not small and o.closure == "laces" else p.upper
    if look.silhouette == "high-top":
        patch = np.array([o.mark_at]) + o.mark_size * 1.28 * np.column_stack(
            [np.cos(np.linspace(0, 6.28, 40)), np.sin(np.linspace(0, 6.28, 40))]
        )
        layer.panel(patch, p.sole, clip=body, seam=patch)
        layer.stitch((patch - o.mark_at) * 0.9 + o.mark_at, line_colour(p.sole), clip=body)
        ground = p.sole
    choices = [p.accent, p.sole, (0.97, 0.97, 0.96), DARK]
    far = [sum(abs(a - b) for a, b in zip(c, ground, strict=True)) > 0.5 for c in choices]
    colour = choices[far.index(True)]
    size = o.mark_size * (0.55 if small and look.silhouette != "high-top" else 0.9)
    if look.silhouette == "high-top":
        size *= 0.82
    plain = look.silhouette in ("heel", "loafer", "chelsea", "boot", "slip-on", "high-top")
    tilt = 0 if plain else -14 if look.silhouette == "runner" else -8
    for piece in mark(look.mark, at=o.mark_at, size=size, tilt=tilt):
        layer.fill(piece + (0.15, -0.4), (0, 0, 0), clip=body, opacity=0.2)
        layer.fill(piece, colour, clip=body)


def draw_laces(bench: Bench) -> None:
    """Eyelets along the ridge, a lace from each over the tongue, and a bow."""
    s, layer, p = bench.shape, bench.layer, bench.paints
    ends = s.lace_ends()
    n = normals(s.ridge)
    edge = line_colour(p.lace)
    metal = bench.look.silhouette == "boot"
    for i, end in enumerate(ends):
        near = int(np.argmin(np.hypot(*(s.ridge - end).T)))
        out = n[near]
        tangent = np.array([out[1], -out[0]])
        eye = end - out * 4.2 - tangent * 0.6
        over = end + out * 1.1 + tangent * 1.2
        hole = np.array([eye - (0.02, 0), eye + (0.02, 0)])
        layer.stroke(hole, (0.78, 0.66, 0.35) if metal else line_colour(p.upper), 2.0)
        lace = smooth([tuple(eye), tuple((eye + over) / 2 + tangent * 0.3), tuple(over)])
        layer.stroke(lace + (0.25, -0.5), (0, 0, 0), 2.1, opacity=0.25)
        layer.stroke(lace, edge, 2.15)
        layer.stroke(lace, p.lace, 1.6)
        if i == 0:
            draw_bow(bench, over)


def draw_bow(bench: Bench, knot: Points) -> None:
    layer, p = bench.layer, bench.paints
    edge = line_colour(p.lace)
    x, y = knot
    loops = (
        smooth([(x, y), (x + 5.5, y + 2.2), (x + 8.2, y - 1), (x + 5, y - 3), (x, y)]),
        smooth([(x, y), (x - 4, y - 2.6), (x - 5.5, y - 6.2), (x - 2, y - 5.2), (x, y)]),
    )
    for loop in loops:
        layer.stroke(loop + (0.3, -0.6), (0, 0, 0), 1.5, opacity=0.2)
        layer.stroke(loop, edge, 1.6)
        layer.stroke(loop, p.lace, 1.1)
