# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""The blind degradation as a transform, in workers and in configs."""

import numpy as np
import pytest
from mmengine.config import Config
from mmengine.runner import Runner
from torch.utils.data import Dataset

from mmfacesr.datasets.blind_recipe import BlindRanges
from mmfacesr.datasets.transforms import DegradeBlindly
from mmfacesr.registry import TRANSFORMS

NEVER = dict(gray_prob=0, blur_prob=0, noise_prob=0, jpeg_prob=0)


def test_gray_makes_ground_truth_and_input_gray(degraded) -> None:
    ranges = dict(gray_prob=1, blur_prob=1, jpeg_prob=1, noise_prob=0)
    image = degraded['hq'].copy()
    results = DegradeBlindly(ranges)(dict(gt=image))
    assert np.ptp(results['gt'], axis=2).max() == 0
    assert np.abs(results['gt'] - degraded['gray'].astype(int)).max() <= 1
    # JPEG may move the channels of a gray image by rounding
    assert np.ptp(results['img'].astype(int), axis=2).max() <= 1
    assert (image == degraded['hq']).all()  # the array given is not written to


def test_gray_is_as_frequent_as_released() -> None:
    np.random.seed(0)
    degrade = DegradeBlindly(dict(small_size=(4, 4)))
    image = np.random.randint(0, 256, (8, 8, 3), np.uint8)
    kept = sum(degrade(dict(gt=image))['gt'] is image for _ in range(1500))
    assert kept / 1500 == pytest.approx(0.7, abs=0.06)


def test_color_stays_and_nothing_is_shared(degraded) -> None:
    before = degraded['hq'].copy()
    for seed in range(30):
        np.random.seed(seed)
        ranges = dict(gray_prob=0, small_size=(127, 128))
        results = DegradeBlindly(ranges)(dict(gt=degraded['hq']))
        assert results['gt'] is degraded['hq']
        assert not np.shares_memory(results['img'], results['gt'])
    assert (degraded['hq'] == before).all()


def test_no_step_but_an_equal_size_gives_an_equal_copy(degraded) -> None:
    degrade = DegradeBlindly(dict(NEVER, small_size=(128, 128)))
    results = degrade(dict(gt=degraded['hq']))
    assert (results['img'] == degraded['hq']).all()
    assert not np.shares_memory(results['img'], degraded['hq'])


def test_keys_sizes_and_points(degraded) -> None:
    points = np.ones((68, 2), np.float32)
    sample = dict(
        gt=degraded['hq'], gt_landmark=points, gt_channel_order='rgb'
    )
    results = DegradeBlindly()(dict(sample))
    added = set(results) - set(sample)
    facts = {'img_channel_order', 'img_color_type', 'ori_img_shape'}
    assert added == {'img', *facts}
    assert results['ori_img_shape'] == (128, 128, 3)
    assert results['img_channel_order'] == 'rgb'
    assert results['img'].shape == (128, 128, 3)
    assert results['img'].dtype == np.uint8
    assert results['img'].flags.c_contiguous
    assert results['gt_landmark'] is points
    small = DegradeBlindly(dict(small_size=(8, 16)), output_size=16)
    assert small(dict(sample))['img'].shape == (16, 16, 3)


def test_follows_numpy_seed(degraded) -> None:

    def image(seed: int) -> np.ndarray:
        np.random.seed(seed)
        return DegradeBlindly()(dict(gt=degraded['hq']))['img']

    assert (image(5) == image(5)).all()
    assert len({image(seed).tobytes() for seed in range(20)}) == 20


def test_seed_ties_the_draws_to_the_file(degraded) -> None:

    def image(seed: int, file: str) -> bytes:
        degrade = DegradeBlindly(seed=seed)
        return degrade(dict(gt=degraded['hq'], file=file))['img'].tobytes()

    np.random.seed(0)
    state = np.random.get_state()[1].copy()
    assert image(0, 'a.png') == image(0, 'a.png')
    files = [f'{number:05d}.png' for number in range(20)]
    assert len({image(0, file) for file in files}) == 20
    assert image(0, 'a.png') != image(1, 'a.png')
    assert (np.random.get_state()[1] == state).all()


def test_seeded_files_have_the_released_frequencies() -> None:
    degrade = DegradeBlindly(dict(small_size=(4, 4)), seed=0)
    image = np.random.RandomState(0).randint(0, 256, (8, 8, 3), np.uint8)
    kept = sum(
        degrade(dict(gt=image, file=f'{number:05d}.png'))['gt'] is image
        for number in range(1500)
    )
    assert kept / 1500 == pytest.approx(0.7, abs=0.06)


