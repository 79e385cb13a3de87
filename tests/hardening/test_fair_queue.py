"""Turns among clients that wait."""

import gc
import random
import weakref
from collections import Counter, defaultdict, deque
from concurrent.futures import ThreadPoolExecutor

import pytest

from config.fair_queue import FairQueue


class Client:
    """Somebody who can be forgotten."""


def test_one_client_is_served_in_the_order_of_its_requests() -> None:
    queue = FairQueue[int]()
    for number in range(5):
        queue.put("a", number, float(number))
    assert [queue.take()[0] for _ in range(5)] == list(range(5))


def test_clients_take_turns_whatever_one_of_them_has_waiting() -> None:
    queue = FairQueue[str]()
    for number in range(1000):
        queue.put("flood", f"flood {number}", 0.0)
    queue.take()
    queue.put("calm", "calm 0", 1.0)
    queue.put("calm", "calm 1", 1.0)
    queue.put("other", "other 0", 1.0)
    taken = [queue.take()[0] for _ in range(7)]
    assert taken == ["flood 1", "calm 0", "other 0", "flood 2", "calm 1", "flood 3", "flood 4"]


def test_a_turn_is_never_further_away_than_there_are_clients() -> None:
    chance = random.Random(1)
    queue, waiting = FairQueue[tuple[int, int]](), defaultdict[int, deque[int]](deque)
    turns = Counter[int]()  # taken since a client's last turn, or since it came
    for number in range(20_000):
        if chance.random() < 0.5 or not any(waiting.values()):
            client = min(int(chance.expovariate(0.5)), 19)
            if not waiting[client]:
                turns[client] = 0
            waiting[client].append(number)
            queue.put(client, (client, number), 0.0)
        else:
            (client, first), _ = queue.take()
            assert waiting[client].popleft() == first
            assert turns[client] < 20
            turns.update(other for other, its in waiting.items() if its and other != client)
            turns[client] = 0


def test_a_client_waits_since_its_queue_was_last_empty() -> None:
    queue = FairQueue[str]()
    queue.put("a", "first", 1.0)
    queue.put("a", "second", 2.0)
    assert [queue.take(), queue.take()] == [("first", 1.0), ("second", 1.0)]
    queue.put("a", "third", 3.0)
    assert queue.take() == ("third", 3.0)


def test_a_client_with_nothing_waiting_is_forgotten() -> None:
    queue = FairQueue[int]()
    clients = [Client() for _ in range(100)]
    known = [weakref.ref(client) for client in clients]
    for number, client in enumerate(clients * 2):
        queue.put(client, number, 0.0)
    for _ in range(200):
        queue.take()
    del clients, client
    gc.collect()
    assert [client() for client in known] == [None] * 100
    with pytest.raises(KeyError):
        queue.take()


def test_threads_take_each_request_once() -> None:
    queue = FairQueue[int]()

    def put(client: int) -> None:
        for number in range(2000):
            queue.put(number % (client + 1), 2000 * client + number, 0.0)

    def take(_: int) -> list[int]:
        found: list[int] = []
        while len(found) < 2000:
            try:
                found.append(queue.take()[0])
            except KeyError:  # those that put are behind
                continue
        return found

    with ThreadPoolExecutor(8) as pool:
        putting = [pool.submit(put, client) for client in range(4)]
        taken = [number for found in pool.map(take, range(4)) for number in found]
        assert [future.result() for future in putting] == [None] * 4
    assert sorted(taken) == list(range(8000))
