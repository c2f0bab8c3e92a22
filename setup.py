# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Packaging of mmfacesr.

torch and mmcv are not declared: torch is chosen per machine, and mmcv and
mmcv-lite overwrite each other, so that pip must not add the other one. ``make
install`` installs torch and mmcv-lite.

OpenMMLab's ``mim`` looks for ``site-packages/mmfacesr/.mim/{tools,configs}``.
A wheel carries real copies there. An editable install (PEP 660) carries one
forwarding file for each tool and config and an index that names the metafiles
of the clone, because wheels hold no links.
"""

import json
import os
import re
import shutil
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py
from setuptools.command.editable_wheel import editable_wheel

ROOT = Path(__file__).resolve().parent
MIM = Path('mmfacesr') / '.mim'
INDEX = ROOT / 'model-index.yml'
FORWARD_TOOL = '''\
"""Runs the tool of the editable installation."""
import runpy
import sys

sys.argv[0] = {path!r}
sys.path[0] = {folder!r}
runpy.run_path({path!r}, run_name='__main__')
'''
FORWARD_CONFIG = (
    '# The config of the editable installation.\n_base_ = {path!r}\n'
)

INSTALL_REQUIRES = [
    'mmagic>=1.2,<1.3',
    'mmengine>=0.10.3,<0.11',
    # What MMagic 1.2 imports, or drags along, without saying which versions
    # it works with. The upper bounds are where its import breaks, or where a
    # package wants NumPy 2 or another protobuf (see docs/design.md).
    'albumentations>=1.3,<1.4',
    'controlnet_aux>=0.0.7,<0.0.8',
    'diffusers>=0.23,<0.29',
    'huggingface_hub>=0.20,<0.26',
    'mediapipe>=0.10,<0.10.30',
    'numpy>=1.23,<2',
    'opencv-contrib-python<4.12',
    'opencv-python<4.12',
    'opencv-python-headless<4.12',
    'pandas<3',
    'scikit-image<0.25',
    'scikit-learn<1.8',
    'scipy<1.16',
    'setuptools<81',
    'tensorboard<2.19',
    'transformers>=4.27.4,<4.47',
    # Ours, and more that MMagic imports without declaring them.
    'Jinja2>=3.1',
    'MarkupSafe',
    'Pillow>=11.3',  # AVIF
    'PyYAML',
    'av>=17',
    'filelock>=3.12',
    'imageio',
    'lmdb>=1.4',
    'lpips>=0.1.4,<0.2',
    'matplotlib',
    'python-multipart>=0.0.30',
    'pytorch-fid>=0.3,<0.4',
    'requests>=2.28',
    'safetensors',
    'starlette>=1.0',
    'tqdm',
    'urllib3>=2.2',
    'uvicorn>=0.40',
]


def tool_files() -> list:
    """List what ``.mim/tools`` carries: all but the set-up of a clone."""
    return [
        path
        for path in sorted((ROOT / 'tools').rglob('*'))
        if path.suffix in {'.py', '.sh', '.md', '.json', '.txt'}
        and 'setup' not in path.relative_to(ROOT / 'tools').parts
    ]


def mim_files() -> list:
    """List what ``.mim`` carries, absolute."""
    configs = [
        path
        for path in sorted((ROOT / 'configs').rglob('*'))
        if path.suffix in {'.py', '.yml', '.md'}
    ]
    return [*tool_files(), *configs, INDEX]


def forward(path: Path) -> str:
    """What stands for a file of the clone in an editable install."""
    if path == INDEX:
        return re.sub(
            r'(?<=- )configs/.+',
            lambda name: json.dumps(str(ROOT / name[0]), ensure_ascii=False),
            INDEX.read_text(encoding='utf-8'),
        )
    is_tool = ROOT / 'tools' in path.parents
    text = FORWARD_TOOL if is_tool else FORWARD_CONFIG
    return text.format(path=str(path), folder=str(path.parent))


class BuildWithMim(build_py):
    """Adds ``.mim`` to what a wheel carries."""

    def run(self) -> None:
        """Build the modules, then copy tools, configs and their index."""
        super().run()
        if self.editable_mode:
            return
        target = Path(self.build_lib) / MIM
        shutil.rmtree(target, ignore_errors=True)  # of an earlier build
        for path in mim_files():
            copy = target / path.relative_to(ROOT)
            self.mkpath(str(copy.parent))
            self.copy_file(str(path), str(copy))


class EditableWithMim(editable_wheel):
    """Adds forwarding files to what an editable wheel carries."""

    def _install_namespaces(self, installation_dir, pth_prefix) -> None:
        # The last seam of setuptools before it zips this folder.
        super()._install_namespaces(installation_dir, pth_prefix)
        for path in mim_files():
            if path.suffix == '.py' or path == INDEX:
                target = Path(installation_dir) / MIM / path.relative_to(ROOT)
                os.makedirs(target.parent, exist_ok=True)
                target.write_text(forward(path), encoding='utf-8')


def version() -> str:
    """Read the version without importing the package."""
    text = (ROOT / 'mmfacesr' / 'version.py').read_text()
    return re.search(r"__version__ = '(.*)'", text)[1]


setup(
    name='mmfacesr',
    version=version(),
    description='Face super-resolution toolbox on MMagic and mmengine',
    license='Apache-2.0',
    python_requires='>=3.10',
    packages=find_packages(include=['mmfacesr', 'mmfacesr.*']),
    # Makes setuptools put a plain path into the environment, next to which
    # a folder with forwarding files does not hide the package.
    package_dir={'': '.'},
    package_data={
        '': ['*.npz', '*.json', '*.txt'],
        'mmfacesr.apis.reporting': ['page.html', 'page.css', 'page.js'],
        'mmfacesr.apis.web': ['page/*', 'page/vendor/*'],
        'mmfacesr.weights': ['packaged/*'],
    },
    entry_points={'console_scripts': ['mmfacesr = mmfacesr.apis.cli:main']},
    install_requires=INSTALL_REQUIRES,
    # face-alignment >= 1.4 (the optional landmark backend) cannot be an
    # extra: MMagic declares <= 1.3.4. `pip install --no-deps` takes it.
    extras_require={
        # onnx >= 1.23 wants another protobuf than mediapipe; the quantizer of
        # onnxruntime < 1.18 takes other arguments.
        'deploy': ['onnx>=1.16,<1.23', 'onnxruntime>=1.18', 'onnxscript'],
        'openvino': ['onnx>=1.16,<1.23', 'openvino'],
        # Face identity: a wheel of dlib, and its CC0 networks (128 MB).
        'identity': ['dlib-bin>=19.24', 'face-recognition-models>=0.3'],
        'landmarks': ['mediapipe>=0.10,<0.10.30'],
        'tensorboard': ['tensorboard<2.19'],
        'tests': ['pytest', 'codespell', 'hypothesis', 'jsonschema', 'ruff'],
    },
    cmdclass={
        'build_py': BuildWithMim,
        'editable_wheel': EditableWithMim,
    },
    zip_safe=False,
)
