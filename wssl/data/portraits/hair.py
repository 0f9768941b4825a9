"""Hair on the head and on the chin, and what is worn on top."""

from dataclasses import dataclass

import numpy as np

from wssl.data.portraits.canvas import Canvas, Field, bump, colour, smooth
from wssl.data.portraits.face import outline
from wssl.data.portraits.person import Person
from wssl.data.portraits.scene import tone


@dataclass(frozen=True)
class Style:
    """A haircut; lengths in half-widths of the head, y downwards from between the eyes.

    ``top`` and ``side`` are the volume over the skull, ``length`` where the hair ends,
    ``line`` the hairline at its highest, ``fall`` how fast it drops away from the parting at
    ``part``, ``gap`` the half-width left free for the face, ``curl`` from straight to curly.
    """

    top: float
    side: float
    length: float
    line: float
    fall: float
    part: float
    gap: float
    curl: float
    swept: bool = False
    worn: str = ""


def choose(rng: np.random.Generator, person: Person) -> Style:
    """Draw a haircut that suits the sitter."""
    part = float(rng.choice([-1.0, 1.0])) * rng.uniform(0.0, 0.55)
    jitter = rng.uniform(-0.06, 0.06)
    curl = float(np.clip(rng.normal(0.25, 0.35), 0, 1))
    chance = rng.random()
    worn = "beanie" if chance < 0.06 else "hat" if chance < 0.11 else ""
    if chance > 0.95 and person.soft > 0.4:
        return Style(0.13, 0.1, 2.4, -0.8, 0.3, 0.0, 0.8, 0.0, worn="scarf")
    pick = rng.random()
    if person.soft > 0.5:
        length = rng.uniform(0.9, 2.6)
        styles = [
            Style(0.14, 0.16, length, -0.92 + jitter, 0.75, part * 0.4, 0.86, curl, worn=worn),
            Style(0.16, 0.2, length, -0.86 + jitter, 0.5, part, 0.8, curl, worn=worn),
            Style(0.15, 0.15, length, -0.36 + jitter, 0.05, part, 0.82, curl * 0.4, worn=worn),
            Style(
                0.12, 0.04, -0.1, -0.9 + jitter, 0.3, part, 0.95, curl * 0.3, True, worn or "bun"
            ),
            Style(0.4, 0.42, rng.uniform(0.5, 1.4), -0.8 + jitter, 0.2, 0.0, 0.88, 1.0),
            Style(0.17, 0.1, rng.uniform(0.1, 0.5), -0.6 + jitter, 0.35, 0.7, 0.9, curl, worn=worn),
        ]
    else:
        end = rng.uniform(-0.15, 0.15)
        styles = [
            Style(0.12, 0.05, end, -0.88 + jitter, 0.22, part, 0.95, curl, True, worn),
            Style(0.2, 0.07, end, -0.84 + jitter, 0.3, part, 0.94, curl, worn=worn),
            Style(0.28, 0.06, end, -0.8 + jitter, 0.15, part, 0.94, curl * 0.5, True),
            Style(0.03, 0.02, end, -0.92 + jitter, 0.15, 0.0, 0.96, 0.9, worn=worn),
            Style(0.14, 0.08, end + 0.1, -0.5 + jitter, 0.08, part, 0.94, curl, worn=worn),
            Style(0.3, 0.26, end + 0.2, -0.8 + jitter, 0.15, 0.0, 0.92, 1.0),
            Style(
                0.16, 0.14, rng.uniform(0.6, 1.6), -0.9 + jitter, 0.5, part, 0.9, curl, worn=worn
            ),
            Style(
                0.0, 0.03, end, -1.6 if person.age > 0.4 else -0.9, 0.1, 0.0, 0.97, 0.5, worn=worn
            ),
        ]
    return styles[int(pick * len(styles))]


