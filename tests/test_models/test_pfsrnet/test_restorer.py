# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Training of PFSRNet: losses, steps, what the discriminator sees."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from mmengine.registry import MODELS, init_default_scope
from torch import Tensor, nn

import mmfacesr.models.runtime  # noqa: F401  registers
from mmfacesr.compat.mmagic_base import DataSample
from mmfacesr.models.pfsrnet.heatmap_loss import normalise_heatmaps

WEIGHTS = dict(pixel=10, gan=1)
SCHEDULE = [
    dict(size=32, iters=2, loss_weights=WEIGHTS),
    dict(
        size=64,
        iters=4,
        fade_iters=2,
        loss_weights=dict(WEIGHTS, attention=500, heatmap=50),
    ),
    dict(
        size=128,
        iters=4,
        fade_iters=2,
        loss_weights=dict(pixel=10, gan=0.1, attention=50, heatmap=50),
    ),
]
GUIDANCE = dict(
    head=dict(type='DistilledFANHead', mid_channels=8),
    attention_loss=dict(type='FacialAttentionLoss'),
    heatmap_loss=dict(type='HeatmapLoss'),
)


def build(**changes: object) -> nn.Module:
    """A narrow restorer at iteration 0."""
    init_default_scope('mmagic')
    torch.manual_seed(0)
    config = dict(
        type='ProgressiveRestorer',
        schedule=SCHEDULE,
        generator=dict(type='PFSRNet', mid_channels=16),
        discriminator=dict(type='PFSRNetDiscriminator', mid_channels=16),
        pixel_loss=dict(type='L1Loss'),
        gan_loss=dict(type='GANLoss', gan_type='wgan', loss_weight=1.0),
        drift_loss=dict(type='DiscShiftLoss', loss_weight=0.001),
        landmark_guidance=GUIDANCE,
        data_preprocessor=dict(
            type='DataPreprocessor',
            mean=[127.5] * 3,
            std=[127.5] * 3,
            data_keys=['gt_img', 'gt_x4', 'gt_x2'],
        ),
    )
    return MODELS.build({**config, **changes})


def samples(count: int = 2, heatmaps: bool = True) -> DataSample:
    """Stacked, normalized targets of noise."""
    draw = torch.Generator().manual_seed(1)
    tensors = {
        key: torch.rand(count, 3, side, side, generator=draw) * 2 - 1
        for key, side in (('gt_x2', 32), ('gt_x4', 64), ('gt_img', 128))
    }
    if heatmaps:
        tensors['gt_heatmap'] = torch.rand(count, 68, 64, 64, generator=draw)
    stacked = DataSample()
    stacked.set_tensor_data(tensors)
    return stacked


@pytest.mark.parametrize(
    'iteration, step, alpha', [(0, 1, 1.0), (3, 2, 0.5), (6, 3, 0.0)]
)
def test_output_and_target_follow_the_iteration(
    iteration: int, step: int, alpha: float
) -> None:
    model, lr = build(), torch.rand(2, 3, 16, 16)
    model.step_counter.fill_(iteration)
    image = model.forward_tensor(lr, training=True)
    model.generator.load_state_dict(build().generator.state_dict())
    torch.testing.assert_close(
        image, model.generator(lr, step=step, alpha=alpha)
    )
    targets = model.extract_gt_data(samples())
    assert targets.image.shape == image.shape
    assert model.forward_tensor(lr).shape[-1] == 128, 'the last step else'


@pytest.mark.parametrize('iteration', [0, 3, 7])
def test_generator_losses_by_hand(iteration: int) -> None:
    model = build()
    model.step_counter.fill_(iteration)
    step, alpha = model.progress()
    targets = model.extract_gt_data(samples())
    image = torch.rand_like(targets.image)
    losses = model.g_step(image, targets)
    weights = SCHEDULE[step - 1]['loss_weights']
    difference = (image - targets.image).abs()
    wanted = dict(
        loss_pix=10 * difference.mean(),
        loss_gan=-weights['gan']
        * model.discriminator(image, step=step, alpha=alpha).mean(),
    )
    if step > 1:
        drawn = F.interpolate(targets.heatmap, image.shape[-2:])
        if step == 3:
            drawn = F.interpolate(
                targets.heatmap, scale_factor=2.0, mode='bilinear'
            )
        attention = normalise_heatmaps(drawn).amax(1, keepdim=True)
        wanted['loss_attention'] = (
            weights['attention'] * (attention * difference).mean()
        )
    assert losses.keys() == wanted.keys(), 'no heatmap loss without a head'
    for name, value in wanted.items():
        torch.testing.assert_close(losses[name], value, msg=name)


