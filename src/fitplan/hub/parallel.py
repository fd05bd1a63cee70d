"""Do many slow questions at once, and let Ctrl-C end them all."""

import threading
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from typing import TypeVar

from fitplan.errors import FitplanError

AT_ONCE = 8
"""Questions asked at the same time; the hub counts requests, not connections."""

Item = TypeVar("Item")
Answer = TypeVar("Answer")


def ask_all(
    items: Sequence[Item],
    ask: Callable[[Item], Answer],
    on_progress: Callable[[int, int], None],
) -> list[Answer | FitplanError]:
    """The answer to each item, in order; a FitplanError takes its place.

    The threads end with the process, so an interrupt need not wait for the slowest server.
    """
    waiting: SimpleQueue[int] = SimpleQueue()
    done: SimpleQueue[tuple[int, Answer | BaseException]] = SimpleQueue()
    for number in range(len(items)):
        waiting.put(number)

    def work() -> None:
        while True:
            try:
                number = waiting.get_nowait()
            except Empty:
                return
            try:
                done.put((number, ask(items[number])))
            except BaseException as error:
                done.put((number, error))

    for _ in range(min(AT_ONCE, len(items))):
        threading.Thread(target=work, daemon=True).start()
    answers: dict[int, Answer | FitplanError] = {}
    while len(answers) < len(items):
        number, answer = done.get()
        if isinstance(answer, BaseException) and not isinstance(answer, FitplanError):
            raise answer
        answers[number] = answer
        on_progress(len(answers), len(items))
    return [answers[number] for number in range(len(items))]
