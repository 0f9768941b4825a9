"""The head and its features, painted flat and then lit as one relief."""

import math

import numpy as np

from wssl.data.portraits.canvas import Canvas, Field, bump, colour, smooth, warmed
from wssl.data.portraits.person import Person


def outline(head: Canvas, person: Person, grow: float = 0.0) -> Field:
    """Signed distance to the outline of the head, roughly, in half-widths of the head."""
    down = np.clip(head.y / person.chin, 0, 1.4)
    wide = 1 + grow - person.taper * down**person.jaw
    high = np.where(head.y < 0, person.skull, person.chin) + grow
    return np.sqrt(np.abs(head.x / wide) ** 2.2 + np.abs(head.y / high) ** 2.2) - 1


def _relief(face: Canvas, person: Person, distance: Field, nose: float) -> Field:
    """Height of the head above the picture plane, in half-widths of the head."""
    x, y, side = face.x, face.y, np.abs(face.x)
    height = 0.85 * np.sqrt(np.clip(1 - (distance + 1) ** 2, 0, 1) + 0.015)
    ridge = smooth(-0.25, 0.5, y) * (1 - smooth(0.5, 0.66, y))
    height += (0.1 + 0.2 * nose) * ridge * bump(x, 0 * y, 0.1 + 0.05 * smooth(0.1, 0.55, y), 1)
    height += 0.08 * bump(x, y - 0.47, 0.12, 0.1)
    height += 0.09 * bump(side - 0.13 - 0.06 * nose, y - 0.52, 0.06, 0.07)
    height -= 0.13 * bump(side - person.eyes, y - 0.0, 0.22, 0.13)
    height += 0.06 * bump(side - 0.36, y + 0.26, 0.3, 0.08) * (1.4 - person.soft)
    height += (0.05 + 0.05 * person.smile) * bump(side - 0.55, y - 0.42, 0.2, 0.17)
    height += 0.05 * bump(x, y - 0.84, 0.28, 0.07) + 0.045 * bump(x, y - 0.99, 0.22, 0.06)
    height -= 0.045 * bump(x, y - 1.1, 0.22, 0.06)
    height += 0.08 * bump(x, y - person.chin + 0.17, 0.22, 0.14)
    fold = side - 0.26 - 0.35 * (y - 0.58) - 0.12 * person.smile * smooth(0.5, 0.9, y)
    crease = 0.012 + 0.03 * person.age + 0.025 * max(person.smile, 0)
    height -= crease * bump(fold, y - 0.74, 0.035, 0.14)
    lines = np.sin(y * 46 + 2 * np.cos(x * 2)) * bump(x, y + 0.6, 0.45, 0.13)
    height += 0.006 * smooth(0.45, 1.0, np.float32(person.age)) * lines
    bags = bump(side - person.eyes, y - 0.2 + 0.1 * (side - person.eyes) ** 2, 0.16, 0.035)
    return height - 0.014 * person.age * bags


def ears(canvas: Canvas, person: Person, rng: np.random.Generator) -> None:
    """Paint both ears, sometimes with rings, studs or drops."""
    head = person.head(canvas)
    ring, gold = rng.random(), colour(222, 178, 82) if rng.random() < 0.6 else colour(205, 208, 214)
    stone = colour(*(rng.uniform(40, 255) for _ in range(3)))
    for side in (-1, 1):
        ear = head.bent(side * head.x - 1.0 + 0.25 * side * person.yaw, head.y - 0.14)
        ear = ear.near(-0.3, 0.35, -0.5, 0.75)
        lean = ear.x - 0.12 * (-ear.y)
        shape = np.hypot(lean / 0.15, ear.y / 0.3) - 1
        x, y, _ = person.light.direction
        light = 0.78 + 0.3 * side * x - 0.15 * smooth(0.1, 0.9, -shape)
        ear.paint(person.skin * light * colour(255, 235, 228), ear.inside(shape * 0.15))
        inner = np.hypot((lean - 0.01) / 0.075, (ear.y + 0.03) / 0.18) - 1
        ear.shade(colour(170, 130, 120), 0.8 * ear.inside(inner * 0.08, 0.06))
        rim = ear.line((np.hypot((lean + 0.01) / 0.11, ear.y / 0.24) - 1) * 0.11, 0.025)
        ear.shade(colour(205, 170, 160), 0.6 * rim)
        if person.soft > 0.45 and ring < 0.55:
            if ring < 0.25:
                hoop = np.hypot(ear.x, (ear.y - 0.42) / 1.1) - 0.12
                ear.paint(gold, ear.line(hoop, 0.035))
            drop = np.hypot(ear.x, ear.y - 0.32) - 0.045
            ear.paint(stone if ring > 0.25 else gold, ear.inside(drop))
            ear.paint(colour(255, 255, 255), 0.8 * ear.inside(np.hypot(ear.x, ear.y - 0.3) - 0.015))


