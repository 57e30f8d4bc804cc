"""Standard MIDI Files in and out; the one module others import for them.

`read` and `write` carry loops, on mido, exact to the tick and lenient with damaged files; `read_whole` reads all of a
producer's file in the same way, and `cut_loop` takes a loop out of it. `read_song` reads corpora with symusic,
thousands of files a second; `read_song_exact` reads the same with mido, and a test holds both to the same result.
"""

from engine.midi.smf_read import ReadResult, WholeFile, cut_loop, read, read_song, read_song_exact, read_whole
from engine.midi.smf_write import write, write_part

__all__ = [
    "ReadResult",
    "WholeFile",
    "cut_loop",
    "read",
    "read_song",
    "read_song_exact",
    "read_whole",
    "write",
    "write_part",
]
