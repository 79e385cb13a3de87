"""Shuffling in bounded memory: every order as likely as any other, and nothing half-done is left."""

import random
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import pairwise, permutations
from pathlib import Path

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from scipy.stats import chi2, norm

from search import shuffling
from search.shuffling import ShuffleError, shuffle, shuffled

Shuffler = Callable[[int, int], list[int]]  # from how many lines and a seed to their order
LEAST = 1e-4  # of three statistics of a uniform shuffle, one falls below it in about 3,000 choices of seeds
FEW = 600  # bytes of memory: three short lines
ROOT = Path(__file__).resolve().parents[2]


def one_of_each(n: int, seed: int) -> list[int]:
    """Su Jianlin's two passes: files of consecutive lines, each shuffled, then one line of each, shuffled."""
    chance = random.Random(seed)
    rows = zip(*(chance.sample(range(start, start + n // 2), n // 2) for start in (0, n // 2)), strict=True)
    return [number for row in rows for number in chance.sample(row, 2)]


def pieces(n: int, seed: int) -> list[int]:
    """Files of consecutive lines, each shuffled, written in random order."""
    chance = random.Random(seed)
    files = [chance.sample(range(start, start + n // 2), n // 2) for start in (0, n // 2)]
    return [number for file in chance.sample(files, 2) for number in file]


def dealt_in_turn(n: int, seed: int) -> list[int]:
    """Two buckets of one size: of two lines that follow each other each gets one."""
    chance = random.Random(seed)
    pairs = [chance.sample((number, number + 1), 2) for number in range(0, n, 2)]
    return [number for bucket in zip(*pairs, strict=True) for number in chance.sample(bucket, n // 2)]


def orders(order: Shuffler) -> float:
    """How likely a uniform shuffle strays as far: counts of the 24 orders of four lines (χ² of 23 degrees)."""
    rounds = 720
    counts = Counter(tuple(order(4, seed)) for seed in range(rounds))
    expected = rounds / 24
    return float(chi2.sf(sum((counts[one] - expected) ** 2 / expected for one in permutations(range(4))), 23))


def places(order: Shuffler) -> float:
    """The same for the places of each of 20 lines (χ² of 19 · 19 degrees, as each line and place occurs once)."""
    n, rounds = 20, 300
    counts = np.zeros((n, n))
    for seed in range(rounds):
        counts[order(n, 10_000 + seed), range(n)] += 1
    expected = rounds / n
    return float(chi2.sf((n - 1) / n * ((counts - expected) ** 2 / expected).sum(), (n - 1) ** 2))


def crossings(order: Shuffler) -> float:
    """The same for neighbours that come from one half of the file and from the two of a pair, in both directions."""
    n, rounds = 400, 20
    chances = []
    for same in (lambda a, b: (a < n // 2) == (b < n // 2), lambda a, b: a // 2 == b // 2):
        share = sum(same(0, other) for other in range(1, n)) / (n - 1)
        found = [sum(same(a, b) for a, b in pairwise(order(n, 20_000 + seed))) for seed in range(rounds)]
        expected = rounds * (n - 1) * share
        # Nearly independent: neighbouring pairs share a line, which changes the variance by less than a hundredth.
        spread = (expected * (1 - share)) ** 0.5
        chances.append(2 * norm.sf(abs(sum(found) - expected) / spread))
    return float(min(chances))


STATISTICS = (orders, places, crossings)


@pytest.mark.parametrize("memory", [shuffling.MEMORY, FEW], ids=["two passes", "buckets split again"])
def test_every_order_is_as_likely_as_any_other(tmp_path: Path, memory: int) -> None:
    def order(n: int, seed: int) -> list[int]:
        shuffled(map(str, range(n)), tmp_path / "out", seed=seed, memory=memory)
        return [int(line) for line in (tmp_path / "out").read_text().split()]

    assert all(statistic(order) > LEAST for statistic in STATISTICS)


@pytest.mark.parametrize("order", [one_of_each, pieces, dealt_in_turn])
def test_the_statistics_tell_a_biased_shuffle(order: Shuffler) -> None:
    assert sorted(order(20, 1)) == list(range(20))
    assert min(statistic(order) for statistic in STATISTICS) < LEAST / 1000


def test_the_statistics_let_a_uniform_shuffle_pass() -> None:
    def order(n: int, seed: int) -> list[int]:
        return random.Random(seed).sample(range(n), n)

    assert all(statistic(order) > LEAST for statistic in STATISTICS)


@pytest.mark.parametrize("memory", [300, 20_000, shuffling.MEMORY])
@pytest.mark.parametrize("longest", [0, 5, 90, 700])
def test_no_line_is_lost_or_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, longest: int, memory: int) -> None:
    monkeypatch.setattr(shuffling, "BLOCK", 64)  # lines longer than one and than several
    chance = random.Random(longest)
    lines = [chance.randbytes(chance.randint(0, longest)).replace(b"\n", b"\r") for _ in range(300)]
    source, target = tmp_path / "in", tmp_path / "out"
    source.write_bytes(b"\n".join(lines))
    expected = lines if lines[-1] else lines[:-1]  # a file that ends with a newline has no empty line after it

    assert shuffle(source, target, memory=memory) == len(expected)

    found = target.read_bytes()
    assert found.endswith(b"\n")
    assert Counter(found[:-1].split(b"\n")) == Counter(expected)
    assert {file.name for file in tmp_path.iterdir()} == {"in", "out"}

    assert shuffled(lines, target, memory=memory) == len(lines)
    assert Counter(target.read_bytes()[:-1].split(b"\n")) == Counter(lines)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", []),
        (b"one", [b"one\n"]),
        (b"\n", [b"\n"]),
        (b"a\r\nb\r\n", [b"a\r\n", b"b\r\n"]),
        (b"a\rb\x0bc\n", [b"a\rb\x0bc\n"]),
    ],
)
def test_a_line_ends_with_its_newline_only(tmp_path: Path, content: bytes, expected: list[bytes]) -> None:
    file = tmp_path / "file"
    file.write_bytes(content)
    assert shuffle(file, file) == len(expected)
    assert sorted(file.read_bytes().splitlines(keepends=True) if b"\r" not in content else expected) == expected
    assert len(file.read_bytes()) == sum(map(len, expected))


def test_a_seed_gives_the_same_order_again_and_none_another(tmp_path: Path) -> None:
    def order(seed: int | None) -> str:
        shuffled(map(str, range(1000)), tmp_path / "out", seed=seed)
        return (tmp_path / "out").read_text()

    assert order(7) == order(7)
    assert order(7) != order(8)
    assert order(None) != order(None)


def test_a_file_takes_its_own_place_and_a_link_goes_on_leading_to_it(tmp_path: Path) -> None:
    file, link = tmp_path / "file", tmp_path / "link"
    file.write_text("".join(f"{n}\n" for n in range(100)))
    link.symlink_to(file)
    before = file.read_text()
    assert shuffle(link, link) == 100
    assert link.is_symlink()
    assert file.read_text() != before
    assert sorted(file.read_text()) == sorted(before)


def test_what_fails_leaves_the_target_as_it_was(tmp_path: Path) -> None:
    target = tmp_path / "out"
    target.write_text("as it was\n")

    def broken() -> Iterator[str]:
        yield "one"
        raise RuntimeError("the source is away")

    with pytest.raises(RuntimeError, match="away"):
        shuffled(broken(), target)
    with pytest.raises(ShuffleError, match="a line holds a newline"):
        shuffled(["one\ntwo"], target)
    with pytest.raises(FileNotFoundError):
        shuffle(tmp_path / "none", target)
    assert [file.name for file in tmp_path.iterdir()] == ["out"]
    assert target.read_text() == "as it was\n"


def test_two_do_not_write_one_target(tmp_path: Path) -> None:
    target = tmp_path / "out"

    def lines() -> Iterator[str]:
        yield "first"
        with pytest.raises(ShuffleError, match="another process"):
            shuffled(["second"], target)

    assert shuffled(lines(), target) == 1
    assert target.read_text() == "first\n"


def test_a_full_disk_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    # No file of this process may grow over 1 MB: writing fails midway, as it does on a full disk.
    code = (
        "import resource; from pathlib import Path; from search.shuffling import shuffled\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))\n"
        "try: shuffled(('x' * 99 for _ in range(100_000)), Path('out'))\n"
        "except OSError as error: print(error.strerror)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env={"PYTHONPATH": str(ROOT)}, capture_output=True
    )
    assert done.stdout == b"File too large\n", done.stderr
    assert not list(tmp_path.iterdir())


def test_a_killed_one_leaves_no_target_and_the_next_one_sweeps(tmp_path: Path) -> None:
    code = (
        "import time; from pathlib import Path; from search.shuffling import shuffled\n"
        "def lines():\n"
        "    yield from ('x' * 99 for _ in range(400_000))\n"
        "    print('dealt', flush=True); time.sleep(60)\n"
        "shuffled(lines(), Path('out'))"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=tmp_path, env={"PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "dealt\n"
        process.send_signal(signal.SIGKILL)
    assert [file.name for file in tmp_path.iterdir()] == [".out.part"]
    assert shuffled(["one"], tmp_path / "out") == 1
    assert [file.name for file in tmp_path.iterdir()] == ["out"]


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    code = (
        "import resource, sys; from pathlib import Path; from search.shuffling import shuffled\n"
        "shuffled((f'{n:99}' for n in range(int(sys.argv[1]))), Path('out'), memory=8 << 20)\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )

    def peak(lines: int) -> int:
        done = subprocess.run(
            [sys.executable, "-c", code, str(lines)],
            cwd=tmp_path,
            env={"PYTHONPATH": str(ROOT)},
            capture_output=True,
            check=True,
        )
        return int(done.stdout) << 10

    assert peak(800_000) < peak(100_000) + (8 << 20)  # of files of 80 and of 10 MB


def test_the_command_shuffles_and_says_what_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, target = tmp_path / "in", tmp_path / "out"
    source.write_text("a\nb\nc\n")
    call_command("shuffle", source, target, "--seed", "1")
    assert capsys.readouterr().out == f"3 lines written to {target}.\n"
    assert sorted(target.read_text().split()) == ["a", "b", "c"]
    with pytest.raises(CommandError, match="No such file"):
        call_command("shuffle", tmp_path / "none", target)
    with pytest.raises(CommandError, match="a number from 0"):
        call_command("shuffle", source, target, "--seed", "-1")
