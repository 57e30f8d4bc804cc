"""How late messages were, in a few numbers."""

from engine.jobs.live import Lateness


def lateness_of(seconds: list[float]) -> Lateness:
    """Return the lateness of messages, told one by one in seconds.

    Plain Python: the first call into NumPy's statistics takes so long that a message could be late for it.
    """
    if not seconds:
        return Lateness(0, 0.0, 0.0, 0.0)
    ordered = sorted(seconds)
    p50, p99 = (ordered[int(share * (len(ordered) - 1))] * 1000 for share in (0.5, 0.99))
    return Lateness(len(ordered), p50, p99, ordered[-1] * 1000)
