# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""See a method train, be tested and restore faces and a photo, on a CPU.

    make quickstart                  # one method, on faces drawn here
    make quickstart METHODS=all      # every method
    make quickstart METHODS=NAMES    # some of them, with commas between
    make quickstart DATA=my/photos   # on the faces of your photos

For every method: a short training through tools/train.py, a test through
tools/test.py on faces the method never saw, the bicubic baseline through the
same metrics, a folder of LR faces restored, and by `mmfacesr restore` a whole
drawn photo with faces of different sizes. Interrupted, it goes on where it
stopped. Nothing is downloaded.
"""

import argparse
import hashlib
import json
import math
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from mmengine.config import Config

from mmfacesr.apis.config import load_config
from mmfacesr.apis.launch import clear_errors
from mmfacesr.apis.recipes import read_recipe
from mmfacesr.apis.resume import newest_checkpoint
from mmfacesr.apis.sheets import build_dataset
from mmfacesr.datasets.synthetic_faces import render_group, write_faces
from mmfacesr.faces.framing import FRAMINGS
from mmfacesr.models import METHODS
from mmfacesr.utils import output_folder, printable, write_atomic
from mmfacesr.utils.image_folders import list_images
from mmfacesr.utils.images import read_image, write_image
from mmfacesr.utils.visualization import columns_of, comparison_sheet

ROOT = Path(__file__).resolve().parents[1]
SYNTHETIC = {'train': 400, 'val': 16, 'test': 48}
"""Synthetic faces of each split."""
FEWEST_FACES = 16
"""With fewer faces of your own, the synthetic ones train the methods."""
SHEET_ROWS = 8
NAME_LENGTH = 40
"""Characters of the photos' folder in the name of its results."""
CONFIGS = {
    name: f'configs/{method.quickstart}'
    for name, method in METHODS.items()
    if method.quickstart
}
"""Method -> the config of its short training."""
PHOTO = dict(seed=5, num_faces=9, face_sizes=(15, 40))
"""The drawn photo: faces that a method improves, and larger ones."""
UPSCALE = 4


class Faces(NamedTuple):
    """One set of faces and where its results go."""

    folder: Path
    whose: str

    @property
    def root(self) -> Path:
        """Their data root."""
        return self.folder / 'data'


class Result(NamedTuple):
    """What came out of one method."""

    name: str
    model: dict
    baseline: dict
    places: dict[str, object]
    seconds: float
    lr: str = ''
    """How its LR faces are made."""


def say(text: str) -> None:
    """Tell the person at the terminal."""
    sys.stdout.write(f'\n=== {printable(text)}\n')
    sys.stdout.flush()


def run(*command: object) -> None:
    """Run a tool of the project and show what it says.

    A signal is passed on, once, and the tool finishes what it does then: a
    training saves a checkpoint. The terminal does not reach it itself.
    """
    words = [sys.executable, *map(str, command)]
    tool = subprocess.Popen(words, cwd=ROOT, start_new_session=True)
    stopped = None
    while tool.poll() is None:
        try:
            tool.wait()
        except KeyboardInterrupt as stop:
            stopped = stop
            tool.send_signal(getattr(stop, 'signum', signal.SIGINT))
    if stopped is not None:
        raise stopped
    if tool.returncode:
        raise RuntimeError(
            'This step failed, see above: python '
            + printable(shlex.join(words[1:]))
        )


def draw_faces(out: Path) -> Faces:
    """Draw the synthetic faces."""
    faces = Faces(out / 'synthetic', 'synthetic faces')
    say(f'Drawing {sum(SYNTHETIC.values())} faces into {faces.root}')
    write_faces(faces.root, SYNTHETIC)
    return faces


def cut_faces(out: Path, photos: Path) -> Faces:
    """Cut the faces out of a person's photos."""
    mark = hashlib.sha1(os.fsencode(photos)).hexdigest()[:6]
    # Short, for names of folders have a limit.
    folder = out / f'{photos.name[:NAME_LENGTH]}-{mark}'
    faces = Faces(folder, f'faces of {photos}')
    say(f'Finding the faces in {photos}')
    run(
        'tools/dataset_converters/folder/prepare_folder.py',
        photos,
        '--out',
        faces.root,
    )
    return faces


