# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""The pages say what the configs and metafiles say."""

import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
import torch
import yaml
from mmengine.config import Config

import mmfacesr.models  # noqa: F401 (registers the networks)
from mmfacesr.registry import MODELS

ROOT = Path(__file__).resolve().parents[1]
LEAVES = sorted(
    path
    for path in ROOT.glob('configs/*/*.py')
    if not path.parent.name.startswith('_')
)
FOLDERS = sorted({path.parent for path in LEAVES})
PAGES = sorted(
    path
    for path in ROOT.rglob('*.md')
    if not any(part.startswith('.') for part in path.relative_to(ROOT).parts)
    and path.relative_to(ROOT).parts[0] not in ('work_dirs', 'quickstart')
)
LINK = re.compile(r'(?:\]\(|src=")(?!https?:|#|mailto:)([^)#\s"]+)')
RENDER = ROOT / 'tools/docs/render_tables.py'


def models_of(folder: Path) -> list[dict]:
    """The models that a folder's metafile lists."""
    return yaml.safe_load((folder / 'metafile.yml').read_text())['Models']


def by_folder(path: Path) -> str:
    """Name of a test case."""
    return path.name


@pytest.mark.parametrize('config', LEAVES, ids=by_folder)
def test_config_is_in_readme_and_metafile(config):
    models = models_of(config.parent)
    (model,) = (model for model in models if model['Name'] == config.stem)
    assert ROOT / model['Config'] == config
    assert f'(./{config.name})' in (config.parent / 'README.md').read_text()


@pytest.mark.parametrize('folder', FOLDERS, ids=by_folder)
def test_metafile_points_to_what_exists(folder):
    metafile = yaml.safe_load((folder / 'metafile.yml').read_text())
    names = {collection['Name'] for collection in metafile['Collections']}
    for collection in metafile['Collections']:
        assert (ROOT / collection['README']).is_file()
        assert collection['Paper']['URL'].startswith('https://')
    for model in metafile['Models']:
        config = model.get('Config')
        if config:
            assert (ROOT / config).is_file(), model['Name']
        else:
            assert 'Weights' in model, model['Name']
        assert model['In Collection'] in names
        assert ('Weights' in model) == ('Weights License' in model)
        for result in model.get('Results', []):
            assert {'Task', 'Dataset', 'Metrics', 'Protocol', 'Source'} <= set(
                result
            )
            if result['Source'] == 'ours':
                assert {'Images', 'Iterations', 'Bicubic', 'Command'} <= set(
                    result
                )


def test_methods_say_what_the_table_of_readme_shows():
    for folder in FOLDERS:
        metafile = yaml.safe_load((folder / 'metafile.yml').read_text())
        for collection in metafile['Collections']:
            missing = {'Paper', 'Year', 'Scale'} - set(collection)
            assert not missing, f'{folder.name}: {missing}'


def test_readme_links_every_config_folder():
    text = (ROOT / 'README.md').read_text(encoding='utf-8')
    for folder in FOLDERS:
        assert f'](configs/{folder.name}/README.md)' in text


def test_model_index_imports_every_metafile():
    index = yaml.safe_load((ROOT / 'model-index.yml').read_text())
    assert sorted(index['Import'] + index['Feature Networks']) == [
        str(path.relative_to(ROOT))
        for path in sorted(ROOT.glob('configs/*/metafile.yml'))
    ]
    assert sorted(ROOT / path for path in index['Import']) == [
        folder / 'metafile.yml' for folder in FOLDERS
    ]


def test_config_names_are_unique():
    """`mim` finds a config by its base name in the whole package."""
    names = Counter(path.name for path in LEAVES)
    assert [name for name, count in names.items() if count > 1] == []


