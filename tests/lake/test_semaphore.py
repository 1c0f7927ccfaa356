"""What becomes free goes round by group: first come within a group, so many of one caller, half while another waits."""

import os
import threading

from connector.lake.semaphore import FairSemaphore, Ticket


def admitted(*tickets: Ticket) -> list[bool]:
    return [ticket.is_admitted() for ticket in tickets]


def test_while_there_is_room_everybody_is_admitted() -> None:
    semaphore = FairSemaphore(3)

    assert admitted(*(semaphore.enter("north") for _ in range(4))) == [True, True, True, False]


def test_within_a_group_who_came_first_is_first() -> None:
    semaphore = FairSemaphore(1)
    first, second, third = (semaphore.enter("north") for _ in range(3))

    first.leave()
    assert admitted(second, third) == [True, False]
    second.leave()
    assert admitted(third) == [True]


def test_groups_are_served_in_turn_however_many_wait() -> None:
    semaphore = FairSemaphore(1)
    running = semaphore.enter("north")
    waiting = {f"north {number}": semaphore.enter("north") for number in range(4)}
    waiting |= {f"south {number}": semaphore.enter("south") for number in range(2)}
    waiting |= {"east 0": semaphore.enter("east")}
    order = []

    while waiting:
        running.leave()
        [(name, running)] = [(name, ticket) for name, ticket in waiting.items() if ticket.is_admitted()]
        del waiting[name]
        order.append(name)

    assert order == ["north 0", "south 0", "east 0", "north 1", "south 1", "north 2", "north 3"]


def test_a_group_has_half_at_most_while_another_waits() -> None:
    semaphore = FairSemaphore(4)
    north = [semaphore.enter("north") for _ in range(6)]
    south = [semaphore.enter("south") for _ in range(6)]
    assert admitted(*north) == [True] * 4 + [False] * 2

    north[0].leave()
    north[1].leave()
    assert admitted(*south) == [True] * 2 + [False] * 4
    south[0].leave()
    assert admitted(*south[1:3]) == [True] * 2  # north has its half already

    for ticket in south:
        ticket.leave()
    assert admitted(*north) == [True] * 6  # nobody else waits


def test_one_caller_runs_so_many_and_others_of_its_group_go_before_the_rest() -> None:
    semaphore = FairSemaphore(8, per_caller=2)
    greedy = [semaphore.enter("north", "script") for _ in range(4)]
    modest = semaphore.enter("north", "assistant")

    assert admitted(*greedy, modest) == [True, True, False, False, True]
    greedy[1].leave()
    assert admitted(*greedy) == [True, True, True, False]


def test_the_same_name_in_two_groups_is_two_callers() -> None:
    semaphore = FairSemaphore(4, per_caller=1)

    assert admitted(semaphore.enter("north", "key"), semaphore.enter("south", "key")) == [True, True]


def test_who_gives_up_takes_nothing_with_them() -> None:
    semaphore = FairSemaphore(1)
    running, gone, patient = (semaphore.enter("north") for _ in range(3))

    gone.leave()
    gone.leave()
    running.leave()
    running.leave()

    assert admitted(gone, patient) == [False, True]
    assert not semaphore.enter("south").is_admitted()


def test_a_ticket_tells_once_that_it_is_admitted() -> None:
    semaphore, told = FairSemaphore(1), list[str]()
    first, second = semaphore.enter("north"), semaphore.enter("north")
    second.on_admitted(lambda: told.append("later"))
    assert told == []

    first.leave()
    second.on_admitted(lambda: told.append("at once"))

    assert told == ["later", "at once"]


def test_a_thread_waits_until_it_is_admitted_or_its_time_is_over() -> None:
    semaphore = FairSemaphore(1)
    first, second = semaphore.enter("north"), semaphore.enter("south")
    assert not second.wait(0.01)

    threading.Timer(0.05, first.leave).start()

    assert second.wait(10)


def test_many_threads_never_exceed_the_capacity_and_all_come_through() -> None:
    semaphore, lock, running, most = FairSemaphore(3, per_caller=2), threading.Lock(), set[int](), list[int]()

    def work(number: int) -> None:
        for _ in range(20):
            with semaphore.enter(number % 4, number % 8) as ticket:
                assert ticket.wait(20)
                with lock:
                    running.add(number)
                    most.append(len(running))
                with lock:
                    running.discard(number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(most) == 320 and max(most) <= 3


def test_a_forked_child_begins_with_all_free() -> None:
    semaphore = FairSemaphore(1)
    of_parent = semaphore.enter("north")
    child = os.fork()
    if child == 0:
        of_parent.leave()  # of no meaning here
        os._exit(0 if admitted(semaphore.enter("north"), semaphore.enter("north")) == [True, False] else 1)

    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert not semaphore.enter("north").is_admitted()
