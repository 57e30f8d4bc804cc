"""Weights of the judgements in `decoding.py`.

Written by `benchmarks/fit_transcription.py` from rendered music of the train split; not edited by hand.
"""

# fmt: off
BASS_WEIGHTS = (
        -8.78, 10.61, 2.78, 0.84, 1.58, -3.69, -2.08, -5.16, 9.22, -5.6, -1.8, -8.73,
        0.3,
    )
POLYPHONIC_WEIGHTS = (
        -6.59, 4.49, 7.03, 0.37, 0.85, -0.34, 1.17, -3.64, 0.94, -3.81, 0.06, -4.46,
        -0.43,
    )
# fmt: on
