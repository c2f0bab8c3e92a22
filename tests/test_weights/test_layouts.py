# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Files in every layout: keys, wrappers, what authors' code needs more."""

import json
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from mmfacesr.apis.convert_weights import layout_names
from mmfacesr.models import METHODS
from mmfacesr.models.dic import (
    DICDiscriminator,
    DICGenerator,
    FeedbackHourglassHead,
    StackedHourglassHead,
)
from mmfacesr.models.elsface import ELSFaceNet
from mmfacesr.models.pfsrnet import (
    DistilledFANHead,
    PFSRNet,
    PFSRNetDiscriminator,
)
from mmfacesr.models.sparnet import SPARNet, SPARNetDiscriminator
from mmfacesr.weights import WeightsError
from mmfacesr.weights.layouts import find_layout, layouts_of, with_prefix

LIGHT = dict(res_depth=1, att_name='spar3d')
HD = dict(
    max_ch=512,
    in_size=512,
    out_size=512,
    min_feat_size=32,
    norm_type='in',
    spectral_norm=True,
)
WHOLE_FILES = [
    ('dic-authors', DICGenerator, {}, 'state_dict', 'dic/dic_x8_shapes'),
    ('dic-authors', DICDiscriminator, {}, 'netD', 'dic/light_cnn_shapes'),
    ('elsface-authors', ELSFaceNet, {}, 'state_dict', 'elsface/keys'),
    (
        'pfsrnet-authors',
        PFSRNet,
        {},
        'model_state_dict',
        'pfsrnet/generator_keys',
    ),
    (
        'pfsrnet-authors',
        PFSRNetDiscriminator,
        {},
        'model_state_dict',
        'pfsrnet/discriminator_keys',
    ),
    *(
        ('sparnet-authors', SPARNet, options, '', f'sparnet/keys_{name}')
        for name, options in (
            ('sparnet', {}),
            ('sparnet_light_attn3d', LIGHT),
            ('sparnethd_attn2d', HD),
        )
    ),
    (
        'sparnet-authors',
        SPARNetDiscriminator,
        {},
        '',
        'sparnet/keys_discriminator',
    ),
]
"""Layout, full-size network, where its weights stand, golden list."""


def shapes(weights: dict[str, Tensor]) -> dict[str, list[int]]:
    """Key -> shape, as in the golden lists."""
    return {key: list(value.shape) for key, value in weights.items()}


def content(name: str, **networks: nn.Module) -> dict:
    """Content of a file in a layout."""
    return find_layout(name, next(iter(networks.values()))).content(networks)


@pytest.mark.parametrize(
    'form, network, options, place, keys',
    WHOLE_FILES,
    ids=[case[-1] for case in WHOLE_FILES],
)
def test_keys_and_shapes_are_the_authors(
    golden: Path,
    form: str,
    network: type[nn.Module],
    options: dict,
    place: str,
    keys: str,
) -> None:
    is_discriminator = network.__name__.endswith('Discriminator')
    # Only the largest network takes longer to fill than this device does to
    # wake up.
    with torch.device('meta' if options is HD else 'cpu'):
        part = {
            'discriminator' if is_discriminator else 'generator': network(
                **options
            )
        }
    found = content(form, **part)
    theirs = json.loads((golden / f'{keys}.json').read_text())
    assert shapes(found[place] if place else found) == theirs


def test_other_wrappers() -> None:
    dic = DICGenerator(mid_channels=8, hg_mid_channels=16)
    discriminator, pfsrnet = DICDiscriminator(), PFSRNet(mid_channels=8)
    both = dict(generator=dic, discriminator=discriminator)
    authors = content('dic-authors', **both)
    assert authors.keys() == {'netG', 'netD'}
    alone = content('dic-authors', generator=dic)
    assert alone.keys() == {'state_dict'}
    assert shapes(authors['netG']) == shapes(alone['state_dict'])
    mmagic = content('mmagic', **both)
    assert mmagic.keys() == {'meta', 'state_dict'}
    assert shapes(mmagic['state_dict']) == shapes(
        with_prefix('generator.', dic.state_dict())
        | with_prefix('discriminator.', discriminator.state_dict())
    )
    file = content('pfsrnet-authors-distributed', generator=pfsrnet)
    assert file.pop('model_state_dict').keys() == {
        f'module.{key}' for key in pfsrnet.state_dict()
    }
    assert file == dict(step=3, alpha=1, iteration=100_000)
    ours = content('mmfacesr', generator=dic)
    assert shapes(ours) == shapes(dic.state_dict())


