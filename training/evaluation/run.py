"""Runs an evaluation: items spread over processes, each with a CSV of its own, gone on with after a stop, merged.

Every process appends to `rows-N.csv` and `loops-N.jsonl` in the run's folder; an item counts as done when its last row
is there, so that a run that was killed loses the item it was at. `rows.csv` is all of them in the order of items,
whoever did them: with the same seed it comes out the same, times left out (they are in `times.csv`).
"""

import csv
import json
import multiprocessing
import os
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from queue import Empty
from typing import Any

from engine.errors import EngineError
from engine.music.loop import Loop
from engine.music.loop_json import loop_of_plain, plain_of_loop
from engine.similarity.originality import PhraseIndex
from training.evaluation.items import Evaluator, Row, Sizes

SETTINGS, ROWS, TIMES = "settings.json", "rows.csv", "times.csv"
HEADER = ("key", "source", "item", "measure", "value", "other")
_BEGUN, _DONE = "begun", "done"
_IS_TIME = "time: "


@dataclass(frozen=True, slots=True)
class RunConfig:
    """An evaluation.

    Attributes:
        bundle: Folder of the model.
        data: Folder of packed songs.
        out: Folder of the run.
        split: Whose songs are asked about.
        seed: Of everything.
        sizes: How much is measured.
        processes: How many work at once.
        index: The phrases of training; None leaves originality out.
    """

    bundle: Path
    data: Path
    out: Path
    split: str = "test"
    seed: int = 1
    sizes: Sizes = field(default_factory=Sizes)
    processes: int = 2
    index: Path | None = None

    def settings(self, identity: str) -> dict[str, Any]:
        """Return what makes two runs the same: all but where they lie and how many processes work."""
        return {"model": identity, "split": self.split, "seed": self.seed, "sizes": asdict(self.sizes)}


@dataclass(frozen=True, slots=True)
class Measured:
    """What a run found.

    Attributes:
        rows: All rows but times, by item.
        times: Rows of times.
        loops: Loops by (source, item).
    """

    rows: list[Row]
    times: list[Row]
    loops: dict[tuple[str, int], Loop]


def run(config: RunConfig, identity: str, told: Callable[[int, int], None] = lambda done, total: None) -> Measured:
    """Do what is not done yet and return all that is there.

    Args:
        config: The evaluation.
        identity: Of the model.
        told: Is called with items done and items in all.

    Raises:
        EngineError: The folder holds another evaluation, or a process failed.
    """
    config.out.mkdir(parents=True, exist_ok=True)
    _check_settings(config, identity)
    done = {key for key, _ in _read_all(config.out)}
    keys = _evaluator(config).keys()
    left = [key for key in keys if key not in done]
    told(len(keys) - len(left), len(keys))
    if config.processes == 1:
        for count, _ in enumerate(_work(config, 0, left), start=1):
            told(len(keys) - len(left) + count, len(keys))
    elif left:
        _run_processes(config, left, lambda count: told(len(keys) - len(left) + count, len(keys)))
    return _merged(config, keys)


def _evaluator(config: RunConfig) -> Evaluator:
    index = PhraseIndex.open(config.index) if config.index is not None else None
    return Evaluator(config.bundle, config.data, split=config.split, sizes=config.sizes, seed=config.seed, index=index)


def _work(config: RunConfig, rank: int, keys: Sequence[str]):
    """Do items one after the other, and yield each when it is on disk."""
    evaluator = _evaluator(config)
    table, music = _files(config.out, rank)
    with table.open("a", newline="", encoding="utf-8") as rows_file, music.open("a", encoding="utf-8") as loops_file:
        for key in keys:
            rows, loops = evaluator.run(key)
            for source, item, loop in loops:
                loops_file.write(json.dumps({"source": source, "item": item, "loop": plain_of_loop(loop)}) + "\n")
            loops_file.flush()
            lines = [(key, row.source, row.item, row.measure, repr(row.value), repr(row.other)) for row in rows]
            csv.writer(rows_file).writerows([(key, _BEGUN, 0, "", 0, 0), *lines, (key, _DONE, 0, "", 0, 0)])
            rows_file.flush()
            yield key


