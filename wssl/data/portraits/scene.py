"""What surrounds the face: the background, the neck and the clothes."""

import math
from dataclasses import dataclass

import numpy as np

from wssl.data.portraits.canvas import Canvas, Colour, Field, bump, colour, polygon, smooth, warmed
from wssl.data.portraits.person import Person


def tone(
    rng: np.random.Generator, strength: tuple[float, float], value: tuple[float, float]
) -> Colour:
    """A colour with saturation and value from these ranges; its hue is often warm or blue."""
    kind, hue, saturation, level = (
        rng.random(),
        rng.random(),
        rng.uniform(*strength),
        rng.uniform(*value),
    )
    hue = 0.02 + 0.12 * hue if kind < 0.35 else 0.52 + 0.14 * hue if kind < 0.65 else hue
    wheel = np.abs((hue * 6 + np.array([0.0, 4.0, 2.0])) % 6 - 3) - 1
    return colour(*(float(c) * 255 for c in level * (1 - saturation * (1 - np.clip(wheel, 0, 1)))))


def _wall(canvas: Canvas, rng: np.random.Generator) -> None:
    canvas.shade(1 + 0.07 * canvas.cloud + 0.05 * canvas.grain + 0.03 * canvas.curl)


def _bokeh(canvas: Canvas, rng: np.random.Generator) -> None:
    for _ in range(14):
        x, y, radius = rng.uniform(-1, 1), rng.uniform(-1, 1), rng.uniform(0.06, 0.24)
        hue, opacity = tone(rng, (0.2, 0.8), (0.6, 1.0)), rng.uniform(0.2, 0.7)
        disc = canvas.near(x - radius, x + radius, y - radius, y + radius)
        distance = np.hypot(disc.x - x, disc.y - y)
        mask = disc.inside(distance - radius * 0.9, radius * 0.2)
        disc.paint(hue, opacity * mask * (0.75 + 0.25 * distance / radius))


def _bricks(canvas: Canvas, rng: np.random.Generator) -> None:
    height, turn = rng.uniform(0.12, 0.2), rng.normal(0, 0.03)
    row = (canvas.y + turn * canvas.x) / height
    index = np.floor(row)
    column = canvas.x / (2.4 * height) + 0.5 * (index % 2)
    clay = [(150, 84, 66), (186, 160, 132), (120, 122, 126)][int(rng.integers(3))]
    canvas.paint(colour(*clay), 0.8)
    firing = rng.uniform(0.82, 1.12, (32, 32)).astype(np.float32)
    canvas.shade(firing[index.astype(int), np.floor(column).astype(int)] + 0.07 * canvas.grain)
    gap = np.minimum(np.abs(row - np.round(row)), 2.4 * np.abs(column - np.round(column)))
    mask = canvas.inside(gap * height - 0.012, 0.015)
    canvas.paint(tone(rng, (0.02, 0.15), (0.5, 0.85)), 0.85 * mask)


def _foliage(canvas: Canvas, rng: np.random.Generator) -> None:
    hue = colour(rng.uniform(70, 160), rng.uniform(105, 140), rng.uniform(50, 85))
    leaves = 0.7 * canvas.curl + 0.9 * canvas.cloud
    canvas.rgb[...] = hue * (0.55 + 0.1 * canvas.cloud)
    canvas.paint(hue * 1.1, smooth(-1.0, 1.0, leaves) * 0.8)
    canvas.paint(colour(240, 240, 205), smooth(0.8, 2.6, leaves) * rng.uniform(0.2, 0.9))


def _curtain(canvas: Canvas, rng: np.random.Generator) -> None:
    folds = canvas.fibres(rng, canvas.x + 0.03 * canvas.cloud + 0.1 * canvas.y, 5)
    canvas.shade(1 + 0.16 * folds + 0.03 * canvas.grain)


def _room(canvas: Canvas, rng: np.random.Generator) -> None:
    blur = rng.uniform(0.02, 0.15)
    for _ in range(7):
        x, y = rng.uniform(-1, 1), rng.uniform(-1, 1)
        wide, high = rng.uniform(0.08, 0.5), rng.uniform(0.08, 0.7)
        distance = np.maximum(np.abs(canvas.x - x) - wide, np.abs(canvas.y - y) - high)
        canvas.paint(tone(rng, (0.1, 0.6), (0.2, 0.95)), 0.6 * canvas.inside(distance, blur))