class OneFace(Dataset):
    """The same face again and again, degraded."""

    def __init__(self, image: np.ndarray) -> None:
        self.image = image

    def __len__(self) -> int:
        return 8

    def __getitem__(self, index: int) -> np.ndarray:
        return DegradeBlindly()(dict(gt=self.image))['img']


def test_workers_draw_differently_and_repeat_with_the_seed(degraded) -> None:

    def images(seed: int) -> list[bytes]:
        loader = Runner.build_dataloader(
            dict(
                dataset=OneFace(degraded['hq']),
                batch_size=1,
                num_workers=2,
                sampler=dict(type='DefaultSampler', shuffle=False),
            ),
            seed=seed,
        )
        return [batch[0].tobytes() for batch in loader]

    first = images(0)
    assert len(set(first)) == 8  # even ones of one worker, odd of the other
    assert images(0) == first
    assert not set(images(10)) & set(first)


@pytest.mark.parametrize('key', ['degradation', 'fixed_degradation'])
def test_blind_recipes_of_the_configs(repo, degraded, key) -> None:
    folder = repo / 'configs/_base_/degradations'
    (ffhq,) = Config.fromfile(folder / 'blind_ffhq.py')[key]
    (x8,) = Config.fromfile(folder / 'blind_x8.py')[key]
    ffhq, x8 = TRANSFORMS.build(ffhq), TRANSFORMS.build(x8)
    assert ffhq.ranges == BlindRanges() and ffhq.output_size is None
    assert (ffhq.seed, x8.seed) == ((None,) * 2 if key[0] == 'd' else (0, 0))
    np.random.seed(0)
    for number in range(20):
        sample = dict(gt=degraded['hq'], file=f'{number}.png')
        assert x8(dict(sample))['img'].shape == (16, 16, 3)
    large = np.random.randint(0, 256, (512, 512, 3), np.uint8)
    img = ffhq(dict(gt=large, file='a.png'))['img']
    assert img.shape == (512, 512, 3)


def test_enlarged_bicubic_recipe_equals_golden(repo, celeba) -> None:
    transforms = pytest.importorskip('mmagic.datasets.transforms')
    config = Config.fromfile(
        repo / 'configs/_base_/degradations/bicubic_x8_enlarged.py'
    )
    expected = [celeba['lr'], celeba['lr_up']]
    results = dict(gt=celeba['hr'], gt_channel_order='rgb')
    assert len(config.degradation) == 2
    for step, image in zip(config.degradation, expected):
        step = dict(step)
        results = getattr(transforms, step.pop('type'))(**step)(results)
        assert results['img'].shape == image.shape
        assert (results['img'] == image).all()
    assert results['gt'].shape == results['img'].shape == (128, 128, 3)
    assert results['img_channel_order'] == 'rgb'


def test_refuses_sizes_below_the_small_image() -> None:
    with pytest.raises(ValueError, match='output_size of at least 127.*16'):
        DegradeBlindly(output_size=16)
    with pytest.raises(ValueError, match='gt of at least 127.*got 64'):
        DegradeBlindly()(dict(gt=np.zeros((64, 64, 3), np.uint8)))


def test_refuses_unknown_ranges() -> None:
    config = dict(type='DegradeBlindly', ranges=dict(sigma=(3, 15)))
    with pytest.raises(ValueError, match=r"'gray_prob', .*got \['sigma'\]"):
        TRANSFORMS.build(config)


@pytest.mark.parametrize(
    'sample, error, message',
    [
        (dict(gt=np.zeros((128, 128, 3))), TypeError, 'uint8, got float64'),
        (dict(gt=np.zeros((218, 178, 3), np.uint8)), ValueError, 'ResizeFace'),
        (dict(gt=np.zeros((128, 128), np.uint8)), ValueError, 'square RGB'),
        (dict(gt=np.zeros((128, 128, 3), np.uint8), gt_channel_order='bgr'),
         ValueError, 'bgr'),
        (dict(gt=np.zeros((128, 128, 3), np.uint8)), ValueError, 'file'),
    ],
)  # fmt: skip
def test_refuses_wrong_samples(sample, error, message) -> None:
    with pytest.raises(error, match=message):
        DegradeBlindly(seed=0)(sample)