def choose_faces(out: Path, photos: Path | None) -> tuple[Faces, Faces]:
    """The faces to train on and those to restore."""
    if photos is None:
        drawn = draw_faces(out)
        return drawn, drawn
    own = cut_faces(out, photos)
    count = len(list_images(own.root))
    if count >= FEWEST_FACES:
        return own, own
    say(
        f'{count} faces are too few to train on (at least {FEWEST_FACES}): '
        'the synthetic faces train, yours are restored'
    )
    return draw_faces(out), own


def write_lr_faces(faces: Faces, cfg: Config, name: str, split: str) -> Path:
    """Make a folder of LR faces, as PNG files, for a method to restore.

    Framed and reduced as in the method's test: what a person would have who
    has only the small pictures.

    Args:
        faces (Faces): Where the HR faces are.
        cfg (Config): The config of the method.
        name (str): Of the method.
        split (str): 'test', or 'all' for faces that no method was trained on.
    """
    settings = cfg.test_dataloader.dataset
    settings.split = None if split == 'all' else split
    # The recipe once more: some networks want the LR face enlarged.
    recipe = read_recipe(cfg.facts.lr_recipe)
    settings.pipeline = [*settings.pipeline[:-1], *recipe]
    dataset = build_dataset(cfg, 'test')
    folder = faces.folder / name / 'low_resolution'
    for sample in dataset:
        file = folder / sample['file']
        write_image(file.with_suffix('.png'), sample['img'])
    return folder


def try_method(name: str, train: Faces, restore: Faces) -> Result:
    """Train, test, compare and restore with one method."""
    config = CONFIGS[name]
    trained, shown = train.folder / name, restore.folder / name
    data = ('--cfg-options', f'data_root={train.root}')
    started = time.time()
    say(f'{name}: training on the {train.whose} ({config})')
    run(
        'tools/train.py',
        config,
        '--work-dir',
        trained / 'training',
        '--resume',
        *data,
    )
    checkpoint = newest_checkpoint(trained / 'training').path
    say(f'{name}: testing on faces it never saw')
    model = measure(config, checkpoint, trained / 'test', data)
    say(f'{name}: the bicubic baseline, by the same metrics')
    baseline = measure(config, '--baseline', trained / 'bicubic', data)
    cfg = load_config(str(ROOT / config), dict(data_root=str(restore.root)))
    split = 'test' if restore == train else 'all'
    lr = write_lr_faces(restore, cfg, name, split)
    say(f'{name}: restoring the folder {lr}')
    restored = shown / 'restored'
    run(
        'tools/test.py',
        config,
        checkpoint,
        '--input',
        lr,
        '--save-dir',
        restored,
    )
    pictures = {
        'LR or enlarged LR, SR and HR of the test': copy_sheet(trained),
        'LR, bicubic, SR of the restored folder': draw_restored(lr, shown),
        **restore_photo(name, checkpoint, shown),
    }
    places = {**pictures, 'restored faces': restored, 'checkpoint': checkpoint}
    how = describe_lr(cfg)
    return Result(name, model, baseline, places, time.time() - started, how)


def restore_photo(name: str, checkpoint: str, folder: Path) -> dict[str, Path]:
    """Draw a photo and restore it; what there is to see of it."""
    photo, out = folder / 'photo' / 'group.png', folder / 'photo_restored'
    if not photo.is_file():
        write_image(photo, render_group(**PHOTO)[0])
    say(f'{name}: restoring the faces in the photo {photo}')
    run(
        '-m',
        'mmfacesr.apis.cli',
        'restore',
        photo,
        '-o',
        out,
        '-m',
        ROOT / CONFIGS[name],
        '--weights',
        checkpoint,
        '--upscale',
        UPSCALE,
    )
    places = {'a photo with faces of several sizes': photo}
    places['its restored enlargement'] = out / 'restored/group.png'
    faces = [
        [read_image(path) for path in sorted(out.glob(f'faces/*_{what}.png'))]
        for what in ('lr', 'sr')
    ]
    if faces[0]:
        sheet = folder / 'photo_faces.png'
        write_image(sheet, comparison_sheet(columns_of(*faces)))
        places['its restored faces: LR, bicubic, SR'] = sheet
    return places


def describe_lr(cfg: Config) -> str:
    """How the LR faces of a method are made; only like ones compare."""
    framing = FRAMINGS[cfg.facts.framing]
    return f'LR by the recipe {cfg.facts.lr_recipe}, of {framing}'


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


