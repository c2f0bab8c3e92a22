# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Files as authors release them: made of golden keys, with golden outputs."""

import importlib.util
import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from mmfacesr.models.dic import (
    DICDiscriminator,
    DICGenerator,
    StackedHourglassHead,
)
from mmfacesr.models.elsface import ELSFaceNet
from mmfacesr.models.pfsrnet import DistilledFANHead, PFSRNet
from mmfacesr.models.sparnet import SPARNet

MEAN = np.array([0.509, 0.424, 0.378], np.float32).reshape(3, 1, 1)
HD = dict(
    max_ch=512,
    in_size=512,
    out_size=512,
    min_feat_size=32,
    norm_type='in',
    spectral_norm=True,
)
ELSFACE_INDEX = (
    'model.layers_1.0.residual_group.blocks.0.attn.relative_position_index'
)


class Released(NamedTuple):
    """A file as its authors release it, and what its network gives.

    Args:
        content (dict): What the file holds.
        layout (str): What a load record calls it.
        network (nn.Module): With weights of its own.
        run (Callable): Network -> what is compared.
        wanted (Tensor): The golden output.
        tolerance (float): Largest error allowed.
    """

    content: dict
    layout: str
    network: nn.Module
    run: Callable[[nn.Module], Tensor]
    wanted: Tensor
    tolerance: float


class Golden:
    """The golden folder: weights by their keys, arrays, inputs."""

    def __init__(self, folder: Path, fill: ModuleType) -> None:
        self.folder, self.fill = folder, fill

    def json(self, name: str) -> dict:
        return json.loads((self.folder / f'{name}.json').read_text())

    def weights(self, name: str) -> dict[str, Tensor]:
        """Filled weights under the reference's own keys."""
        filled = self.fill.fill_state_dict(self.json(name))
        return {key: torch.from_numpy(value) for key, value in filled.items()}

    def array(self, name: str, key: str) -> Tensor:
        with np.load(self.folder / f'{name}.npz') as file:
            return torch.from_numpy(file[key])

    def image(self, shape: tuple, seed: int = 0) -> Tensor:
        """A smooth batch in [0, 1]."""
        return torch.from_numpy(self.fill.image_batch(shape, seed))


def below(prefix: str, weights: dict) -> dict:
    return {prefix + key: value for key, value in weights.items()}


def dic(golden: Golden, variant: str) -> Released:
    weights = golden.weights('dic/dic_x8_shapes')
    if variant == 'mmagic':
        ours = golden.json('dic/dic_key_map')
        renamed = {ours[key]: value for key, value in weights.items()}
        meta = dict(mmcv_version='1.3.5', iter=150000)
        content = dict(meta=meta, state_dict=below('generator.', renamed))
    elif variant == 'authors':
        content = dict(state_dict=weights)
    else:
        discriminator = golden.weights('dic/light_cnn_shapes')
        content = dict(netG=weights, netD=discriminator)
    lr = golden.array('dic/dic_x8', 'lr')
    return Released(
        content,
        'mmfacesr' if variant == 'mmagic' else 'dic-authors',
        DICGenerator(),
        lambda network: torch.stack(network(lr)[0]),
        golden.array('dic/dic_x8', 'sr'),
        1e-4,
    )


def dic_discriminator(golden: Golden, variant: str) -> Released:
    discriminator = golden.weights('dic/light_cnn_shapes')
    ours = golden.json('dic/light_cnn_key_map')
    renamed = {ours[key]: value for key, value in discriminator.items()}
    content = dict(state_dict=below('discriminator.', renamed))
    hr = golden.image((2, 3, 128, 128), 1) - torch.from_numpy(MEAN)
    return Released(
        dict(netD=discriminator) if variant == 'authors' else content,
        'dic-authors' if variant == 'authors' else 'mmfacesr',
        DICDiscriminator(),
        lambda network: network(hr),
        golden.array('dic/light_cnn', 'logit'),
        1e-5,
    )


def dic_evaluation(golden: Golden, _: str) -> Released:
    hr = golden.image((2, 3, 128, 128), 1)[:1] - torch.from_numpy(MEAN)
    deviation = float(golden.array('dic/hourglass_eval', 'heatmap_std'))
    return Released(
        golden.weights('dic/hourglass_eval_shapes'),
        'dic-authors-evaluation',
        StackedHourglassHead(),
        lambda network: network(hr)[:, ::4],
        golden.array('dic/hourglass_eval', 'heatmap'),
        1e-4 * deviation,
    )


