# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""What a wheel and an editable install carry for ``mim``."""

import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

ROOT = Path(__file__).parents[2]
BASE = 'dic/dic_x8c48b6_4xb2-150k_celeba-hq.py'
# What others do with our configs. mmengine warns of pkg_resources wherever
# it asks for a package; nothing else may.
READ = """
import json, sys, warnings
warnings.simplefilter('error')
warnings.filterwarnings('ignore', 'pkg_resources', UserWarning)
from mmengine.config import Config
import mmfacesr
child = Config.fromfile('child.py', import_custom_modules=False)
used = dict(place=mmfacesr.__file__, child=child.to_dict())
"""
# What mmengine.hub does first, without all that its import brings.
META = f"""{READ}
from mmengine.config.utils import _get_cfg_metainfo
from mmengine.utils import get_installed_path
meta = _get_cfg_metainfo(get_installed_path('mmfacesr'), '{BASE}')
used.update(weights=meta['Weights'])
print(json.dumps(used))
"""
HUB_AND_MIM = f"""{READ}
from mmengine.hub import get_config
hub = get_config('mmfacesr::{BASE}', pretrained=True)
used.update(weights=hub.pop('model_path'), hub=hub.to_dict())
warnings.simplefilter('ignore')
from mim.commands.search import get_model_info
used.update(mim=get_model_info('mmfacesr')['weight'].dropna().to_dict())
print(json.dumps(used))
"""


@pytest.fixture(scope='module')
def clone(tmp_path_factory) -> Path:
    """Copy the sources: a build leaves files beside them."""
    folder = tmp_path_factory.mktemp('clone')
    skipped = shutil.ignore_patterns('__pycache__', '.*', 'setup')
    for name in ('mmfacesr', 'configs', 'tools'):
        shutil.copytree(ROOT / name, folder / name, ignore=skipped)
    for name in (
        'setup.py',
        'pyproject.toml',
        'MANIFEST.in',
        'LICENSE',
        'model-index.yml',
    ):
        shutil.copy(ROOT / name, folder)
    return folder


