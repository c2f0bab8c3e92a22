# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
r"""Compare precisions of models: accuracy, size and time, in one table.

    python tools/deployment/compare_precisions.py NAME --data FACES
    python tools/deployment/compare_precisions.py NAME=CHECKPOINT NAME ... \
        --data FACES --markdown table.md --json table.json

Rows are float32, float16 and two kinds of int8 as ONNX files run by
onnxruntime, and bfloat16 as torch runs it. Every second face calibrates int8;
PSNR and SSIM are of the others, against the ground truth: RGB, a border of the
scale cut off, not rounded, LR faces by the recipe of the model. The time is
that of one face on the CPU; the rows take turns. What this processor cannot
compute in, and would only imitate, has no time: 'not applicable'.

Parameters are those that the image depends on, and multiply-adds those of one
face of the size that is given beside them. Models without a checkpoint have
the weights in the package, or else those with which a training begins: their
rows say so, and their accuracy means nothing.
"""

import argparse
import json
import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mmfacesr.apis.launch import add_weights_dir, clear_errors
from mmfacesr.apis.measuring import add_faces, load_faces, restore_all
from mmfacesr.utils import output_file, write_atomic

if TYPE_CHECKING:
    from torch import Tensor, nn

    from mmfacesr.apis.face_network import FaceNetwork
    from mmfacesr.deploy.guarding import Cost

NOT_APPLICABLE = 'not applicable'
UNTRAINED = 'untrained'
ROUNDS = 50
MILLI, MEGA, GIGA = 1e3, 1e6, 1e9
HEADER = (
    'model',
    'weights',
    'precision',
    'PSNR',
    'SSIM',
    'int8',
    'MB',
    'parameters',
    'GMACs (input)',
    'p50 ms',
    'p90 ms',
    'protocol',
)


@dataclass
class Row:
    """A precision of a model; times in milliseconds a face.

    Args:
        note (str): Of int8: what it costs and whether that is accepted; else
            why there are no values.
    """

    model: str
    weights: str
    precision: str
    protocol: str
    images: int
    parameters: int
    macs: int
    input_size: int
    psnr: float | None = None
    ssim: float | None = None
    bytes: int | None = None
    p50: float | None = None
    p90: float | None = None
    note: str = ''

    def line(self) -> str:
        """Return a line of the table."""
        cells = (
            self.model,
            self.weights,
            self.precision,
            _text(self.psnr, '.3f'),
            _text(self.ssim, '.4f'),
            self.note or '-',
            '-' if self.bytes is None else f'{self.bytes / MEGA:.2f}',
            f'{self.parameters / MEGA:.3f} M',
            f'{self.macs / GIGA:.2f} ({self.input_size}x{self.input_size})',
            _text(self.p50, '.1f'),
            _text(self.p90, '.1f'),
            self.protocol,
        )
        return f'| {" | ".join(cells)} |'


def _text(value: float | None, form: str) -> str:
    """A number, or that there is none."""
    return NOT_APPLICABLE if value is None else format(value, form)


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        'models',
        nargs='+',
        metavar='NAME[=CHECKPOINT]',
        help='name or config of a model, and its weights: a file, a URL or a '
        'name',
    )
    add_faces(parser, 'drawn faces')
    parser.add_argument(
        '--exporter',
        choices=['auto', 'dynamo', 'torchscript'],
        default='torchscript',
        help='as of export.py (default: %(default)s, which is faster)',
    )
    parser.add_argument(
        '--threads', type=int, metavar='N', help='default: all cores'
    )
    parser.add_argument(
        '--rounds',
        type=int,
        default=ROUNDS,
        metavar='N',
        help='runs of each row (default: %(default)s)',
    )
    for name in ('markdown', 'json'):
        parser.add_argument(
            f'--{name}',
            type=output_file(),
            metavar='FILE',
            help='write the table',
        )
    add_weights_dir(parser)
    return parser.parse_args()