def _outer(head: Canvas, person: Person, style: Style, wobble: Field) -> Field:
    """Signed distance, roughly, to the outer edge of the hair."""
    wide, high = 1 + style.side, person.skull + style.top
    x, y = np.abs(head.x), head.y
    cap = np.sqrt((x / wide) ** 2.3 + np.abs(np.minimum(y, 0) / high) ** 2.3) - 1
    end = np.clip((y - style.length + 0.35) / 0.35, 0, None)
    sides = x / (wide + 0.1 * np.clip(y, 0, 1.2) * (style.length > 0.6)) - 1 + 0.4 * end**2
    return (
        np.where(y < 0, np.maximum(cap, y - style.length), np.maximum(sides, y - style.length))
        + wobble
    )


def _strands(face: Canvas, person: Person, style: Style, rng: np.random.Generator) -> Field:
    """Unit-variance texture of the hair: streaks that leave the parting, bent or broken by curl."""
    if style.swept:
        across = np.arctan2(face.x, 0.9 - face.y) * 2.0
    else:
        across = (
            1.3 * (face.x - style.part) / np.sqrt(np.clip(face.y + person.skull + 0.25, 0.06, None))
        )
    wave = (0.02 + 0.1 * style.curl) * np.sin(face.y * 9 + 2 * face.cloud) + 0.03 * face.cloud
    straight = face.fibres(rng, across + wave, 26)
    ringlets = np.clip(1.2 - 2.2 * np.abs(face.curl), -1.5, 1.2)
    weight = float(np.clip(style.curl * 1.6 - 0.6, 0, 1))
    return straight * (1 - weight) + (ringlets + 0.4 * face.grain) * weight


def _wobble(view: Canvas, style: Style, strands: Field) -> Field:
    """How ragged the edges of the hair are: by strands where it is straight, by curls else."""
    ragged = (1 - style.curl) * 0.016 * strands + style.curl * 0.055 * np.clip(view.curl, -1.2, 1.2)
    return min(1.0, 0.15 + 6 * style.top) * ragged


def _paint(
    view: Canvas, person: Person, style: Style, mask: Field, strands: Field, r: Field
) -> None:
    dome = 0.9 * np.sqrt(np.clip(1 - (r + 1) ** 2, 0, 1) + 0.02) + 0.007 * strands
    diffuse, _ = person.light.on(dome, view.pixel)
    x, y, _ = person.light.direction
    ring = bump(view.x - 0.5 * x, view.y + 0.85 - 0.25 * y - 0.35 * view.x**2, 0.7, 0.13)
    ring += 0.5 * bump(np.abs(view.x) - 1.05, view.y - 0.5, 0.2, 0.3)
    tone = (0.8 + 0.16 * strands + 0.06 * view.cloud) * (0.35 + 0.75 * diffuse)
    shine = ring * (0.45 + 0.35 * strands) * (1 - 0.6 * style.curl)
    hue = person.hair * np.clip(tone, 0.15, 2) + np.clip(shine, 0, 1) * (0.1 + 0.35 * person.hair)
    view.paint(np.clip(hue, 0, 1), mask)


def back(canvas: Canvas, person: Person, style: Style, rng: np.random.Generator) -> None:
    """Paint the hair that hangs behind the neck and, for a bun, above the head."""
    head = person.head(canvas)
    if style.worn == "bun":
        knot = head.bent(head.x - style.part * 0.3, head.y + person.skull + 0.2)
        r = np.hypot(knot.x / 0.42, knot.y / 0.36) - 1
        strands = head.fibres(rng, np.arctan2(knot.y, knot.x) * 0.5 + 0.6 * r, 20)
        _paint(knot, person, style, knot.inside((r + 0.02 * strands) * 0.4, 0.03), strands, r)
    if style.length > 0.3:
        strands = _strands(head, person, style, rng)
        r = _outer(head, person, style, _wobble(head, style, strands))
        _paint(head, person, style, head.inside(r, 0.04), strands, r)
        head.shade(0.55 + 0 * r, head.inside(r + 0.1, 0.2))


