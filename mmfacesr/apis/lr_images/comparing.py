# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""What LR files tell beside their HR faces."""

from collections.abc import Sequence

import numpy as np

from mmfacesr.apis.lr_images.findings import FEW, Finding, order_finding
from mmfacesr.apis.lr_images.kernels import SCALES, by_pillow, kernels_of
from mmfacesr.apis.lr_images.registration import BORDER, SMALL_SHIFT, Framing
from mmfacesr.evaluation.functional.image_quality import PEAK
from mmfacesr.evaluation.statistics import mean_interval

Images = Sequence[np.ndarray]
GOOD = 35.0  # dB; a right kernel is nearer even after mild compression
NO_LIKENESS = 25.0  # levels, root mean square
LOOSE = 0.5  # LR pixels, spread of shifts
SHARE_OF_SAME = 0.999
Errors = dict[str, np.ndarray]
"""Kernel -> (N,) mean square error of single faces."""


def framing_finding(framing: Framing) -> Finding:
    """How LR faces lie in their HR faces."""
    values = dict(
        right=framing.right,
        down=framing.down,
        zoom=framing.zoom,
        spread=framing.spread,
    )
    if framing.error > NO_LIKENESS:
        return Finding(
            'framing',
            'the LR faces are not like the HR faces of their names',
            'likely',
            'Check that both folders hold the same faces under the same '
            'names, upright and not mirrored.',
            values,
        )
    sure = 'certain' if framing.spread < LOOSE else 'possible'
    if framing.same:
        return Finding('framing', 'as the HR faces', sure, '', values)
    return Finding(
        'framing',
        f'moved by {framing.right:+.2f} pixels to the right and '
        f'{framing.down:+.2f} down, on a part of {framing.zoom:.3f} of the '
        'side of the HR face',
        sure,
        'Cut LR and HR faces by one frame: reduce the very HR face that '
        'results are compared with. Half a pixel is the mark of taking every '
        'n-th pixel.',
        values,
    )


def order(lr: Images, hr: Images) -> Finding:
    """Channel order by comparing with the HR faces.

    Args:
        lr (Sequence[np.ndarray]): Squares of one size.
        hr (Sequence[np.ndarray]): Framed alike, of any size.
    """
    small = [by_pillow(face, len(lr[0])) for face in hr]
    as_rgb = np.array([_error(a, b) for a, b in zip(lr, small)])
    as_bgr = np.array([_error(a[..., ::-1], b) for a, b in zip(lr, small)])
    bgr = bool(as_bgr.mean() < as_rgb.mean())
    values = dict(
        error_as_rgb=float(as_rgb.mean()), error_as_bgr=float(as_bgr.mean())
    )
    if np.allclose(as_rgb, as_bgr):
        return Finding(
            'channel order', 'gray faces tell none', 'unknown', '', values
        )
    bounds = mean_interval(as_rgb - as_bgr)
    clear = bounds is not None and (bounds[0] > 0) == (bounds[1] > 0)
    sure = 'certain' if clear and len(lr) >= FEW else 'likely'
    return order_finding(bgr, 'compared with the HR faces', sure, values)


def kernel_finding(lr: Images, hr: Images, scale: int, cut: int) -> Finding:
    """Which named kernel has made the LR faces.

    Args:
        lr (Sequence[np.ndarray]): Squares of one size.
        hr (Sequence[np.ndarray]): What they show, of ``scale`` their size.
        scale (int): 0 for none that has named kernels.
        cut (int): LR pixels at the border that are not compared.
    """
    if scale not in SCALES:
        known = ' and '.join(f'x{one}' for one in SCALES)
        return Finding(
            'kernel',
            f'no named kernel has this factor; known are those of {known}',
            'unknown',
            'Make LR files by a factor that is known.',
        )
    found: Errors = {
        name: np.array([_error(a, kernel(b), cut) for a, b in zip(lr, hr)])
        for name, kernel in kernels_of(scale).items()
    }
    return _name_kernel(found)


def _name_kernel(errors: Errors) -> Finding:
    """The kernel of the least errors, and how sure that is."""
    near = sorted(errors, key=lambda name: errors[name].mean())
    best, second = near[:2]
    values = dict(
        kernel=best,
        psnr={name: _decibels(errors[name]) for name in near},
        same={name: float((errors[name] == 0).mean()) for name in near},
    )
    exact = [n for n in near if (errors[n] == 0).mean() > SHARE_OF_SAME]
    if exact:
        said = f'{" or ".join(exact)}, byte for byte'
        return Finding(
            'kernel',
            said,
            'certain',
            _use(exact[0]),
            dict(values, kernel=best),
        )
    values['kernel'] = best
    reached = f'{_decibels(errors[best]):.1f} dB from it'
    bounds = mean_interval(errors[second] - errors[best])
    if bounds is None or bounds[0] <= 0:
        return Finding(
            'kernel',
            f'{best} or {second}, which cannot be told apart here ({reached})',
            'possible',
            _use(best),
            values,
        )
    if _decibels(errors[best]) < GOOD:
        return Finding(
            'kernel',
            f'none of the named ones; nearest is {best} ({reached})',
            'possible',
            'Ask how the files were made. Blur, noise, compression and other '
            'framing look like this.',
            values,
        )
    return Finding(
        'kernel', f'{best} ({reached})', 'likely', _use(best), values
    )


def _use(kernel: str) -> str:
    """How a config makes such faces itself."""
    return (
        'Train and test on such faces by --cfg-options '
        f'lr_kernel={kernel}, or on these files by lr_folder=FOLDER.'
    )


def border_of(framing: Framing, lr_side: int) -> int:
    """LR pixels at the border that lie outside the HR face."""
    moved = max(abs(framing.right), abs(framing.down))
    outside = moved + (1 - 1 / framing.zoom) * lr_side / 2
    return BORDER + round(outside) if outside >= SMALL_SHIFT else 0


def _error(a: np.ndarray, b: np.ndarray, cut: int = 0) -> float:
    """Mean square difference inside a border."""
    inner = np.s_[cut : len(a) - cut, cut : len(a) - cut]
    return float(np.square(a[inner].astype(np.float64) - b[inner]).mean())


def _decibels(errors: np.ndarray) -> float:
    """PSNR of the mean error; of equal images, that of half a level."""
    return float(10 * np.log10(PEAK**2 / max(errors.mean(), 0.25)))
