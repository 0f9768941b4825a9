"""Two pictures in one frame, with a slider between before and after.

Plain HTML and CSS: it works in a notebook, in the book and without a network, by mouse, by touch
and with the arrow keys. Where a viewer allows no HTML, its text is shown instead.
"""

import base64
import html
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO

import numpy as np
from PIL import Image

_STYLE = """
.wssl-slider { display: inline-block; width: 20rem; max-width: 100%; margin: 0 1rem 1rem 0; }
.wssl-slider .frame { position: relative; line-height: 0; }
.wssl-slider .frame img {
  width: 100%; margin: 0; padding: 0 !important; border-radius: 0.4rem;
  image-rendering: pixelated;
}
.wssl-slider .frame img + img {
  position: absolute; inset: 0; clip-path: inset(0 0 0 var(--at));
}
.wssl-slider .line {
  position: absolute; top: 0; bottom: 0; left: var(--at); width: 2px; margin-left: -1px;
  background: #fff; box-shadow: 0 0 0 1px #000; pointer-events: none;
}
.wssl-slider .over {
  position: absolute; inset: 0; width: 100%; height: 100%; margin: 0; opacity: 0;
  cursor: ew-resize; touch-action: pan-y;
}
.wssl-slider .frame:focus-within { outline: 3px solid #3b82f6; outline-offset: 2px; }
.wssl-slider .names {
  display: flex; justify-content: space-between; font-size: 0.85rem; line-height: 1.6;
}
.wssl-slider figcaption { margin: 0; padding: 0; text-align: start; }
.wssl-slider figcaption, .wssl-slider figcaption * { color: inherit; font-weight: inherit; }
"""

_FIGURE = """
<figure class="wssl-slider" style="--at: 50%">
<div class="frame">
<img alt="{before_name}: {caption}" src="{before}"><img alt="{after_name}: {caption}" src="{after}">
<span class="line"></span>
<input class="over" type="range" min="0" max="100" value="50"
 aria-label="How much of the picture shows {before_name}: {caption}"
 oninput="this.closest('figure').style.setProperty('--at', this.value + '%')">
</div>
<div class="names" aria-hidden="true"><span>{before_name}</span><span>{after_name}</span></div>
<figcaption>{caption}</figcaption>
</figure>
"""


@dataclass(frozen=True)
class Slider:
    """One or more pairs of pictures, each shown with a slider, where a notebook shows HTML.

    Attributes
    ----------
    figures : tuple of str
        HTML elements.
    caption : str
    """

    figures: tuple[str, ...]
    caption: str

    def _repr_html_(self) -> str:
        return f"<style>{_STYLE}</style>" + "".join(self.figures)

    def __repr__(self) -> str:
        return f"<before and after: {self.caption}>"

    def __add__(self, other: "Slider") -> "Slider":
        return Slider(self.figures + other.figures, f"{self.caption}; {other.caption}")


def slider(
    before: np.ndarray,
    after: np.ndarray,
    caption: str,
    names: tuple[str, str] = ("masked", "filled"),
) -> Slider:
    """Two pictures in one frame; a slider moves the line between them.

    Parameters
    ----------
    before, after : uint8 (H, W, 3) or float (H, W, 3) in [0, 1]
        Of the same shape; embedded without loss, and shown enlarged.
    caption : str
        What the pictures show, for the eye and for a screen reader.
    names : tuple of str
        Of the two pictures.

    Returns
    -------
    Slider
        As the value of a cell it shows itself; ``slider(...) + slider(...)`` shows both.

    Raises
    ------
    ValueError
        If the pictures differ in shape.
    """
    if before.shape != after.shape:
        raise ValueError(
            f"after: expected the shape of before, {before.shape}; received {after.shape}."
        )
    figure = _FIGURE.format(
        before=embedded(before),
        after=embedded(after),
        caption=html.escape(caption),
        before_name=html.escape(names[0]),
        after_name=html.escape(names[1]),
    )
    return Slider((figure,), caption)


def compare(
    filled: Mapping[str, np.ndarray], names: tuple[str, str], caption: str, picture: int = 0
) -> Slider:
    """Two fills of one picture in one frame; if one of them is missing, a sentence instead.

    Parameters
    ----------
    filled : mapping of str to float (N, H, W, 3) in [0, 1]
    names : tuple of str
        Two keys of `filled`.
    caption : str
    picture : int
        Which of the pictures.
    """
    if not set(names) <= set(filled):
        return Slider((), "the weights of these runs are not on this machine")
    before, after = (filled[name][picture] for name in names)
    return slider(before, after, caption, names)


def embedded(image: np.ndarray) -> str:
    """A picture as a PNG in an address of its own.

    Parameters
    ----------
    image : uint8 (H, W, 3) or float (H, W, 3) in [0, 1]
    """
    levels = image if image.dtype == np.uint8 else np.rint(255 * np.clip(image, 0, 1))
    buffer = BytesIO()
    Image.fromarray(levels.astype(np.uint8)).save(buffer, "png", optimize=True)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