def _eye(face: Canvas, person: Person, side: int, look: dict[str, float]) -> None:
    """Paint one eye; the frame is mirrored so that x grows towards the ear."""
    eye = face.bent(side * face.x - person.eyes, face.y).near(-0.4, 0.4, -0.34, 0.34)
    y = eye.y + look["slant"] * eye.x
    wide = look["wide"]
    along = np.clip(1 - (eye.x / wide) ** 2, 0, 1)
    upper = -look["open"] * along ** (0.75) * (1 + 0.4 * eye.x)
    lower = 0.55 * look["open"] * along * (1 + 0.25 * max(person.smile, 0) - 0.5 * eye.x)
    lid = eye.inside(np.abs(y - upper + 0.075) - 0.075, 0.06) * smooth(
        1.15, 0.8, np.abs(eye.x) / wide
    )
    eye.paint(np.clip(person.skin * colour(*(look[c] for c in "rgb")), 0, 1), look["shadow"] * lid)
    crease = eye.line(y - upper + look["fold"] + 0.06 * eye.x**2, 0.022, 0.03)
    crease *= smooth(1.2, 0.9, np.abs(eye.x) / wide)
    eye.shade(colour(150, 105, 95), look["depth"] * crease)
    beyond = np.abs(eye.x) - wide
    ball = eye.inside(np.maximum(np.maximum(upper - y, y - lower), beyond))
    white = (0.85 * colour(236, 230, 226) + 0.15 * person.skin) * (
        0.96 - 0.9 * eye.x**2 / wide**2 * 0.25
    )
    white = white * (0.66 + 0.34 * smooth(0.0, 0.09, y - upper))
    eye.paint(white, ball)
    eye.paint(colour(206, 130, 120), 0.8 * ball * eye.inside(eye.x + wide - 0.045, 0.04))
    radius = 0.6 * look["open"] + 0.035
    gaze = side * look["gaze"]
    rx, ry = eye.x - gaze + 0.01, y + 0.22 * look["open"]
    distance = np.hypot(rx, ry)
    rays = np.sin(9 * np.arctan2(ry, rx) + 3 * eye.curl)
    iris = (
        person.iris
        * (1 + 0.15 * rays + 1.6 * ry)
        * (1.25 - 0.75 * smooth(0.6, 1.0, distance / radius))
    )
    iris = iris * (0.55 + 0.45 * smooth(0.0, 0.1, y - upper))
    eye.paint(np.clip(iris, 0, 1), ball * eye.inside(distance - radius))
    eye.paint(colour(10, 8, 8), ball * eye.inside(distance - 0.42 * radius, 0.02))
    x, up, _ = person.light.direction
    glint = np.hypot(rx - side * 0.5 * radius * x, ry - 0.45 * radius * min(up, -0.25)) - 0.026
    eye.paint(colour(255, 255, 255), 0.95 * ball * eye.inside(glint))
    lash = look["lash"]
    thick = lash * (0.6 + 0.5 * np.clip(eye.x / wide, -1, 1))
    edge = eye.inside(np.abs(y - upper + thick / 2) - thick / 2)
    ends = eye.inside(beyond - 0.015, 0.03)
    eye.paint(person.brows * 0.4, 0.95 * edge * ends)
    fan = np.sin((eye.x + 0.9 * (y - upper) * (-0.6 - 2 * eye.x)) * 90)
    hairs = smooth(0.0, 0.7, fan) * eye.inside(np.abs(y - upper + lash) - lash) * ends
    eye.paint(person.brows * 0.35, 0.8 * hairs * smooth(-0.1, 0.1, eye.x + 0.05))
    eye.shade(colour(170, 120, 110), 0.55 * ends * eye.line(y - lower, 0.018, 0.02))