def _horizon(canvas: Canvas, rng: np.random.Generator) -> None:
    line = rng.uniform(-0.5, 0.6) + 0.1 * canvas.cloud
    land = canvas.inside(line - canvas.y, rng.uniform(0.03, 0.2))
    canvas.paint(tone(rng, (0.2, 0.6), (0.2, 0.7)) * (1 + 0.1 * canvas.curl), land)


def _studio(canvas: Canvas, rng: np.random.Generator) -> None:
    x, y = rng.uniform(-0.8, 0.8), rng.uniform(-0.8, 0.8)
    glow = bump(canvas.x - x, canvas.y - y, 0.7, 0.7)
    canvas.shade(0.55 + 0.75 * glow + 0.02 * canvas.grain)


BACKGROUNDS = [_wall, _bokeh, _bricks, _foliage, _curtain, _room, _horizon, _studio]


def background(canvas: Canvas, rng: np.random.Generator) -> None:
    """Fill the canvas: two colours graded in any direction, under one of eight patterns."""
    angle = rng.uniform(0, 2 * math.pi)
    along = math.cos(angle) * canvas.x + math.sin(angle) * canvas.y
    canvas.rgb[...] = tone(rng, (0.08, 0.5), (0.3, 0.95))
    canvas.paint(tone(rng, (0.08, 0.5), (0.2, 0.95)), smooth(-1.2, 1.2, along))
    BACKGROUNDS[int(rng.integers(len(BACKGROUNDS)))](canvas, rng)


def _cloth(canvas: Canvas, rng: np.random.Generator, shoulders: Field) -> Colour:
    """Colour of the cloth, (3, H, W): plain, striped, checked, dotted or knitted."""
    base = tone(rng, (0.05, 0.75), (0.12, 0.95))
    other = tone(rng, (0.05, 0.5), (0.15, 1.0))
    pattern, pitch, turn = (
        int(rng.integers(9)),
        rng.uniform(0.09, 0.22),
        0.5 * (rng.random() < 0.33),
    )
    weave = 1 + 0.09 * canvas.grain + 0.03 * canvas.curl
    right = canvas.x * math.cos(turn) + canvas.y * math.sin(turn)
    down = shoulders if turn == 0 else canvas.y * math.cos(turn) - canvas.x * math.sin(turn)
    stripe = canvas.inside((np.abs(down / pitch % 1 - 0.5) - 0.22) * pitch)
    column = canvas.inside((np.abs(right / pitch % 1 - 0.5) - 0.22) * pitch)
    spot = canvas.inside((np.hypot(right / pitch % 1 - 0.5, down / pitch % 1 - 0.5) - 0.25) * pitch)
    patterns = {0: stripe, 1: column, 2: 0.5 * (stripe + column), 3: spot}
    if pattern == 4:
        weave = weave + 0.12 * np.sin(right * 60) * np.sin(down * 60)
    return (base + patterns.get(pattern, 0 * spot) * (other - base)) * weave


def neck(canvas: Canvas, person: Person) -> None:
    """Paint the neck and the upper chest, with the shadow that the chin casts on them."""
    body = person.body(canvas).near(-2.5, 2.5, 0.3, 3)
    wide = person.neck
    flare = 0.9 * np.clip(body.y - 1.5, 0, 2) ** 1.5
    distance = np.abs(body.x) - wide - flare + 0.06 * np.clip(body.y - 1, 0, 0.4)
    across = np.clip(np.abs(body.x) / (wide + flare + 0.05), 0, 1)
    height = wide * np.sqrt(1.03 - across * across)
    height += 0.05 * bump(np.abs(body.x) - 0.12 - 0.22 * (1.9 - body.y), 0 * body.y, 0.06, 1)
    diffuse, gloss = person.light.on(height, body.pixel)
    x, y, _ = person.light.direction
    drop = 0.3 - 0.25 * y
    shadow = np.hypot((body.x + 0.35 * x) / 1.0, (body.y - drop) / (person.chin - 0.02)) - 1
    diffuse *= 1 - 0.5 * body.inside(shadow, 0.2)
    skin = person.skin * (1 + 0.02 * body.grain + 0.02 * body.cloud)
    body.paint(skin * warmed(diffuse) + 0.05 * gloss, body.inside(distance))