def copy_sheet(folder: Path) -> Path:
    """Put the sheet of the newest test where it is easily found."""
    newest = max((folder / 'test').glob('*/vis_data/faces_test.png'))
    target = folder / 'faces.png'
    write_atomic(target, newest.read_bytes())
    return target


def draw_restored(lr: Path, folder: Path) -> Path:
    """Draw a sheet of the first restored faces."""
    names = list_images(lr)[:SHEET_ROWS]
    small = [read_image(lr / name) for name in names]
    large = [read_image(folder / 'restored' / name) for name in names]
    target = folder / 'restored.png'
    write_image(target, comparison_sheet(columns_of(small, large)))
    return target


def table(results: list[Result]) -> str:
    """The results as Markdown tables with their protocol.

    A table for each way of framing and reducing the faces: only the methods
    of one table compare.
    """
    groups: dict[str, list[Result]] = {}
    for result in results:
        groups.setdefault(result.lr, []).append(result)
    return '\n'.join(map(table_of_one_recipe, groups.values()))


def table_of_one_recipe(results: list[Result]) -> str:
    """Methods that are fed alike, below the bicubic baseline."""
    first = results[0].model
    lines = [
        f'{first["images"]} test images; {describe(first["protocol"])}; '
        f'{results[0].lr}.',
        '',
        '| method | PSNR (dB) | SSIM | MAE | above bicubic (dB) |',
        '| --- | --- | --- | --- | --- |',
    ]
    rows = [('bicubic', results[0].baseline)]
    rows += [(result.name, result.model) for result in results]
    for name, report in rows:
        value = values_of(report)
        gain = value['PSNR'] - values_of(results[0].baseline)['PSNR']
        lines.append(
            f'| {name} | {value["PSNR"]:.2f} | {value["SSIM"]:.4f} '
            f'| {value["MAE"]:.2f} | {gain:+.2f} |'
        )
    return '\n'.join(lines) + '\n'


def values_of(report: dict) -> dict[str, float]:
    """The metrics of a report, NaN where no image had a finite value."""
    return {
        name: math.nan if value is None else value
        for name, value in report['metrics'].items()
    }


def describe(protocol: dict[str, object]) -> str:
    """The protocol in one line."""
    return ', '.join(f'{key} {value}' for key, value in protocol.items())


def verdict(result: Result) -> str:
    """Say plainly whether a method is above the baseline."""
    gain = values_of(result.model)['PSNR'] - values_of(result.baseline)['PSNR']
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
        lines += [verdict(result)]
        lines += [
            f'  {what}: {where}' for what, where in result.places.items()
        ]
        lines += ['']
    lines += [
        f'The table is in {out / "results.md"}.',
        'Next:',
        '  every method:      make quickstart METHODS=all',
        '  your own photos:   make quickstart DATA=folder',
        '  a full training:   configs/*/README.md',
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
        default=next(iter(CONFIGS)),
        help='names with commas between, or all; known: '
        + ', '.join(CONFIGS)
        + ' (default: %(default)s, which gains most a minute)',
    )
    parser.add_argument(
        '--data', type=Path, metavar='FOLDER', help='photos of your own'
    )
    parser.add_argument(
        '--out',
        type=partial(output_folder, kind=Path),
        default=ROOT / 'quickstart',
        metavar='FOLDER',
        help='where everything goes (default: quickstart)',
    )
    args = parser.parse_args()
    args.methods = args.methods.replace(',', ' ').split()
    if args.methods == ['all']:
        args.methods = list(CONFIGS)
    unknown = set(args.methods) - set(CONFIGS)
    if unknown or not args.methods:
        parser.error(
            f'unknown methods: {", ".join(unknown) or "none given"}; '
            f'known: {", ".join(CONFIGS)}'
        )
    return args


def main() -> None:
    """Try the methods and say what came out."""
    args = parse_args()
    with clear_errors():
        out = args.out.resolve()
        photos = args.data and args.data.resolve()
        train, restore = choose_faces(out, photos)
        results = [try_method(name, train, restore) for name in args.methods]
        write_atomic(out / 'results.md', table(results).encode())
        say('Done')
        lines = summary(results, out).split('\n')
        sys.stdout.write('\n'.join(map(printable, lines)) + '\n')


if __name__ == '__main__':
    main()
