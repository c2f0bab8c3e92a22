# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""The front door: names, networks with their facts, restorers."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from mmengine.config import Config
from mmengine.dataset import Compose, pseudo_collate

import mmfacesr
from mmfacesr.apis import init_model
from mmfacesr.apis.config import find_config
from mmfacesr.checkpoint import WeightsError
from mmfacesr.registry import TRANSFORMS
from mmfacesr.weights.files import write_weights_file

SMALL = 'dic-small_x8c16b2_1xb4-500_synthetic'


def listed_by_hand(repo: Path) -> dict[str, str | None]:
    """Name of each model in the metafiles -> license of its weights."""
    return {
        model['Name']: model.get('Weights License')
        for path in repo.glob('configs/*/metafile.yml')
        for model in yaml.safe_load(path.read_text())['Models']
        if 'Config' in model
    }


def test_list_is_that_of_the_metafiles(repo: Path) -> None:
    known = listed_by_hand(repo)
    assert mmfacesr.list_models() == sorted(known)
    assert len(known) > 20


@pytest.mark.parametrize(
    'pattern, belongs',
    [
        ('sparnet', lambda name: 'sparnet' in name),
        ('*_synthetic', lambda name: name.endswith('_synthetic')),
        ('dic_x8*', lambda name: name.startswith('dic_x8')),
        ('no such model', lambda name: False),
    ],
)
def test_pattern(repo: Path, pattern: str, belongs: object) -> None:
    wanted = sorted(filter(belongs, listed_by_hand(repo)))
    assert mmfacesr.list_models(pattern) == wanted
    assert bool(wanted) != (pattern == 'no such model')


@pytest.mark.parametrize(
    'licence, words',
    [('open', 'Apache-2.0'), ('cc by-nc', 'CC BY-NC-SA 4.0')],
)
def test_licence(repo: Path, licence: str, words: str) -> None:
    found = mmfacesr.list_models(licence=licence)
    known = listed_by_hand(repo)
    assert found == sorted(
        name for name, text in known.items() if text and text.startswith(words)
    )
    assert found
    one = mmfacesr.list_models(found[0], licence=licence)
    assert found[0] in one and set(one) <= set(found)


def test_import_is_light_and_the_list_needs_no_torch() -> None:
    script = (
        'import sys, mmfacesr\n'
        "heavy = {'torch', 'mmengine', 'numpy', 'cv2'}\n"
        'assert not heavy & sys.modules.keys()\n'
        'assert mmfacesr.list_models()\n'
        'import mmfacesr.apis\n'
        "assert 'torch' not in sys.modules\n"
        "assert callable(mmfacesr.get_model) and 'torch' in sys.modules\n"
        'try:\n'
        '    mmfacesr.nothing\n'
        'except AttributeError as error:\n'
        "    assert 'nothing' in str(error)\n"
    )
    subprocess.run([sys.executable, '-c', script], check=True)


def test_model_is_ready_and_knows_what_it_expects() -> None:
    model = mmfacesr.get_model(SMALL)
    facts = model.facts
    assert not model.training
    assert next(model.parameters()).device.type == 'cpu'
    assert (facts.scale, facts.lr_size, facts.input_size) == (8, 16, 16)
    assert facts.gt_size == 128 and facts.color_order == 'RGB'
    assert facts.name == SMALL and facts.weights_license is None
    assert facts.size_requirement is model.size_requirement
    assert facts.lr_recipe == 'bicubic_x8'
    assert facts.mean == pytest.approx((129.795, 108.12, 96.39))


def test_facts_are_what_the_restorer_does(tmp_path: Path) -> None:
    """By hand from the facts: the same image as by the whole restorer."""
    weights = tmp_path / 'a.safetensors'
    torch.manual_seed(0)
    source = mmfacesr.get_model(SMALL)
    write_weights_file(weights, source.state_dict())
    model = mmfacesr.get_model(SMALL, weights=weights)
    restorer = init_model(SMALL, weights, device='cpu')
    assert not restorer.training

    lr = np.random.default_rng(0).integers(0, 256, (16, 16, 3), np.uint8)
    facts = model.facts
    mean, std = torch.tensor(facts.mean), torch.tensor(facts.std)
    inputs = ((torch.from_numpy(lr) - mean) / std).permute(2, 0, 1)[None]
    with torch.no_grad():
        output = model(inputs.float(), image_only=True)
    sr = output[0][-1] if isinstance(output, tuple) else output
    by_hand = (sr[0].permute(1, 2, 0) * std + mean).clamp(0, 255)

    pipeline = [dict(type='PackInputs')]
    sample = Compose([TRANSFORMS.build(step) for step in pipeline])(
        dict(img=lr, img_channel_order='rgb')
    )
    restorer.data_preprocessor.data_keys = []
    with torch.no_grad():
        (restored,) = restorer.test_step(pseudo_collate([sample]))
    found = restored.output.pred_img.flip(0).permute(1, 2, 0)
    torch.testing.assert_close(found, by_hand, atol=1e-3, rtol=0)


def test_weights_and_their_license(monkeypatch, tmp_path: Path) -> None:
    """Published weights by name, as if they had been fetched before."""
    from mmfacesr.weights.model_index import find_entry
    from mmfacesr.weights.sources import place_of

    monkeypatch.setenv('MMFACESR_WEIGHTS_DIR', str(tmp_path))
    name = 'elsface_x4_1xb16-40e_celeba'
    source = mmfacesr.get_model(name)
    entry = find_entry(name)
    monkeypatch.setattr(
        'mmfacesr.weights.model_index.Checksum',
        lambda **_: type(entry.checksum)(),
    )
    place = place_of(entry.urls[0])
    place.parent.mkdir(parents=True)
    torch.save(source.state_dict(), place)
    model = mmfacesr.get_model(name, weights=True)
    assert model.facts.weights_license == entry.license
    for key, value in source.state_dict().items():
        assert torch.equal(model.state_dict()[key], value)


def test_a_config_and_its_path_do_as_well(repo: Path) -> None:
    path = repo / f'configs/dic/{SMALL}.py'
    for source in (path, str(path), Config.fromfile(path)):
        model = mmfacesr.get_model(source)
        assert model.facts.name == SMALL


@pytest.mark.parametrize('build', [mmfacesr.get_model, init_model])
def test_unknown_names_are_refused_with_close_ones(build: object) -> None:
    with pytest.raises(FileNotFoundError, match=SMALL):
        build(SMALL.replace('small', 'smal'))


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    torch.save({'a': torch.zeros(1)}, tmp_path / 'a.pth')
    with pytest.raises(WeightsError, match='Expected the weights'):
        mmfacesr.get_model(SMALL, weights=tmp_path / 'a.pth')


@pytest.mark.parametrize('name', ['', SMALL])
def test_there_must_be_published_weights_to_ask_for(name: str) -> None:
    cfg = Config.fromfile(find_config(SMALL))
    source = name or Config(cfg.to_dict())
    with pytest.raises(WeightsError, match='Expected a file, a URL or a name'):
        mmfacesr.get_model(source, weights=True)
