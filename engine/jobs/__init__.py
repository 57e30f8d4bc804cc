"""What the service and its processes say to each other: commands out, events back; frozen and picklable.

One module a subject; `pipes` has the unions of all of them. A command that has an answer ends with a `job` number,
which the service sets; events come back in a `JobEvent` with the same number (0 for what no one asked for). Takes
being written have their events in `messages`.
"""
