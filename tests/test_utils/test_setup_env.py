# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""All classes registered by one call, as in the sister projects."""

import inspect
import os
import subprocess
import sys
from pathlib import Path

from mmengine.config import Config

from mmfacesr.utils import register_all_modules
from mmfacesr.utils.setup_env import REGISTERING_MODULES

SCRIPT = """
from mmengine.registry import MODELS, DefaultScope
import mmfacesr.utils
assert 'DICRestorer' not in MODELS, 'work at import'
mmfacesr.utils.register_all_modules(init_default_scope=False)
assert DefaultScope.get_current_instance() is None
mmfacesr.utils.register_all_modules()
mmfacesr.utils.register_all_modules()
assert DefaultScope.get_current_instance().scope_name == 'mmagic'
from mmengine.config import Config
from mmengine.registry import DATASETS, HOOKS, METRICS, TRANSFORMS
import sys
cfg = Config.fromfile(sys.argv[1], import_custom_modules=False)
assert type(MODELS.build(cfg.model)).__name__ == 'DICRestorer'
METRICS.build(dict(type='PSNR'))
METRICS.build(dict(type='BorderMAE', crop_border=8))
for step in cfg.val_dataloader.dataset.pipeline:
    TRANSFORMS.build(step)
for hook in cfg.custom_hooks:
    HOOKS.build(hook)
assert DATASETS.get('FaceFolder')
"""


def test_everything_of_a_config_is_built_after_one_call(repo: Path) -> None:
    config = 'configs/dic/dic-small_x8c16b2_1xb4-500_synthetic.py'
    done = subprocess.run(
        [sys.executable, '-c', SCRIPT, str(repo / config)],
        env={**os.environ, 'PYTHONPATH': str(repo)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_it_is_called_as_the_sisters_are() -> None:
    from mmfacesr.compat import mmagic_base  # noqa: F401 (lets MMagic be imported)

    sister = __import__(
        'mmagic.utils', fromlist=['register_all_modules']
    ).register_all_modules
    assert inspect.signature(register_all_modules) == inspect.signature(sister)


def test_the_configs_import_the_same(repo: Path) -> None:
    cfg = Config.fromfile(
        repo / 'configs/_base_/default_runtime.py',
        import_custom_modules=False,
    )
    assert cfg.custom_imports.imports == list(REGISTERING_MODULES)
