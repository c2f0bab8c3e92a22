# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Hostile cases, tried in processes that may crash, hang or eat memory.

An area is a function of a seed and a :class:`Trial`; it makes a case or some
of them and gives each to the trial. ``survey`` runs areas in forked workers
and reports what went wrong with the seed. One seed again, in this process,
without a limit::

    HOSTILE_SEED=123 python -m pytest tests/test_hostile/test_images.py -s
"""

import faulthandler
import os
import random
import resource
import shutil
import signal
import sys
import tempfile
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import cv2
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.strategies import SearchStrategy

from mmfacesr.apis.launch import EXPECTED_ERRORS

SECONDS = 10  # of the processor
WAITING = 3  # times as many by the clock: others work, too
MEMORY = 4 << 30
WORKERS = 2
SHORTEST = 10  # letters of a message that says something
ONE = 'HOSTILE_SEED'
RUNS = ('subprocess.Popen', 'os.system', 'os.exec', 'os.posix_spawn')
RUNS += ('os.spawn', 'os.fork', 'pty.spawn', 'socket.connect')
CHANGES = ('os.mkdir', 'os.remove', 'os.rename', 'os.rmdir', 'os.symlink')
CHANGES += ('os.link', 'os.truncate', 'os.chmod', 'shutil.rmtree')
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
NEW_SECOND = ('os.rename', 'os.symlink', 'os.link')
REPORT = 'report'
SLIPS = (TypeError, KeyError, AssertionError, ImportError)
TESTS = str(Path(__file__).parents[1] / 'test_hostile' / 'test_')
NOT_FILES = ('/dev/null/', '/proc/self/')


class Fault(Exception):  # noqa: N818
    """What a case did that it must not do."""


@dataclass
class Outcome:
    """What came of the cases of an area.

    Attributes:
        cases (Counter): How many there were of each kind.
        faults (list[tuple[int, str, str]]): Seed, kind, and what went wrong.
        changed (int): Cases that changed a file outside of their output.
    """

    cases: Counter = field(default_factory=Counter)
    faults: list[tuple[int, str, str]] = field(default_factory=list)
    changed: int = 0

    @property
    def times(self) -> int:
        """Number of cases that were run."""
        return sum(self.cases.values())

    def __str__(self) -> str:
        """The faults, each with its seed."""
        return '\n'.join(
            f'{ONE}={seed} {kind}: {what}' for seed, kind, what in self.faults
        )


class Trial:
    """Runs cases one by one and watches them.

    Args:
        folder (Path): Of this worker. ``out`` in it is for results and
            ``inputs`` for the case's own files, both are empty for each seed;
            ``around`` holds what must not change and is where the case runs.
        memory (int): Bytes that a case may take.
        report (BinaryIO | None): Where lines go; None for a single seed.
    """

    def __init__(
        self,
        folder: Path,
        memory: int = MEMORY,
        report: BinaryIO | None = None,
    ) -> None:
        self.out, self.inputs = folder / 'out', folder / 'inputs'
        self.around = folder / 'around'
        self.around.mkdir(parents=True, exist_ok=True)
        (self.around / 'kept').write_text('kept')
        self.allowed = (f'{self.out}/', f'{self.inputs}/')
        self.memory, self.report, self.seen = memory, report, ''
        self.base = 0
        self.watched = False
        self.before = self._snapshot()

    def empty(self) -> None:
        """Begin with empty folders."""
        for place in (self.out, self.inputs):
            shutil.rmtree(place, ignore_errors=True)
            place.mkdir()

    def say(self, *words: object) -> None:
        """Tell the parent at once, as a crash comes without a word."""
        if self.report:
            line = '\t'.join(map(str, words)).replace('\n', ' | ')
            self.report.write(f'{line}\n'.encode(errors='backslashreplace'))

    def __call__(self, kind: str, act: Callable[[], Any]) -> Any:
        """Run a case.

        Args:
            kind (str): What was done to the input.
            act (Callable): Returns properly, or raises an expected error.

        Raises:
            Fault: If it does anything else.
        """
        self.say('case', kind)
        self.base = _peak(anew=True)
        self.seen, self.watched = '', True
        self._limit(SECONDS if self.report else 0)
        try:
            return act()
        except EXPECTED_ERRORS as error:
            slips = isinstance(error, SLIPS)
            if slips and _place(error).startswith(TESTS):
                raise Fault(f'{error!r:.300} of the test itself') from error
            if isinstance(error, RecursionError):
                raise Fault(f'a RecursionError at {_place(error)}') from error
            if len(str(error)) < SHORTEST:
                raise Fault(f'says only {error!r}') from error
        except Fault:
            raise
        except Exception as error:
            raise Fault(f'{error!r:.300} at {_place(error)}') from error
        finally:
            self._limit(0)
            self.watched = False
            self._check()

    def _limit(self, seconds: float) -> None:
        signal.setitimer(signal.ITIMER_PROF, seconds)
        signal.setitimer(signal.ITIMER_REAL, WAITING * seconds)

    def _check(self) -> None:
        """Look at what the case has left."""
        taken = _peak() - self.base
        if self.report and taken > self.memory:
            self.say('memory', f'{taken >> 20} MiB')
            os._exit(0)
        after = self._snapshot()
        if after != self.before:
            self.before = after
            raise Fault('outside: files around have changed')
        if self.seen:
            raise Fault(self.seen)

    def _snapshot(self) -> list:
        """All that lies around, without what it holds."""
        found = []
        for here, folders, files in os.walk(self.around):
            for name in folders + files:
                path = os.path.join(here, name)
                info = os.lstat(path)
                found.append(
                    (path, info.st_mode, info.st_size, info.st_mtime_ns)
                )
        return sorted(found)

    def watch(self, event: str, args: tuple) -> None:
        """Audit hook: note what is written elsewhere, and what is run."""
        if not self.watched or self.seen:
            return
        if event in RUNS:
            self.seen = f'code: {event} {args!r:.200}'
        elif event == 'open':
            flags = args[2] if isinstance(args[2], int) else 0
            # A folder is opened as if to write for a file without a name.
            if flags & WRITING and not os.path.isdir(args[0]):
                self._judge(args[0])
        elif event in CHANGES:
            # Of a link and of a renaming, the second is made.
            self._judge(args[event in NEW_SECOND], *args[-1:])

    def _judge(self, place: object, base: object = -1) -> None:
        if isinstance(place, int):
            return
        place = os.fsdecode(place)
        if isinstance(base, int) and base > 2:  # relative to an open folder
            place = os.path.join(os.readlink(f'/proc/self/fd/{base}'), place)
        folder, name = os.path.split(os.path.abspath(place))
        real = os.path.join(os.path.realpath(folder), name, '')
        if not real.startswith((*self.allowed, *NOT_FILES)):
            self.seen = f'outside: writes {place!r:.200}'


def _place(error: BaseException) -> str:
    """File and line where an error was raised."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f'{last.filename}:{last.lineno}'


