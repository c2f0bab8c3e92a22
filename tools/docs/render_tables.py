# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Write the tables of configs/*/README.md from the metafile.yml beside them.

    python tools/docs/render_tables.py            # write
    python tools/docs/render_tables.py --check    # fail if one is out of date

Numbers live in the metafiles only. A table stands between the lines
`<!-- table: NAME -->` and `<!-- /table -->`; NAME is `models` (the configs),
`weights` (files of weights beside the configs' own), `published` (results of
others, as they state them) or `ours` (results that the stated command
reproduces).

An entry of `Models` is of a config if it has the config's name. Others have
a file of weights and a name of their own.

A result of ours is an entry of a model's `Results` with `Source: ours`, and
besides the usual `Task`, `Dataset` and `Metrics` (PSNR, SSIM, MAE):
`Protocol`, `Images`, `Iterations`, `Bicubic` (the same metrics of
tools/test.py --baseline) and `Command`. One of others may have `Parameters`
and `FLOPs` as they state them. They never stand in one column with ours.
"""

import argparse
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import yaml

from mmfacesr.utils import write_atomic

ROOT = Path(__file__).resolve().parents[2]
TABLE = re.compile(r'(<!-- table: (\w+) -->\n).*?(<!-- /table -->)', re.S)
NOT_TRAINED = 'not trained at full length yet'
PLACES = {'PSNR': 2, 'SSIM': 4, 'MAE': 2}
"""Usual number of places of a metric of ours."""


def markdown(head: list[str], rows: list[list[str]]) -> str:
    """A Markdown table."""
    lines = [head, ['---'] * len(head), *rows]
    return '\n'.join(f'| {" | ".join(line)} |' for line in lines)


def config_link(model: dict) -> str:
    """The model's name, linked to its config in the same folder."""
    return f'[{model["Name"]}](./{Path(model["Config"]).name})'


def is_config(model: dict) -> bool:
    """Whether an entry is a config's, and not of a file beside its own."""
    return Path(model.get('Config', '')).stem == model['Name']


def weights_cell(model: dict, text: str) -> str:
    """Address, what is known of the content, license."""
    license = model['Weights License']
    if license == 'none stated':
        license = 'no license stated'
    return f'[{text}]({model["Weights"]}), {digits_cell(model)}, {license}'


def digits_cell(model: dict) -> str:
    """The digits by which a download is checked."""
    if digits := model.get('Weights SHA256'):
        return f'sha256 `{digits}{"..." if len(digits) < 64 else ""}`'
    if digits := model.get('Weights Git Blob'):
        return f'git blob `{digits[:8]}...`'
    return 'no hash published'


def metric(values: dict, name: str) -> str:
    """A metric with its usual number of places; a dash for none."""
    return f'{values[name]:.{PLACES[name]}f}' if name in values else '-'


def models_table(models: list[dict]) -> str:
    """Every config with its size, its data and where weights are."""
    rows = [
        [
            config_link(model),
            f'{model["Metadata"]["Parameters"]:,}',
            model['Metadata']['Training Data'],
            weights_cell(model, 'model') if 'Weights' in model else '-',
        ]
        for model in models
        if is_config(model)
    ]
    return markdown(['Config', 'Parameters', 'Trained on', 'Weights'], rows)


def weights_table(models: list[dict]) -> str:
    """Files of weights that are not the ones of a config's entry."""
    rows = [
        [
            f'`{model["Name"]}`',
            weights_cell(model, Path(model['Weights']).name),
            model.get('Weights Note', '-'),
        ]
        for model in models
        if not is_config(model)
    ]
    return markdown(['Name', 'File', 'What it is'], rows)


def results(models: list[dict], ours: bool) -> Iterator[tuple]:
    """Pairs of model and result, of us or of others."""
    for model in models:
        for result in model.get('Results', []):
            if (result['Source'] == 'ours') == ours:
                yield model, result


