# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""What a comparison says, and what it refuses."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mmfacesr.apis.comparing.comparison import compare
from mmfacesr.apis.comparing.record import read_comparison
from mmfacesr.apis.comparing.tables import as_json
from mmfacesr.apis.evaluating import evaluation as evaluations
from mmfacesr.evaluation.statistics import detectable_difference
from mmfacesr.utils.project_files import PACKAGE

Make = Callable[..., evaluations.Evaluation]


def verdicts(found: dict, value: str = 'rgb/PSNR') -> dict:
    """(method, against) -> verdict."""
    return {
        (pair['method'], pair['against']): pair['verdict']
        for pair in found['pairs']
        if pair['value'] == value
    }


def of(found: dict, value: str) -> dict:
    """What is said of a value."""
    return next(v for v in found['values'] if v['name'] == value)


def test_same_noise_and_gain(make: Make, psnr: np.ndarray) -> None:
    rng = np.random.default_rng(2)
    shapes = dict(
        same=psnr,
        noise=psnr + rng.normal(0, 1e-3, len(psnr)),
        gain=psnr + 0.2 + rng.normal(0, 0.3, len(psnr)),
    )
    found = compare(
        [make('A', rgb_PSNR=psnr)]
        + [make(name, rgb_PSNR=v) for name, v in shapes.items()]
    )
    assert verdicts(found) == {
        ('same', 'A'): 'identical',
        ('noise', 'A'): 'not distinguishable',
        ('gain', 'A'): 'better',
        ('noise', 'same'): 'not distinguishable',
        ('gain', 'same'): 'better',
        ('gain', 'noise'): 'better',
    }
    assert of(found, 'rgb/PSNR')['best'] == 'gain'
    assert of(found, 'rgb/PSNR')['like_best'] == []
    assert found['statistics']['tests'] == 6
    gain = next(p for p in found['pairs'] if p['method'] == 'gain')
    by_hand = (shapes['gain'] - psnr).mean()
    assert gain['difference'] == pytest.approx(by_hand)
    assert gain['p'] < gain['p_holm'] <= 6 * gain['p']
    shared = detectable_difference(shapes['gain'] - psnr, tests=6)
    assert gain['detectable'] == pytest.approx(shared)
    assert gain['interval'][0] < by_hand < gain['interval'][1]


def test_smaller_is_better_where_it_is(make: Make, psnr: np.ndarray) -> None:
    """And of a value that is not known, none is the best."""
    low, high = psnr, psnr + np.linspace(0.5, 1, len(psnr))
    found = compare(
        [
            make('A', rgb_MAE=low, rgb_beauty=low),
            make('B', rgb_MAE=high, rgb_beauty=high),
        ]
    )
    assert verdicts(found, 'rgb/MAE') == {('B', 'A'): 'worse'}
    assert of(found, 'rgb/MAE')['best'] == 'A'
    assert verdicts(found, 'rgb/beauty') == {('B', 'A'): 'different'}
    assert of(found, 'rgb/beauty')['best'] is None


def test_faces_are_matched_by_name(make: Make, psnr: np.ndarray) -> None:
    """The second table is in another order."""
    first = make('A', rgb_PSNR=psnr)
    names = first.table.names
    second = make('B', names=names[::-1], rgb_PSNR=psnr[::-1])
    assert verdicts(compare([first, second])) == {('B', 'A'): 'identical'}


def test_other_faces_are_named(make: Make, psnr: np.ndarray) -> None:
    first = make('A', rgb_PSNR=psnr)
    names = ['other', *first.table.names[1:]]
    with pytest.raises(
        ValueError, match=r'only in A \(face00\) and 1 only in B \(other\)'
    ):
        compare([first, make('B', names=names, rgb_PSNR=psnr)])
    fewer = make('B', names=first.table.names[4:], rgb_PSNR=psnr[4:])
    with pytest.raises(
        ValueError, match=r'4 only in A \(face00, face01, face02, ...\)'
    ):
        compare([first, fewer])


def test_another_ground_truth_is_named(make: Make, psnr: np.ndarray) -> None:
    first, second = (make(name, rgb_PSNR=psnr) for name in 'AB')
    second.table.texts['hr_sha256'][7] = 'f' * 64
    with pytest.raises(ValueError, match=r'1 of 50 faces \(face07\)'):
        compare([first, second])


def test_another_border_is_refused(make: Make, psnr: np.ndarray) -> None:
    """Unless no value of that protocol is compared."""
    first = make('A', rgb_PSNR=psnr, LPIPS_alex=psnr)
    second = make('B', about='RGB, whole', rgb_PSNR=psnr, LPIPS_alex=psnr)
    with pytest.raises(ValueError, match='"RGB, whole" in B'):
        compare([first, second])
    found = compare([first, second], ['LPIPS/*'])
    assert [v['name'] for v in found['values']] == ['LPIPS/alex']


