# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""WFEN against golden arrays in float64, part by part."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from mmfacesr.models.wfen import WFEN
from mmfacesr.models.wfen.layouts import WFEN_AUTHORS

# Golden name -> part of the network, in order of execution.
STAGES = {
    'first_conv': 'first_conv',
    'TransformerDown1.0': 'encoder.0.0',
    'TransformerDown1.1': 'encoder.0.1',
    'HaarDownsample1': 'downs.0',
    'TransformerDown2.0': 'encoder.1.0',
    'RB1': 'details.0',
    'HaarDownsample2': 'downs.1',
    'TransformerDown3.0': 'encoder.2.0',
    'RB2': 'details.1',
    'HaarDownsample3': 'downs.2',
    'Transformer0': 'bottleneck.0',
    **{f'Transformer.{i}': f'bottleneck.{i + 1}' for i in range(5)},
    'RB3': 'details.2',
    'HaarFeatureFusion1': 'ups.0',
    'TransformerUp1.0': 'decoder.0.0',
    'HaarFeatureFusion2': 'ups.1',
    'TransformerUp2.0': 'decoder.1.0',
    'HaarFeatureFusion3': 'ups.2',
    'TransformerUp3.0': 'decoder.2.0',
    'TransformerUp3.1': 'decoder.2.1',
    'out_conv': 'out_conv',
}


@pytest.fixture(scope='module')
def network(wfen_weights: Callable) -> WFEN:
    """The network with golden weights, in float64."""
    network, weights = WFEN().eval(), wfen_weights('network')
    network.load_state_dict(
        {key: weights[WFEN_AUTHORS.key(key)] for key in network.state_dict()}
    )
    return network.double()


@pytest.fixture(scope='module')
def run(network: WFEN, wfen_input: Callable) -> dict[str, list[Tensor]]:
    """What every part gives for the golden input, in order of execution."""
    heard = {}
    handles = [
        network.get_submodule(part).register_forward_hook(
            lambda _, __, output, name=name: heard.update({name: output})
        )
        for name, part in STAGES.items()
    ]
    with torch.no_grad():
        network(wfen_input((2, 3, 128, 128)).double())
    for handle in handles:
        handle.remove()
    return heard


def mean_std(x: Tensor) -> list[float]:
    """Mean and population standard deviation."""
    return [x.mean().item(), x.std(correction=0).item()]


def test_parts_meet_their_golden_statistics(
    run: dict, wfen_arrays: Callable
) -> None:
    found = {}
    for name, output in run.items():
        if isinstance(output, Tensor):
            found[name] = mean_std(output)
        else:
            found[f'{name}_a'], found[f'{name}_hvd'] = map(mean_std, output)
    arrays = wfen_arrays('wfen')
    names = arrays['stage_names'].tolist()
    assert set(found) == set(names)
    for name, wanted in zip(names, arrays['stage_mean_std']):
        np.testing.assert_allclose(
            found[name], wanted, rtol=0, atol=1e-6, err_msg=name
        )


def test_output_meets_its_golden_array(
    run: dict, wfen_arrays: Callable
) -> None:
    arrays, output = wfen_arrays('wfen'), run['out_conv']
    np.testing.assert_allclose(
        output[..., ::2, ::2], arrays['output_s2'], rtol=0, atol=1e-5
    )
    np.testing.assert_allclose(
        mean_std(output), arrays['output_mean_std'], rtol=0, atol=1e-6
    )


@torch.no_grad()
def test_oblong_output_meets_its_golden_array(
    network: WFEN, wfen_arrays: Callable, wfen_input: Callable
) -> None:
    output = network(wfen_input((1, 3, 96, 160), 1).double())
    wanted = wfen_arrays('wfen')['output_96x160_s2']
    np.testing.assert_allclose(
        output[..., ::2, ::2], wanted, rtol=0, atol=1e-5
    )


@torch.no_grad()
def test_float32_is_near(
    network: WFEN, run: dict, wfen_input: Callable
) -> None:
    """Rounding grows twofold a block; the mean tells it from a mistake."""
    single = WFEN().eval()
    single.load_state_dict(network.state_dict())
    output = single(wfen_input((2, 3, 128, 128)))
    assert (output - run['out_conv']).abs().mean() < 0.05
