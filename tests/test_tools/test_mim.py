# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""OpenMMLab's `mim` starts our tools from the installed package."""

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from mmfacesr.apis.config import find_config, load_config
from mmfacesr.utils import project_files
from mmfacesr.weights.model_index import read_index

CONFIG = 'dic_x8c48b6_1xb8-150k_celeba.py'


def test_configs_are_found_in_an_installed_package(
    repo, tmp_path, monkeypatch
):
    """Beside the package is no clone then; `.mim` has the configs."""
    package = tmp_path / 'site-packages' / 'mmfacesr'
    shutil.copytree(repo / 'configs', package / '.mim' / 'configs')
    monkeypatch.setattr(project_files, 'PACKAGE', package)
    found = Path(find_config(CONFIG))
    assert found.parent == package / '.mim' / 'configs' / 'dic'
    cfg = load_config(CONFIG, import_modules=False)
    assert cfg.model.generator.type == 'DICGenerator'
    with pytest.raises(FileNotFoundError, match='dic_x8c48b6_1xb8'):
        find_config('dic_x8c48b6_1xb8-150k_celebb')


def test_mim_reads_the_index(repo):
    """Weights by the names that `mim download --config NAME` takes."""
    pytest.importorskip('modelindex')
    search = pytest.importorskip('mim.commands.search')
    from modelindex.load_model_index import load

    table = search.convert2df(load(str(repo / 'model-index.yml')))
    weights = table['weight'].dropna().to_dict()
    assert weights == {
        item.name: item.urls[0] for item in read_index() if item.config
    }
    # An entry without a config ends `mim download` in an error.
    assert table.loc[list(weights), 'config'].notna().all()
    assert table.loc['pfsrnet_x8-unaligned', 'model'] == 'pfsrnet'
    assert Path(table.loc['pfsrnet_x8-unaligned', 'config']).name == (
        'pfsrnet_x8_1xb16-200k_celeba.py'
    )


@pytest.mark.slow
@pytest.mark.skipif(
    importlib.util.find_spec('mim') is None, reason='openmim is missing'
)
@pytest.mark.parametrize(
    'command, message',
    [
        (['train', 'mmfacesr', CONFIG], 'Error: Expected data_root'),
        (
            ['test', 'mmfacesr', CONFIG, '--checkpoint', 'none.pth'],
            'Error: Expected weights at ',
        ),
    ],
    ids=['train', 'test'],
)
def test_mim_runs_the_tool(command, message, tmp_path):
    """The tool gets as far as what is missing, and says so."""
    program = Path(sys.executable).with_name('mim')
    options = ['--gpus', '0', '--cfg-options', f'data_root={tmp_path}/no']
    result = subprocess.run(
        [str(program), *command, *options],
        cwd=tmp_path,  # not the clone: the config must come from the package
        capture_output=True,
        text=True,
    )
    output = result.stdout + result.stderr
    assert '.mim' in output and 'tools' in output
    assert result.returncode != 0
    assert message in output
    assert 'unrecognized arguments' not in output
