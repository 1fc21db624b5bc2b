"""Runs one target of `targets` under atheris, which looks which bytes reach new branches: `guided.py TARGET RUNS [SEED] [FOLDER]`.

The corpus is made at the start from invented telegrams. What breaks a rule is left in FOLDER as `crash-…`, and `guided.py TARGET FILE` plays
such a file again. atheris has no wheel for every processor. Without it, the corpus is changed at random, without a look at branches.
"""

import random
import sys
import tempfile
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[2] / "plugin"), str(Path(__file__).resolve().parent)]

try:
    import atheris
except ImportError:
    atheris = None


def loaded():
    """The targets. Under atheris, the plugin's modules are compiled with counters of branches."""
    if atheris is None:
        import targets

        return targets
    with atheris.instrument_imports(include=["telegraf_han"], enable_loader_override=False):
        import targets
    return targets


def at_random(target, corpus, runs, seed):
    """The search without atheris."""
    import mutating

    chance = random.Random(seed)
    for _ in range(runs):
        target(mutating.mutated(chance, chance.choice(corpus), 0))
    print(f"Done {runs} runs at random")


def main(words):
    """See the module."""
    targets = loaded()
    target = targets.TARGETS[words[0]]
    if not words[1].isdigit():
        target(Path(words[1]).read_bytes())
        print("I! the file breaks no rule any more")
        return
    runs, seed = int(words[1]), words[2] if len(words) > 2 else "1"
    folder = Path(words[3] if len(words) > 3 else ".cache/fuzz")
    folder.mkdir(parents=True, exist_ok=True)
    corpus = targets.corpus(words[0])
    for one in corpus:
        target(one)
    if atheris is None:
        at_random(target, corpus, runs, seed)
        return
    with tempfile.TemporaryDirectory() as found:
        for number, one in enumerate(corpus):
            (Path(found) / f"{number:03}").write_bytes(one)
        options = [f"-runs={runs}", f"-seed={seed}", "-max_len=600", "-timeout=60", "-print_final_stats=1", f"-artifact_prefix={folder}/"]
        atheris.Setup([sys.argv[0], *options, found], target)
        atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1:])