def front(canvas: Canvas, person: Person, style: Style, rng: np.random.Generator) -> None:
    """Paint the hair that frames the face, and the shadow it throws on the skin."""
    head = person.head(canvas)
    face = person.face(head)
    strands = _strands(face, person, style, rng)
    wobble = _wobble(face, style, strands)
    r = _outer(head, person, style, wobble)
    off = np.abs(face.x - style.part)
    line = style.line + style.fall * off**1.2 + 0.12 * face.x**2 + wobble
    down = np.clip(face.y, 0, 2)
    gap = np.abs(face.x) - style.gap - wobble - 0.08 * down
    temple = 0.25 * np.clip(0.1 - face.y, 0, 1) ** 1.5
    hole = np.maximum(line - face.y, gap + temple * (style.length < 0.3))
    hair = head.inside(r, 0.03) * (1 - head.inside(hole, 0.05))
    if style.length < 0.3:
        skull = outline(head, person, 0.02 + style.side) + wobble
        hair *= np.where(head.y > 0, head.inside(skull, 0.05), 1)
    inner = head.inside(outline(head, person))
    x, y, _ = person.light.direction
    shadow = head.inside(-hole - wobble - 0.07 + 0.05 * y, 0.22)
    head.shade(colour(195, 160, 148), inner * shadow)
    thin = 0.6 + 0.2 * head.grain if style.top < 0.05 else 1.0
    _paint(head, person, style, np.clip(hair * thin, 0, 1), strands, r)


def beard(canvas: Canvas, person: Person, rng: np.random.Generator) -> None:
    """Paint stubble, a moustache, a goatee or a full beard, on some sitters."""
    kind, density, grow = rng.random(), rng.random(), 0.02 + 0.16 * rng.random() ** 2
    if person.soft > 0.45 or kind < 0.3:
        return
    head = person.head(canvas).near(-1.3, 1.3, 0, 2)
    face = person.face(head)
    side = np.abs(face.x)
    hairs = 0.6 * face.grain + 0.6 * face.fibres(
        rng, face.x / (1 + 0.25 * face.y) + 0.03 * face.cloud, 30
    )
    cheek = 0.98 - 0.95 * np.clip(side, 0, 1) ** 2.6 - 0.02 * hairs
    low = face.inside(cheek - face.y, 0.1)
    lips = face.inside(np.hypot(face.x / 0.42, (face.y - 0.93) / 0.17) - 1, 0.12)
    tash = face.inside(np.abs(face.y - 0.77 - 0.25 * face.x**2) - 0.075 - 0.01 * hairs, 0.06)
    tash = tash * face.inside(side - 0.46, 0.1)
    goat = face.inside(np.hypot(face.x / 0.4, (face.y - 1.2) / 0.3) - 1, 0.12)
    region = (
        tash if kind > 0.88 else np.maximum(tash, goat) if kind > 0.78 else np.maximum(low, tash)
    )
    region = region * (1 - lips) if kind <= 0.88 else region
    full = kind < 0.6
    shape = outline(head, person, grow if full else -0.01) + 0.03 * hairs
    mask = region * head.inside(shape, 0.05)
    opacity = 0.95 if full or kind > 0.78 else 0.25 + 0.3 * density
    diffuse, _ = person.light.on(
        0.8 * np.sqrt(np.clip(-shape, 0, 1) + 0.02) + 0.02 * hairs, head.pixel
    )
    hue = (0.8 * person.hair + 0.2 * person.brows) * (0.75 + 0.25 * hairs) * (0.4 + 0.7 * diffuse)
    head.paint(np.clip(hue, 0, 1), np.clip(opacity * mask * (1 + 0.25 * hairs), 0, 1))


