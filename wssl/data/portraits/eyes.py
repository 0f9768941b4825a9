"""Eyes and eyebrows."""

from dataclasses import dataclass

import numpy as np

from wssl.data.portraits.canvas import Canvas, Colour, colour, smooth
from wssl.data.portraits.person import Person


@dataclass(frozen=True)
class Look:
    """What both eyes share; lengths in half-widths of the head.

    ``wide`` and ``open`` size the opening, ``slant`` lifts its outer corner, ``gaze`` moves the
    iris to the right, ``fold`` is the lid crease's distance and ``crease`` its depth, ``lash`` the
    lashes' length, ``lid`` the eyelid's tint and ``shadow`` its opacity.
    """

    wide: float
    open: float
    slant: float
    gaze: float
    fold: float
    crease: float
    lash: float
    lid: Colour
    shadow: float


def _eye(face: Canvas, person: Person, side: int, look: Look) -> None:
    """Paint one eye; the frame is mirrored so that x grows towards the ear."""
    eye = face.bent(side * face.x - person.eyes, face.y).near(-0.4, 0.4, -0.34, 0.34)
    x, y = eye.x, eye.y + look.slant * eye.x
    t = x / look.wide
    along = np.clip(1 - t * t, 0, 1)
    upper = -look.open * along**0.75 * (1 + 0.4 * x)
    lower = 0.55 * look.open * along * (1 + 0.25 * person.smile - 0.5 * x)
    beyond = np.abs(x) - look.wide
    ends = 1 - smooth(0.85, 1.15, np.abs(t))

    lid = eye.inside(np.abs(y - upper + 0.075) - 0.075, 0.06) * ends
    eye.paint(person.skin * look.lid, look.shadow * lid)
    crease = eye.line(y - upper + look.fold + 0.06 * x * x, 0.022, 0.03)
    eye.shade(colour(150, 105, 95), look.crease * crease * ends)

    ball = eye.inside(np.maximum(np.maximum(upper - y, y - lower), beyond))
    white = 0.85 * colour(236, 230, 226) + 0.15 * person.skin
    shadow = smooth(0.0, 0.1, y - upper)
    eye.paint(white * (0.96 - 0.22 * t * t) * (0.66 + 0.34 * shadow), ball)
    eye.paint(colour(206, 130, 120), 0.8 * ball * eye.inside(x + look.wide - 0.045, 0.04))

    radius = 0.6 * look.open + 0.035
    right, down = x - side * look.gaze + 0.01, y + 0.22 * look.open
    distance = np.hypot(right, down)
    rays = 1 + 0.15 * np.sin(9 * np.arctan2(down, right) + 3 * eye.curl) + 1.6 * down
    ring = 1.25 - 0.75 * smooth(0.6, 1.0, distance / radius)
    iris = person.iris * rays * ring * (0.55 + 0.45 * shadow)
    eye.paint(np.clip(iris, 0, 1), ball * eye.inside(distance - radius))
    eye.paint(colour(10, 8, 8), ball * eye.inside(distance - 0.42 * radius, 0.02))
    light_x, light_y, _ = person.light.direction
    glint_x, glint_y = 0.5 * radius * side * light_x, 0.45 * radius * min(light_y, -0.25)
    glint = eye.inside(np.hypot(right - glint_x, down - glint_y) - 0.026)
    eye.paint(colour(255, 255, 255), 0.95 * ball * glint)

    ends = eye.inside(beyond - 0.015, 0.03)
    thick = look.lash * (0.6 + 0.5 * np.clip(t, -1, 1))
    edge = eye.inside(np.abs(y - upper + thick / 2) - thick / 2)
    eye.paint(person.brows * 0.4, 0.95 * edge * ends)
    fan = smooth(0.0, 0.7, np.sin(90 * (x - (0.54 + 1.8 * x) * (y - upper))))
    hairs = fan * eye.inside(np.abs(y - upper + look.lash) - look.lash) * ends
    eye.paint(person.brows * 0.35, 0.8 * hairs * smooth(-0.15, 0.05, x))
    eye.shade(colour(170, 120, 110), 0.55 * ends * eye.line(y - lower, 0.018, 0.02))


def eyes(face: Canvas, person: Person, rng: np.random.Generator) -> None:
    """Paint the eyes: white, iris, pupil, glint, lids and lashes."""
    look = Look(
        wide=rng.uniform(0.2, 0.25),
        open=rng.uniform(0.075, 0.12) + 0.015 * person.soft,
        slant=rng.uniform(-0.06, 0.16),
        gaze=rng.normal(0, 0.02) + 0.12 * person.yaw,
        fold=rng.uniform(0.05, 0.1),
        crease=rng.uniform(0.3, 0.9),
        lash=0.022 + 0.03 * person.soft * rng.random(),
        lid=colour(rng.uniform(190, 250), rng.uniform(150, 220), rng.uniform(150, 240)),
        shadow=0.25 + 0.4 * rng.random() * (person.soft > 0.5),
    )
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
        mask = np.clip(mask * (0.95 + 0.15 * hairs), 0, 1)
        brow.paint(person.brows * (1 + 0.2 * hairs), 0.9 * ends * mask)
