# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""The command `mmfacesr`: its listing, its help, what it refuses."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from mmfacesr.apis import cli
from mmfacesr.utils import project_files
from mmfacesr.version import __version__
from mmfacesr.weights.model_index import read_index
from mmfacesr.weights.sources import place_of


def test_all_models_are_listed(
    capsys: pytest.CaptureFixture, folder: Path
) -> None:
    place = place_of(read_index()[0].urls[0])
    place.parent.mkdir(parents=True)
    place.touch()
    assert cli.main(['models']) == 0
    lines = capsys.readouterr().out.splitlines()
    table = lines[: lines.index('')]
    assert table[0].split() == ['NAME', 'COLLECTION', 'HASH', 'HERE'] + [
        'LICENSE'
    ]
    rows = {line.split()[0]: line for line in table[1:]}
    assert list(rows) == [entry.name for entry in read_index()]
    start = table[0].index('LICENSE')
    for entry in read_index():
        mark = ' [restricted]' if entry.restricted else ''
        row = rows[entry.name]
        assert row[start:] == entry.license + mark
        assert row[start - 2 : start] == '  '
    head = 'dic_x8c48b6_4xb2-150k_celeba-hq'
    assert rows[head].split()[1:4] == ['DIC', 'sha256', 'yes']
    assert rows['pfsrnet_x8-unaligned'].split()[2:4] == ['git', '-']
    assert rows['light-cnn_features'].split()[3:5] == ['none', '-']
    assert any('pickled module' in line for line in lines)
    assert lines[-2:] == [
        f'Files go to {folder}',
        '[restricted]: read the license before you use them.',
    ]


@pytest.mark.parametrize(
    'words, names',
    [
        (['SPARNet', 'attn3d', 'NC-SA'], {'sparnet_light', 'sparnet-hd'}),
        (['package:'], {'sparnet_light'}),  # of the address
        (['sparnet-hd', 'attn3d'], {'sparnet-hd'}),
        (['several gpus'], {'pfsrnet'}),  # of the note
        (['face_detection'], {'yunet'}),  # of the address
        (['elsface', 'restricted'], {'elsface'}),
        (['dic', 'restricted'], set()),
    ],
)
def test_a_search_takes_every_word(
    words: list, names: set, capsys: pytest.CaptureFixture
) -> None:
    assert cli.main(['models', '--json', *words]) == (0 if names else 1)
    found = [item['name'] for item in json.loads(capsys.readouterr().out)]
    heads = {'_'.join(name.split('_')[:1]) for name in found}
    assert heads == {name.split('_')[0] for name in names}
    assert len(found) == len(names)


def test_nothing_found_says_what_is_like_it(
    capsys: pytest.CaptureFixture,
) -> None:
    assert cli.main(['models', 'vgg19_imagnet', 'dic']) == 1
    output = capsys.readouterr()
    assert output.out == ''
    assert 'vgg19_imagnet and dic' in output.err
    assert 'vgg19_imagenet' in output.err
    assert cli.main(['models', '%%%', '--json']) == 1
    output = capsys.readouterr()
    assert json.loads(output.out) == []
    assert 'fewer words' in output.err


def test_json_holds_all_that_is_known(
    capsys: pytest.CaptureFixture, folder: Path
) -> None:
    assert cli.main(['models', '--json', 'elsface_x4']) == 0
    url = (
        'https://github.com/FVL2020/ELSFace/raw/main/ckpt/train/checkpoint.pth'
    )
    assert json.loads(capsys.readouterr().out) == [
        {
            'name': 'elsface_x4_1xb16-40e_celeba',
            'collection': 'ELSFace',
            'config': 'configs/elsface/elsface_x4_1xb16-40e_celeba.py',
            'license': '"MIT" and "non-commercial use" '
            '(authors, no license file)',
            'restricted': True,
            'urls': [url],
            'sha256': None,
            'git_blob': '7f3504ca259aeb22da925215b17d3d3ff4408766',
            'note': '',
            'place': str(place_of(url)),
            'here': False,
        }
    ]
    assert str(folder) in str(place_of(url))


@pytest.mark.parametrize(
    'command, fault',
    [
        ([], 'COMMAND'),
        (['fetch'], 'invalid choice'),
        (['download'], 'give a name or a URL'),
        (['download', 'a', 'b', '--sha256', '01234567'], 'of one file'),
        (['models', '--weights-dir', ''], 'name of a folder'),
    ],
)
def test_wrong_command_lines(
    command: list, fault: str, capsys: pytest.CaptureFixture
) -> None:
    with pytest.raises(SystemExit) as stop:
        cli.main(command)
    assert stop.value.code == 2
    assert fault in capsys.readouterr().err


def test_it_explains_itself(capsys: pytest.CaptureFixture) -> None:
    for command, part in (
        (['--help'], 'download weights'),
        (['models', '--help'], '  mmfacesr models light celeba'),
        (['download', '--help'], '--all-open\n'),
        (['--version'], __version__),
    ):
        with pytest.raises(SystemExit) as stop:
            cli.main(command)
        assert stop.value.code == 0
        assert part in capsys.readouterr().out


def test_broken_index_is_one_message(
    capsys: pytest.CaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setattr(project_files, 'PACKAGE', tmp_path / 'mmfacesr')
    with pytest.raises(SystemExit) as stop:
        cli.main(['models'])
    assert stop.value.code == 1
    message = capsys.readouterr().err
    assert f'Error: Expected the index of weights at {tmp_path}' in message


def test_a_list_needs_neither_torch_nor_mmengine() -> None:
    code = (
        'import sys, mmfacesr.apis.cli as cli; cli.main(["models"]); '
        'sys.exit(sum(name in sys.modules for name in '
        '("torch", "mmengine", "numpy")))'
    )
    subprocess.run(
        [sys.executable, '-c', code], stdout=subprocess.DEVNULL, check=True
    )
