"""What is worn on the head: hats, beanies, headscarves and glasses."""

import numpy as np

from wssl.data.portraits.canvas import Canvas, colour, dome, ellipse
from wssl.data.portraits.face import outline
from wssl.data.portraits.hair import Style, hairdo
from wssl.data.portraits.person import Person
from wssl.data.portraits.scene import tone


def headwear(canvas: Canvas, person: Person, style: Style, rng: np.random.Generator) -> None:
    """Put on the hat, the beanie or the headscarf that goes with the style, if any."""
    if style.worn == "beanie":
        _beanie(person.head(canvas), person, style, rng)
    elif style.worn == "hat":
        _hat(person.head(canvas), person, style, rng)
    elif style.worn == "scarf":
        _scarf(person.head(canvas), person, style, rng)


def _beanie(head: Canvas, person: Person, style: Style, rng: np.random.Generator) -> None:
    edge = head.y + 0.5 - 0.25 * head.x**2
    top = np.minimum(head.y, 0)
    r = ellipse(head.x, top, 1.07 + 0.7 * style.side, person.skull + 0.22, 2.5)
    ribs = np.sin(30 * head.x / np.sqrt(np.clip(1.7 + head.y, 0.2, 3)))
    diffuse, _ = person.light.on(dome(r) + 0.012 * ribs, head.pixel)
    wool = tone(rng, (0.3, 0.8), (0.2, 0.85)) * (0.95 + 0.07 * ribs + 0.06 * head.grain) * diffuse
    head.shade(0.6, head.inside(edge - 0.1, 0.2) * head.inside(r))
    head.paint(wool, head.inside(np.maximum(r, edge)))
    head.paint(wool * 1.1, head.inside(np.maximum(r - 0.03, np.abs(edge + 0.17) - 0.17)))


def _hat(head: Canvas, person: Person, style: Style, rng: np.random.Generator) -> None:
    edge = head.y + 0.62 - 0.16 * (1 - head.x**2)
    top = np.minimum(head.y, 0)
    r = ellipse(head.x, top, 1.07 + 0.7 * style.side, person.skull + 0.34, 2.5)
    diffuse, _ = person.light.on(dome(r) + 0.008 * head.grain, head.pixel)
    felt, ribbon = tone(rng, (0.2, 0.7), (0.15, 0.8)), tone(rng, (0.1, 0.8), (0.2, 0.9))
    weave = (0.95 + 0.1 * head.grain) * diffuse
    head.shade(0.6, head.inside(edge - 0.1, 0.2) * head.inside(r))
    head.paint(felt * weave, head.inside(np.maximum(r, edge)))
    head.paint(ribbon * weave, head.inside(np.maximum(r - 0.03, np.abs(edge + 0.17) - 0.17)))
    brim = head.inside(0.17 * ellipse(head.x, edge + 0.02, 1.75, 0.17))
    head.paint(felt * (0.8 + 0.05 * head.grain + 0.5 * edge), brim)


def _scarf(head: Canvas, person: Person, style: Style, rng: np.random.Generator) -> None:
    face = person.face(head)
    folds = head.fibres(rng, np.hypot(head.x * 1.1, head.y - 0.2) + 0.04 * head.cloud, 7)
    r = hairdo(head, person, style)
    hole = ellipse(face.x, face.y - 0.28, 0.9, person.chin - 0.24)
    head.shade(0.6, head.inside(-hole - 0.1, 0.2))
    diffuse, _ = person.light.on(dome(r) + 0.02 * folds, head.pixel)
    cloth = tone(rng, (0.1, 0.7), (0.3, 0.95)) * (1 + 0.05 * head.grain + 0.05 * folds) * diffuse
    seam = 1 - 0.3 * head.inside(np.abs(hole) - 0.01, 0.08)
    head.paint(np.clip(cloth * seam, 0, 1), head.inside(np.maximum(r, -hole), 0.02))


def glasses(canvas: Canvas, person: Person, rng: np.random.Generator) -> None:
    """Put glasses on some sitters: round or square, thin or thick, clear or tinted."""
    chance, dark, square = rng.random(), rng.random(), rng.uniform(2, 5)
    wide, high, rim = rng.uniform(0.31, 0.36), rng.uniform(0.22, 0.3), rng.uniform(0.025, 0.075)
    hue = tone(rng, (0.0, 0.7), (0.05, 0.5))
    if chance > 0.22:
        return
    view = person.head(canvas).near(-1.3, 1.3, -0.6, 0.7)
    face = person.face(view)
    inner = view.inside(outline(view, person))
    frame = np.zeros_like(face.x)
    for side in (-1, 1):
        x, y = side * face.x - person.eyes, face.y - 0.02
        r = ellipse(x, y, wide, high, square)
        lens = face.inside(r * high)
        face.paint(hue * 0.4, (0.85 if dark < 0.12 else 0.06) * lens)
        streak = face.inside(np.abs(face.x + face.y - side * person.eyes + 0.1) - 0.05, 0.05)
        face.paint(colour(255, 255, 255), 0.16 * lens * streak)
        face.shade(0.75, 0.7 * face.line((r - 0.06) * high - 0.05, 0.06, 0.1) * inner)
        frame = np.maximum(frame, face.line(r * high, rim))
        arm = np.maximum(np.abs(y + 0.1) - rim * 0.55, wide + person.eyes - side * face.x)
        frame = np.maximum(frame, face.inside(arm) * inner)
    arch = np.abs(face.y + 0.03 - 0.5 * face.x**2) - rim / 2
    frame = np.maximum(frame, face.inside(np.maximum(arch, np.abs(face.x) - person.eyes + wide)))
    face.paint(hue * (1 + 0.1 * face.grain), frame)