def sparnet(golden: Golden, variant: str) -> Released:
    name, _, norm = variant.partition(' ')
    arguments = HD if 'hd' in name else {}
    if '3d' in name:
        arguments = dict(arguments, att_name='spar3d')
    if 'light' in name:
        arguments = dict(arguments, res_depth=1)
    weights = golden.weights(f'sparnet/keys_{name}')
    if 'hd' in name:
        arrays = {key: value.numpy() for key, value in weights.items()}
        weights = {
            key: torch.from_numpy(value)
            for key, value in spectral(golden).condition(arrays).items()
        }
    if norm:
        new = 'parametrizations.weight.'
        weights = {
            key.replace('weight_orig', f'{new}original')
            .replace('weight_u', f'{new}0._u')
            .replace('weight_v', f'{new}0._v'): value
            for key, value in weights.items()
        }
    image = golden.image((2, 3, 128, 128)) * 2 - 1
    return Released(
        weights,
        'spectral-norm-parametrized' if norm else 'mmfacesr',
        SPARNet(**arguments),
        lambda network: network(image),
        golden.array(f'sparnet/{name}', 'output'),
        1e-3 if 'hd' in name else 1e-4,
    )


def spectral(golden: Golden) -> ModuleType:
    """The module that makes filled spectral norms well conditioned."""
    spec = importlib.util.spec_from_file_location(
        'golden_spectral', golden.folder / 'sparnet/spectral.py'
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def pfsrnet(golden: Golden, variant: str) -> Released:
    weights = golden.weights('pfsrnet/generator_keys')
    prefix = 'module.' if variant == 'distributed' else ''
    content = dict(step=3, alpha=1, iteration=100_000)
    content['model_state_dict'] = below(prefix, weights)
    lr = golden.image((2, 3, 16, 16)) * 2 - 1
    return Released(
        content,
        'mmfacesr',
        PFSRNet(),
        lambda network: network(lr, 3, 1.0),
        golden.array('pfsrnet/generator', 'step3'),
        1e-4,
    )


def landmark_head(golden: Golden, _: str) -> Released:
    image = golden.image((2, 3, 32, 32), 4)[:1]
    return Released(
        golden.weights('pfsrnet/fan_keys'),
        'mmfacesr',
        DistilledFANHead(),
        lambda network: network(image),
        golden.array('pfsrnet/fan', 'output'),
        1e-4,
    )


def elsface(golden: Golden, _: str) -> Released:
    weights = golden.weights('elsface/keys')
    index = golden.array('elsface/modules', 'relative_position_index')
    weights[ELSFACE_INDEX] = index.long()
    wanted = golden.array('elsface/network', 'output')
    bgr = golden.image((2, 3, 32, 32))[: len(wanted)]
    return Released(
        dict(epoch=40, state_dict=weights),
        'elsface-authors',
        ELSFaceNet(),
        lambda network: network(bgr.flip(1)).flip(1)[..., ::4, ::4],
        wanted,
        1e-2,
    )


FILES = {
    'dic of mmagic': (dic, 'mmagic'),
    'dic of the authors': (dic, 'authors'),
    'dicgan of the authors': (dic, 'gan'),
    'discriminator of mmagic': (dic_discriminator, 'mmagic'),
    'discriminator of the authors': (dic_discriminator, 'authors'),
    'landmarks of dic': (dic_evaluation, ''),
    'sparnet': (sparnet, 'sparnet'),
    'sparnet light': (sparnet, 'sparnet_light_attn3d'),
    'sparnet hd 2d': (sparnet, 'sparnethd_attn2d'),
    'sparnet hd 2d new norm': (sparnet, 'sparnethd_attn2d new'),
    'sparnet hd 3d': (sparnet, 'sparnethd_attn3d'),
    'sparnet hd 3d new norm': (sparnet, 'sparnethd_attn3d new'),
    'pfsrnet': (pfsrnet, 'single'),
    'pfsrnet distributed': (pfsrnet, 'distributed'),
    'landmarks of pfsrnet': (landmark_head, ''),
    'elsface': (elsface, ''),
}
"""Name of a file -> who makes it, and of what kind."""


def make(name: str, folder: Path, fill: ModuleType) -> Released:
    """Make what a file of `FILES` holds.

    Args:
        name (str): A key of `FILES`.
        folder (Path): The golden arrays.
        fill (ModuleType): tests/golden/fill.py.
    """
    build, variant = FILES[name]
    return build(Golden(folder, fill), variant)