def test_values_are_chosen_by_pattern(make: Make, psnr: np.ndarray) -> None:
    first = make('A', rgb_PSNR=psnr, rgb_SSIM=psnr, NIQE_=psnr)
    second = make('B', rgb_PSNR=psnr, rgb_SSIM=psnr)
    everything = compare([first, second])
    assert [v['name'] for v in everything['values']] == [
        'rgb/PSNR',
        'rgb/SSIM',
    ]
    assert everything['not_of_all'] == ['NIQE/']
    found = compare([first, second], ['*/SSIM', 'rgb/PSNR', 'rgb/*'])
    assert [v['name'] for v in found['values']] == ['rgb/SSIM', 'rgb/PSNR']
    with pytest.raises(ValueError, match='which are rgb/PSNR, rgb/SSIM, got'):
        compare([first, second], ['NIQE*'])


def test_perfect_images_do_not_count_against_a_method(
    make: Make, psnr: np.ndarray
) -> None:
    """Those of high PSNR restored without error would lower its mean."""
    better = np.where(psnr > 26, np.inf, psnr + 0.1)
    found = compare([make('A', rgb_PSNR=psnr), make('B', rgb_PSNR=better)])
    finite = psnr <= 26
    a, b = (method['values']['rgb/PSNR'] for method in found['methods'])
    assert a['mean'] == pytest.approx(psnr[finite].mean())
    assert b['mean'] == pytest.approx(psnr[finite].mean() + 0.1)
    assert (a['images'], a['identical']) == (finite.sum(), 0)
    assert (b['images'], b['identical']) == (finite.sum(), (~finite).sum())
    assert found['methods'][1]['identical'] == (~finite).sum()
    (pair,) = found['pairs']
    assert (pair['images'], pair['left_out']) == (
        finite.sum(),
        (~finite).sum(),
    )


def test_pooled_values_take_no_part(make: Make, psnr: np.ndarray) -> None:
    first = make('A', of_set={'FID/gt': 9.0}, rgb_PSNR=psnr)
    second = make('B', of_set={'FID/gt': 8.0}, rgb_PSNR=psnr)
    found = compare([first, second])
    assert {pair['value'] for pair in found['pairs']} == {'rgb/PSNR'}
    assert of(found, 'FID/gt') == dict(
        name='FID/gt',
        pooled=True,
        larger_is_better=False,
        best='B',
        like_best=[],
    )
    only = compare([first, second], ['FID/gt'])
    assert only['pairs'] == [] and only['statistics']['tests'] == 0


def test_methods_of_one_name_are_numbered(
    make: Make, psnr: np.ndarray
) -> None:
    found = compare([make('sr', rgb_PSNR=psnr)] * 2)
    assert verdicts(found) == {('sr (2)', 'sr (1)'): 'identical'}


def test_json_has_no_faces_and_no_folders(
    make: Make, psnr: np.ndarray, tmp_path: Path
) -> None:
    psnr[3] = np.inf
    found = compare([make('A', rgb_PSNR=psnr), make('B', rgb_PSNR=psnr)])
    text = as_json(found)
    assert found['methods'][0]['run']['data_root'] == ['faces']
    assert 'face0' not in text and '/somewhere' not in text
    path = tmp_path / 'comparison.json'
    path.write_text(text)
    assert read_comparison(path) == json.loads(text)
    path.write_text('{"schema": "mmfacesr-comparison-0"}')
    with pytest.raises(ValueError, match='compare again'):
        read_comparison(path)
    path.write_text('[]')
    with pytest.raises(ValueError, match='mmfacesr compare A B'):
        read_comparison(path)


def test_files_follow_their_schemas(
    make: Make, psnr: np.ndarray, tmp_path: Path
) -> None:
    """What has been left out, and what is pooled, too."""
    jsonschema = pytest.importorskip('jsonschema')

    def check(kind: str, value: dict) -> None:
        (path,) = PACKAGE.glob(f'apis/*/{kind}.schema.json')
        schema = json.loads(path.read_text())
        jsonschema.Draft202012Validator.check_schema(schema)
        jsonschema.validate(value, schema)

    psnr[3] = np.inf
    nothing = np.full_like(psnr, np.nan)
    made = [
        make(k, of_set={'FID/gt': 9.0}, rgb_PSNR=psnr, rgb_SSIM=nothing)
        for k in 'AB'
    ]
    made[0].write(tmp_path)
    summary = json.loads((tmp_path / evaluations.SUMMARY).read_text())
    check('evaluation', summary)
    found = json.loads(as_json(compare(made)))
    check('comparison', found)
    del found['pairs'][0]['verdict']
    with pytest.raises(jsonschema.ValidationError):
        check('comparison', found)
    summary['values']['rgb/PSNR']['interval'] = [1]
    with pytest.raises(jsonschema.ValidationError):
        check('evaluation', summary)
