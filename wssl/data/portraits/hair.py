"""Hair on the head and on the chin."""

from dataclasses import dataclass, replace

import numpy as np

from wssl.data.portraits.canvas import Canvas, Field, bump, colour, dome, ellipse
from wssl.data.portraits.face import outline
from wssl.data.portraits.person import Person


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
    part, jitter = rng.uniform(-0.55, 0.55), rng.uniform(-0.06, 0.06)
    wave = float(np.clip(rng.normal(0.25, 0.35), 0, 1))
    chance, long, end = rng.random(), rng.uniform(0.6, 2.6), rng.uniform(-0.15, 0.15)
    if person.soft > 0.5:
        styles = [
            Style(0.14, 0.16, long, -0.92, 0.75, 0.4 * part, 0.86, wave),
            Style(0.16, 0.2, long, -0.86, 0.5, part, 0.8, wave),
            Style(0.15, 0.15, long, -0.36, 0.05, part, 0.82, 0.4 * wave),
            Style(0.12, 0.04, -0.1, -0.9, 0.3, part, 0.95, 0.3 * wave, swept=True, worn="bun"),
            Style(0.4, 0.42, min(long, 1.4), -0.8, 0.2, 0.0, 0.88, 1.0),
            Style(0.17, 0.1, end + 0.3, -0.6, 0.35, 0.7, 0.9, wave),
        ]
    else:
        bald = -1.6 if person.age > 0.4 else -0.9
        styles = [
            Style(0.12, 0.05, end, -0.88, 0.22, part, 0.95, wave, swept=True),
            Style(0.2, 0.07, end, -0.84, 0.3, part, 0.94, wave),
            Style(0.28, 0.06, end, -0.8, 0.15, part, 0.94, 0.5 * wave, swept=True),
            Style(0.03, 0.02, end, -0.92, 0.15, 0.0, 0.96, 0.9),
            Style(0.14, 0.08, end + 0.1, -0.5, 0.08, part, 0.94, wave),
            Style(0.3, 0.26, end + 0.2, -0.8, 0.15, 0.0, 0.92, 1.0),
            Style(0.16, 0.14, min(long, 1.6), -0.9, 0.5, part, 0.9, wave),
            Style(0.0, 0.03, end, bald, 0.1, 0.0, 0.97, 0.5),
        ]
    style = styles[int(rng.integers(len(styles)))]
    style = replace(style, line=style.line + jitter)
    if chance > 0.95 and person.soft > 0.4:
        return Style(0.13, 0.1, 2.4, -0.8, 0.3, 0.0, 1.0, 0.0, worn="scarf")
    if chance < 0.11 and style.top < 0.25:
        return replace(style, worn="beanie" if chance < 0.06 else "hat")
    return style


def hairdo(head: Canvas, person: Person, style: Style, wobble: Field | float = 0.0) -> Field:
    """The outer edge of the hair, set in by ``wobble``: about a signed distance, as `outline`."""
    x, y = np.abs(head.x), head.y
    cap = ellipse(x, np.minimum(y, 0), 1 + style.side, person.skull + style.top, 2.3)
    flare = 0.1 * np.clip(y, 0, 1.2) * (style.length > 0.6)
    rounding = 0.4 * np.clip((y - style.length + 0.35) / 0.35, 0, None) ** 2
    sides = x / (1 + style.side + flare) - 1 + rounding
    return np.maximum(np.where(y < 0, cap, sides), y - style.length) + wobble


def _strands(face: Canvas, person: Person, style: Style, rng: np.random.Generator) -> Field:
    """Unit-variance texture of the hair: streaks that leave the parting, bent or broken by curl."""
    if style.swept:
        across = 2 * np.arctan2(face.x, 0.9 - face.y)
    else:
        fallen = np.clip(face.y + person.skull + 0.25, 0.06, None)
        across = 1.3 * (face.x - style.part) / np.sqrt(fallen)
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
    diffuse, _ = person.light.on(dome(r) + 0.007 * strands, view.pixel)
    x, y, _ = person.light.direction
    ring = bump(view.x - 0.5 * x, view.y + 0.85 - 0.25 * y - 0.35 * view.x**2, 0.7, 0.13)
    ring = ring + 0.5 * bump(np.abs(view.x) - 1.05, view.y - 0.5, 0.2, 0.3)
    depth = (0.8 + 0.16 * strands + 0.06 * view.cloud) * (0.35 + 0.75 * diffuse)
    shine = np.clip(ring * (0.45 + 0.35 * strands) * (1 - 0.6 * style.curl), 0, 1)
    hue = person.hair * np.clip(depth, 0.15, 2) + shine * (0.1 + 0.35 * person.hair)
    view.paint(np.clip(hue, 0, 1), mask)


