"""Who is drawn: the traits that several parts of a portrait share."""

import math
from dataclasses import dataclass

import numpy as np

from wssl.data.portraits.canvas import Canvas, Colour, Light, colour, palette

SKIN = [(243, 204, 180), (236, 188, 156), (222, 168, 130), (203, 146, 106), (165, 108, 74)]
SKIN += [(122, 78, 54), (86, 56, 42)]
DARK_HAIR = [(22, 17, 16), (38, 26, 20), (62, 40, 27)]
LIGHT_HAIR = [(84, 52, 30), (128, 84, 46), (176, 128, 72), (222, 186, 122)]
RED_HAIR = [(108, 42, 22), (158, 68, 30), (196, 98, 48)]
GREY_HAIR = [(110, 108, 106), (168, 166, 164), (226, 224, 220)]
DYED_HAIR = [(196, 62, 122), (96, 72, 182), (40, 116, 168), (46, 140, 120)]
IRIS = [(52, 30, 18), (92, 56, 28), (122, 92, 44), (86, 112, 66), (72, 122, 150), (92, 140, 190)]


@dataclass(frozen=True)
class Person:
    """Traits of one sitter; lengths in half-widths of the head, angles in radians.

    ``age`` and ``soft`` (from bearded and square to made-up and round) run over [0, 1].
    ``yaw`` and ``pitch`` shift the features to the right and down on the head, ``long`` spreads
    them from brow to mouth.
    """

    x: float
    y: float
    scale: float
    tilt: float
    yaw: float
    pitch: float
    skull: float
    chin: float
    taper: float
    jaw: float
    eyes: float
    long: float
    age: float
    soft: float
    smile: float
    skin: Colour
    hair: Colour
    brows: Colour
    iris: Colour
    light: Light

    @property
    def neck(self) -> float:
        """Half the width of the neck."""
        return 0.64 - 0.14 * self.soft

    def head(self, canvas: Canvas) -> Canvas:
        """The canvas in the head's frame: origin between the eyes, unit half a head's width."""
        return canvas.framed(self.x, self.y, self.scale, self.tilt)

    def face(self, head: Canvas) -> Canvas:
        """The head's frame bent so that the features follow yaw and pitch."""
        x = head.x - self.yaw * np.clip(1 - head.x * head.x, 0, 1)
        y = head.y - self.pitch * np.clip(1 - (head.y / self.chin) ** 2, 0, 1)
        return head.bent(x, y / self.long)

    def body(self, canvas: Canvas) -> Canvas:
        """The canvas in the frame of the shoulders: as the head's, but upright."""
        return canvas.framed(self.x - 0.4 * self.scale * math.sin(self.tilt), self.y, self.scale)


def _hair_colour(rng: np.random.Generator, melanin: float, age: float, soft: float) -> Colour:
    kind, position = rng.random(), rng.random()
    if rng.random() < 1.6 * (age - 0.5):
        return palette(GREY_HAIR, 0.6 * position + 0.4 * age)
    if kind < 0.05 and soft > 0.45:
        return palette(DYED_HAIR, position)
    if kind > 0.3 + melanin * 1.1:
        return palette(RED_HAIR if kind > 0.88 else LIGHT_HAIR, position)
    return palette(DARK_HAIR, position)


def cast(rng: np.random.Generator) -> Person:
    """Draw one sitter."""
    melanin, age, soft = rng.random() ** 1.2, rng.random(), rng.random()
    undertone = colour(*(rng.normal(255, 6) for _ in range(3)))
    hair = _hair_colour(rng, melanin, age, soft)
    side, up = rng.uniform(-0.85, 0.85), rng.uniform(-0.8, 0.4)
    norm = math.sqrt(side * side + up * up + 0.7)
    key = rng.uniform(0.4, 0.8)
    eyes = rng.random() ** (0.7 + 6 * melanin)
    return Person(
        x=rng.normal(0, 0.035),
        y=rng.normal(-0.02, 0.03),
        scale=rng.uniform(0.46, 0.54),
        tilt=rng.normal(0, 0.08),
        yaw=float(np.clip(rng.normal(0, 0.12), -0.26, 0.26)),
        pitch=rng.uniform(-0.06, 0.07),
        skull=rng.uniform(1.3, 1.42),
        chin=rng.uniform(1.3, 1.46) - 0.08 * soft,
        taper=rng.uniform(0.14, 0.34) + 0.06 * soft,
        jaw=rng.uniform(1.2, 2.6) - 0.5 * soft,
        eyes=rng.uniform(0.4, 0.46),
        long=rng.uniform(0.93, 1.08),
        age=age,
        soft=soft,
        smile=float(np.clip(rng.normal(0.5, 0.35), 0.0, 1)),
        skin=palette(SKIN, melanin) * undertone,
        hair=hair,
        brows=hair * 0.55 + palette(SKIN, melanin) * 0.08,
        iris=palette(IRIS, eyes),
        light=Light((side / norm, up / norm, math.sqrt(0.7) / norm), key, 1.02 - 0.85 * key),
    )