def load_model(text: str) -> 'tuple[nn.Module, str]':
    """Build a model; return it and what its weights are."""
    from mmfacesr.apis import get_model
    from mmfacesr.weights.model_index import find_entry

    name, _, checkpoint = text.partition('=')
    entry = find_entry(name)
    is_packaged = bool(entry and entry.packaged)
    model = get_model(name, checkpoint or is_packaged)
    if model.facts is None:
        raise ValueError(
            f'Expected a model that restores faces, got {name}; choose '
            'another one.'
        )
    packaged = 'in the package' if is_packaged else UNTRAINED
    return model, Path(checkpoint).name or packaged


def files_of(
    model: 'nn.Module',
    faces: 'FaceNetwork',
    truth: list[np.ndarray],
    folder: Path,
    exporter: str,
) -> Iterator[tuple[str, Path | None, str]]:
    """Write the files; yield the precision, the file, and why it is none."""
    from mmfacesr.deploy import ExportMismatchError, export_model
    from mmfacesr.deploy.int8 import CALIBRATIONS, calibrated

    for dtype in ('fp32', 'fp16'):
        path = folder / f'{dtype}.onnx'
        try:
            export_model(model, path, dtype=dtype, exporter=exporter)
        except ExportMismatchError as error:
            yield dtype, None, f'refused: {error}'
        else:
            yield dtype, path, ''
    exact = folder / 'fp32.onnx'
    if not exact.exists():
        return
    with calibrated(exact, faces, truth) as (source, _):
        for method in CALIBRATIONS:
            path = folder / f'{method}.onnx'
            source.write(path, method)
            yield f'int8-{method}', path, ''


def has_instructions(dtype: str) -> bool:
    """Whether the processor computes in a precision itself."""
    import torch

    from mmfacesr.deploy.choices import processor_of

    if not dtype.startswith(('fp16', 'bf16')):
        return True
    words = ' '.join(processor_of(torch.device('cpu'))).split()
    wanted = dict(bf16=('avx512_bf16', 'amx_bf16', 'bf16'), fp16=('fphp',))
    return not {*words}.isdisjoint(wanted[dtype[:4]])


def measure(text: str, args: argparse.Namespace, folder: Path) -> list[Row]:
    """Measure all precisions of a model."""
    from mmfacesr.apis.complexity import (
        count_image_macs,
        count_image_parameters,
    )
    from mmfacesr.apis.face_network import FaceNetwork
    from mmfacesr.deploy import formats
    from mmfacesr.deploy.backends import torch_eager
    from mmfacesr.deploy.guarding import Guard
    from mmfacesr.deploy.int8 import Int8
    from mmfacesr.models.common.folding import fold

    model, weights = load_model(text)
    facts = model.facts
    faces = FaceNetwork(facts, model)
    given = load_faces(args, facts.gt_size)[1] if args.data else None
    truth = Int8(truth=given).faces(facts.gt_size)
    judged = truth[1::2]
    lr = [faces.lr_of(face) for face in judged]
    example = faces.normalize([faces.input_of(lr[0])])
    common = dict(
        model=facts.name,
        weights=weights,
        protocol=f'RGB, border {facts.scale}, not rounded, LR by '
        f'{facts.lr_recipe}, mean of {len(judged)} faces',
        images=len(judged),
        parameters=count_image_parameters(model, example),
        macs=count_image_macs(model, facts.input_size),
        input_size=facts.input_size,
    )
    rows, runs, guard = {}, {}, None
    files = files_of(model, faces, truth[::2], folder, args.exporter)
    for precision, path, reason in files:
        row = rows[precision] = Row(**common, precision=precision, note=reason)
        if path:
            runs[precision] = formats.run_onnx(path)
            row.bytes = path.stat().st_size
        if precision == 'fp32' and path:
            guard = Guard(facts, runs[precision], judged)
        if precision.startswith('int8'):
            row.note = note_of(guard.judge(runs[precision]))
    rows['bf16'] = Row(**common, precision='bf16')
    if has_instructions('bf16'):
        runs['bf16'] = torch_eager(
            fold(faces.network, example), example, 'bfloat16'
        )
    for precision, run in runs.items():
        found = quality(FaceNetwork(facts, run), lr, judged)
        rows[precision].psnr, rows[precision].ssim = found
    add_times(rows, runs, example, args.rounds)
    return list(rows.values())


