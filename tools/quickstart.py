# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""See each method train, be tested and restore faces, on a CPU.

    make quickstart                  # all methods, on faces drawn here
    make quickstart METHODS=dic      # some of them
    make quickstart DATA=my/photos   # on the faces of your photos

For every method: a short training through tools/train.py, a test through
tools/test.py on faces the method never saw, the bicubic baseline through the
same metrics, and a folder of LR faces restored. Interrupted, it goes on where
it stopped. Nothing is downloaded.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Optional

import numpy as np
from PIL import Image

from mmfacesr.apis.launch import clear_errors
from mmfacesr.data_root import read_list
from mmfacesr.datasets.synthetic_faces import write_faces
from mmfacesr.image_io import (
    list_images,
    read_image,
    write_atomic,
    write_image,
)
from mmfacesr.visualization import columns_of, comparison_sheet

ROOT = Path(__file__).resolve().parents[1]
METHODS = {'dic': 'configs/dic/dic-small_x8c16b2_1xb8-400_embedded.py'}
"""Name -> config. A further method joins by a line."""
EMBEDDED = {'train': 400, 'val': 16, 'test': 48}
"""Faces drawn for each part."""
FEWEST_FACES = 16
"""With fewer faces of one's own, the embedded ones train the methods."""
GT_SIZE, SCALE, SHEET_ROWS = 128, 8, 8


class Faces(NamedTuple):
    """Where the faces of this run are."""

    train_root: Path
    restore_root: Path
    whose: str


class Result(NamedTuple):
    """What came out of one method."""

    name: str
    model: dict
    baseline: dict
    seconds: float


def say(text: str) -> None:
    """Tell the person at the terminal."""
    sys.stdout.write(f'\n=== {text}\n')
    sys.stdout.flush()


def run(*command: object) -> None:
    """Run a tool of the project and show what it says."""
    words = [sys.executable, *map(str, command)]
    if subprocess.run(words, cwd=ROOT, check=False).returncode:
        raise RuntimeError(
            'This step failed, see above: python ' + ' '.join(words[1:])
        )


def prepare_faces(out: Path, photos: Optional[Path]) -> Faces:
    """Draw the embedded faces; cut the faces out of a person's photos."""
    embedded = out / 'data/embedded'
    own = out / 'data/own'
    if photos:
        say(f'Finding the faces in {photos}')
        run(
            'tools/dataset_converters/folder/prepare_folder.py',
            photos,
            '--out',
            own,
        )
        count = len(list_images(own))
        if count >= FEWEST_FACES:
            return Faces(own, own, f'{count} faces of {photos}')
        say(
            f'{count} faces are too few to train on (at least '
            f'{FEWEST_FACES}): the embedded faces train, yours are restored'
        )
    say(f'Drawing {sum(EMBEDDED.values())} faces into {embedded}')
    write_faces(embedded, EMBEDDED)
    return Faces(embedded, own if photos else embedded, 'embedded faces')