def worn(canvas: Canvas, person: Person, style: Style, rng: np.random.Generator) -> None:
    """Put on the hat, the beanie or the headscarf that goes with the style, if any."""
    if style.worn == "scarf":
        _scarf(canvas, person, style, rng)
    if style.worn not in ("beanie", "hat"):
        return
    head = person.head(canvas)
    hue, other = tone(rng, (0.3, 0.85), (0.2, 0.85)), tone(rng, (0.1, 0.8), (0.2, 0.9))
    edge = -0.5 + 0.25 * head.x**2 if style.worn == "beanie" else -0.62 + 0.16 * (1 - head.x**2)
    high = person.skull + (0.22 if style.worn == "beanie" else 0.34)
    dome = (
        np.sqrt(
            np.abs(head.x / (1.07 + 0.7 * style.side)) ** 2.5
            + np.abs(np.minimum(head.y, 0) / high) ** 2.5
        )
        - 1
    )
    ribs = (
        np.sin(head.x * 30 / np.sqrt(np.clip(1.7 + head.y, 0.2, 3)))
        if style.worn == "beanie"
        else head.grain
    )
    diffuse, _ = person.light.on(
        0.9 * np.sqrt(np.clip(-dome, 0, 1) + 0.02) + 0.012 * ribs, head.pixel
    )
    weave = (0.95 + 0.07 * ribs + 0.06 * head.grain) * diffuse
    head.shade(0.6 + 0 * dome, head.inside(head.y - edge - 0.1, 0.2) * head.inside(dome))
    head.paint(hue * weave, head.inside(np.maximum(dome, head.y - edge)))
    band = head.inside(np.maximum(dome - 0.03, np.abs(head.y - edge + 0.17) - 0.17))
    head.paint((hue * 1.08 if style.worn == "beanie" else other) * weave, band)
    if style.worn == "hat":
        brim = np.hypot(head.x / 1.75, (head.y - edge + 0.02) / 0.17) - 1
        head.paint(
            hue * (0.8 + 0.05 * head.grain + 0.5 * (head.y - edge)), head.inside(brim * 0.17)
        )


def _scarf(canvas: Canvas, person: Person, style: Style, rng: np.random.Generator) -> None:
    head = person.head(canvas)
    face = person.face(head)
    folds = head.fibres(rng, np.hypot(head.x * 1.1, head.y - 0.2) + 0.04 * head.cloud, 7)
    r = _outer(head, person, style, 0.0 * folds)
    hole = np.hypot(face.x / 0.9, (face.y - 0.28) / (person.chin - 0.24)) - 1
    head.shade(0.6 + 0 * r, head.inside(-hole - 0.1, 0.2))
    diffuse, _ = person.light.on(
        0.9 * np.sqrt(np.clip(-r, 0, 1) + 0.02) + 0.025 * folds, head.pixel
    )
    cloth = tone(rng, (0.1, 0.7), (0.3, 0.95)) * (1 + 0.05 * head.grain + 0.05 * folds) * diffuse
    head.paint(
        np.clip(cloth * (1 - 0.3 * head.inside(np.abs(hole) - 0.01, 0.08)), 0, 1),
        head.inside(np.maximum(r, -hole), 0.02),
    )


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
        r = (np.abs(x / wide) ** square + np.abs(y / high) ** square) ** (1 / square) - 1
        lens = face.inside(r * high)
        face.paint(hue * 0.4, (0.85 if dark < 0.12 else 0.06) * lens)
        streak = face.inside(np.abs(face.x + face.y - side * person.eyes + 0.1) - 0.05, 0.05)
        face.paint(colour(255, 255, 255), 0.16 * lens * streak)
        face.shade(0.75 + 0 * r, 0.7 * face.line((r - 0.06) * high - 0.05, 0.06, 0.1) * inner)
        frame = np.maximum(frame, face.line(r * high, rim))
        arm = np.maximum(np.abs(y + 0.1) - rim * 0.55, wide + person.eyes - side * face.x)
        frame = np.maximum(frame, face.inside(arm) * inner)
    bridge = np.maximum(
        np.abs(face.y + 0.03 - 0.5 * face.x**2) - rim / 2, np.abs(face.x) - person.eyes + wide
    )
    frame = np.maximum(frame, face.inside(bridge))
    face.paint(hue * (1 + 0.1 * face.grain), frame)
