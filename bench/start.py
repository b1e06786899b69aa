"""From the start of the process to its first answer: the median of seven."""

import statistics

from report import Row
from servers import get_card, post_message
from sizes import Subjects

TIMES = 7


def measure(subjects: Subjects) -> list[Row]:
    rows = []
    for what, request in [("card", get_card), ("SendMessage", post_message)]:
        peer = first_answer(subjects.reference.serve, request)
        for form, component in [("precompiled", subjects.cwasm), (".wasm", subjects.wasm)]:
            ours = first_answer(lambda c=component: subjects.host.serve(c), request)
            rows.append(Row("start to first answer", f"{what}, {form}", "ms", ours, peer))
    # The peer has no such agent.
    ours = first_answer(lambda: subjects.host.serve(subjects.image_agent), get_card)
    rows.append(Row("start to first answer", "card, the image's agent", "ms", ours))
    return rows


def first_answer(serve, request) -> float:
    """Milliseconds."""
    seconds = []
    for _ in range(TIMES):
        with serve() as server:
            seconds.append(server.first(request))
    return statistics.median(seconds) * 1000