def write_lr_faces(faces: Faces, folder: Path) -> Path:
    """Make a folder of 16x16 PNG files to be restored.

    The central 128 of each 160 pixel crop, reduced by Pillow bicubic: what a
    person would have who has only the small pictures.
    """
    root = faces.restore_root
    listed = root / 'test.txt'
    names = (
        read_list(listed)
        if (root == faces.train_root and listed.exists())
        else list_images(root)
    )
    for name in names:
        image = read_image(root / name)
        side = round(0.8 * image.shape[0])
        start = (image.shape[0] - side) // 2
        face = Image.fromarray(
            image[start : start + side, start : start + side]
        )
        small = face.resize((GT_SIZE, GT_SIZE), Image.BICUBIC).resize(
            (GT_SIZE // SCALE, GT_SIZE // SCALE), Image.BICUBIC
        )
        write_image(folder / f'{Path(name).stem}.png', np.array(small))
    return folder


def try_method(name: str, faces: Faces, out: Path) -> Result:
    """Train, test, compare and restore with one method."""
    config, folder = METHODS[name], out / name
    data = ('--cfg-options', f'data_root={faces.train_root}')
    started = time.time()
    say(f'{name}: training on the {faces.whose} ({config})')
    run(
        'tools/train.py',
        config,
        '--work-dir',
        folder / 'training',
        '--resume',
        *data,
    )
    checkpoint = (folder / 'training/last_checkpoint').read_text().strip()
    say(f'{name}: testing on faces it never saw')
    model = measure(config, checkpoint, folder / 'test', data)
    say(f'{name}: the bicubic baseline, by the same metrics')
    baseline = measure(config, '--baseline', folder / 'bicubic', data)
    lr = write_lr_faces(faces, out / 'low_resolution')
    say(f'{name}: restoring the folder {lr}')
    run(
        'tools/test.py',
        config,
        checkpoint,
        '--input',
        lr,
        '--save-dir',
        folder / 'restored',
    )
    write_pictures(lr, folder)
    return Result(name, model, baseline, time.time() - started)


def measure(config: str, what: str, folder: Path, data: Sequence[str]) -> dict:
    """Test a checkpoint or the baseline; its report."""
    report = folder / 'report.json'
    run(
        'tools/test.py',
        config,
        what,
        '--work-dir',
        folder,
        '--out',
        report,
        *data,
    )
    return json.loads(report.read_text())


def write_pictures(lr: Path, folder: Path) -> None:
    """Put the sheets of the test and of the restored faces side by side."""
    newest = max((folder / 'test').glob('*/vis_data/faces_test.png'))
    write_atomic(folder / 'faces.png', newest.read_bytes())
    names = list_images(lr)[:SHEET_ROWS]
    small = [read_image(lr / name) for name in names]
    large = [read_image(folder / 'restored' / name) for name in names]
    columns = columns_of(small, large)
    write_image(folder / 'restored.png', comparison_sheet(columns))


def table(results: list[Result]) -> str:
    """The results as a Markdown table with their protocol."""
    first = results[0].model
    lines = [
        f'{first["images"]} test images; {describe(first["protocol"])}; LR by '
        'Pillow bicubic / 8.',
        '',
        '| method | PSNR (dB) | SSIM | MAE | above bicubic (dB) |',
        '| --- | --- | --- | --- | --- |',
    ]
    rows = [('bicubic', results[0].baseline)]
    rows += [(result.name, result.model) for result in results]
    for name, report in rows:
        value = report['metrics']
        gain = value['PSNR'] - results[0].baseline['metrics']['PSNR']
        lines.append(
            f'| {name} | {value["PSNR"]:.2f} | {value["SSIM"]:.4f} '
            f'| {value["MAE"]:.2f} | {gain:+.2f} |'
        )
    return '\n'.join(lines) + '\n'


def describe(protocol: dict[str, object]) -> str:
    """The protocol in one line."""
    return ', '.join(f'{key} {value}' for key, value in protocol.items())


def verdict(result: Result) -> str:
    """Say plainly whether a method is above the baseline."""
    gain = result.model['metrics']['PSNR'] - result.baseline['metrics']['PSNR']
    where = 'above' if gain > 0 else 'NOT above'
    return (
        f'{result.name} is {where} the bicubic baseline: {gain:+.2f} dB '
        f'after a short training ({result.seconds / 60:.0f} minutes with '
        'all tests).'
    )


def summary(results: list[Result], out: Path) -> str:
    """What came out, where it is and what to do next."""
    lines = [table(results)]
    for result in results:
        folder = out / result.name
        lines += [
            verdict(result),
            f'  pictures: {folder / "faces.png"} (LR, '
            f'bicubic, SR, HR), {folder / "restored.png"}',
            f'  restored faces: {folder / "restored"}',
            f'  checkpoint: {folder / "training"}',
            '',
        ]
    lines += [
        f'The table is in {out / "results.md"}.',
        'Next:',
        '  your own photos:   make quickstart DATA=folder',
        '  a full training:   configs/dic/README.md',
        '  other data:        tools/dataset_converters/README.md',
    ]
    return '\n'.join(lines)


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        '--methods',
        default=','.join(METHODS),
        help='names with commas between; known: ' + ', '.join(METHODS),
    )
    parser.add_argument(
        '--data', type=Path, metavar='FOLDER', help='photos of your own'
    )
    parser.add_argument(
        '--out',
        type=Path,
        default=ROOT / 'quickstart',
        metavar='FOLDER',
        help='where everything goes (default: quickstart)',
    )
    args = parser.parse_args()
    args.methods = args.methods.replace(',', ' ').split()
    unknown = set(args.methods) - set(METHODS)
    if unknown or not args.methods:
        parser.error(
            f'unknown methods: {", ".join(unknown) or "none given"}; '
            f'known: {", ".join(METHODS)}'
        )
    return args


def main() -> None:
    """Try the methods and say what came out."""
    args = parse_args()
    with clear_errors():
        out = args.out.resolve()
        faces = prepare_faces(out, args.data and args.data.resolve())
        results = [try_method(name, faces, out) for name in args.methods]
        write_atomic(out / 'results.md', table(results).encode())
        say('Done')
        sys.stdout.write(summary(results, out) + '\n')


if __name__ == '__main__':
    main()
