# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""The index of weights against facts typed here by hand."""

import ast
import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from mmfacesr.weights.files import checksum_in_name
from mmfacesr.weights.model_index import find_entry, read_index

MMAGIC = 'https://download.openmmlab.com/mmediting/restorers/dic/'
SPARNET = 'https://github.com/chaofengc/Face-SPARNet/releases/download/v0.1.0/'
PFSRNET = (
    'https://github.com/DeokyunKim/Progressive-Face-Super-Resolution/raw/'
    'master/checkpoints/'
)
TORCH = 'https://download.pytorch.org/models/'
NC = 'CC BY-NC-SA 4.0 (authors)'
UNCLEAR = '"MIT" and "non-commercial use" (authors, no license file)'
PFSRNET_CONFIG = 'configs/pfsrnet/pfsrnet_x8_1xb16-200k_celeba.py'
# Name -> address, SHA-256's beginning or git blob id, license.
FACTS = {
    'dic_x8c48b6_4xb2-150k_celeba-hq': (
        f'{MMAGIC}dic_x8c48b6_g4_150k_CelebAHQ_20210611-5d3439ca.pth',
        '5d3439ca',
        'Apache-2.0 (MMagic)',
    ),
    'dic_gan-x8c48b6_4xb2-500k_celeba-hq': (
        f'{MMAGIC}dic_gan_x8c48b6_g4_500k_CelebAHQ_20210625-3b89a358.pth',
        '3b89a358',
        'Apache-2.0 (MMagic)',
    ),
    'light-cnn_features': (
        f'{MMAGIC}light_cnn_feature.pth',
        None,
        'Apache-2.0 (MMagic)',
    ),
    'sparnet_attn2d-x8_1xb32-20e_celeba': (
        f'{SPARNET}SPARNet-V16-S4-epoch20.pth',
        None,
        NC,
    ),
    'sparnet_light-attn3d-x8_1xb32-20e_celeba': (
        f'{SPARNET}SPARNetLight_Attn3D-epoch20.pth',
        None,
        NC,
    ),
    'sparnet-hd_attn2d_1xb2-10e_ffhq': (
        f'{SPARNET}SPARNetHD_V4_Attn2D_net_H-epoch10.pth',
        None,
        NC,
    ),
    'sparnet-hd_attn3d_1xb2-10e_ffhq': (
        f'{SPARNET}SPARNetHD_V4_Attn3D_net_H-epoch10.pth',
        None,
        NC,
    ),
    'pfsrnet_x8_1xb16-200k_celeba': (
        f'{PFSRNET}generator_checkpoint_singleGPU.ckpt',
        '231a06b9cd426a79ca044d687b0b7d2e6fb91367',
        'none stated',
    ),
    'pfsrnet_x8-distributed': (
        f'{PFSRNET}generator_checkpoint.ckpt',
        'f338756f7ea2c4d5139a5960c67235bae07235e7',
        'none stated',
    ),
    'pfsrnet_x8-unaligned': (
        f'{PFSRNET}unalign_trained_generator_checkpoint.ckpt',
        '8aaa6ccfb49439d76d77824034559d8678f05e20',
        'none stated',
    ),
    'distilled-fan_pickled': (
        f'{PFSRNET}compressed_model_011000.pth',
        'a7781f0986519a2412b8cf54deab37ed9fb51a64',
        'none stated',
    ),
    'elsface_x4_1xb16-40e_celeba': (
        'https://github.com/FVL2020/ELSFace/raw/main/ckpt/train/'
        'checkpoint.pth',
        '7f3504ca259aeb22da925215b17d3d3ff4408766',
        UNCLEAR,
    ),
    'vgg19_imagenet': (
        f'{TORCH}vgg19-dcbb9e9d.pth',
        'dcbb9e9d',
        'BSD-3-Clause (torchvision)',
    ),
    'vgg16_imagenet': (
        f'{TORCH}vgg16-397923af.pth',
        '397923af',
        'BSD-3-Clause (torchvision)',
    ),
    'yunet_2023mar': (
        'https://github.com/opencv/opencv_zoo/raw/main/models/'
        'face_detection_yunet/face_detection_yunet_2023mar.onnx',
        '8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4',
        'MIT (opencv_zoo)',
    ),
}
# Named by LPIPS and FID; their licenses are those of the packages.
JUDGES = {
    'alexnet_imagenet': f'{TORCH}alexnet-owt-7be5be79.pth',
    'squeezenet1-1_imagenet': f'{TORCH}squeezenet1_1-b8a52dc0.pth',
    'inception-v3_imagenet': f'{TORCH}inception_v3_google-0cc3c7bd.pth',
    'inception-v3_fid': 'https://github.com/mseitzer/pytorch-fid/releases/'
    'download/fid_weights/pt_inception-2015-12-05-6726825d.pth',
}
GIT_DIGITS = 40
EXAMPLES = ('host', 'example.org', 'example.com')
"""Hosts of messages and docstrings: nothing is fetched from there."""
WEIGHTS_URL = re.compile(
    r'https?://([^/\s]+)/[^\s\'"`]+\.'
    r'(?:pth|ckpt|pt|tar|bin|safetensors|onnx|zip|task|tflite)\b'
)