def eyes(face: Canvas, person: Person, rng: np.random.Generator) -> None:
    """Paint the eyes: white, iris, pupil, glint, lids and lashes."""
    look = {
        "wide": rng.uniform(0.2, 0.25),
        "open": rng.uniform(0.075, 0.12) + 0.015 * person.soft,
        "slant": rng.uniform(-0.06, 0.16),
        "gaze": rng.normal(0, 0.02) + 0.12 * person.yaw,
        "fold": rng.uniform(0.05, 0.1),
        "depth": rng.uniform(0.3, 0.9),
        "lash": 0.022 + 0.03 * person.soft * rng.random(),
        "shadow": 0.25 + 0.6 * rng.random() * (person.soft > 0.5),
        "r": rng.uniform(190, 250),
        "g": rng.uniform(150, 220),
        "b": rng.uniform(150, 240),
    }
    for side in (-1, 1):
        _eye(face, person, side, look)


def brows(face: Canvas, person: Person, rng: np.random.Generator) -> None:
    """Paint the eyebrows, hair by hair."""
    height, arch = rng.uniform(0.25, 0.32), rng.uniform(0.02, 0.1)
    thick = rng.uniform(0.05, 0.085) - 0.025 * person.soft
    for side in (-1, 1):
        brow = face.bent(side * face.x - person.eyes, face.y + height).near(-0.42, 0.42, -0.3, 0.3)
        t = (brow.x + 0.26) / 0.56
        curve = -arch * np.sin(np.clip(t * 1.15, 0, 1.15) * 2.6) + 0.02
        body = thick * smooth(-0.06, 0.25, t) * (1.05 - smooth(0.45, 1.05, t))
        ends = smooth(-0.02, 0.06, t) * (1 - smooth(0.96, 1.06, t))
        hairs = brow.fibres(rng, brow.x * 0.7 + (brow.y - curve) * (1.2 - t), 80)
        mask = brow.inside(np.abs(brow.y - curve) - body - 0.012 * hairs, 0.035)
        brow.paint(
            person.brows * (1 + 0.2 * hairs),
            0.9 * ends * np.clip(mask * (0.95 + 0.15 * hairs), 0, 1),
        )


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
    nostril = np.hypot((side - wide) / 0.058, (y + 0.35 * (side - wide) - 0.005) / 0.028) - 1
    tip.shade(colour(70, 38, 34), 0.9 * tip.inside(nostril * 0.03, 0.03))
    wing = np.hypot((side - wide - 0.03) / 0.085, (y + 0.05) / 0.095) - 1
    crease = tip.line(wing * 0.085, 0.02, 0.03) * smooth(0.0, 0.05, side - wide - 0.04)
    tip.shade(colour(165, 115, 105), 0.7 * crease * smooth(-0.13, -0.04, y))