Area = Callable[[int, Trial], None]


def survey(
    area: Area,
    seeds: int,
    folder: Path,
    memory: int = MEMORY,
    workers: int = WORKERS,
) -> Outcome:
    """Try an area in workers of its own, each for every second seed.

    A worker that dies is followed by one for the seeds that are left.
    """
    outcome = Outcome()
    if ONE in os.environ:
        return _single(area, folder)
    folders = [folder / str(k) for k in range(workers)]
    started = [
        _start(area, range(k, seeds, workers), place, memory)
        for k, place in enumerate(folders)
    ]
    for pid, place in zip(started, folders):
        while (died_of := _follow(pid, place, outcome)) >= 0:
            rest = range(died_of + workers, seeds, workers)
            pid = _start(area, rest, place, memory)
    return outcome


def _single(area: Area, folder: Path) -> Outcome:
    """Run one seed here, with its traceback."""
    trial = Trial(folder / 'single')
    trial.empty()
    with _inside(trial.around):
        area(int(os.environ[ONE]), trial)
    raise SystemExit('this seed ended as it should')


@contextmanager
def _inside(folder: Path) -> Iterator[None]:
    former = os.getcwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(former)


def _start(area: Area, seeds: range, folder: Path, memory: int) -> int:
    """Fork a worker, which reports to a file; returns its id."""
    folder.mkdir(exist_ok=True)
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')  # of threads, which only wait
        pid = os.fork()
    if pid:
        return pid
    try:
        with open(folder / REPORT, 'wb', 0) as report:
            _work(area, seeds, folder, memory, report)
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(1)


