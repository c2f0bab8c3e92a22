# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""What is found, as lines for a person."""

from mmfacesr.apis.lr_images.doctor import Diagnosis
from mmfacesr.apis.lr_images.fingerprint import Candidate, Printed
from mmfacesr.utils import printable

SHOWN = 12
"""Candidates that are shown beside those that fit."""
NONE_FITS = (
    'None fits. The test set, its framing or the kernel may be others; '
    '--tolerance forgives more.'
)


def text_of(found: Diagnosis) -> str:
    """What is found as lines for a person."""
    lines = [
        f'{found.files} files; pixels of {found.looked_at} looked at, '
        f'{found.compared} compared with HR faces'
    ]
    for one in found.findings:
        lines.append(f'  {one.topic:<16}{one.confidence:<10}{one.says}.')
        lines += [f'{"":<28}-> {one.advice}'] if one.advice else []
    lines += [f'  {printable(error)}' for error in found.bad.values()]
    if found.bad:
        lines.append(f'{len(found.bad)} files are left out, see above.')
    return '\n'.join(lines) + '\n'


def ranking_text(
    ranked: list[tuple[float, Candidate]], row: dict[str, Printed]
) -> str:
    """The table of candidates, those that fit marked."""
    fitting = sum(distance <= 1 for distance, _ in ranked)
    lines = [
        f'  {"":<2}{"kernel":<17}{"enlarged by":<13}{"protocol":<18}'
        + ''.join(f'{name:>9}{"off":>9}' for name in row)
    ]
    for distance, one in ranked[: max(fitting, SHOWN)]:
        cells = ''
        for name, printed in row.items():
            value = one.values.get(name)
            cells += (
                f'{"-":>9}{"-":>9}'
                if value is None
                else f'{value:9.4f}{value - printed.value:+9.4f}'
            )
        mark = '*' if distance <= 1 else ''
        lines.append(
            f'  {mark:<2}{one.kernel:<17}{one.enlarger:<13}'
            f'{one.protocol:<18}{cells}'
        )
    if not fitting:
        lines.append(NONE_FITS)
    elif fitting == 1:
        lines.append('* fits, and no other.')
    else:
        lines.append(f'* these {fitting} fit and cannot be told apart.')
    return '\n'.join(lines) + '\n'


def confusion_text(
    pairs: list[tuple[Candidate, list[Candidate]]],
) -> str:
    """A line for each truth, and how many are told apart."""
    lines = []
    for truth, found in pairs:
        others = [
            f'{one.kernel} {one.protocol}' for one in found if one is not truth
        ]
        said = 'no other' if not others else '; '.join(others)
        lines.append(
            f'  {truth.kernel:<17}{truth.protocol:<16}'
            f'{truth.values["PSNR"]:9.4f}  {said}'
        )
    alone = sum(len(found) == 1 for _, found in pairs)
    kernel = sum(
        {one.kernel for one in found} == {truth.kernel}
        for truth, found in pairs
    )
    protocol = sum(
        {one.protocol for one in found} == {truth.protocol}
        for truth, found in pairs
    )
    found_itself = sum(truth in found for truth, found in pairs)
    lines.append(
        f'Of {len(pairs)}: {found_itself} are among what is found, {alone} '
        f'alone; the kernel is clear of {kernel}, the protocol of {protocol}.'
    )
    return '\n'.join(lines) + '\n'