def test_tables_are_those_of_the_metafiles():
    result = subprocess.run(
        [sys.executable, str(RENDER), '--check'],
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize(
    'page', PAGES, ids=lambda page: str(page.relative_to(ROOT))
)
def test_links_lead_somewhere(page):
    targets = LINK.findall(page.read_text(encoding='utf-8'))
    missing = [
        target for target in targets if not (page.parent / target).exists()
    ]
    assert missing == []


@pytest.mark.parametrize(
    'page', PAGES, ids=lambda page: str(page.relative_to(ROOT))
)
def test_named_scripts_exist(page):
    """A tool or config that a page tells to use is there."""
    text = page.read_text(encoding='utf-8')
    names = set(re.findall(r'\b(?:tools|configs)/[\w./-]+\.(?:py|sh)\b', text))
    assert sorted(name for name in names if not (ROOT / name).exists()) == []


@pytest.mark.parametrize('config', LEAVES, ids=by_folder)
def test_parameters_are_true(config):
    """The metafile's count is that of the generator as built."""
    cfg = Config.fromfile(str(config), import_custom_modules=False)
    (model,) = (
        m for m in models_of(config.parent) if m['Name'] == config.stem
    )
    with torch.device('meta'):
        generator = MODELS.build(cfg.model.generator)
    counted = sum(item.numel() for item in generator.parameters())
    assert model['Metadata']['Parameters'] == counted


def built(config: str) -> torch.nn.Module:
    """The generator of a config, without memory for its weights."""
    cfg = Config.fromfile(
        str(ROOT / 'configs' / config), import_custom_modules=False
    )
    with torch.device('meta'):
        return MODELS.build(cfg.model.generator).eval()


def count(modules) -> int:
    return sum(
        item.numel() for module in modules for item in module.parameters()
    )


def work_of(network: torch.nn.Module, image: torch.Tensor) -> list[dict]:
    """What every layer does for an image, counted by its definition."""
    done = []

    def note(layer, inputs, output):
        weight = getattr(layer, 'weight', None)
        if weight is not None and weight.ndim == 4:
            # A transposed convolution spreads each pixel of its *input*.
            spreads = isinstance(layer, torch.nn.ConvTranspose2d)
            exact = inputs[0] if spreads else output
            done.append(
                dict(
                    exact=exact[0, 0].numel() * weight.numel(),
                    at_output=output[0, 0].numel() * weight.numel(),
                )
            )
        done.append(dict(rest=output.numel()))  # bias, norm, ReLU, sum

    for layer in network.modules():
        layer.register_forward_hook(note)
    network(image)
    return done


def test_sizes_that_the_vendor_states_of_pfsrnet():
    network = built('pfsrnet/pfsrnet_x8_1xb16-200k_celeba.py')
    text = (ROOT / 'configs/pfsrnet/README.md').read_text(encoding='utf-8')
    heads = count(network.to_rgb[:2])
    used = count([network]) - heads
    assert f'{used:,}' == '8,967,939' and f'{used:,};' in text
    assert f'{heads:,} parameters' in text
    done = work_of(network, torch.zeros(1, 3, 16, 16, device='meta'))
    macs, naive, rest = (
        sum(layer.get(key, 0) for layer in done) / 1e9
        for key in ('exact', 'at_output', 'rest')
    )
    flat = ' '.join(text.split())
    assert f'need {macs:.2f} G multiply-adds' in flat
    assert f'which makes {2 * macs:.2f} GFLOPs' in flat
    assert f'find {naive:.2f} G and {2 * naive:.2f} GFLOPs' in flat
    assert f'sums add {rest:.2f}.' in flat
    assert f'The other {22.418 - 2 * naive - rest:.2f} are' in flat


def test_parts_behind_the_parameters_of_dic():
    network = built('dic/dic_x8c48b6_1xb8-150k_celeba.py')
    text = (ROOT / 'configs/dic/README.md').read_text(encoding='utf-8')
    parts = [count([part]) for part in network.children()]
    assert sum(parts) == count([network]) == 21_803_849
    assert all(f'{part:,}' in text for part in parts)
