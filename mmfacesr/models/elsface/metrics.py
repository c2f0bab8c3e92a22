# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""LPIPS and FID as ELSFace's released evaluation code takes them.

They compare with its paper and with nothing else. Source: Qi et al., IEEE TMM
2024.
"""

from types import MappingProxyType

import numpy as np
import torch
from torch import Tensor, nn

from mmfacesr.evaluation.metrics.fid import GROUND_TRUTH, PytorchFID
from mmfacesr.evaluation.metrics.lpips import LPIPS
from mmfacesr.models.elsface.protocol import elsface_pair
from mmfacesr.registry import METRICS
from mmfacesr.weights.matching import find_weights
from mmfacesr.weights.reading import read_weights_file
from mmfacesr.weights.sources import local_weights

INCEPTION_URL = (
    'https://download.pytorch.org/models/inception_v3_google-0cc3c7bd.pth'
)
"""torchvision's ImageNet weights of Inception-v3."""
FID_BATCH = 64


@METRICS.register_module()
class ELSFaceLPIPS(LPIPS):
    """LPIPS of ELSFace's protocol, ``elsface/LPIPS``.

    AlexNet v0.1, fed with 8-bit BGR on the scale [0, 255] where RGB in
    [-1, 1] belongs; the prediction is read from a JPEG. Differs from the
    source: none.

    Args:
        backbone (str, optional): As of :class:`LPIPS`.
        kwargs: Arguments of MMagic's ``BaseSampleWiseMetric``.
    """

    protocol = MappingProxyType(
        dict(
            elsface_lpips='AlexNet v0.1 fed with 8-bit BGR in 0..255, not '
            'scaled, whole image, prediction through JPEG 95'
        )
    )

    def __init__(self, backbone: str | None = None, **kwargs: object) -> None:
        super().__init__('alex', 0, backbone, **kwargs)
        self.metric = 'elsface/LPIPS'

    def images(self, sample: dict) -> 'tuple[np.ndarray, np.ndarray]':
        """What is compared of a sample: two (H, W, 3) uint8 RGB."""
        return elsface_pair(*super().images(sample))

    @staticmethod
    def as_input(image: np.ndarray) -> Tensor:
        """(H, W, 3) RGB to (1, 3, H, W) float32 BGR, both in [0, 255]."""
        rgb = torch.from_numpy(image).float().permute(2, 0, 1)
        return rgb.flip(0)[None]


@METRICS.register_module()
class ELSFaceFID(PytorchFID):
    """FID of ELSFace's protocol against the ground truth, ``elsface/FID``.

    torchvision's Inception-v3 instead of the one that FID is defined by. Its
    RGB images x in [0, 1] are taken for normalized by ImageNet's mean and
    deviation, and brought to what would then be [-1, 1]: in red
    x * 0.229 / 0.5 + (0.485 - 0.5) / 0.5. The prediction is read from a JPEG.
    Of the images, in the order of the data list, only whole batches of 64
    count. Differs from the source: the trace of the matrix root, see
    :func:`frechet_distance`; the order, which is that of a folder there.

    Args:
        weights (str, optional): File or URL of torchvision's ImageNet weights
            of Inception-v3. Defaults to torchvision's URL.
        kwargs: Arguments of MMagic's ``BaseSampleWiseMetric``.
    """

    protocol = MappingProxyType(
        dict(
            elsface_fid="torchvision's ImageNet Inception, 8-bit RGB in 0..1 "
            'taken for normalized, whole batches of 64, prediction through '
            'JPEG 95, against the ground truth of the test'
        )
    )

    def __init__(self, weights: str | None = None, **kwargs: object) -> None:
        super().__init__(GROUND_TRUTH, weights or INCEPTION_URL, **kwargs)
        self.metric = 'elsface/FID'

    def images(self, sample: dict) -> 'tuple[np.ndarray, np.ndarray]':
        """What is compared of a sample: two (H, W, 3) uint8 RGB."""
        return elsface_pair(*super().images(sample))

    def build_network(self) -> nn.Module:
        """The network, which takes (N, 3, 299, 299) RGB in [0, 1]."""
        return build_imagenet_inception(self.weights)

    def pooled(self, inputs: Tensor) -> Tensor:
        """Features (N, 2048) of the network's inputs."""
        return self._network(inputs)

    def check_count(self, restored: int) -> tuple[int, int]:
        """Numbers of images that count, of both kinds.

        Raises:
            ValueError: If there is no whole batch.
        """
        count = restored - restored % FID_BATCH
        if not count:
            raise ValueError(
                f'{self.metric} expected at least {FID_BATCH} images, since '
                f'it takes whole batches of {FID_BATCH} alone, got '
                f"{restored}; test more images, or leave 'elsface' out "
                "of fid_reference ('gt' takes any number from two)."
            )
        return count, count

    def compute_metrics(self, results: list[dict]) -> dict[str, float]:
        """Compare the features of all whole batches.

        Args:
            results (list[dict]): One an image, in the order of the data list.

        Raises:
            ValueError: If there is no whole batch.
        """
        count, _ = self.check_count(len(results))
        return super().compute_metrics(results[:count])


def build_imagenet_inception(weights: str) -> nn.Module:
    """Inception-v3 of torchvision up to the last pooling.

    Args:
        weights (str): File or URL of its ImageNet weights.

    Returns:
        nn.Module: Frozen; takes (N, 3, 299, 299) as normalized by ImageNet's
        mean and deviation, gives (N, 2048).

    Raises:
        WeightsError: If the weights cannot be had or do not fit.
    """
    from torchvision.models import inception_v3

    path = local_weights(
        weights,
        "torchvision's Inception weights of ELSFace's FID",
        'set weights of ELSFaceFID to where it is, or test without it',
    ).path
    # The classifiers are built because the file has them.
    with torch.random.fork_rng(devices=[]):
        network = inception_v3(
            weights=None, transform_input=True, init_weights=False
        )
    _, state = find_weights(network, read_weights_file(path))
    network.load_state_dict(state)
    network.fc = nn.Identity()
    return network.eval().requires_grad_(False)
