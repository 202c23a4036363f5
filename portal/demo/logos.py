"""Logos as PNG files, drawn large and scaled down so that their edges are smooth. Pillow is imported when asked."""

from __future__ import annotations

import functools
import io

from portal.demo.brands import Brand, Circle

SIDE_PIXELS = 112
_OVERSAMPLING = 8


@functools.cache
def logo_png(brand: Brand) -> bytes:
    """Draw a firm's logo on a transparent square."""
    from PIL import Image, ImageDraw

    side = SIDE_PIXELS * _OVERSAMPLING
    image = Image.new("RGBA", (side, side), (255, 255, 255, 0))
    draw = ImageDraw.Draw(image)
    for shape in brand.logo:
        if isinstance(shape, Circle):
            x, y, radius = shape.x * side, (1 - shape.y) * side, shape.radius * side
            draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=shape.colour)
        else:
            draw.polygon([(x * side, (1 - y) * side) for x, y in shape.points], fill=shape.colour)
    small = image.resize((SIDE_PIXELS, SIDE_PIXELS), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    small.save(out, "PNG", optimize=True)
    return out.getvalue()
