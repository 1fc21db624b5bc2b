"""Fuzzes for as long as you like: `./dev fuzz --inputs 10000000 --seed 1`.

Each layer of `layers` plays blocks of rounds in as many processes as there are processors. A block begins with an empty memory, so it is the
same whenever it is played with the same seed. If a rule is broken, the block is written to a file, the other blocks end, and the exit code is 1. `--replay FILE`
plays that block again.
"""

import argparse
import json
import multiprocessing
import os
import queue
import random
import sys
import time
import traceback
from collections import Counter
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[2] / "plugin"), str(Path(__file__).resolve().parent)]

import layers
import oracle_mbus
import oracle_p1

from telegraf_han.mbus import records
from telegraf_han.p1 import envelope, shapes, text

ROUNDS = 50
"""Rounds of a block."""
REPORT_S = 15


class Failure(Exception):  # noqa: N818, it is no error of this program
    """A rule that was broken, and where."""

    def __init__(self, where, why):
        super().__init__(where, why)
        self.where, self.why = where, why


def forget():
    """Empty what the plugin and the oracle remember of earlier telegrams."""
    for memory in (envelope._openings, text._layouts, shapes._usual, shapes._shapes, records._shapes, records._layouts):
        memory.clear()
    for cached in (oracle_p1.standard, oracle_p1.bag, oracle_mbus.meaning):
        getattr(cached, "cache_clear", dict)()


def block(layer, seed, number, rounds=ROUNDS):
    """Play one block. Returns its tally. Raises Failure."""
    forget()
    tally = layers.Tally()
    play = layers.LAYERS[layer][0]
    for at in range(rounds):
        try:
            play(random.Random(f"{seed}/{layer}/{number}/{at}"), tally)
        except Exception as error:
            where = {"layer": layer, "seed": seed, "block": number, "round": at}
            why = str(error) if isinstance(error, layers.WrongError) else traceback.format_exc()
            raise Failure(where, why) from error
    return tally


def _jobs(jobs):
    """The blocks to play, until there are no more or the program that gives them is gone."""
    while multiprocessing.parent_process().is_alive():
        try:
            job = jobs.get(timeout=5)
        except queue.Empty:
            continue
        if job is None:
            return
        yield job


def _worker(jobs, results):
    for job in _jobs(jobs):
        began = time.process_time()
        try:
            tally, failure = block(*job), None
        except Failure as error:
            tally, failure = layers.Tally(), (error.where, error.why)
        results.put((job[0], dict(tally), time.process_time() - began, failure))


def planned(tallies, wanted):
    """The layer that is furthest behind its share. None if all have theirs."""
    total = sum(share for _, share in layers.LAYERS.values())
    behind = {name: wanted * share / total - tallies[name]["inputs"] for name, (_, share) in layers.LAYERS.items()}
    name = max(behind, key=lambda one: behind[one] / layers.LAYERS[one][1])
    return name if behind[name] > 0 else None


def campaign(inputs, seed, processes, folder, *, limit=1, said=print):
    """Play blocks until so many inputs were fed. Returns the tallies, the processor time in seconds and the failures. Ends early at `limit` failures."""
    context = multiprocessing.get_context("spawn")
    jobs, results = context.Queue(), context.Queue()
    workers = [context.Process(target=_worker, args=(jobs, results), daemon=True) for _ in range(processes)]
    for worker in workers:
        worker.start()
    tallies = {name: Counter() for name in layers.LAYERS}
    expected = {name: Counter() for name in layers.LAYERS}
    sizes = dict.fromkeys(layers.LAYERS, 1)
    numbers = Counter()
    failures, spent_s, waiting, told = [], 0.0, 0, time.monotonic()
    while True:
        while waiting < 2 * processes and len(failures) < limit:
            name = planned(expected, inputs)
            if name is None:
                break
            jobs.put((name, seed, numbers[name]))
            numbers[name] += 1
            expected[name]["inputs"] += sizes[name]
            waiting += 1
        if not waiting:
            break
        name, tally, used_s, failure = results.get()
        waiting -= 1
        tallies[name].update(tally)
        spent_s += used_s
        if failure:
            failures.append(saved(failure, folder))
            said(f"E! {failure[1]}\nE! play it again: ./dev fuzz --replay {failures[-1]}", flush=True)
        else:
            expected[name]["inputs"] += tally["inputs"] - sizes[name]
            sizes[name] = tally["inputs"]
        if time.monotonic() - told > REPORT_S:
            told = time.monotonic()
            total = sum(tallies.values(), Counter())
            said(
                f"I! {total['inputs']:,} of {inputs:,} inputs, {total['values']:,} values compared, {spent_s:.0f} s of processor time",
                flush=True,
            )
    for _ in workers:
        jobs.put(None)
    for worker in workers:
        worker.join()
    return tallies, spent_s, failures


def saved(failure, folder):
    """The file that plays a failure again."""
    where, why = failure
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{where['layer'].replace(' ', '-').replace(',', '')}-{where['seed']}-{where['block']}.json"
    path.write_text(json.dumps(where | {"why": why}, indent=1) + "\n")
    return path


def table(tallies, spent_s):
    """What was done, as lines for a person."""
    lines = [f"{'layer':34}{'inputs':>12}{'decoded':>12}{'values':>12}{'fields':>12}{'times':>12}"]
    total = sum(tallies.values(), Counter())
    lines += [
        f"{name:34}" + "".join(f"{one[what]:>12,}" for what in ("inputs", "decoded", "values", "fields", "times"))
        for name, one in [*tallies.items(), ("all", total)]
    ]
    lines += [
        f"{name}: {count:,}" for name, count in sorted(total.items()) if name not in ("inputs", "decoded", "values", "fields", "times")
    ]
    return "\n".join([*lines, f"processor time: {spent_s:.0f} s"])


def replayed(path):
    """Play the block of a file again. Raises Failure."""
    where = json.loads(path.read_text())
    return block(where["layer"], where["seed"], where["block"], where["round"] + 1)


def main(words=None):
    """See the module."""
    parser = argparse.ArgumentParser(prog="./dev fuzz", description=__doc__.splitlines()[0])
    parser.add_argument("--inputs", type=int, default=200_000, help="how many telegrams and pieces of noise to feed")
    parser.add_argument("--seed", type=int, default=1, help="another seed makes other inputs")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--failures", type=int, default=1, help="end at so many failures")
    parser.add_argument("--folder", type=Path, default=Path(".cache/fuzz"), help="where a failure is written")
    parser.add_argument("--replay", type=Path, metavar="FILE", help="play a failure again")
    options = parser.parse_args(words)
    if options.replay:
        try:
            replayed(options.replay)
        except Failure as error:
            print(f"E! {error.why}")
            return 1
        print("I! the failure does not come any more")
        return 0
    tallies, spent_s, failures = campaign(options.inputs, options.seed, options.processes, options.folder, limit=options.failures)
    print(table(tallies, spent_s))
    print(f"E! {len(failures)} failures: {', '.join(map(str, failures))}" if failures else "I! no rule was broken")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