@pytest.mark.parametrize('name', FACTS)
def test_index_says_what_is_known(name: str) -> None:
    url, digits, license = FACTS[name]
    entry = find_entry(name)
    assert entry.urls == (url,) and entry.license == license
    known = entry.checksum
    is_git = digits is not None and len(digits) == GIT_DIGITS
    assert known.git_blob == (digits if is_git else None)
    assert known.sha256 == (None if is_git else digits)
    assert entry.restricted == (license in (NC, UNCLEAR, 'none stated'))


def test_index_has_nothing_else() -> None:
    entries = [entry for entry in read_index() if not entry.packaged]
    assert sorted(entry.name for entry in entries) == sorted(FACTS | JUDGES)
    urls = [url for entry in entries for url in entry.urls]
    assert len(set(urls)) == len(urls)
    for name, url in JUDGES.items():
        entry = find_entry(name)
        assert entry.urls == (url,) and not entry.restricted


def test_digits_in_file_names_are_in_the_index() -> None:
    for entry in read_index():
        named = checksum_in_name(entry.urls[0].rpartition('/')[2])
        known = entry.checksum.sha256 or ''
        assert known.startswith(named.sha256 or '')


def test_configs_of_weights_exist(repo: Path) -> None:
    """A config's own weights bear its name."""
    without = {entry.name for entry in read_index() if not entry.config}
    assert without == {'light-cnn_features', 'vgg19_imagenet'} | {
        'vgg16_imagenet',
        'yunet_2023mar',
        *JUDGES,
    }
    for entry in read_index():
        if entry.config:
            assert (repo / entry.config).is_file()
    others = {
        entry.name: entry.config
        for entry in read_index()
        if entry.config and Path(entry.config).stem != entry.name
    }
    assert others == {
        'pfsrnet_x8-distributed': PFSRNET_CONFIG,
        'pfsrnet_x8-unaligned': PFSRNET_CONFIG,
        'distilled-fan_pickled': (
            'configs/pfsrnet/distilled-fan_1xb16-11k_celeba.py'
        ),
    }


def test_pickled_module_is_marked() -> None:
    assert 'pickled' in find_entry('distilled-fan_pickled').note


def urls_in(source: str) -> Iterator[str]:
    """Addresses of weights in the texts of a program, pieces put together."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            for url in WEIGHTS_URL.finditer(node.value):
                if url[1] not in EXAMPLES:
                    yield url[0]


def test_addresses_in_code_and_configs_are_in_the_index(repo: Path) -> None:
    """What a loss or a metric fetches by itself is checked and licensed."""
    found = {
        url: path
        for folder in ('mmfacesr', 'configs', 'tools')
        for path in sorted((repo / folder).rglob('*.py'))
        for url in urls_in(path.read_text(encoding='utf-8'))
    }
    assert f'{MMAGIC}light_cnn_feature.pth' in found  # written in two pieces
    assert f'{TORCH}vgg19-dcbb9e9d.pth' in found
    assert {u: p for u, p in found.items() if find_entry(u) is None} == {}


def test_address_that_pytorch_fid_brings_is_in_the_index() -> None:
    # Read, not imported: that takes torchvision and seconds.
    folder = Path(importlib.util.find_spec('pytorch_fid').origin).parent
    (url,) = urls_in((folder / 'inception.py').read_text(encoding='utf-8'))
    assert find_entry(url).name == 'inception-v3_fid'
