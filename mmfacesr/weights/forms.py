# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Every file that mmfacesr can write: the one place to declare.

A layout tells how others name what we name; a form tells what else their
files need: where the weights stand, and what a strict loading by their code
expects beside them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from mmfacesr.weights.errors import WeightsError
from mmfacesr.weights.layouts import (
    DIC_AUTHORS,
    ELSFACE_AUTHORS,
    SPECTRAL_NORM_PARAMETRIZED,
    Layout,
)

Weights = dict[str, Tensor]
OUR_KEYS = Layout('mmfacesr')
DIC_PARTS = dict(generator='netG', discriminator='netD')
# The mean colour of DIV2K that ELSFace's unused mean shift holds.
MEAN_COLOUR = (0.4488, 0.4371, 0.4040)
PIXEL_RANGE = 255
# As after the published training: with fewer iterations in the last step a
# training that goes on would fade it in once more.
PFSRNET_STATE = dict(step=3, alpha=1, iteration=100_000)


@dataclass(frozen=True)
class Form:
    """How a file of weights is put together.

    Args:
        name (str): What one asks for.
        wrap (Callable): Makes the content from the renamed weights of each
            part, 'generator' or 'discriminator'.
        networks (tuple[str, ...]): Classes that it is for; none for any.
        layout (Layout): Names and order of colours. Defaults to ours.
        added (Callable): Gives further tensors of a network, under their
            keys. Defaults to none.
        holds_both (bool): Whether generator and discriminator share a file.
            Defaults to False.
    """

    name: str
    wrap: Callable[[dict[str, Weights]], dict]
    networks: tuple[str, ...] = ()
    layout: Layout = OUR_KEYS
    added: Callable[[nn.Module], Weights] = lambda network: {}
    holds_both: bool = False

    def suits(self, network: nn.Module) -> bool:
        """Say whether a network can be written so.

        A layout that would rename nothing in it does not suit either.
        """
        classes = {kind.__name__ for kind in type(network).__mro__}
        if self.networks and not classes.intersection(self.networks):
            return False
        keys = list(network.state_dict())
        return not self.layout.rules or keys != [*map(self.layout.key, keys)]

    def content(self, networks: Mapping[str, nn.Module]) -> dict:
        """Make the content of a file.

        Args:
            networks (Mapping[str, nn.Module]): Part -> network with weights.
        """
        layout = self.layout
        return self.wrap(
            {
                part: self.added(network)
                | {
                    layout.key(key): layout.value(key, value)
                    for key, value in network.state_dict().items()
                }
                for part, network in networks.items()
            }
        )


def find_form(name: str, network: nn.Module) -> Form:
    """Return the form of that name.

    Raises:
        WeightsError: If the network has none; names those that it has.
    """
    possible = {form.name: form for form in FORMS if form.suits(network)}
    if name not in possible:
        raise WeightsError(
            f'Expected a layout for a {type(network).__name__}, one of '
            f'{", ".join(possible)}, got {name!r}; choose one of them.'
        )
    return possible[name]


def below(prefix: str, weights: Weights) -> Weights:
    """Put a prefix before every key."""
    return {prefix + key: value for key, value in weights.items()}


def _plain(parts: dict[str, Weights]) -> dict:
    """Make a plain state dict."""
    (weights,) = parts.values()
    return weights


def _mmagic(parts: dict[str, Weights]) -> dict:
    """Make a checkpoint of a restorer, under the names of its parts."""
    state = {}
    for part, weights in parts.items():
        state |= below(f'{part}.', weights)
    return dict(meta={}, state_dict=state)


def _dic(parts: dict[str, Weights]) -> dict:
    """Make a file of DIC from a generator alone, else one of DICGAN."""
    if list(parts) == ['generator']:
        return dict(state_dict=parts['generator'])
    return {DIC_PARTS[part]: weights for part, weights in parts.items()}


def _elsface(parts: dict[str, Weights]) -> dict:
    """Make a file of ELSFace, whose keys bear the name of a wrapper."""
    return dict(epoch=0, state_dict=below('model.', _plain(parts)))


def _pfsrnet(parts: dict[str, Weights]) -> dict:
    """Make a file of PFSRNet, trained on one GPU."""
    return dict(**PFSRNET_STATE, model_state_dict=_plain(parts))


def _pfsrnet_distributed(parts: dict[str, Weights]) -> dict:
    """Make a file of PFSRNet, trained on several GPUs."""
    return _pfsrnet({'': below('module.', _plain(parts))})


def _unused_by_elsface(network: nn.Module) -> Weights:
    """Give the tensors that only the authors' class keeps."""
    identity = torch.eye(3).view(3, 3, 1, 1)
    mean = PIXEL_RANGE * torch.tensor(MEAN_COLOUR)
    weights = {
        'sub_mean.weight': identity,
        'sub_mean.bias': -mean,
        'add_mean.weight': identity,
        'add_mean.bias': mean,
    }
    for name, buffer in network.named_buffers():
        if name.endswith('.relative_position_index'):
            weights[ELSFACE_AUTHORS.key(name)] = buffer
    return weights


PFSRNETS = ('PFSRNet', 'PFSRNetDiscriminator')
SPARNETS = ('SPARNet', 'SPARNetDiscriminator')

FORMS = (
    Form('mmfacesr', _plain),
    Form('mmagic', _mmagic, holds_both=True),
    Form(
        'dic-authors',
        _dic,
        ('DICGenerator', 'DICDiscriminator', 'LandmarkHourglass'),
        layout=DIC_AUTHORS,
        holds_both=True,
    ),
    Form(
        'elsface-authors',
        _elsface,
        ('ELSFaceNet',),
        layout=ELSFACE_AUTHORS,
        added=_unused_by_elsface,
    ),
    Form('pfsrnet-authors', _pfsrnet, PFSRNETS),
    Form('pfsrnet-authors-distributed', _pfsrnet_distributed, PFSRNETS),
    Form('sparnet-authors', _plain, SPARNETS),
    Form(
        'spectral-norm-parametrized',
        _plain,
        SPARNETS,
        layout=SPECTRAL_NORM_PARAMETRIZED,
    ),
)
FORM_NAMES = tuple(form.name for form in FORMS)