def note_of(cost: 'Cost') -> str:
    """Tell what int8 costs, and whether an export would accept it."""
    moved = f'{np.median(cost.moved):.2%}' if len(cost.moved) else 'not found'
    return (
        f'{"accepted" if cost.is_small else "refused"}: '
        f'{cost.losses.mean():.3f} dB lost, worst {cost.losses.max():.3f}, '
        f'landmarks {moved}, {cost.vanished} vanished'
    )


def quality(
    network: 'FaceNetwork', lr: list[np.ndarray], truth: list[np.ndarray]
) -> tuple[float, float]:
    """Mean PSNR in dB and SSIM of restored faces."""
    from mmfacesr.evaluation.functional.image_quality import psnr, ssim

    border, values = network.facts.scale, []
    for face, hr in zip(lr, truth, strict=True):
        (sr,) = restore_all(network, [face])
        values.append((psnr(sr, hr, border), ssim(sr, hr, border)))
    return tuple(map(float, np.mean(values, 0)))


def add_times(
    rows: dict[str, Row],
    runs: 'dict[str, Callable[[Tensor], Tensor]]',
    example: 'Tensor',
    rounds: int,
) -> None:
    """Time what the processor computes in itself."""
    from mmfacesr.deploy.timing import all_seconds

    timed = {name: run for name, run in runs.items() if has_instructions(name)}
    found = all_seconds(timed, example, rounds, True, far_behind=np.inf)
    for name, seconds in found.items():
        rows[name].p50, rows[name].p90 = (
            MILLI * float(np.percentile(seconds, part)) for part in (50, 90)
        )


def heading(args: argparse.Namespace) -> str:
    """Say on which machine and how it is measured."""
    import onnxruntime
    import torch

    from mmfacesr.apis.report import commit_of_clone
    from mmfacesr.deploy.choices import processor_of

    machine = '\n'.join(filter(None, processor_of(torch.device('cpu'))))
    return (
        f'{date.today()}, commit {commit_of_clone()}, torch '
        f'{torch.__version__}, onnxruntime {onnxruntime.__version__}, '
        f'{torch.get_num_threads()} threads of {os.cpu_count()} cores, '
        f'{args.rounds} runs, one face each\n{machine}\n'
    )


def table(rows: list[Row]) -> str:
    """Return the table as Markdown."""
    lines = [f'| {" | ".join(HEADER)} |', '| --- ' * len(HEADER) + '|']
    return '\n'.join([*lines, *(row.line() for row in rows)])


def write(args: argparse.Namespace, head: str, rows: list[Row]) -> None:
    """Write the files that are asked for."""
    if args.markdown:
        said = f'{head}\n{table(rows)}\n'
        write_atomic(args.markdown, said.encode())
    if args.json:
        found = dict(machine=head, rows=[asdict(row) for row in rows])
        write_atomic(args.json, json.dumps(found, indent=1).encode())


def main() -> None:
    """Measure, print and write the table, model by model."""
    args = parse_args()
    with clear_errors():
        import torch

        torch.set_num_threads(args.threads or os.cpu_count())
        rows, head = [], heading(args)
        print(head)
        for text in args.models:
            torch.manual_seed(0)
            with tempfile.TemporaryDirectory() as folder:
                found = measure(text, args, Path(folder))
            rows += found
            print(table(found), flush=True)
            write(args, head, rows)  # so far, should the next one fail


if __name__ == '__main__':
    main()
