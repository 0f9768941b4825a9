"""The head and its features, painted flat and then lit as one relief."""

import numpy as np

from wssl.data.portraits.canvas import Canvas, Field, bump, colour, ellipse, smooth, warmed
from wssl.data.portraits.eyes import brows, eyes
from wssl.data.portraits.person import Person


def outline(head: Canvas, person: Person, grow: float = 0.0) -> Field:
    """The outline of the head, widened by ``grow``: about a signed distance, as of `ellipse`."""
    down = np.clip(head.y / person.chin, 0, 1.4)
    wide = 1 + grow - person.taper * down**person.jaw
    high = np.where(head.y < 0, np.float32(person.skull), np.float32(person.chin)) + grow
    return ellipse(head.x, head.y, wide, high, 2.2)


def _relief(face: Canvas, person: Person, distance: Field, nose: float) -> Field:
    """Height of the head above the picture plane, in half-widths of the head."""
    x, y, side = face.x, face.y, np.abs(face.x)
    height = 0.85 * np.sqrt(np.clip(1 - (distance + 1) ** 2, 0, 1) + 0.015)
    ridge = smooth(-0.25, 0.5, y) * (1 - smooth(0.5, 0.66, y))
    height += (0.1 + 0.2 * nose) * ridge * bump(x, 0 * y, 0.1 + 0.05 * smooth(0.1, 0.55, y), 1)
    height += 0.08 * bump(x, y - 0.47, 0.12, 0.1)
    height += 0.09 * bump(side - 0.13 - 0.06 * nose, y - 0.52, 0.06, 0.07)
    height -= 0.13 * bump(side - person.eyes, y, 0.22, 0.13)
    height += 0.06 * bump(side - 0.36, y + 0.26, 0.3, 0.08) * (1.4 - person.soft)
    height += (0.05 + 0.05 * person.smile) * bump(side - 0.55, y - 0.42, 0.2, 0.17)
    height += 0.05 * bump(x, y - 0.84, 0.28, 0.07) + 0.045 * bump(x, y - 0.99, 0.22, 0.06)
    height -= 0.045 * bump(x, y - 1.1, 0.22, 0.06)
    height += 0.08 * bump(x, y - person.chin + 0.17, 0.22, 0.14)
    fold = side - 0.26 - 0.35 * (y - 0.58) - 0.12 * person.smile * smooth(0.5, 0.9, y)
    crease = 0.012 + 0.03 * person.age + 0.025 * person.smile
    height -= crease * bump(fold, y - 0.74, 0.035, 0.14)
    lines = np.sin(y * 46 + 2 * np.cos(x * 2)) * bump(x, y + 0.6, 0.45, 0.13)
    height += 0.011 * max(person.age - 0.45, 0) * lines
    bags = bump(side - person.eyes, y - 0.2 + 0.1 * (side - person.eyes) ** 2, 0.16, 0.035)
    return height - 0.014 * person.age * bags


def ears(canvas: Canvas, person: Person, rng: np.random.Generator) -> None:
    """Paint both ears, sometimes with studs or rings."""
    head = person.head(canvas)
    jewel, metal = (
        rng.random(),
        colour(222, 178, 82) if rng.random() < 0.6 else colour(205, 208, 214),
    )
    stone = colour(*(rng.uniform(40, 255) for _ in range(3)))
    for side in (-1, 1):
        ear = head.bent(side * head.x - 1.0 + 0.25 * side * person.yaw, head.y - 0.14)
        ear = ear.near(-0.3, 0.35, -0.5, 0.75)
        x, y = ear.x + 0.12 * ear.y, ear.y
        shape = ellipse(x, y, 0.15, 0.3)
        light = 0.78 + 0.3 * side * person.light.direction[0] - 0.15 * smooth(0.1, 0.9, -shape)
        ear.paint(person.skin * light * colour(255, 235, 228), ear.inside(shape * 0.15))
        inner = ellipse(x - 0.01, y + 0.03, 0.075, 0.18)
        ear.shade(colour(170, 130, 120), 0.8 * ear.inside(inner * 0.08, 0.06))
        rim = ear.line(ellipse(x + 0.01, y, 0.11, 0.24) * 0.11, 0.025)
        ear.shade(colour(205, 170, 160), 0.6 * rim)
        if person.soft < 0.45 or jewel > 0.55:
            continue
        if jewel < 0.25:
            ear.paint(metal, ear.line(np.hypot(ear.x, (y - 0.42) / 1.1) - 0.12, 0.035))
        ear.paint(metal if jewel < 0.25 else stone, ear.inside(np.hypot(ear.x, y - 0.32) - 0.045))
        ear.paint(colour(255, 255, 255), 0.8 * ear.inside(np.hypot(ear.x, y - 0.3) - 0.015))


