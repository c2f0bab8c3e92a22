# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""PFSRNet folded and exported."""

import json
from pathlib import Path
from types import ModuleType

import pytest
import torch
from torch import Tensor, nn

from mmfacesr.models.pfsrnet import PFSRNet, PFSRNetDiscriminator
from mmfacesr.models.pfsrnet.deployment import freeze

needs_export = pytest.mark.skipif(
    torch.__version__ < '2.5',
    reason='torch.export of torch < 2.5 is a prototype',
)
PLAIN = {
    'Sequential',
    'Residual',
    'Conv2d',
    'ConvTranspose2d',
    'ReLU',
    'Identity',
}


@pytest.fixture(scope='module')
def generator(golden: Path, fill: ModuleType) -> PFSRNet:
    """The full network in training mode, weights as at the start."""
    keys = json.loads((golden / 'pfsrnet/generator_keys.json').read_text())
    weights = fill.fill_state_dict(keys)
    network = PFSRNet()
    for key, value in network.state_dict().items():
        if not key.endswith('weight_orig'):
            value.copy_(torch.from_numpy(weights[key]))
    return network


def faces(fill: ModuleType, num_images: int = 2) -> Tensor:
    """LR images in [-1, 1]."""
    batch = fill.image_batch((num_images, 3, 16, 16), num_images)
    return torch.from_numpy(batch * 2 - 1)


@torch.no_grad()
@pytest.mark.parametrize('step', [1, 2, 3])
def test_folded_network_equals_the_generator(
    generator: PFSRNet, fill: ModuleType, step: int
) -> None:
    before = {k: v.clone() for k, v in generator.state_dict().items()}
    generator.train()
    random = torch.get_rng_state()
    frozen = freeze(generator, step)
    assert torch.equal(torch.get_rng_state(), random)
    assert all(module.training for module in generator.modules())
    for key, value in generator.state_dict().items():
        assert torch.equal(value, before[key]), key
    wanted = generator.eval()(faces(fill), step)
    torch.testing.assert_close(frozen(faces(fill)), wanted, rtol=0, atol=1e-5)
    for p in frozen.parameters():
        p.zero_()
    assert torch.equal(generator(faces(fill), step), wanted), 'no shared part'


def test_folded_network_is_plain(generator: PFSRNet) -> None:
    frozen = freeze(generator)
    assert {type(module).__name__ for module in frozen.modules()} == PLAIN
    assert not [k for k in frozen.state_dict() if k.endswith('_orig')]
    assert not list(frozen.buffers())
    assert not any(module.training for module in frozen.modules())
    assert not any(p.requires_grad for p in frozen.parameters())
    # Of the path alone, less two per channel of the batch norms.
    norms = [m for m in generator.modules() if isinstance(m, nn.BatchNorm2d)]
    assert sum(p.numel() for p in frozen.parameters()) == 8_967_939 - sum(
        2 * norm.num_features for norm in norms
    )


def test_synchronised_norms_and_other_dtypes() -> None:
    generator = PFSRNet(mid_channels=8).double()
    generator = nn.SyncBatchNorm.convert_sync_batchnorm(generator).eval()
    frozen = freeze(generator, 2)
    assert {type(module).__name__ for module in frozen.modules()} == PLAIN
    lr = torch.randn(1, 3, 8, 8, dtype=torch.float64)
    torch.testing.assert_close(frozen(lr), generator(lr, 2))


def test_steps_that_do_not_exist(generator: PFSRNet) -> None:
    with pytest.raises(ValueError, match='got 4'):
        freeze(generator, 4)


@needs_export
@torch.no_grad()
def test_export_of_the_folded_network(
    generator: PFSRNet, fill: ModuleType
) -> None:
    lr = faces(fill)
    frozen = freeze(generator)
    program = torch.export.export(
        frozen, (lr,), dynamic_shapes=({0: torch.export.Dim('batch')},)
    ).module()
    wanted = generator.eval()(lr)
    torch.testing.assert_close(program(lr), wanted, rtol=0, atol=1e-5)
    three = faces(fill, 3)
    torch.testing.assert_close(
        program(three), generator(three), rtol=0, atol=1e-5
    )


@needs_export
@torch.no_grad()
@pytest.mark.parametrize('step, alpha', [(3, 1.0), (2, 0.3)])
def test_export_of_the_networks_themselves(step: int, alpha: float) -> None:
    lr = torch.randn(2, 3, 16, 16)
    image = torch.randn(2, 3, 32, 32)
    for network, x in (
        (PFSRNet(mid_channels=8).eval(), lr),
        (PFSRNetDiscriminator(mid_channels=8), image),
    ):
        program = torch.export.export(network, (x, step, alpha)).module()
        wanted = network(x, step, alpha)
        torch.testing.assert_close(
            program(x, step, alpha), wanted, rtol=0, atol=1e-5
        )