def _work(
    area: Area, seeds: range, folder: Path, memory: int, report: BinaryIO
) -> None:
    """Run some seeds; ends the process."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    warnings.simplefilter('ignore')
    faulthandler.disable()
    cv2.setNumThreads(0)
    for number in (signal.SIGALRM, signal.SIGPROF):
        signal.signal(number, signal.SIG_DFL)  # ends native code, too
    most = _data_size() + 2 * memory  # for the sake of the machine
    resource.setrlimit(resource.RLIMIT_DATA, (most, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    trial = Trial(folder, memory, report)
    sys.addaudithook(trial.watch)
    os.chdir(trial.around)
    tempfile.tempdir = str(trial.inputs)
    for number in seeds:
        trial.say('seed', number)
        trial.empty()
        try:
            area(number, trial)
        except Fault as fault:
            trial.say('fault', fault)
    trial.say('end')
    os._exit(0)


def _peak(anew: bool = False) -> int:
    """Bytes that this process has had at most.

    Args:
        anew (bool): Count from now on. A system that takes unused memory back
            makes a process small again, but not its peak. Defaults to False.
    """
    if anew:
        with suppress(OSError):
            Path('/proc/self/clear_refs').write_text('5')
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10


def _data_size() -> int:
    """Bytes of private memory, used or not."""
    for line in Path('/proc/self/status').read_text().splitlines():
        if line.startswith('VmData:'):
            return int(line.split()[1]) << 10
    raise OSError('no VmData in /proc/self/status')


def _follow(pid: int, folder: Path, outcome: Outcome) -> int:
    """Read what a worker said; returns the seed it died of, or -1."""
    _, status = os.waitpid(pid, 0)
    number, kind, word = -1, '', ''
    for line in (folder / REPORT).read_text().split('\n')[:-1]:
        word, _, rest = line.partition('\t')
        if word == 'seed':
            number = int(rest)
        elif word == 'case':
            kind = rest
            outcome.cases[kind] += 1
        elif word in ('fault', 'memory'):
            fault = rest if word == 'fault' else f'memory: {rest}'
            outcome.faults.append((number, kind, fault))
            outcome.changed += fault.startswith('outside')
    if word == 'end':
        return -1
    if word != 'memory':
        code = os.waitstatus_to_exitcode(status)
        hung = -code in (signal.SIGALRM, signal.SIGPROF)
        what = f'hang: over {SECONDS} s' if hung else f'crash: status {code}'
        outcome.faults.append((number, kind, what))
    return number


def examples(
    strategy: SearchStrategy, body: Callable, number: int, count: int
) -> None:
    """Give ``body`` examples of a strategy; the same for the same number.

    Raises:
        Fault: At the first example that is not dealt with as it should.
    """
    faults: list[Fault] = []

    def watched(example: Any) -> None:
        if not faults:  # hypothesis would try the same again
            try:
                body(example)
            except Fault as fault:
                faults.append(fault)

    test = given(strategy)(watched)
    settings(
        max_examples=count,
        phases=[Phase.generate],
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
    )(seed(number)(test))()
    if faults:
        raise faults[0]


def mutate(data: bytes, chance: random.Random, other: bytes = b'') -> tuple:
    """Damage a file: the kind of damage and the bytes.

    Args:
        data (bytes): A whole file.
        chance (random.Random): Chooses.
        other (bytes): Another file, for splices. Defaults to none.
    """
    if not data:
        return 'empty', data
    at, size = chance.randrange(len(data)), chance.choice((1, 4, 16, 300))
    head = min(at, 64) if chance.random() < 0.5 else at
    block = data[at : at + size]
    match chance.randrange(8):
        case 0:
            changed = bytearray(data)
            for _ in range(chance.choice((1, 2, 8))):
                changed[chance.randrange(len(data))] ^= 1 << chance.randrange(
                    8
                )
            return 'bits', bytes(changed)
        case 1:
            return 'cut', data[:at]
        case 2:
            filled = chance.choice((b'\0', b'\xff', b'\x80', b'\x7f'))
            return 'filled', data[:head] + filled * size + data[head + size :]
        case 3:
            value = chance.choice((0, 1, 0x7FFFFFFF, 0xFFFFFFFF, 65535, at))
            order = chance.choice(('big', 'little'))
            width = chance.choice((2, 4))
            number = (value & (256**width - 1)).to_bytes(width, order)
            return 'length', data[:head] + number + data[head + width :]
        case 4:
            times = chance.choice((1, 2, 50))
            return 'doubled', data[:at] + block * times + data[at:]
        case 5:
            return 'removed', data[:at] + data[at + size :]
        case 6:
            from_here = chance.randrange(len(other) + 1)
            return 'spliced', data[:at] + other[from_here:]
        case _:
            to = chance.randrange(len(data))
            return 'moved', data[:to] + block + data[to + len(block) :]
