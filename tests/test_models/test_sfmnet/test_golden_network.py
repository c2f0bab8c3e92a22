# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""SFMNet against golden arrays in float64, part by part."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from mmfacesr.models.sfmnet import SFMNet
from mmfacesr.models.sfmnet.network import FacePair

# Golden name -> part of the network.
STAGES = {f'conv_fuse.{i}': f'fusions.{i}' for i in range(14)}
for suffix, branch in (('_fre', 'frequency'), ('', 'spatial')):
    for end in ('head', 'tail'):
        STAGES[f'{end}{suffix}'] = f'{branch}.{end}'
    for place, more in (('first', ''), ('second', '_mo')):
        STAGES[f'neck{suffix}{more}'] = f'{branch}.neck.{place}'
        for i in range(3):
            for way in ('down', 'up'):
                stage = f'{branch}.{way}s.{i}.{place}'
                STAGES[f'{way}{i + 1}{suffix}{more}'] = stage


def mean_std(x: Tensor) -> list[float]:
    """Mean and population standard deviation."""
    return [x.mean().item(), x.std(correction=0).item()]


def run(network: SFMNet, image: Tensor) -> tuple[FacePair, dict[str, list]]:
    """Output, and mean and deviation of every part, in order of execution."""
    heard = {}
    handles = [
        network.get_submodule(part).register_forward_hook(
            lambda _, __, output, name=name: heard.update(
                {name: mean_std(output)}
            )
        )
        for name, part in STAGES.items()
    ]
    with torch.no_grad():
        pair = network(image)
    for handle in handles:
        handle.remove()
    return pair, heard


@pytest.fixture(scope='module')
def double(
    golden_sfmnet: SFMNet, sfmnet_input: Callable
) -> tuple[FacePair, dict[str, list]]:
    """The golden run, in float64."""
    return run(golden_sfmnet, sfmnet_input((2, 3, 128, 128)))


@pytest.mark.slow
def test_parts_meet_their_golden_statistics(
    double: tuple, sfmnet_arrays: Callable
) -> None:
    _, found = double
    arrays = sfmnet_arrays('sfmnet')
    names = arrays['stage_names'].tolist()
    assert set(found) == set(names)
    for name, wanted in zip(names, arrays['stage_mean_std']):
        np.testing.assert_allclose(
            found[name], wanted, rtol=0, atol=1e-6, err_msg=name
        )


@pytest.mark.slow
def test_both_images_meet_their_golden_arrays(
    double: tuple, sfmnet_arrays: Callable
) -> None:
    pair, _ = double
    arrays = sfmnet_arrays('sfmnet')
    for image, name, array in (
        (pair.image, 'output', arrays['output_s2']),
        (pair.frequency_image, 'frequency', arrays['frequency_s4']),
    ):
        step = 128 // array.shape[-1]
        np.testing.assert_allclose(
            image[..., ::step, ::step], array, rtol=0, atol=2e-5
        )
        np.testing.assert_allclose(
            mean_std(image), arrays[f'{name}_mean_std'], rtol=0, atol=1e-6
        )


@pytest.mark.parametrize(
    'shape, name',
    [
        ((1, 3, 64, 128), '64x128'),
        pytest.param(
            (1, 3, 96, 160), '96x160_zero_imag', marks=pytest.mark.slow
        ),
    ],
)
@torch.no_grad()
def test_oblong_images_meet_their_golden_arrays(
    shape: tuple,
    name: str,
    golden_sfmnet: SFMNet,
    sfmnet_arrays: Callable,
    sfmnet_input: Callable,
) -> None:
    pair = golden_sfmnet(sfmnet_input(shape, 1))
    arrays = sfmnet_arrays('sfmnet')
    for image, wanted in (
        (pair.image[..., ::2, ::2], arrays[f'output_{name}_s2']),
        (pair.frequency_image[..., ::4, ::4], arrays[f'frequency_{name}_s4']),
    ):
        np.testing.assert_allclose(image, wanted, rtol=0, atol=2e-5)


@pytest.mark.slow
def test_float32_is_near(
    golden_sfmnet: SFMNet, double: tuple, sfmnet_input: Callable
) -> None:
    """Phases that jump enlarge rounding; the mean tells it from a mistake."""
    single = SFMNet().eval()
    single.load_state_dict(golden_sfmnet.state_dict())
    pair, found = run(single, sfmnet_input((2, 3, 128, 128)).float())
    wanted_pair, wanted = double
    assert (pair.image - wanted_pair.image).abs().mean() < 0.1
    for name, values in wanted.items():
        np.testing.assert_allclose(
            found[name], values, rtol=0, atol=5e-3, err_msg=name
        )