@dataclass(frozen=True)
class Garment:
    """A neckline, in half-widths of the head: how deep, how much wider than the neck, its hem."""

    depth: float
    wider: float
    hem: float = 0.0
    pointed: bool = False
    collar: str = ""


GARMENTS = [
    Garment(0.22, 0.1, hem=0.09),
    Garment(0.3, 0.1, hem=0.22),
    Garment(0.34, 0.45),
    Garment(0.62, 0.06, hem=0.09, pointed=True),
    Garment(-0.6, 0.3, collar="rolled"),
    Garment(0.55, 0.04, pointed=True, collar="shirt"),
    Garment(0.7, 0.06, pointed=True, collar="jacket"),
]


def clothes(canvas: Canvas, person: Person, rng: np.random.Generator) -> None:
    """Dress the shoulders: a pullover, a roll-neck, a shirt, or a jacket over a shirt and tie."""
    body = person.body(canvas).near(-2.5, 2.5, 1.0, 3)
    garment = GARMENTS[int(rng.integers(len(GARMENTS)))]
    side, wide = np.abs(body.x), person.neck
    fall = rng.uniform(0.22, 0.4)
    shoulders = body.y - 1.5 - fall * np.clip(side - wide, 0, 3) + 0.02 * body.cloud
    across = side / (wide + garment.wider)
    curve = 1 - across if garment.pointed else 1 - across**2
    depth = garment.depth + rng.uniform(-0.03, 0.03)
    edge = 1.52 + depth * np.clip(curve, -1, 1) - 0.25 * np.clip(-curve, 0, 1) - body.y
    cloth, accent = _cloth(body, rng, shoulders), tone(rng, (0.0, 0.4), (0.55, 1.0))
    relief = 0.4 * np.sqrt(np.clip(shoulders + 0.05, 0, 1)) + 0.03 * body.cloud
    diffuse, _ = person.light.on(relief, body.pixel)
    mask = body.inside(np.maximum(-shoulders, edge))
    body.shade(1 - 0.35 * body.inside(np.abs(edge), 0.25) * body.inside(-shoulders))
    if garment.collar == "rolled":
        roll = np.maximum(side - wide - 0.06, 1.28 + 0.06 * (1 - (side / wide) ** 2) - body.y)
        mask = np.maximum(mask, body.inside(roll))
    if garment.collar == "jacket":
        shirt = body.inside(np.maximum(-shoulders, 1.66 - body.y))
        body.paint(accent * (0.8 + 0.03 * body.grain) * diffuse, shirt)
        tie = body.inside(np.maximum(side - 0.08 - 0.12 * (body.y - 1.7), 1.7 - body.y))
        stripes = 0.8 + 0.2 * np.sin(30 * (body.x + body.y))
        body.paint(tone(rng, (0.4, 0.9), (0.2, 0.7)) * stripes, tie * (rng.random() < 0.6))
    body.paint(cloth * diffuse, mask)
    if garment.hem:
        body.shade(0.86 + 0.05 * body.grain, mask * body.inside(-edge - garment.hem))
        body.shade(0.7, mask * body.line(edge + garment.hem, 0.025))
    if garment.collar in ("shirt", "jacket"):
        _collar(body, wide, cloth * diffuse, accent * diffuse, garment.collar == "jacket")


def _collar(body: Canvas, neck: float, cloth: Colour, shirt: Colour, jacket: bool) -> None:
    side, y = np.abs(body.x), body.y
    if jacket:
        corners = [(neck, 1.4), (neck + 0.3, 1.56), (neck + 0.14, 1.86), (0.2, 2.3)]
        lapel = polygon(side, y, corners)
        body.shade(0.6, body.inside(lapel - 0.03, 0.06))
        body.paint(cloth * 1.1, body.inside(lapel))
    tip = 1.87 if jacket else 1.93
    flap = polygon(side, y, [(0.08, 1.72), (neck - 0.04, 1.3), (neck + 0.14, 1.48), (0.46, tip)])
    body.shade(0.6, body.inside(flap - 0.03, 0.08))
    lit = 0.92 + 0.03 * body.grain + 0.12 * (y - 1.6)
    body.paint((shirt if jacket else cloth * 1.08) * lit, body.inside(flap))
