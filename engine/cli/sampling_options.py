"""Reads `--temperature 0.9 --temperature pitch=0.8` and its kin into `Sampling`."""

from collections.abc import Sequence
from dataclasses import replace

from engine.messages import SAMPLED_FIELD_NAMES, FieldSampling, Sampling


def build_sampling(
    *,
    temperature: Sequence[str] = (),
    top_p: Sequence[str] = (),
    top_k: Sequence[str] = (),
    min_p: Sequence[str] = (),
    repetition_penalty: float | None = None,
    base: Sampling | None = None,
) -> Sampling:
    """Return sampling settings.

    Args:
        temperature, top_p, top_k, min_p: `VALUE` for all fields of a note, or `FIELD=VALUE` for one.
        repetition_penalty: See `Sampling`.
        base: What holds where nothing is said.

    Raises:
        ValueError: A field or value does not exist.
    """
    sampling = base or Sampling()
    values = {"temperature": temperature, "top_p": top_p, "top_k": top_k, "min_p": min_p}
    # Values for all fields first: the order of options shall not matter.
    for is_for_one in (False, True):
        for setting, texts in values.items():
            for text in texts:
                if ("=" in text) == is_for_one:
                    sampling = _applied(sampling, setting, text)
    if repetition_penalty is not None:
        sampling = replace(sampling, repetition_penalty=repetition_penalty)
    return sampling


def _applied(sampling: Sampling, setting: str, text: str) -> Sampling:
    name, equals, number = text.rpartition("=")
    try:
        value = int(number) if setting == "top_k" else float(number)
    except ValueError as error:
        raise ValueError(f'--{setting.replace("_", "-")}: "{number}" is not a number') from error
    if not equals:
        default = _checked(sampling.default, setting, value)
        fields = tuple((field, _checked(one, setting, value)) for field, one in sampling.fields)
        return replace(sampling, default=default, fields=fields)
    if name not in SAMPLED_FIELD_NAMES:
        raise ValueError(f'"{name}" is no field of a note; fields are {", ".join(SAMPLED_FIELD_NAMES)}')
    fields = dict(sampling.fields) | {name: _checked(sampling.of(name), setting, value)}
    return replace(sampling, fields=tuple(fields.items()))


def _checked(settings: FieldSampling, setting: str, value: float) -> FieldSampling:
    try:
        return replace(settings, **{setting: value})
    except ValueError as error:
        raise ValueError(f"--{setting.replace('_', '-')} {value:g} is out of range") from error