def _rank_main(config: RunConfig, rank: int, keys: Sequence[str], tell: Any) -> None:
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    try:
        for _ in _work(config, rank, keys):
            tell.put(None)
    except EngineError as error:
        tell.put(str(error))


def _run_processes(config: RunConfig, keys: Sequence[str], told: Callable[[int], None]) -> None:
    context = multiprocessing.get_context("spawn")
    tell = context.Queue()
    workers = [
        context.Process(target=_rank_main, args=(config, rank, keys[rank :: config.processes], tell))
        for rank in range(config.processes)
    ]
    for worker in workers:
        worker.start()
    try:
        _listen(tell, workers, len(keys), told)
    finally:
        for worker in workers:
            worker.terminate()
            worker.join()


def _listen(tell: Any, workers: Sequence[Any], total: int, told: Callable[[int], None]) -> None:
    count = 0
    while count < total:
        try:
            said = tell.get(timeout=1.0)
        except Empty:
            if any(worker.exitcode not in (None, 0) for worker in workers):
                raise EngineError(
                    "A process of the evaluation ended by itself.", "Run the command again: it goes on where it was."
                ) from None
            continue
        if said is not None:
            raise EngineError("The evaluation could not go on.", said)
        count += 1
        told(count)


def _files(out: Path, rank: int) -> tuple[Path, Path]:
    return out / f"rows-{rank}.csv", out / f"loops-{rank}.jsonl"


def _check_settings(config: RunConfig, identity: str) -> None:
    path, wanted = config.out / SETTINGS, config.settings(identity)
    if path.exists():
        if json.loads(path.read_text(encoding="utf-8")) != wanted:
            raise EngineError(f"{config.out} holds another evaluation.", "Name another folder, or remove that one.")
    else:
        path.write_text(json.dumps(wanted, indent=2), encoding="utf-8")


def _read_all(out: Path) -> list[tuple[str, list[Row]]]:
    """Return finished items and their rows; of an item that two processes did, the first."""
    found: dict[str, list[Row]] = {}
    for path in sorted(out.glob("rows-*.csv")):
        rows: dict[str, list[Row]] = {}
        with path.open(newline="", encoding="utf-8") as file:
            for cells in csv.reader(file):
                if len(cells) != len(HEADER):
                    continue  # the line at which a run was killed
                key, source, item, measure, value, other = cells
                if source == _BEGUN:
                    rows[key] = []  # whatever an earlier try left is void
                elif source == _DONE:
                    found.setdefault(key, rows.pop(key, []))
                else:
                    rows.setdefault(key, []).append(Row(source, int(item), measure, float(value), float(other)))
    return list(found.items())


def _merged(config: RunConfig, keys: Sequence[str]) -> Measured:
    by_key = dict(_read_all(config.out))
    everything = [(key, row) for key in keys for row in by_key[key]]
    rows = [(key, row) for key, row in everything if not row.measure.startswith(_IS_TIME)]
    times = [(key, row) for key, row in everything if row.measure.startswith(_IS_TIME)]
    for name, chosen in ((ROWS, rows), (TIMES, times)):
        fresh = config.out / f"{name}.part"
        with fresh.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(HEADER)
            writer.writerows((key, r.source, r.item, r.measure, repr(r.value), repr(r.other)) for key, r in chosen)
        fresh.replace(config.out / name)
    return Measured([row for _, row in rows], [row for _, row in times], _read_loops(config.out))


def _read_loops(out: Path) -> dict[tuple[str, int], Loop]:
    loops: dict[tuple[str, int], Loop] = {}
    for path in sorted(out.glob("loops-*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            try:
                plain = json.loads(line)
            except ValueError:
                continue  # the line at which a run was killed
            loops[plain["source"], int(plain["item"])] = loop_of_plain(plain["loop"])
    return dict(sorted(loops.items()))
