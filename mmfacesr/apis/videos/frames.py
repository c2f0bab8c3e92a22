# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""A frame of a video, seen as a photo is, changed in its own planes."""

import av
import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter

from mmfacesr.utils.changes import check_change

# Matrix of RGB to YUV, by FFmpeg's number -> weights of red and blue in luma
# (ITU-T H.273, table 4).
LUMA = {
    1: (0.2126, 0.0722),
    4: (0.30, 0.11),
    5: (0.299, 0.114),
    6: (0.299, 0.114),
    7: (0.212, 0.087),
    9: (0.2627, 0.0593),
}
BT709, BT601, BT2020 = 1, 5, 9
HD_WIDTH, HD_HEIGHT = 1280, 577  # from here on 709 where nothing is said
FULL = 2  # FFmpeg's number of the full range
# Depths that are kept; others become the next larger of these.
DEPTHS = {8: '', 10: '10le', 12: '12le'}
SUBSAMPLINGS = {(2, 2): '420', (2, 1): '422', (1, 1): '444'}
LUMA_STEPS, CHROMA_STEPS = 219, 224  # of the limited range, in 8 bit
# Flags of swscale: bicubic, with full chroma, exact. Otherwise colors are
# off by up to 3.
EXACTLY = 0x4 | 0x2000 | 0x40000 | 0x80000


class FramePicture:
    """A frame that the inferencer takes as if it were a photo.

    A change in RGB becomes one of luma and chroma and is added to the planes
    themselves, in their own bit depth and range. So a sample whose change is
    0 keeps its bits. Frames of packed and odd formats are brought to the
    planar one that holds them.

    Args:
        frame (VideoFrame): As it was decoded; it is not written to.
    """

    def __init__(self, frame: VideoFrame) -> None:
        name = planar_format(frame.format.name)
        if name != frame.format.name:
            frame = reformatted(frame, format=name)
        self.frame = frame

    @property
    def size(self) -> tuple[int, int]:
        """Height and width."""
        return self.frame.height, self.frame.width

    def srgb(self) -> np.ndarray:
        """The frame in RGB.

        Returns:
            np.ndarray: (H, W, 3) uint8.
        """
        return reformatted(self.frame, format='rgb24').to_ndarray()

    def copy(self) -> 'FramePicture':
        """The same with samples of its own."""
        frame = self.frame
        twin = VideoFrame(frame.width, frame.height, frame.format.name)
        for plane, other in zip(planes_of(twin), planes_of(frame)):
            plane[...] = other
        return FramePicture(_like(twin, frame))

    def enlarged(self, factor: int) -> 'FramePicture':
        """The frame at a larger size, by Lanczos.

        Args:
            factor (int): At least 1.
        """
        height, width = self.size
        return FramePicture(
            reformatted(
                self.frame,
                width=width * factor,
                height=height * factor,
                interpolation='LANCZOS',
            )
        )

    def add(self, x: int, y: int, change: np.ndarray) -> None:
        """Add to the samples of a box, in place, rounded and clipped.

        Args:
            x (int): Column of the left edge of the box.
            y (int): Row of its upper edge.
            change (np.ndarray): (h, w, 3) float32, RGB, in units of 8 bit,
                [-255, 255].

        Raises:
            ValueError: If the box is not within the frame, or the change is
                of another shape or not finite.
        """
        check_change(x, y, change, self.size)
        name = self.frame.format.name
        if name.startswith('gbr'):
            layers = [change[..., channel] for channel in (1, 2, 0)]
            shares = [(1, 1)] * 3
        else:
            layers = list(_luma_and_chroma(change, matrix_of(self.frame)))
            shares = [(1, 1), *[subsampling(name)] * 2]
        for plane, layer, share, scale in zip(
            planes_of(self.frame), layers, shares, self._scales()
        ):
            layer = _continued(layer * scale, x, y, self.size)
            _add(plane, x, y, layer, share, self._largest())

    def _largest(self) -> int:
        """The largest value of a sample."""
        return (1 << self.frame.format.components[0].bits) - 1

    def _scales(self) -> tuple[float, float, float]:
        """Steps of the planes for one step of 8-bit RGB."""
        full = self._largest() / 255
        if is_full_range(self.frame):
            return full, full, full
        step = (self._largest() + 1) / 256 / 255
        luma, chroma = LUMA_STEPS * step, CHROMA_STEPS * step
        return luma, chroma, chroma


def planar_format(name: str) -> str:
    """The planar format that holds frames of a format without loss.

    Args:
        name (str): As FFmpeg names it.

    Returns:
        str: gray, yuv420p, yuv422p, yuv444p or gbrp, with 8, 10 or 12 bits;
        deeper ones are brought to 12. Transparency is left out.
    """
    kind = av.VideoFormat(name, 64, 64)
    bits = max((part.bits for part in kind.components), default=8)
    depth = DEPTHS[min((d for d in DEPTHS if d >= bits), default=max(DEPTHS))]
    if kind.is_rgb or kind.has_palette:
        return f'gbrp{depth}'
    if len(kind.components) < 3:
        return f'gray{depth}'
    shares = subsampling(name)
    return f'yuv{SUBSAMPLINGS.get(shares, "444")}p{depth}'


