# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""ELSFace against golden arrays, block by block, from a released file.

The arrays are BGR and so are the weights; loading turns them to RGB.
"""

import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from mmfacesr.checkpoint import load_weights
from mmfacesr.models.elsface import ELSFaceNet
from mmfacesr.models.elsface.swin import SwinBlock

INDEX = 'model.layers_1.0.residual_group.blocks.0.attn.relative_position_index'
# Golden array -> arguments of the network that gives it.
OUTPUTS = {
    'output': {},
    'cnn3_output': dict(num_cnn_recursions=3),
    'x8_tail_output': dict(upscale_factor=8, tail_factor=4),
    'x8_bilinear_output': dict(upscale_factor=8, tail_factor=2),
}
# Golden names of what a part gives, in order of its calls.
PARTS = {
    'shallow': ['shallow'],
    **{f'style_encoder.stages.{i}': [f'encoder_stage_{i}'] for i in range(5)},
    'style_encoder': ['style'],
    'cnn_block': ['cnn_stream_pass_1', 'cnn_stream_pass_2'],
    'embed_norm': ['tokens_embedded'],
    'swin_group': ['rstb_pass_1', 'rstb_pass_2', 'rstb_pass_3'],
    'norm': ['tokens_normed'],
    'after_body': ['transformer_out'],
    'refine.0.high_frequency': ['hfeb_1'],
    **{f'refine.{i}': [f'refine_{i + 1}'] for i in range(4)},
    'tail.1': ['upsampled'],
}
TOKENS = ('embed_norm', 'swin_group', 'norm')
COARSE = {'refine_4': 1e-2, 'upsampled': 1e-2}
TOL_OUTPUT = 1e-2
TOL_MODULE = 5e-5


@pytest.fixture(scope='module')
def arrays(golden: Path) -> Callable[[str], dict[str, Tensor]]:
    """Golden arrays of a file."""

    def read(name: str) -> dict[str, Tensor]:
        with np.load(golden / f'elsface/{name}.npz') as file:
            return {key: torch.from_numpy(file[key]) for key in file}

    return read


@pytest.fixture(scope='module')
def released(
    golden: Path, fill: ModuleType, arrays: Callable
) -> Callable[..., ELSFaceNet]:
    """Build a network and load it from what the authors' file looks like."""
    shapes = json.loads((golden / 'elsface/keys.json').read_text())
    index = arrays('modules')['relative_position_index'].long()

    def build(**arguments: int) -> ELSFaceNet:
        network = ELSFaceNet(**arguments).eval()
        outputs = network.tail[0].out_channels
        own = shapes | {
            'model.tail_x2.0.0.0.weight': [outputs, 60, 3, 3],
            'model.tail_x2.0.0.0.bias': [outputs],
        }
        weights = {
            key: torch.from_numpy(value)
            for key, value in fill.fill_state_dict(own).items()
        }
        weights[INDEX] = index
        record = load_weights(network, dict(epoch=40, state_dict=weights))
        assert record.layout == 'elsface-authors'
        return network

    return build


@pytest.fixture(scope='module')
def image(fill: ModuleType) -> Tensor:
    """The golden input, BGR."""
    return torch.from_numpy(fill.image_batch((2, 3, 32, 32), 0))


@pytest.fixture(scope='module')
def network(released: Callable[..., ELSFaceNet]) -> ELSFaceNet:
    """The released network."""
    return released()


@pytest.fixture(scope='module')
def noise() -> Tensor:
    """Golden input of the modules, first image."""
    noise = np.random.RandomState(7).standard_normal((2, 60, 16, 16))
    return torch.from_numpy(noise[:1].astype('f4'))


def listen(network: nn.Module) -> dict[str, list[Tensor]]:
    """Names of parts -> what each of their calls gives, once it runs."""
    heard = {name: [] for name in PARTS}
    for name, calls in heard.items():
        network.get_submodule(name).register_forward_hook(
            lambda _, __, output, calls=calls: calls.append(output.clone())
        )
    return heard


