# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""DIC's generator against MMagic's, with the same weights."""

from collections.abc import Callable

import pytest
import torch

from mmfacesr.models.dic import DICDiscriminator, DICGenerator


@pytest.fixture(scope='module')
def mmagic_models() -> object:
    """MMagic's models, imported here because it takes seconds."""
    import mmfacesr.compat.mmagic_base  # noqa: F401, it mends what importing needs

    return pytest.importorskip('mmagic.models')


@pytest.mark.parametrize('detach', [False, True])
def test_outputs_and_gradients(
    mmagic_models: object, small_dic: Callable[..., DICGenerator], detach: bool
) -> None:
    options = dict(num_steps=3, detach_attention=detach)
    ours = small_dic(**options)
    theirs = mmagic_models.DICNet(
        3,
        3,
        mid_channels=8,
        num_blocks=2,
        hg_mid_channels=16,
        num_fusion_blocks=2,
        **options,
    )
    theirs.load_state_dict(ours.state_dict(), strict=True)
    lr = torch.rand((2, 3, 16, 16), generator=torch.manual_seed(0)) - 0.4
    results = []
    for net in (ours, theirs):
        images, heatmaps = net(lr)
        sum(x.square().mean() for x in images + heatmaps).backward()
        results.append((images, heatmaps))
    torch.testing.assert_close(results[0], results[1], rtol=1e-5, atol=1e-6)
    wanted = dict(theirs.named_parameters())
    for name, parameter in ours.named_parameters():
        torch.testing.assert_close(
            parameter.grad, wanted[name].grad, rtol=1e-3, atol=1e-6
        )


def test_default_options_have_equal_keys(mmagic_models: object) -> None:
    theirs = mmagic_models.DICNet(3, 3, 48).state_dict()
    ours = DICGenerator().state_dict()
    assert {k: v.shape for k, v in ours.items()} == {
        k: v.shape for k, v in theirs.items()
    }
    discriminator = mmagic_models.LightCNN(3)
    discriminator.load_state_dict(DICDiscriminator().state_dict(), strict=True)
