"""What the model reads, line by line."""

from engine.inference.inspection import prompt_lines, take_lines
from engine.messages import GenerationRequest, PartRequest, PartUse
from tests.helpers.fourteen_requests import demo_canvas


def test_the_prompt_tells_wishes_and_context_and_the_take_its_notes() -> None:
    canvas = demo_canvas()
    parts = (PartRequest(), PartRequest(), PartRequest(PartUse.REPLACE, bars=(1,), controls=(("density", 6.0),)))
    request = GenerationRequest(canvas, parts)
    prompt = prompt_lines(request, 0)
    assert any("density=" in line for line in prompt)
    assert any(line.startswith("context") and "drums" in line for line in prompt)
    written = take_lines(request, 0, canvas)
    inside = [note for note in canvas.tracks[2].notes if 1920 <= note.onset + 10 < 3840]
    assert len(written) == 1 + len(inside)
    assert all("bar  2" in line and line.startswith("target") for line in written)