def published_table(models: list[dict]) -> str:
    """Results of others, with all the digits that they state and no more."""
    others = list(results(models, ours=False))
    metrics = ('PSNR', 'SSIM', 'MS-SSIM', 'FID', 'MOS')
    sizes = ('Parameters', 'FLOPs')
    stated = [
        {name: result[name] for name in sizes if name in result}
        | result['Metrics']
        for _, result in others
    ]
    names = [
        name
        for name in metrics + sizes
        if any(name in figures for figures in stated)
    ]
    rows = [
        [
            config_link(model),
            result['Dataset'],
            result['Protocol'],
            str(result.get('Images', 'not stated')),
            *(str(figures.get(name, '-')) for name in names),
            result['Source'],
        ]
        for (model, result), figures in zip(others, stated)
    ]
    names = [f'{name} stated' if name in sizes else name for name in names]
    head = ['Config', 'Test data', 'Protocol', 'Images', *names, 'Source']
    return markdown(head, rows)


def ours_table(models: list[dict]) -> str:
    """Results of ours beside the baseline's, or that there are none yet."""
    rows = []
    for model, result in results(models, ours=True):
        values, bicubic = result['Metrics'], result.get('Bicubic', {})
        rows.append(
            [
                config_link(model),
                result['Dataset'],
                result['Protocol'],
                str(result['Images']),
                str(result['Iterations']),
                *(
                    f'{metric(values, name)} ({metric(bicubic, name)})'
                    for name in ('PSNR', 'SSIM', 'MAE')
                ),
                f'`{result["Command"]}`',
            ]
        )
    measured = {model['Name'] for model, _ in results(models, ours=True)}
    rows += [
        [config_link(model), NOT_TRAINED] + ['-'] * 7
        for model in models
        if is_config(model) and model['Name'] not in measured
    ]
    return markdown(
        [
            'Config',
            'Test data',
            'Protocol',
            'Images',
            'Iterations',
            'PSNR (bicubic)',
            'SSIM (bicubic)',
            'MAE (bicubic)',
            'Command',
        ],
        rows,
    )


RENDERERS: dict[str, Callable[[list[dict]], str]] = {
    'models': models_table,
    'weights': weights_table,
    'published': published_table,
    'ours': ours_table,
}


def render(text: str, models: list[dict]) -> str:
    """Replace the tables of a README.

    Args:
        text (str): The README.
        models (list[dict]): `Models` of the metafile.

    Returns:
        str: The README with tables that say what the metafile says.

    Raises:
        ValueError: If a marker names no known table, or there is no marker.
    """

    def table(match: re.Match) -> str:
        if match[2] not in RENDERERS:
            raise ValueError(
                f'Expected a table of {sorted(RENDERERS)}, got {match[2]!r}.'
            )
        return f'{match[1]}\n{RENDERERS[match[2]](models)}\n\n{match[3]}'

    result, count = TABLE.subn(table, text)
    if not count:
        raise ValueError('Expected at least one `<!-- table: NAME -->`.')
    return result


def update(folder: Path, check: bool) -> bool:
    """Bring the README of a config folder up to date; say whether it was."""
    readme = folder / 'README.md'
    text = readme.read_text(encoding='utf-8')
    metafile = (folder / 'metafile.yml').read_text(encoding='utf-8')
    try:
        new = render(text, yaml.safe_load(metafile)['Models'])
    except (KeyError, ValueError) as error:
        sys.exit(f'Error: {readme}: {error}')
    if new != text and not check:
        write_atomic(readme, new.encode())
        sys.stdout.write(f'written: {readme}\n')
    return new == text


def main() -> None:
    """Write or check the tables of every config folder."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        'folders',
        nargs='*',
        type=Path,
        help='config folders (default: all below configs/)',
    )
    parser.add_argument(
        '--check',
        action='store_true',
        help='write nothing; exit status 1 if a table is out of date',
    )
    args = parser.parse_args()
    folders = args.folders or sorted(
        path.parent for path in ROOT.glob('configs/*/metafile.yml')
    )
    stale = [folder for folder in folders if not update(folder, args.check)]
    if args.check and stale:
        sys.exit(
            'Error: tables differ from the metafile in '
            + ', '.join(map(str, stale))
            + '; run python tools/docs/render_tables.py'
        )


if __name__ == '__main__':
    main()
