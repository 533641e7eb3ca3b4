"""Images as the pixels of one map, for layers that make one pixel of an image.

Filters then are loaded once for all images, not once for each.
"""

from dataclasses import replace

from sim.pool_window import PoolWindow

__all__ = ["apart_sources", "as_pixels", "image_maps"]


def as_pixels(lowered, shape):
    """The step as one over images that are pixels, or None where an output takes part of an image.

    Parameters
    ----------
    lowered : LoweredLayer
    shape : (int, int, int)
        Height, width and channels of an image.

    Returns
    -------
    LoweredLayer or None
    """
    layer = lowered.layer
    if (layer.weights.shape[1:3] != tuple(shape[:2]) or any(layer.padding)
            or lowered.pool.kernel != (1, 1) or (layer.groups > 1 and tuple(shape[:2]) != (1, 1))):
        return None
    return replace(lowered, layer=replace(layer, stride=(1, 1), dilation=(1, 1)),
                   pool=PoolWindow())


def apart_sources(parts):
    """The tensors of which each image must start at a beat although it is one pixel.

    Those of layers whose kernel reaches past the pixel: they run image by image. With one, all that
    are added to it.

    Parameters
    ----------
    parts : sequence
        Of steps; each with ``lowered``, the ``shape`` of an image, and ``sources``, what it reads.

    Returns
    -------
    set
        Of sources.
    """
    apart = set()
    for part in parts:
        if tuple(part.shape[:2]) == (1, 1) and as_pixels(part.lowered, part.shape) is None:
            apart.update(part.sources)
    while True:
        with_them = {source for part in parts if apart.intersection(part.sources)
                     for source in part.sources}
        if with_them <= apart:
            return apart
        apart |= with_them


def image_maps(images, columns):
    """Maps (rows, columns) of so many pixels that suit an array of so many columns.

    The array's columns work on rows of a map: one has a column of pixels, the other no more rows
    than fit the array at a time.
    """
    fitting = max(rows for rows in range(1, columns + 1) if images % rows == 0)
    return list(dict.fromkeys([(images, 1), (fitting, images // fitting)]))