def subsampling(name: str) -> tuple[int, int]:
    """Columns and rows of luma for one sample of chroma."""
    kind = av.VideoFormat(name, 64, 64)
    return 64 // kind.chroma_width(64), 64 // kind.chroma_height(64)


def matrix_of(frame: VideoFrame) -> int:
    """Number of the matrix by which a frame's YUV was made of RGB.

    Where the frame does not say it: that of BT.709 for large frames, else of
    BT.601, as players guess.
    """
    matrix = int(frame.colorspace)
    if matrix in LUMA:
        return matrix
    if matrix == 10:  # BT.2020 with constant luminance
        return BT2020
    large = frame.width >= HD_WIDTH or frame.height >= HD_HEIGHT
    return BT709 if large else BT601


def is_full_range(frame: VideoFrame) -> bool:
    """Whether black is 0, not 16 (of 8 bit)."""
    name = frame.format.name
    always = name.startswith(('yuvj', 'gray', 'gbr', 'rgb', 'bgr'))
    return always or int(frame.color_range) == FULL


def reformatted(frame: VideoFrame, **wanted: object) -> VideoFrame:
    """Convert a frame by swscale, which is told how its colors are meant."""
    matrix = matrix_of(frame)
    to_rgb = str(wanted.get('format', '')).startswith(('rgb', 'gbr', 'bgr'))
    as_it_is = FULL if is_full_range(frame) else 1
    made = VideoReformatter().reformat(
        frame,
        src_colorspace=min(matrix, BT2020),
        dst_colorspace=min(matrix, BT2020),
        src_color_range=as_it_is,
        dst_color_range=FULL if to_rgb else as_it_is,
        **dict(dict(interpolation=EXACTLY), **wanted),
    )
    return _like(made, frame)


def _like(made: VideoFrame, frame: VideoFrame) -> VideoFrame:
    """Let a frame be shown when, and in the colors in which, another is."""
    made.pts, made.time_base = frame.pts, frame.time_base
    if made.format.name != 'rgb24':
        made.color_range = FULL if is_full_range(frame) else 1
        from_rgb = frame.format.is_rgb and not made.format.is_rgb
        made.colorspace = matrix_of(frame) if from_rgb else frame.colorspace
        made.color_primaries = frame.color_primaries
        made.color_trc = frame.color_trc
    return made


def planes_of(frame: VideoFrame) -> list[np.ndarray]:
    """The samples of each plane of a frame, (h, w), not copied."""
    deep = frame.format.components[0].bits > 8
    kind = np.dtype(np.uint16 if deep else np.uint8)
    return [
        np.frombuffer(plane, kind).reshape(
            -1, plane.line_size // kind.itemsize
        )[: plane.height, : plane.width]
        for plane in frame.planes
    ]


def _luma_and_chroma(
    change: np.ndarray, matrix: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Luma and both chroma of a change in RGB, in the units of RGB."""
    red, blue = LUMA[matrix]
    luma = change @ np.array((red, 1 - red - blue, blue), np.float32)
    return (
        luma,
        (change[..., 2] - luma) / (2 * (1 - blue)),
        (change[..., 0] - luma) / (2 * (1 - red)),
    )


def _continued(
    layer: np.ndarray, x: int, y: int, size: tuple[int, int]
) -> np.ndarray:
    """Repeat the last row and column where a layer ends with the frame.

    The last sample of chroma may be one of fewer columns or rows than others.
    """
    height, width = layer.shape
    more = int(y + height == size[0]), int(x + width == size[1])
    return np.pad(layer, ((0, more[0]), (0, more[1])), mode='edge')


def _add(
    samples: np.ndarray,
    x: int,
    y: int,
    layer: np.ndarray,
    share: tuple[int, int],
    largest: int,
) -> None:
    """Add a layer of full resolution to a plane, averaged over its samples.

    Args:
        samples (np.ndarray): The plane.
        x (int): Column of the layer in the frame.
        y (int): Row.
        layer (np.ndarray): (h, w).
        share (tuple[int, int]): Columns and rows of the frame for a sample.
        largest (int): Where samples are clipped.
    """
    columns, rows = share
    left, top = x % columns, y % rows
    right = -(left + layer.shape[1]) % columns
    bottom = -(top + layer.shape[0]) % rows
    padded = np.pad(layer, ((top, bottom), (left, right)))
    mean = padded.reshape(
        padded.shape[0] // rows, rows, padded.shape[1] // columns, columns
    ).mean((1, 3))
    box = samples[
        y // rows : y // rows + mean.shape[0],
        x // columns : x // columns + mean.shape[1],
    ]
    mean = mean[: box.shape[0], : box.shape[1]]
    box[...] = np.rint((box + mean).clip(0, largest))
