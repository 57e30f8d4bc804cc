"""More than one is written for every take that is offered: the one that comes nearest to what was asked.

A model leans towards what is asked of it, it does not obey. Where a wish can only be measured on the music, such as
how far a fill departs from the beat, writing several and choosing is the surest way to it; decoded together, they cost
little.
"""

from collections.abc import Iterable, Iterator

from engine.messages import GenerationEvent, Take, TakeReady


def nearest(events: Iterable[GenerationEvent], candidates: int) -> Iterator[GenerationEvent]:
    """Pass events on, of every `candidates` takes of one number only the nearest to what was asked.

    Where writing was stopped before all were there, the nearest of those that are comes at the end.
    """
    written: dict[int, list[Take]] = {}
    for event in events:
        if not isinstance(event, TakeReady):
            yield event
            continue
        found = written.setdefault(event.take.number, [])
        found.append(event.take)
        if len(found) == candidates:
            yield TakeReady(min(written.pop(event.take.number), key=distance))
    for found in written.values():
        yield TakeReady(min(found, key=distance))


def distance(take: Take) -> tuple[int, int, int]:
    """Return how far a take is from what was asked: what is missing, what was dropped, then the bins between.

    Likelihood is left out: the likelier of two is the plainer one.
    """
    return take.missing, take.relaxed, sum(abs(report.bin_error) for report in take.reports)