def build(hook: str, clone: Path, target: Path) -> Path:
    code = (
        'import sys; from setuptools import build_meta as b; '
        f'print(b.{hook}(sys.argv[1]))'
    )
    done = subprocess.run(
        [sys.executable, '-W', 'ignore', '-c', code, str(target)],
        cwd=clone,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return target / done.stdout.split()[-1]


@pytest.fixture(scope='module')
def wheel(clone, tmp_path_factory) -> Path:
    return build('build_wheel', clone, tmp_path_factory.mktemp('wheel'))


def test_wheel_carries_every_file_config_and_tool(wheel, clone):
    names = set(zipfile.ZipFile(wheel).namelist())
    expected = {
        f'mmfacesr/.mim/{path.relative_to(clone).as_posix()}'
        for folder in ('configs', 'tools')
        for path in (clone / folder).rglob('*.py')
    }
    assert 'mmfacesr/.mim/tools/train.py' in expected
    expected |= {  # data beside the modules, too
        path.relative_to(clone).as_posix()
        for path in (clone / 'mmfacesr').rglob('*')
        if path.is_file() and '__pycache__' not in path.parts
    }
    assert expected <= names, expected - names
    assert 'mmfacesr/__init__.py' in names
    assert not [x for x in names if x.startswith(('tests', 'tools'))]


def test_configs_work_from_the_wheel(wheel, clone, tmp_path):
    zipfile.ZipFile(wheel).extractall(tmp_path)
    from mmengine.config import Config

    leaves = sorted((tmp_path / 'mmfacesr/.mim/configs/dic').glob('*.py'))
    assert leaves
    for leaf in leaves:
        config = Config.fromfile(leaf, import_custom_modules=False)
        source = clone / 'configs' / 'dic' / leaf.name
        original = Config.fromfile(source, import_custom_modules=False)
        assert config.to_dict() == original.to_dict()


def test_command_lists_weights_from_the_wheel(wheel, tmp_path):
    """By the declared entry point, far from the clone."""
    zipfile.ZipFile(wheel).extractall(tmp_path)
    (declared,) = tmp_path.glob('*.dist-info/entry_points.txt')
    assert 'mmfacesr = mmfacesr.apis.cli:main' in declared.read_text()
    code = (
        'import sys, mmfacesr.apis.cli as cli; '
        'print(cli.__file__, flush=True); '
        "sys.exit(cli.main(['models', 'light-cnn']))"
    )
    done = subprocess.run(
        [sys.executable, '-c', code],
        env={**os.environ, 'PYTHONPATH': str(tmp_path)},
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=True,
    )
    place, head, line, *_ = done.stdout.splitlines()
    assert Path(place) == tmp_path / 'mmfacesr' / 'apis/cli.py'
    assert line.split()[:2] == ['light-cnn_features', 'Feature']


def use(program: str, folder: Path, *options: str, paths: tuple = ()) -> dict:
    """Use an installed mmfacesr as others do, far from the clone."""
    (folder / 'child.py').write_text(f"_base_ = ['mmfacesr::{BASE}']")
    done = subprocess.run(
        [sys.executable, *options, '-c', program],
        env={**os.environ, 'PYTHONPATH': os.pathsep.join(map(str, paths))},
        capture_output=True,
        text=True,
        cwd=folder,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


def check_used(used: dict, package: Path, clone: Path) -> None:
    """Compare what others got with the files themselves."""
    from mmengine.config import Config

    from mmfacesr.weights.model_index import read_index

    own = Config.fromfile(
        clone / 'configs' / BASE, import_custom_modules=False
    ).to_dict()
    own = json.loads(json.dumps(own))  # tuples are lists there
    weights = {item.name: item.urls[0] for item in read_index() if item.config}
    assert Path(used['place']) == package / '__init__.py'
    assert used['child'] == used.get('hub', own) == own
    assert used['weights'] == weights[Path(BASE).stem]
    assert used.get('mim', weights) == weights


@pytest.fixture(
    params=[META, pytest.param(HUB_AND_MIM, marks=pytest.mark.slow)],
    ids=['config', 'hub and mim'],
)
def program(request) -> str:
    if request.param is HUB_AND_MIM:
        pytest.importorskip('mim')
    return request.param


def test_others_use_the_wheel(program, wheel, clone, tmp_path):
    site = tmp_path / 'a site'
    zipfile.ZipFile(wheel).extractall(site)
    used = use(program, tmp_path, paths=(site,))
    check_used(used, site / 'mmfacesr', clone)


def test_others_use_an_editable_install(program, clone, tmp_path):
    site = tmp_path / 'a site'
    editable = build('build_editable', clone, tmp_path)
    zipfile.ZipFile(editable).extractall(site)
    # Its .pth file counts in site-packages only.
    used = use(program, tmp_path, paths=(site, clone))
    check_used(used, clone / 'mmfacesr', clone)


def test_others_use_this_environment(program, tmp_path):
    """The editable install that `make install` made of this clone."""
    try:
        installed = importlib.metadata.distribution('mmfacesr')
        origin = json.loads(installed.read_text('direct_url.json'))
        folder = unquote(urlsplit(origin['url']).path)
    except (importlib.metadata.PackageNotFoundError, TypeError):
        pytest.skip('mmfacesr is not installed from a clone')
    if Path(folder) != ROOT:
        pytest.skip(f'the installed mmfacesr is of {folder}, not of {ROOT}')
    check_used(use(program, tmp_path, '-I'), ROOT / 'mmfacesr', ROOT)


def test_torch_and_mmcv_are_not_declared(wheel):
    archive = zipfile.ZipFile(wheel)
    name = next(x for x in archive.namelist() if x.endswith('/METADATA'))
    lines = archive.read(name).decode().splitlines()
    declared = {
        re.match(r'[\w.-]+', line.split(': ', 1)[1])[0]
        for line in lines
        if line.startswith('Requires-Dist')
    }
    assert 'mmagic' in declared
    assert not declared & {'torch', 'torchvision', 'mmcv'}


def test_editable_install_forwards(clone, tmp_path):
    (clone / 'tools' / 'told.py').write_text(
        'import sys\nprint(sys.argv, sys.path[0], __name__)\n'
    )
    try:
        editable = build('build_editable', clone, tmp_path)
    finally:
        (clone / 'tools' / 'told.py').unlink()
    site = tmp_path / 'site'
    zipfile.ZipFile(editable).extractall(site)
    code = (
        f'import site; site.addsitedir({str(site)!r}); '
        'import mmfacesr; print(mmfacesr.__file__)'
    )
    done = subprocess.run(
        [sys.executable, '-S', '-c', code],
        env={**os.environ, 'PYTHONPATH': ''},
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=True,
    )
    # The folder with forwarding files does not hide the package.
    assert Path(done.stdout.strip()) == clone / 'mmfacesr' / '__init__.py'
    tools = site / 'mmfacesr' / '.mim' / 'tools'
    assert (tools / 'train.py').is_file()
    (clone / 'tools' / 'told.py').write_text(
        'import sys\nprint(sys.argv, sys.path[0], __name__)\n'
    )
    done = subprocess.run(
        [sys.executable, str(tools / 'told.py'), 'config', '--amp'],
        capture_output=True,
        text=True,
        check=True,
    )
    (clone / 'tools' / 'told.py').unlink()
    told = clone / 'tools' / 'told.py'
    assert done.stdout.strip() == (
        f"['{told}', 'config', '--amp'] {told.parent} __main__"
    )


def test_forwarded_config_equals_the_original(clone, tmp_path):
    from mmengine.config import Config

    editable = build('build_editable', clone, tmp_path)
    zipfile.ZipFile(editable).extractall(tmp_path / 'site')
    folder = tmp_path / 'site' / 'mmfacesr' / '.mim' / 'configs' / 'dic'
    for leaf in sorted(folder.glob('*.py')):
        forwarded = Config.fromfile(leaf, import_custom_modules=False)
        source = clone / 'configs' / 'dic' / leaf.name
        original = Config.fromfile(source, import_custom_modules=False)
        assert forwarded.to_dict() == original.to_dict()
