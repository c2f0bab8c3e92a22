# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""The protocol and kernel of a printed row are among what is found."""

import cv2
import numpy as np
import pytest
from PIL import Image
from skimage.metrics import peak_signal_noise_ratio

from mmfacesr.apis.cli import main
from mmfacesr.apis.lr_images.fingerprint import (
    FILES,
    Candidate,
    Printed,
    confusions,
    distinct_protocols,
    matches,
    measure_candidates,
    rank,
    row_of,
)
from mmfacesr.apis.recipes import kernel_names

FEW = 2


@pytest.fixture(scope='module')
def candidates(faces: list[np.ndarray]) -> list[Candidate]:
    return measure_candidates(faces[:FEW], 8, ('pillow',))


def value_of(candidates: list[Candidate], kernel: str) -> float:
    (found,) = [
        one
        for one in candidates
        if (one.kernel, one.protocol) == (kernel, 'rgb')
    ]
    return found.values['PSNR']


def test_there_is_one_candidate_of_each(candidates: list[Candidate]) -> None:
    found = {(one.kernel, one.protocol) for one in candidates}
    protocols = distinct_protocols(8)
    assert len(found) == len(candidates)
    assert found == {(k, p) for k in kernel_names(8) for p in protocols}
    names = ', '.join(protocols).split(', ')
    assert len(set(names)) == len(names) > len(protocols) - 1


def test_values_are_those_of_other_libraries(candidates, faces) -> None:
    wanted = dict(bicubic=[], opencv_cubic=[])
    for face in faces[:FEW]:
        small = dict(
            bicubic=np.array(Image.fromarray(face).resize((16, 16), 3)),
            opencv_cubic=cv2.resize(
                face, (16, 16), interpolation=cv2.INTER_CUBIC
            ),
        )
        for name, lr in small.items():
            large = np.array(Image.fromarray(lr).resize((128, 128), 3))
            wanted[name].append(
                peak_signal_noise_ratio(
                    face[8:-8, 8:-8], large[8:-8, 8:-8], data_range=255
                )
            )
    for name, values in wanted.items():
        found = value_of(candidates, name)
        assert abs(found - np.mean(values)) < 1e-6


def test_the_truth_is_among_what_is_found(candidates) -> None:
    pairs = confusions(candidates)
    assert len(pairs) == len(candidates)
    for truth, found in pairs:
        assert truth in found
        assert all(
            abs(one.values[name] - value) < 10.0**-digits
            for one in found
            for (name, value), digits in zip(truth.values.items(), (2, 4))
        )


def test_more_tolerance_and_fewer_numbers_find_more(candidates) -> None:
    truth = candidates[0]
    row = row_of(truth)
    few = matches(candidates, row)
    more = matches(candidates, row, tolerance=200)
    assert set(map(id, few)) < set(map(id, more))
    of_psnr = matches(candidates, dict(PSNR=row['PSNR']))
    assert set(map(id, few)) <= set(map(id, of_psnr))
    distances = [distance for distance, _ in rank(candidates, row)]
    assert distances == sorted(distances)


def test_digits_count() -> None:
    assert Printed.read('23.50') == Printed(23.5, 0.005)
    assert Printed.read('23.5') == Printed(23.5, 0.05)
    assert Printed.read('23.5').distance(23.549, 0) <= 1
    assert Printed.read('23.50').distance(23.506, 0) > 1
    assert Printed.read('23.50').distance(23.514, 1) <= 1
    assert Printed.read('23.50').distance(None, 1) == np.inf
    for wrong in ('x', '', 'nan', 'inf'):
        with pytest.raises(ValueError, match='such as 23.48'):
            Printed.read(wrong)


def test_lr_files_take_the_place_of_kernels(faces, candidates) -> None:
    lr = [np.array(Image.fromarray(f).resize((16, 16), 3)) for f in faces]
    found = measure_candidates(faces[:FEW], 8, ('pillow',), lr[:FEW])
    assert {one.kernel for one in found} == {FILES}
    assert value_of(found, FILES) == value_of(candidates, 'bicubic')


def test_command_prints_the_ranked_table(
    write, faces, candidates, capsys: pytest.CaptureFixture
) -> None:
    folder = write('hr', faces[:FEW])
    value = value_of(candidates, 'opencv_cubic')
    assert main(['fingerprint', str(folder), '--psnr', f'{value:.2f}']) == 0
    lines = capsys.readouterr().out.splitlines()
    marked = [line.split() for line in lines if line.startswith('  * ')]
    assert ['*', 'opencv_cubic', 'pillow', 'rgb'] in [m[:4] for m in marked]
    assert (
        main(['fingerprint', str(folder), '--psnr', '99', '--limit', '1']) == 0
    )
    text = capsys.readouterr().out
    assert 'None fits' in text
    assert '  * ' not in text


def test_command_prints_the_confusions(
    write, faces, capsys: pytest.CaptureFixture
) -> None:
    folder = write('hr', faces[:2])
    assert main(['fingerprint', str(folder), '--confusion']) == 0
    text = capsys.readouterr().out
    count = len(kernel_names(8)) * len(distinct_protocols(8))
    assert len(text.splitlines()) == count + 2
    assert f'Of {count}: {count} are among what is found' in text


def test_wrong_faces_and_arguments_are_named(
    write, faces, capsys: pytest.CaptureFixture
) -> None:
    folder = write('hr', [faces[0][:100, :100]])
    with pytest.raises(SystemExit):
        main(['fingerprint', str(folder), '--psnr', '23.48'])
    assert 'multiple of 8, got 100x100' in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(['fingerprint', str(folder)])