def mouth(face: Canvas, person: Person, rng: np.random.Generator) -> None:
    """Paint the lips, closed or in a smile that shows the teeth."""
    wide = rng.uniform(0.3, 0.38) + 0.1 * max(person.smile, 0)
    full = rng.uniform(0.05, 0.085) + 0.015 * person.soft
    gape = rng.uniform(0.05, 0.16) * (person.smile > 0.45) * (rng.random() < 0.75)
    rouge = colour(rng.uniform(150, 215), rng.uniform(30, 90), rng.uniform(50, 110))
    made_up = 0.75 * rng.random() * (person.soft > 0.5)
    lips = face.bent(face.x, face.y - 0.9).near(-0.6, 0.6, -0.35, 0.45)
    t = lips.x / wide
    along = np.clip(1 - t * t, 0, 1)
    seam = 0.02 - 0.3 * gape - (0.03 + 0.1 * person.smile + 0.28 * gape) * (t * t - 0.35)
    seam = seam + 0.012 * np.cos(t * 9) * along
    under = seam + gape * along * 1.25
    bow = 1 - 0.28 * bump(t, 0 * t, 0.12, 1)
    upper = seam - full * bow * along**0.75
    lower = under + full * 1.3 * along**0.8
    beyond = np.abs(lips.x) - wide
    natural = person.skin * colour(225, 152, 148)
    hue = natural + made_up * (rouge - natural)
    mask = lips.inside(np.maximum(np.maximum(upper - lips.y, lips.y - lower), beyond), 0.03)
    tone = 0.82 + 0.22 * smooth(0.0, 1.0, (lips.y - under) / (full * 1.3)) + 0.04 * lips.curl
    lips.paint(np.clip(hue * tone, 0, 1), 0.92 * mask)
    gloss = bump(t, (lips.y - under - 0.6 * full), 0.4, 0.018)
    lips.paint(colour(255, 240, 235), (0.15 + 0.35 * made_up) * gloss * mask)
    if gape:
        hollow = np.maximum(np.maximum(seam - lips.y, lips.y - under), beyond)
        opening = lips.inside(hollow)
        lips.paint(colour(70, 22, 24), opening)
        teeth = np.maximum(hollow, lips.y - seam - 0.12 * (1 - 0.5 * t * t)) + 0.005
        gaps = lips.line((lips.x / 0.085 % 1 - 0.5) * 0.085, 0.01) * 0.35
        enamel = colour(248, 242, 230) * (
            1.0 - 0.45 * t * t - 0.25 * smooth(0.03, 0, lips.y - seam)
        )
        lips.paint(enamel * (1 - gaps), lips.inside(teeth) * (1 - 0.5 * smooth(0.6, 1, np.abs(t))))
    else:
        line = lips.line(lips.y - seam, 0.024, 0.02) * lips.inside(beyond - 0.02, 0.05)
        lips.paint(hue * 0.35, 0.85 * line)
    corner = bump(np.abs(lips.x) - wide, lips.y - seam, 0.03, 0.03)
    lips.shade(colour(140, 95, 88), 0.6 * corner)


def head(canvas: Canvas, person: Person, rng: np.random.Generator) -> None:
    """Paint the head: skin, cheeks, features, then light on all of it."""
    view = person.head(canvas).near(-1.25, 1.25, -1.6, 1.65)
    face = person.face(view)
    distance = outline(view, person)
    mask = view.inside(distance)
    before = view.rgb.copy()
    size = rng.random()
    view.rgb[...] = person.skin * (1 + 0.022 * view.grain + 0.012 * view.cloud)
    side = np.abs(face.x)
    blush = bump(side - 0.58, face.y - 0.45, 0.2, 0.16)
    view.shade(colour(250, 190, 185), rng.uniform(0.1, 0.6) * blush)
    view.shade(
        colour(200, 160, 160),
        (0.25 + 0.3 * person.age) * bump(side - person.eyes, face.y - 0.12, 0.2, 0.08),
    )
    freckles = rng.random() < 0.18
    spots = smooth(0.8, 1.6, face.grain) * bump(side - 0.35, face.y - 0.35, 0.3, 0.2)
    view.shade(colour(190, 140, 110), freckles * 0.8 * spots)
    nose(face, person, size)
    mouth(face, person, rng)
    eyes(face, person, rng)
    brows(face, person, rng)
    diffuse, gloss = person.light.on(_relief(face, person, distance, size), view.pixel)
    view.rgb[...] = view.rgb * warmed(diffuse) + rng.uniform(0.05, 0.22) * gloss * smooth(
        0.0, 0.3, -distance
    )
    view.rgb[...] = before + mask * (view.rgb - before)
