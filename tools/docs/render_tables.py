# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Write what the documents say of the methods, from configs/*/metafile.yml.

    python tools/docs/render_tables.py            # write
    python tools/docs/render_tables.py --check    # fail if one is out of date

Numbers live in the metafiles only. Written are

- the tables of configs/*/README.md, from the metafile beside them,
- the table of methods in README.md, a row for each paper,
- the lists of model-index.yml.

A table stands between the lines `<!-- table: NAME -->` and `<!-- /table -->`.
In a config folder NAME is `models` (the configs), `weights` (files of weights
beside the configs' own), `published` (results of others, as they state them)
or `ours` (results that the stated command reproduces). In README.md it is
`methods`, or `comparison`: the means of all docs/results/*.json, which
`mmfacesr compare A B --out docs/results/NAME.json` writes. Without such files
there is nothing between its lines.

A collection is a method. Beside `Name`, `Paper` and `Year` it has `Scale`
(enlargement and sizes), and may have `Venue` and `Variants` (names of its
networks). The table of methods shows the first result of others and the first
of ours: put the one that tells most first.

An entry of `Models` belongs to a config if it has the config's name. Others
have a file of weights and a name of their own.

A result of ours is an entry of a model's `Results` with `Source: ours`, and
besides the usual `Task`, `Dataset` and `Metrics` (PSNR, SSIM, MAE):
`Protocol`, `Images`, `Iterations`, `Bicubic` (the same metrics of
tools/test.py --baseline) and `Command`. One of others may have `Parameters`
and `FLOPs` as they state them. The two never stand in one column.
"""

import argparse
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import yaml

from mmfacesr.apis.comparing.record import read_comparison
from mmfacesr.apis.comparing.tables import means_as_markdown
from mmfacesr.utils import write_atomic
from mmfacesr.utils.project_files import PACKAGE
from mmfacesr.weights.model_index import PACKAGED, PACKAGED_FOLDER

ROOT = Path(__file__).resolve().parents[2]
TABLE = re.compile(r'(<!-- table: (\w+) -->\n).*?(<!-- /table -->)', re.S)
NOT_TRAINED = 'not trained at full length yet'
PLACES = {'PSNR': 2, 'SSIM': 4, 'MAE': 2}
"""Usual number of places of a metric of ours."""
UNITS = {'PSNR': ' dB'}
COMPARED = ('rgb/PSNR', 'rgb/SSIM', 'LPIPS/alex', 'identity/rank-1')
"""Values of a comparison that README.md shows; its file has all."""
INDEX = """\
# Written by `make docs` from the metafiles that there are.
# Read by OpenMMLab's mim and by mmengine.hub; to both an entry is a config.
Import:
{configs}
# Weights of networks that no config trains. Only mmfacesr reads this list.
Feature Networks:
{others}
"""


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
    address = model['Weights']
    if address.startswith(PACKAGED):
        folder = PACKAGED_FOLDER.relative_to(PACKAGE.parent).as_posix()
        text = 'in the package'
        address = f'../../{folder}/{address.removeprefix(PACKAGED)}'
    return f'[{text}]({address}), {digits_cell(model)}, {license}'


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


def methods_table(metafiles: list[dict]) -> str:
    """Every method by its year, with one result of others and one of ours."""
    methods = [
        (method, models_of(metafile, method))
        for metafile in metafiles
        for method in metafile['Collections']
        if 'Paper' in method
    ]
    methods.sort(key=lambda pair: pair[0]['Year'])
    rows = [
        [
            f'[{method.get("Variants", method["Name"])}]({method["README"]})',
            paper_cell(method),
            method.get('Scale', '-'),
            first_result(models, ours=False),
            first_result(models, ours=True),
        ]
        for method, models in methods
    ]
    head = ['Method', 'Paper', 'Scale', 'Published by others', 'Our own']
    return markdown(head, rows)


def models_of(metafile: dict, method: dict) -> list[dict]:
    """The models of a method."""
    return [
        model
        for model in metafile['Models']
        if model['In Collection'] == method['Name']
    ]


def paper_cell(method: dict) -> str:
    """Where and when a paper appeared, linked to it."""
    place = f'{method.get("Venue", "")} {method["Year"]}'.strip()
    return f'[{place}]({method["Paper"]["URL"]})'


def first_result(models: list[dict], ours: bool) -> str:
    """The first result of others or of ours, with all that it depends on."""
    _, result = next(results(models, ours), (None, None))
    if result is None:
        return '-'
    conditions = f'{result["Dataset"]}; protocol: {result["Protocol"]}'
    if ours:
        figures = beside_bicubic(result['Metrics'], result['Bicubic'])
        source = f'{result["Iterations"]} iterations'
    else:
        figures = as_stated(result['Metrics'])
        source = f'source: {result["Source"]}'
    return f'{figures}<br>{conditions}; {source}'


def as_stated(metrics: dict) -> str:
    """Figures of others, with all the digits that they state."""
    return ', '.join(
        f'{name} {metrics[name]}{UNITS.get(name, "")}'
        for name in ('PSNR', 'SSIM', 'FID')
        if name in metrics
    )


def beside_bicubic(metrics: dict, bicubic: dict) -> str:
    """Figures of ours, the baseline's in brackets."""
    return ', '.join(
        f'{name} {metric(metrics, name)}{UNITS.get(name, "")} '
        f'(bicubic {metric(bicubic, name)})'
        for name in ('PSNR', 'SSIM')
    )


def comparison_tables(root: Path) -> str:
    """The means of the comparisons that a project keeps."""
    return '\n\n'.join(
        means_as_markdown(read_comparison(path), COMPARED)
        for path in sorted(root.glob('docs/results/*.json'))
    )


RENDERERS: dict[str, Callable[[list[dict]], str]] = {
    'models': models_table,
    'weights': weights_table,
    'published': published_table,
    'ours': ours_table,
}
"""Tables of a config folder, made of the models of its metafile."""
OVERVIEW = {'methods': methods_table}
"""Tables of README.md, made of all metafiles; `comparison` is of others."""


def render(
    text: str,
    entries: list[dict],
    renderers: Mapping[str, Callable[[list[dict]], str]] = RENDERERS,
) -> str:
    """Replace the tables of a README.

    Args:
        text (str): The README.
        entries (list[dict]): What the tables are made of.
        renderers (Mapping[str, Callable]): Name of a table -> its maker.
            Defaults to those of a config folder.

    Returns:
        str: The README with tables that say what the entries say.

    Raises:
        ValueError: If a marker names no known table, or there is no marker.
    """

    def table(match: re.Match) -> str:
        if match[2] not in renderers:
            raise ValueError(
                f'Expected a table of {sorted(renderers)}, got {match[2]!r}.'
            )
        return f'{match[1]}\n{renderers[match[2]](entries)}\n\n{match[3]}'

    result, count = TABLE.subn(table, text)
    if not count:
        raise ValueError('Expected at least one `<!-- table: NAME -->`.')
    return result


def read_metafile(folder: Path) -> dict:
    """Read the metafile of a config folder."""
    text = (folder / 'metafile.yml').read_text(encoding='utf-8')
    return yaml.safe_load(text)


def index_of(metafiles: Mapping[str, dict]) -> str:
    """Make model-index.yml.

    Args:
        metafiles (Mapping[str, dict]): Path from the root -> content.
    """
    lists: dict[bool, list[str]] = {True: [], False: []}
    for path, metafile in sorted(metafiles.items()):
        has_configs = any('Config' in model for model in metafile['Models'])
        lists[has_configs].append(f'  - {path}')
    configs, others = ('\n'.join(lists[key]) for key in (True, False))
    return INDEX.format(configs=configs, others=others or '  []')


def update(folder: Path, check: bool) -> bool:
    """Bring the README of a config folder up to date; say whether it was."""
    models = read_metafile(folder)['Models']
    return update_tables(folder / 'README.md', models, RENDERERS, check)


def update_overview(root: Path, check: bool) -> list[Path]:
    """Bring README.md and model-index.yml up to date.

    Returns:
        list[Path]: Those that were not.
    """
    folders = config_folders(root)
    metafiles = [read_metafile(folder) for folder in folders]
    paths = [f'configs/{folder.name}/metafile.yml' for folder in folders]
    readme, index = root / 'README.md', root / 'model-index.yml'
    tables = OVERVIEW | {'comparison': lambda _: comparison_tables(root)}
    is_current = {
        readme: update_tables(readme, metafiles, tables, check),
        index: update_text(
            index, index_of(dict(zip(paths, metafiles))), check
        ),
    }
    return [path for path, current in is_current.items() if not current]


def update_tables(
    readme: Path,
    entries: list[dict],
    renderers: Mapping[str, Callable[[list[dict]], str]],
    check: bool,
) -> bool:
    """Bring the tables of a file up to date; say whether they were."""
    text = readme.read_text(encoding='utf-8')
    try:
        return update_text(readme, render(text, entries, renderers), check)
    except (KeyError, ValueError) as error:
        sys.exit(f'Error: {readme}: {error}')


def update_text(path: Path, new: str, check: bool) -> bool:
    """Write a file unless it is so already; say whether it was."""
    is_current = path.is_file() and path.read_text(encoding='utf-8') == new
    if not is_current and not check:
        write_atomic(path, new.encode())
        sys.stdout.write(f'written: {path}\n')
    return is_current


def config_folders(root: Path) -> list[Path]:
    """The config folders that have a metafile."""
    return sorted(path.parent for path in root.glob('configs/*/metafile.yml'))


def main() -> None:
    """Write or check the tables of every config folder, and the overview."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        'folders',
        nargs='*',
        type=Path,
        help='config folders (default: all below configs/, README.md and '
        'model-index.yml)',
    )
    parser.add_argument(
        '--check',
        action='store_true',
        help='write nothing; exit status 1 if a file is out of date',
    )
    args = parser.parse_args()
    folders = args.folders or config_folders(ROOT)
    stale = [folder for folder in folders if not update(folder, args.check)]
    if not args.folders:
        stale += update_overview(ROOT, args.check)
    if args.check and stale:
        sys.exit(
            'Error: the metafiles say something else than '
            + ', '.join(map(str, stale))
            + '; run python tools/docs/render_tables.py'
        )


if __name__ == '__main__':
    main()