def test_elsface_is_turned_and_completed() -> None:
    network = ELSFaceNet(mid_channels=6, num_heads=2)
    file = content('elsface-authors', generator=network)
    state = {
        key.removeprefix('model.'): value
        for key, value in file['state_dict'].items()
    }
    assert file['epoch'] == 0
    assert all(key.startswith('model.') for key in file['state_dict'])
    ours = network.state_dict()
    assert torch.equal(
        state['head_x2.0.0.weight'], ours['shallow.0.weight'].flip(1)
    )
    assert torch.equal(state['tail_x2.0.1.bias'], ours['tail.2.bias'].flip(0))
    identity = torch.eye(3).view(3, 3, 1, 1)
    mean = torch.tensor([114.444, 111.4605, 103.02])
    for name, sign in (('sub_mean', -1), ('add_mean', 1)):
        assert torch.equal(state[f'{name}.weight'], identity)
        torch.testing.assert_close(state[f'{name}.bias'], sign * mean)
    block = 'layers_1.0.residual_group.blocks.0.attn'
    index = state[f'{block}.relative_position_index']
    assert index.dtype == torch.int64 and index.shape == (64, 64)
    # From token (0, 0) to itself and to the last one, of 15x15 offsets.
    assert index[0, 0] == 7 * 15 + 7 and index[0, 63] == 0


def test_parametrized_is_what_torch_calls_so() -> None:
    ours = SPARNetDiscriminator(base_ch=4, max_ch=4, depth=1, num_scales=1)
    found = content('spectral-norm-parametrized', discriminator=ours)
    place = 'D_pool.0.model.0.conv2d'
    theirs = nn.utils.parametrizations.spectral_norm(nn.Conv2d(3, 4, 3))
    theirs.eval().load_state_dict(
        {
            key.removeprefix(f'{place}.'): value
            for key, value in found.items()
            if key.startswith(f'{place}.')
        },
        strict=True,
    )
    wanted = ours.get_submodule(place).weight
    torch.testing.assert_close(theirs.weight, wanted)


def possible(network: nn.Module) -> set[str]:
    """Names of the layouts of a network."""
    return {each.name for each in layouts_of(network) if each.writes(network)}


def test_layouts_of_each_network() -> None:
    dic = dict(mid_channels=8, hg_mid_channels=16)
    always = {'mmfacesr', 'mmagic'}
    pfsrnet = {'pfsrnet-authors', 'pfsrnet-authors-distributed'}
    sparnet = dict(min_ch=4, max_ch=4, res_depth=1)
    normed = {'sparnet-authors', 'spectral-norm-parametrized'}
    for network, more in (
        (DICGenerator(**dic), {'dic-authors'}),
        (DICDiscriminator(), {'dic-authors'}),
        (FeedbackHourglassHead(mid_channels=16), {'dic-authors'}),
        (ELSFaceNet(mid_channels=6), {'elsface-authors'}),
        (PFSRNet(mid_channels=8), pfsrnet),
        (PFSRNetDiscriminator(mid_channels=8), pfsrnet),
        (SPARNet(**sparnet), {'sparnet-authors'}),
        (SPARNet(**sparnet, norm_type='in', spectral_norm=True), normed),
        (SPARNetDiscriminator(base_ch=4, max_ch=4), normed),
        (DistilledFANHead(), set()),
        (StackedHourglassHead(), set()),
    ):
        assert possible(network) == always | more, type(network)


def test_others_are_refused_with_the_possible_ones() -> None:
    network = PFSRNet(mid_channels=8)
    for name in ('dic-authors', 'spectral-norm-parametrized', 'typo'):
        with pytest.raises(
            WeightsError,
            match='PFSRNet, one of mmfacesr, mmagic, pfsrnet-authors, '
            f'pfsrnet-authors-distributed, got {name!r}',
        ):
            find_layout(name, network)


def test_names_are_each_taken_once_and_declared_by_a_network() -> None:
    names = layout_names()
    assert len(set(names)) == len(names)
    for method in METHODS.values():
        of_networks = {
            layout
            for each in method.networks
            for layout in getattr(each, 'layouts', ())
        }
        assert of_networks == set(method.layouts)
