# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""The landmark head of PFSRNet, and its teacher."""

import json
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from mmfacesr.checkpoint import load_weights
from mmfacesr.models.pfsrnet import DistilledFANHead, FANTeacher
from mmfacesr.weights import WeightsError


@pytest.fixture(scope='module')
def keys(golden: Path) -> dict[str, list[int]]:
    return json.loads((golden / 'pfsrnet/fan_keys.json').read_text())


@pytest.fixture(scope='module')
def released(golden: Path) -> tuple[DistilledFANHead, dict]:
    """The released head and its arrays; the test skips without them."""
    folder = Path(__file__).resolve().parents[4] / 'shared/golden/pfsrnet'
    if not (folder / 'fan_pretrained.npz').is_file():
        pytest.skip('the released landmark head, without license, is missing')
    weights = np.load(folder / 'fan_pretrained.npz')
    head = DistilledFANHead()
    head.load_state_dict({k: torch.tensor(weights[k]) for k in weights.files})
    return head.eval(), dict(np.load(folder / 'fan.npz'))


def test_keys_and_count(keys: dict) -> None:
    head = DistilledFANHead()
    state = head.state_dict()
    assert {k: list(v.shape) for k, v in state.items()} == keys
    assert list(state) == list(keys)
    assert sum(p.numel() for p in head.parameters()) == 321_412


@torch.no_grad()
def test_golden_output(golden: Path, fill: ModuleType, keys: dict) -> None:
    head = DistilledFANHead().eval()
    state = fill.fill_state_dict(keys)
    head.load_state_dict({k: torch.as_tensor(v) for k, v in state.items()})
    image = torch.from_numpy(fill.image_batch((2, 3, 32, 32), 4))[:1]
    wanted = torch.from_numpy(np.load(golden / 'pfsrnet/fan.npz')['output'])
    torch.testing.assert_close(head(image), wanted, atol=1e-5, rtol=1e-4)
    (step,) = head.all_steps(image)
    assert torch.equal(step, head(image))


@torch.no_grad()
def test_released_head_finds_a_face(released: tuple) -> None:
    head, arrays = released

    def image(name: str) -> Tensor:
        pixels = torch.from_numpy(arrays[name]).permute(2, 0, 1)[None]
        return pixels / 255

    heatmap = head(image('face64_uint8'))
    wanted = torch.from_numpy(arrays['pretrained_output64'])
    torch.testing.assert_close(heatmap, wanted, atol=1e-5, rtol=1e-4)
    places = heatmap[0].flatten(1).argmax(1).numpy()
    points = np.stack([places // 64, places % 64], 1)
    np.testing.assert_array_equal(points, arrays['pretrained_argmax64'])
    large = head(image('face128_uint8')).amax(1, keepdim=True)
    wanted = torch.from_numpy(arrays['pretrained_chmax128'])
    torch.testing.assert_close(large, wanted, atol=1e-5, rtol=1e-4)


def test_sizes() -> None:
    head = DistilledFANHead(mid_channels=8, num_keypoints=5).eval()
    assert head(torch.rand(1, 3, 17, 30)).shape == (1, 5, 17, 30)
    with pytest.raises(ValueError, match='DistilledFANHead.*at least 16'):
        head(torch.rand(1, 3, 15, 30))


def test_plain_state_dict_loads(tmp_path: Path) -> None:
    head, other = DistilledFANHead(), DistilledFANHead()
    torch.save(head.state_dict(), tmp_path / 'fan.pth')
    load_weights(other, tmp_path / 'fan.pth')
    assert all(
        torch.equal(a, b)
        for a, b in zip(
            head.state_dict().values(), other.state_dict().values()
        )
    )


class Stripes(nn.Module):
    """In place of 2D-FAN: reads 256 pixels, gives 64, keeps batch numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(3)

    def forward(self, image: Tensor) -> Tensor:
        """Every fourth pixel from the third, repeated to 68 channels."""
        return self.norm(image)[:, :1, 2::4, 2::4].repeat(1, 68, 1, 1)


def test_teacher_sees_the_enlarged_face(tmp_path: Path) -> None:
    file = str(tmp_path / 'fan.zip')
    torch.jit.script(Stripes()).save(file)
    teacher = FANTeacher(file)
    image = torch.rand(2, 3, 64, 64, requires_grad=True)
    heatmap = teacher(image)
    assert heatmap.shape == (2, 68, 64, 64) and not heatmap.requires_grad
    # Pixel 2 of four lies an eighth toward the right and lower neighbor.
    inner = image[:, :1].detach()
    right = inner[..., 1:] * 0.125 + inner[..., :-1] * 0.875
    both = right[..., 1:, :] * 0.125 + right[..., :-1, :] * 0.875
    wanted = both / (1 + 1e-5) ** 0.5  # batch norm in eval mode
    torch.testing.assert_close(heatmap[:, :1, :-1, :-1], wanted)
    assert torch.equal(teacher(image), heatmap), 'no batch statistics'


def test_missing_teacher_is_explained(tmp_path: Path) -> None:
    teacher = FANTeacher(str(tmp_path / 'no.zip'))
    with pytest.raises(WeightsError, match='model.teacher'):
        teacher(torch.rand(1, 3, 64, 64))