def nose(face: Canvas, person: Person, size: float) -> None:
    """Paint nostrils, wings and the shadow of the nose; the relief does the rest."""
    tip = face.near(-0.5, 0.5, 0.2, 0.9)
    x, y = tip.x, tip.y - 0.57
    side = np.abs(x)
    wide = 0.09 + 0.05 * size
    light, up, _ = person.light.direction
    shadow = bump(x + 0.2 * light, y - 0.06 + 0.06 * up, 0.13 + 0.05 * size, 0.045)
    tip.shade(colour(165, 125, 115), 0.5 * shadow)
    tip.shade(colour(225, 160, 145), 0.35 * bump(x, y + 0.1, 0.16, 0.1))
    nostril = ellipse(side - wide, y + 0.35 * (side - wide) - 0.005, 0.058, 0.028)
    tip.shade(colour(70, 38, 34), 0.9 * tip.inside(nostril * 0.03, 0.03))
    wing = ellipse(side - wide - 0.03, y + 0.05, 0.085, 0.095)
    crease = tip.line(wing * 0.085, 0.02, 0.03) * smooth(0.0, 0.05, side - wide - 0.04)
    tip.shade(colour(165, 115, 105), 0.7 * crease * smooth(-0.13, -0.04, y))


def mouth(face: Canvas, person: Person, rng: np.random.Generator) -> None:
    """Paint the lips, closed or in a smile that shows the teeth."""
    wide = rng.uniform(0.3, 0.38) + 0.1 * person.smile
    full = rng.uniform(0.05, 0.085) + 0.015 * person.soft
    gape = rng.uniform(0.05, 0.16) * (person.smile > 0.45) * (rng.random() < 0.75)
    rouge = colour(rng.uniform(150, 215), rng.uniform(30, 90), rng.uniform(50, 110))
    made_up = 0.75 * rng.random() * (person.soft > 0.5)
    lips = face.bent(face.x, face.y - 0.9).near(-0.6, 0.6, -0.35, 0.45)
    t, y = lips.x / wide, lips.y
    along = np.clip(1 - t * t, 0, 1)
    beyond = np.abs(lips.x) - wide
    seam = 0.02 - 0.3 * gape - (0.03 + 0.1 * person.smile + 0.28 * gape) * (t * t - 0.35)
    seam = seam + 0.012 * np.cos(t * 9) * along
    under = seam + 1.25 * gape * along
    upper = seam - full * (1 - 0.28 * bump(t, 0 * t, 0.12, 1)) * along**0.75
    lower = under + 1.3 * full * along**0.8
    natural = person.skin * colour(225, 152, 148)
    hue = natural + made_up * (rouge - natural)
    roll = 0.82 + 0.22 * smooth(0.0, 1.3 * full, y - under) + 0.04 * lips.curl
    mask = lips.inside(np.maximum(np.maximum(upper - y, y - lower), beyond), 0.03)
    lips.paint(np.clip(hue * roll, 0, 1), 0.92 * mask)
    gloss = bump(t, y - under - 0.6 * full, 0.4, 0.018)
    lips.paint(colour(255, 240, 235), (0.15 + 0.35 * made_up) * gloss * mask)
    if gape:
        hollow = np.maximum(np.maximum(seam - y, y - under), beyond)
        lips.paint(colour(70, 22, 24), lips.inside(hollow))
        teeth = lips.inside(np.maximum(hollow, y - seam - 0.12 + 0.06 * t * t) + 0.005)
        gaps = lips.line((lips.x / 0.085 % 1 - 0.5) * 0.085, 0.01)
        lit = (0.75 - 0.45 * t * t + 0.25 * smooth(0, 0.03, y - seam)) * (1 - 0.35 * gaps)
        lips.paint(colour(248, 242, 230) * lit, teeth * (1 - 0.5 * smooth(0.6, 1, np.abs(t))))
    else:
        line = lips.line(y - seam, 0.024, 0.02) * lips.inside(beyond - 0.02, 0.05)
        lips.paint(hue * 0.35, 0.85 * line)
    lips.shade(colour(140, 95, 88), 0.6 * bump(beyond, y - seam, 0.03, 0.03))


def _complexion(face: Canvas, person: Person, rng: np.random.Generator) -> None:
    side = np.abs(face.x)
    face.rgb[...] = person.skin * (1 + 0.022 * face.grain + 0.012 * face.cloud)
    blush = bump(side - 0.58, face.y - 0.45, 0.2, 0.16)
    face.shade(colour(250, 190, 185), rng.uniform(0.1, 0.6) * blush)
    rings = bump(side - person.eyes, face.y - 0.12, 0.2, 0.08)
    face.shade(colour(200, 160, 160), (0.25 + 0.3 * person.age) * rings)
    spots = smooth(0.8, 1.6, face.grain) * bump(side - 0.35, face.y - 0.35, 0.3, 0.2)
    face.shade(colour(190, 140, 110), 0.8 * spots * (rng.random() < 0.18))


def head(canvas: Canvas, person: Person, rng: np.random.Generator) -> None:
    """Paint the head: skin and features, then the light on all of it."""
    view = person.head(canvas).near(-1.25, 1.25, -1.6, 1.65)
    face = person.face(view)
    distance, behind, size = outline(view, person), view.rgb.copy(), rng.random()
    _complexion(face, person, rng)
    nose(face, person, size)
    mouth(face, person, rng)
    eyes(face, person, rng)
    brows(face, person, rng)
    diffuse, gloss = person.light.on(_relief(face, person, distance, size), view.pixel)
    sheen = rng.uniform(0.05, 0.22) * gloss * smooth(0.0, 0.3, -distance)
    lit = view.rgb * warmed(diffuse) + sheen
    view.rgb[...] = behind
    view.paint(lit, view.inside(distance))