@torch.no_grad()
def test_every_part_meets_its_golden_array(
    image: Tensor, released: Callable, arrays: Callable
) -> None:
    wanted = {
        key.removeprefix('feat_'): value
        for key, value in arrays('network').items()
        if key.startswith('feat_')
    }
    network = released()
    heard = listen(network)
    streams = []
    for part in (network.cnn_block, network.embed_norm):
        part.register_forward_pre_hook(
            lambda _, inputs: streams.append(inputs[0].clone())
        )
    network(image.flip(1))
    # Both streams before their first part: enlarged features times style.
    features = wanted.pop('shallow_up')
    styles = wanted['style'].view(1, -1, 1, 1)
    styled = torch.cat([streams[0], streams[-1].permute(0, 3, 1, 2)], 1)
    torch.testing.assert_close(
        styled[:1, :, ::16, ::16],
        features * styles,
        rtol=0,
        atol=2e-5,
    )
    for part, names in PARTS.items():
        assert len(heard[part]) == len(names), part
        for name, found in zip(names, heard[part]):
            value = wanted.pop(name)
            if part in TOKENS:
                found = found.permute(0, 3, 1, 2)
            if found.ndim == 4:
                step = found.shape[-1] // value.shape[-1]
                found = found[..., ::step, ::step]
            limit = COARSE.get(name, 2e-5 * value.abs().max().item() + 1e-6)
            torch.testing.assert_close(
                found[:1], value, rtol=0, atol=limit, msg=name
            )
    assert not wanted, 'every golden array is compared'


@torch.no_grad()
@pytest.mark.parametrize('name', OUTPUTS)
def test_output_meets_golden_arrays(
    name: str, image: Tensor, released: Callable, arrays: Callable
) -> None:
    wanted = arrays('network')[name]
    network = released(**OUTPUTS[name])
    output = network(image[: len(wanted)].flip(1)).flip(1)
    assert output.shape[-1] == 32 * OUTPUTS[name].get('upscale_factor', 4)
    torch.testing.assert_close(
        output[..., ::4, ::4], wanted, rtol=0, atol=TOL_OUTPUT
    )


def test_the_arrays_tell_recursion_counts_apart(arrays: Callable) -> None:
    found = arrays('network')
    error = found['output'] - found['cnn3_output']
    assert error.abs().max() > 100 * TOL_OUTPUT


@torch.no_grad()
def test_convolutions_meet_golden_arrays(
    network: ELSFaceNet, noise: Tensor, arrays: Callable
) -> None:
    wanted = arrays('modules')
    found = dict(
        hfeb_output=network.refine[0].high_frequency(noise),
        refine_output=network.refine[0](noise),
        resblock5_output=network.cnn_block[1](noise[..., :8, :8]),
    )
    for name, output in found.items():
        torch.testing.assert_close(
            output[..., ::2, ::2],
            wanted[name],
            rtol=0,
            atol=TOL_MODULE,
            msg=name,
        )


@torch.no_grad()
def test_transformer_meets_golden_arrays(
    network: ELSFaceNet, noise: Tensor, arrays: Callable
) -> None:
    wanted = arrays('modules')
    block = network.swin_group.blocks[0]
    shifted = SwinBlock(60, 6, 8, shift=4)
    shifted.load_state_dict(block.state_dict())
    tokens = noise.permute(0, 2, 3, 1)
    found = dict(
        swin_block_output=block(tokens),
        swin_block_shift4_output=shifted(tokens),
        rstb_output=network.swin_group(tokens),
    )
    for name, output in found.items():
        torch.testing.assert_close(
            output.permute(0, 3, 1, 2),
            wanted[name],
            rtol=0,
            atol=TOL_MODULE,
            msg=name,
        )
    assert torch.equal(
        block.attn.relative_position_index,
        wanted['relative_position_index'].long(),
    )


@torch.no_grad()
def test_style_meets_golden_arrays(
    network: ELSFaceNet, image: Tensor, arrays: Callable
) -> None:
    torch.testing.assert_close(
        network.style_encoder(image.flip(1)),
        arrays('modules')['style_output'],
        rtol=0,
        atol=TOL_MODULE,
    )