def test_head_gives_attention_and_heatmap_loss(tmp_path: Path) -> None:
    torch.manual_seed(3)
    head = MODELS.build(GUIDANCE['head']).eval()
    file = tmp_path / 'head.pth'
    torch.save(head.state_dict(), file)
    model = build(landmark_guidance=dict(GUIDANCE, pretrained=str(file)))
    model.step_counter.fill_(3)
    targets = model.extract_gt_data(samples(heatmaps=False))
    image = torch.rand_like(targets.image).requires_grad_()
    losses = model.g_step(image, targets)
    found, wanted = (
        normalise_heatmaps(head(0.5 * x + 0.5)) for x in (image, targets.image)
    )
    attention = wanted.amax(1, keepdim=True)
    difference = (image - targets.image).abs()
    for name, value in (
        ('loss_attention', 500 * (attention * difference).mean()),
        ('loss_heatmap', 50 * F.mse_loss(found, wanted)),
    ):
        torch.testing.assert_close(losses[name], value, msg=name)
    losses['loss_heatmap'].backward()
    assert image.grad.abs().sum() > 0, 'the head passes the gradient on'
    names = [*model.state_dict(), *dict(model.named_parameters())]
    assert not any('landmark' in name for name in names)


def test_head_with_batch_statistics_differs(tmp_path: Path) -> None:
    torch.save(MODELS.build(GUIDANCE['head']).state_dict(), tmp_path / 'h.pth')
    values = []
    for statistics in (False, True):
        model = build(
            landmark_guidance=dict(
                GUIDANCE,
                pretrained=str(tmp_path / 'h.pth'),
                batch_statistics=statistics,
            )
        )
        model.step_counter.fill_(3)
        targets = model.extract_gt_data(samples())
        values.append(model.g_step(-targets.image, targets)['loss_heatmap'])
    assert values[0] != values[1]


def test_no_landmarks_at_all_is_refused_from_the_start() -> None:
    with pytest.raises(ValueError, match=r'(?s)gt_heatmap.*landmarks68.npz'):
        build().extract_gt_data(samples(heatmaps=False))


@pytest.mark.parametrize(
    'changes, loss',
    [
        (dict(discriminator=None), 'gan'),
        (dict(gan_loss=None), 'gan'),
        (dict(landmark_guidance=None), 'attention'),
    ],
)
def test_a_loss_without_its_part_is_refused(changes: dict, loss: str) -> None:
    with pytest.raises(ValueError, match=f"the loss '{loss}'"):
        build(**changes)
    with pytest.raises(ValueError, match='3 steps, got 1'):
        build(schedule=SCHEDULE[:1])


def test_discriminator_sees_the_image_of_the_generators_update() -> None:
    model = build()
    optimizers = {
        name: torch.optim.SGD(getattr(model, name).parameters(), 0.1)
        for name in ('generator', 'discriminator')
    }
    from mmengine.optim import OptimWrapper, OptimWrapperDict

    wrappers = OptimWrapperDict(
        **{name: OptimWrapper(value) for name, value in optimizers.items()}
    )
    seen: list[Tensor] = []
    losses: Callable = model.discriminator_losses
    model.discriminator_losses = lambda fake, real: (
        seen.append(fake) or losses(fake, real)
    )
    inputs = [torch.randint(0, 256, (3, 16, 16)) for _ in range(2)]
    before = build().train()
    gt = [
        DataSample(
            gt_img=torch.zeros(3, 128, 128, dtype=torch.uint8),
            gt_x4=torch.zeros(3, 64, 64, dtype=torch.uint8),
            gt_x2=torch.zeros(3, 32, 32, dtype=torch.uint8),
            gt_heatmap=torch.rand(68, 64, 64),
        )
        for _ in range(2)
    ]
    logs = model.train().train_step(
        dict(inputs=inputs, data_samples=gt), wrappers
    )
    lr = torch.stack(inputs) / 127.5 - 1
    torch.testing.assert_close(seen[0], before.generator(lr, 1, 1.0).detach())
    counter = model.generator.step1[1].num_batches_tracked
    assert counter == 1, 'batch statistics move once'
    assert logs['progressive_step'] == 1 and logs['alpha'] == 1
    assert 'loss' not in logs and 'step' not in logs
    assert model.step_counter == 1


@torch.no_grad()
def test_validation_is_of_the_step_and_a_test_of_the_whole() -> None:
    model = build().eval()
    lr = torch.randint(0, 256, (3, 16, 16))

    def data() -> dict:
        draw = torch.Generator().manual_seed(2)
        images = {
            key: torch.randint(0, 256, (3, side, side), generator=draw).byte()
            for key, side in (('gt_x2', 32), ('gt_x4', 64), ('gt_img', 128))
        }
        order = {f'{key}_channel_order': 'rgb' for key in images}
        order |= dict(gt_channel_order='rgb', img_channel_order='rgb')
        return dict(
            inputs=[lr], data_samples=[DataSample(**images, metainfo=order)]
        )

    for iteration, key in ((2, 'gt_x2'), (6, 'gt_x4'), (7, 'gt_img')):
        model.step_counter.fill_(iteration)
        (sample,) = model.val_step(data())
        image = data()['data_samples'][0].get(key)
        assert torch.equal(sample.gt_img.byte(), image.flip(0)), 'BGR'
        step, alpha = model.progress(ahead=-1)
        wanted = model.generator(lr[None] / 127.5 - 1, step, alpha)[0]
        wanted = (wanted * 127.5 + 127.5).flip(0)
        output = sample.output
        torch.testing.assert_close(output.pred_unclamped, wanted)
        torch.testing.assert_close(output.pred_img, wanted.clamp(0, 255))
    model.step_counter.fill_(0)
    (sample,) = model.test_step(data())
    assert sample.output.pred_img.shape == sample.gt_img.shape == (3, 128, 128)