def back(canvas: Canvas, person: Person, style: Style, rng: np.random.Generator) -> None:
    """Paint the hair that hangs behind the neck and, for a bun, above the head."""
    head = person.head(canvas)
    if style.worn == "bun":
        knot = head.bent(head.x - 0.3 * style.part, head.y + person.skull + 0.2)
        r = ellipse(knot.x, knot.y, 0.42, 0.36)
        strands = head.fibres(rng, 0.5 * np.arctan2(knot.y, knot.x) + 0.6 * r, 20)
        _paint(knot, person, style, knot.inside(0.4 * r + 0.008 * strands, 0.03), strands, r)
    if style.length > 0.3:
        strands = _strands(head, person, style, rng)
        r = hairdo(head, person, style, _wobble(head, style, strands))
        _paint(head, person, style, head.inside(r, 0.04), strands, r)
        head.shade(0.55, head.inside(r + 0.1, 0.2))


def front(canvas: Canvas, person: Person, style: Style, rng: np.random.Generator) -> None:
    """Paint the hair that frames the face, and the shadow that it throws on the skin."""
    head = person.head(canvas)
    face = person.face(head)
    short = style.length < 0.3
    strands = _strands(face, person, style, rng)
    wobble = _wobble(face, style, strands)
    r = hairdo(head, person, style, wobble)
    line = style.line + style.fall * np.abs(face.x - style.part) ** 1.2 + 0.12 * face.x**2
    gap = np.abs(face.x) - style.gap - 0.08 * np.clip(face.y, 0, 2)
    gap = gap + 0.25 * short * np.clip(0.1 - face.y, 0, 1) ** 1.5
    hole = np.maximum(line - face.y + wobble, gap - wobble)
    hair = head.inside(r, 0.03) * (1 - head.inside(hole, 0.05))
    if short:
        skull = outline(head, person, 0.02 + style.side) + wobble
        hair = hair * np.where(head.y > 0, head.inside(skull, 0.05), 1)
    if style.top < 0.05:
        hair = np.clip(hair * (0.6 + 0.2 * head.grain), 0, 1)
    shadow = head.inside(0.05 * person.light.direction[1] - hole - wobble - 0.07, 0.22)
    head.shade(colour(195, 160, 148), shadow * head.inside(outline(head, person)))
    _paint(head, person, style, hair, strands, r)


def beard(canvas: Canvas, person: Person, rng: np.random.Generator) -> None:
    """Paint a full beard, stubble, a goatee or a moustache, on some sitters."""
    kind, density, grow = rng.random(), rng.random(), 0.02 + 0.16 * rng.random() ** 2
    if person.soft > 0.45 or kind < 0.3:
        return
    head = person.head(canvas).near(-1.3, 1.3, 0, 2)
    face = person.face(head)
    x, y = np.abs(face.x), face.y
    combed = face.fibres(rng, face.x / (1 + 0.25 * y) + 0.03 * face.cloud, 30)
    hairs = 0.6 * (face.grain + combed)
    thick = 0.085 - 0.2 * x * x
    region = face.inside(np.abs(y - 0.77 - 0.25 * x * x) - thick - 0.01 * hairs, 0.06)
    region = region * face.inside(x - 0.46, 0.1)
    if kind < 0.78:
        cheek = 0.98 - 0.95 * np.clip(x, 0, 1) ** 2.6 - 0.02 * hairs
        region = np.maximum(region, face.inside(cheek - y, 0.1))
    elif kind < 0.88:
        region = np.maximum(region, face.inside(ellipse(x, y - 1.2, 0.4, 0.3), 0.12))
    region = region * (1 - face.inside(ellipse(x, y - 0.93, 0.42, 0.16), 0.12))
    shape = outline(head, person, grow if kind < 0.6 else -0.01) + 0.03 * hairs
    stubble = 0.6 < kind < 0.78
    opacity = (0.25 + 0.3 * density if stubble else 0.95) * (1 + 0.25 * hairs)
    mask = np.clip(opacity * region * head.inside(shape, 0.05), 0, 1)
    diffuse, _ = person.light.on(dome(shape) + 0.02 * hairs, head.pixel)
    hue = (0.8 * person.hair + 0.2 * person.brows) * (0.75 + 0.25 * hairs)
    head.paint(np.clip(hue * (0.4 + 0.7 * diffuse), 0, 1), mask)
