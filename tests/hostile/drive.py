"""Runs attacks in a process of its own: as another user, and where it may be killed. Used by `worlds.py`.

python -m hostile.drive alone|class ROOT [--without LAYER ...] [--only NAME ...] [--token SECRET]
"""

import argparse
import os
from pathlib import Path

from autograder.fork_server import use_layers
from autograder.isolation.means import LAYERS
from hostile import outside as world
from hostile.alone import Alone
from hostile.classroom import attack_class
from hostile.corpus import load_corpus
from hostile.our_course import open_copy
from hostile.stock import Stock

RESULTS = "results.jsonl"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("runs", choices=["alone", "class", "stock"])
    parser.add_argument("root", type=Path)
    parser.add_argument("--without", nargs="*", default=[], help="layers of isolation to do without")
    parser.add_argument("--only", nargs="*")
    parser.add_argument("--token", help="a secret that no student may see in the list of processes")
    options = parser.parse_args()
    attacks = [attack for attack in load_corpus() if options.only is None or attack.name in options.only]
    world.adopt_orphans()
    outside, results = open_copy(options.root), options.root / RESULTS
    if options.without:
        use_layers(set(LAYERS) - set(options.without))
    match options.runs:
        case "alone":
            Alone(outside, os.getpid()).attack_all(attacks, results)
        case "class":
            attack_class(outside, attacks, results, with_pages=not options.without)
        case "stock":
            Stock(outside).attack_all(attacks, results)


if __name__ == "__main__":
    main()
