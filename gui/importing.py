"""What comes in: looked at by the desk and the listener, shown in the import panel, then put on the canvas."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QFileDialog

from engine.jobs.library import KeepTakes
from engine.jobs.listening import AUDIO_SUFFIXES, FileHeard, Listened, ListenProgress, ListenTo, StopListening
from engine.jobs.material import (
    DescribeFiles,
    FilesDescribed,
    FindLoops,
    FoundFile,
    LoopsFound,
    ReadingProgress,
    SongLoop,
    StemsLaid,
    StopReading,
    TimingSource,
)
from engine.jobs.sound import Play, Position, Start, StopPlaying
from engine.messages import Failed, GenerationRequest, PartRequest, PartUse, Take, TakeScores
from engine.music.analysis import loop_chords
from engine.music.groove import groove_of
from engine.music.loop import MAX_BARS, MAX_TRACKS, Loop
from engine.music.part_groove import AS_WRITTEN, PartGroove
from gui import loop_edits
from gui.document import LoopDocument
from gui.engine_bridge import EngineBridge
from gui.main_window import MainWindow
from gui.material import Draft, Material
from gui.material_row import StemRow, guess_of, row_of_sound, rows_of_file
from gui.panels.import_panel import BESIDE, IN_PLACE, ImportPanel
from gui.piano_roll.state import RollState
from gui.playback import Playback
from gui.session import Session

MIDI_PATTERNS = "*.mid *.midi *.smf *.kar *.rmi"
AUDIO_PATTERNS = " ".join(sorted(f"*{suffix}" for suffix in AUDIO_SUFFIXES))
FILTER = f"MIDI and sound ({MIDI_PATTERNS} {AUDIO_PATTERNS});;MIDI ({MIDI_PATTERNS});;Sound ({AUDIO_PATTERNS})"
MAX_ROWS = 32
LAYING_MS = 60
FEWEST_SONG_BARS = 8  # of a file whose loops are looked for


class Importing(QObject):
    """Brings files to the panel and what is chosen there onto the canvas.

    Args:
        bridge, window, document, state, session, playback: See their classes.
    """

    def __init__(
        self,
        bridge: EngineBridge,
        window: MainWindow,
        document: LoopDocument,
        state: RollState,
        session: Session,
        playback: Playback,
    ) -> None:
        super().__init__(window)
        self._bridge, self._window, self._document = bridge, window, document
        self._state, self._session, self._playback = state, session, playback
        self.panel: ImportPanel | None = None
        self._reading = self._listening = self._laying = 0  # jobs
        self._name = ""
        self._to_hear: tuple[str, ...] = ()  # sounds, and folders in which there may be some
        self._midi: Loop | None = None  # as the desk laid it last
        self._told: list[str] = []
        self._told_of_laying: list[str] = []
        self._heard: Loop | None = None
        self._lay = QTimer(self, interval=LAYING_MS, singleShot=True)
        self._lay.timeout.connect(self._ask_to_lay)
        bridge.listening_progressed.connect(self._on_listening_progressed)
        bridge.reading_progressed.connect(self._on_reading_progressed)
        bridge.position_changed.connect(self._on_position)

    def slots(self) -> dict[str, Callable[..., None]]:
        """Return what each action does."""
        return {"file_import": self.ask_for_files, "file_import_folder": self.ask_for_folder}

    def ask_for_files(self) -> None:
        paths, _ = QFileDialog.getOpenFileNames(self._window, "Import stems, songs or sounds", "", FILTER)
        if paths:
            self.open(paths)

    def ask_for_folder(self) -> None:
        path = QFileDialog.getExistingDirectory(self._window, "Import a folder of stems")
        if path:
            self.open([path])

    def open(self, paths: list[str]) -> None:
        """Show the panel and look at files and folders; while it is open, add them."""
        if self.panel is None:
            self._open_panel()
            self._name = Path(paths[0]).stem if len(paths) == 1 else ""
        elif self._reading or self._listening:
            self._say(["One thing at a time: the last files are still being looked at."])
            return
        panel = self.panel
        assert panel is not None
        sounds = [path for path in paths if Path(path).suffix.casefold() in AUDIO_SUFFIXES]
        folders = [path for path in paths if path not in sounds and Path(path).is_dir()]
        self._to_hear = (*sounds, *folders)
        others = tuple(path for path in paths if path not in sounds)
        panel.show()
        panel.raise_()
        if others:
            panel.show_busy("Looking at files …")
            self._reading = self._bridge.ask(DescribeFiles(others), self._on_described, or_else=self._on_failed)
        else:
            self._listen()

    def _open_panel(self) -> None:
        panel = self.panel = ImportPanel(self._state.theme, self._window)
        panel.state.set_view(mouse=self._state.view.mouse, middle_c_octave=self._state.view.middle_c_octave)
        is_untouched = not self._document.loop.note_count or not self._document.undo_stack.count()
        panel.place.setCurrentText(IN_PLACE if is_untouched else BESIDE)
        self._midi = None
        self._told, self._told_of_laying = [], []
        self._connect(panel)

    def _connect(self, panel: ImportPanel) -> None:
        panel.material_changed.connect(lambda _: self._lay.start())
        panel.hear_toggled.connect(lambda on: self._hear(self._draft_loop() if on else None))
        panel.loops.hear_toggled.connect(lambda on: self._hear(_loop_of(panel.loops.current) if on else None))
        panel.loops.chosen.connect(self._on_loop_chosen)
        panel.loops.keep_wanted.connect(self._keep)
        panel.loops.use_wanted.connect(lambda found: self._use(found.loop, (), "Use loop of a song"))
        panel.stop_wanted.connect(self._stop)
        panel.role_heard_anew.connect(self._hear_anew)
        panel.use_wanted.connect(self.use)
        panel.files_dropped.connect(self.open)
        panel.closed.connect(self._on_closed)

    # -- looking at files

    def _on_reading_progressed(self, job: int, event: ReadingProgress) -> None:
        if job == self._reading and self.panel is not None:
            self.panel.show_busy(f"Looking at file {event.done + 1} of {event.total} …", event.done / event.total)

    def _on_described(self, described: FilesDescribed) -> None:
        self._reading = 0
        if self.panel is None:
            return
        found = [file for file in described.files if file.parts]
        rows = tuple(row for file in found for row in rows_of_file(file))
        self._add_rows(rows)
        told = [line for file in found for line in file.told]
        problems = [file.problem for file in described.files if file.problem and (file.path or not self._to_hear)]
        self._say([*problems, *told])
        self.panel.show_busy("")
        if len(found) == 1 and found[0].bars > FEWEST_SONG_BARS:
            self._lay.stop()
            self._ask_to_lay()  # before the desk is busy with loops
            self._look_for_loops(found[0])
        if self._to_hear:
            self._listen(next((f.timing.tempo_bpm for f in found if f.timing.source is TimingSource.FILE), None))

    def _look_for_loops(self, file: FoundFile) -> None:
        panel = self.panel
        assert panel is not None
        panel.show_loops_tab(is_on=True)
        panel.loops.show_looking(file.path)
        if file.bars > MAX_BARS and len(file.parts) > 1:
            panel.tabs.setCurrentIndex(1)

        def show(found: LoopsFound) -> None:
            if self.panel is panel:
                panel.loops.show_loops(found.path, found.loops)

        self._bridge.ask(FindLoops(file.path, per_track=len(file.parts) > 1), show, or_else=self._on_failed)

    # -- hearing sounds

    def _listen(self, tempo_bpm: float | None = None) -> None:
        meter = None
        if self.panel is not None:
            self.panel.show_busy("Looking for sounds …")
            if tempo_bpm is None and self.panel.material.rows:  # what comes later goes with what is there
                tempo_bpm = self.panel.material.tempo
            meter = self.panel.material.known_meter
        question = ListenTo(tuple(self._to_hear), tempo_bpm=tempo_bpm, meter=meter)
        self._listening = self._bridge.ask(question, self._on_listened, or_else=self._on_failed)

    def _on_listening_progressed(self, job: int, event: ListenProgress | FileHeard) -> None:
        if job != self._listening or self.panel is None:
            return
        if isinstance(event, ListenProgress):
            self.panel.show_busy(f"Listening to {Path(event.path).name} …", event.done)
        elif event.stem is not None:
            self._add_rows((row_of_sound(event.path, event.stem),))

    def _on_listened(self, event: Listened) -> None:
        self._listening = 0
        panel = self.panel
        if panel is None:
            return
        panel.show_busy("")
        self._say([file.problem for file in event.files if file.problem])
        if event.tempo is not None:
            guess, paths = event.tempo, frozenset(file.path for file in event.files)
            panel.take_in(lambda material: material.with_guess(guess, paths))
        if not panel.material.rows and not panel.told.text():
            panel.say("There is neither MIDI nor sound among what was dropped.")

    def _hear_anew(self, index: int, role: object) -> None:
        """Listen to a sound again as another role; its time stays."""
        panel = self.panel
        if panel is None:
            return
        if self._listening:
            panel.refresh()  # one thing at a time; the old role is shown again
            return
        row = panel.material.rows[index]

        def heard(event: Listened) -> None:
            self._listening = 0
            if self.panel is not panel:
                return
            panel.show_busy("")
            for file in event.files:
                if file.stem is not None:
                    stem = file.stem
                    anew = {"role": stem.role, "stem": stem, "notes": len(stem.notes), "edited": None}
                    panel.change(panel.material.with_changed(index, **anew))
                else:
                    self._say([file.problem])
            panel.refresh()

        question = ListenTo((row.path,), (role,), guess_of(row.timing).bpm, row.timing.meter)  # type: ignore[arg-type]
        panel.show_busy(f"Listening to {Path(row.path).name} …")
        self._listening = self._bridge.ask(question, heard, or_else=self._on_failed)

    def _add_rows(self, rows: tuple[StemRow, ...]) -> None:
        panel = self.panel
        if panel is None or not rows:
            return

        def with_more(material: Material) -> Material:
            room = MAX_TRACKS - sum(row.is_taken for row in material.rows)
            more = tuple(replace(row, is_taken=i < room) for i, row in enumerate(rows))
            return material.with_rows((*material.rows, *more)[:MAX_ROWS])

        panel.take_in(with_more)

    def _stop(self) -> None:
        """Stop what goes on; what was found so far stays."""
        self._to_hear = ()
        if self._reading:
            self._bridge.tell(StopReading(self._reading))
        if self._listening:
            self._bridge.tell(StopListening(self._listening))

    # -- laying, hearing and using what is taken

    def _ask_to_lay(self) -> None:
        if self.panel is None:
            return
        question = self.panel.material.question()
        if question is None:
            self._midi, self._told_of_laying = None, []
            self._show_draft()
        else:
            self._laying = self._bridge.ask(question, self._on_laid, or_else=self._on_failed)

    def _on_laid(self, laid: StemsLaid) -> None:
        self._midi = laid.loop
        self._told_of_laying = list(laid.told)
        self._show_told()
        self._show_draft()

    def _show_draft(self) -> None:
        draft = self.draft()
        if self.panel is None or draft is None:
            return
        self.panel.show_draft(draft)
        if self._heard is not None and self.panel.hear.isChecked():
            self._hear(draft.loop, start=Start.IN_PLACE)

    def draft(self) -> Draft | None:
        """Return what is taken, with its chords."""
        draft = self.panel.material.laid(self._midi) if self.panel is not None else None
        if draft is None:
            return None
        has_pitches = any(track.notes and not track.is_drums for track in draft.loop.tracks)
        loop = replace(draft.loop, name=self._name, chords=loop_chords(draft.loop) if has_pitches else ())
        return replace(draft, loop=loop)

    def _draft_loop(self) -> Loop | None:
        draft = self.draft()
        return draft.loop if draft is not None else None

    def use(self) -> None:
        """Put what is taken onto the canvas, as one step to undo."""
        draft = self.draft()
        if draft is not None:
            self._use(draft.loop, draft.uses, "Use as prompt")

    def _use(self, loop: Loop, uses: tuple[PartUse, ...], step: str) -> None:
        panel = self.panel
        assert panel is not None
        sounding = [part for part, track in enumerate(loop.tracks) if track.notes]
        uses = tuple(uses[part] for part in sounding) if uses else ()
        loop = loop.with_tracks(loop_edits.told_apart([loop.tracks[part] for part in sounding]))
        before = self._document.loop
        is_new = panel.is_in_place or not before.note_count
        groove = _groove_of(loop) if panel.groove.isChecked() else AS_WRITTEN
        panel.close()
        if is_new:
            self._document.edit(step, loop)
            self._session.start(loop)
            first = 0
        else:
            first = len(before.tracks)
            self._document.edit(step, loop_edits.with_stems(before, (loop,), is_new=False))
        for part, use in enumerate(uses, first):
            if part < len(self._session.parts):
                change = {"use": use, "groove": groove} if use is PartUse.REPLACE else {"use": use}
                self._session.change_part(part, lambda settings, change=change: replace(settings, **change))
        self._session.new_groove = groove
        count = len(self._document.loop.tracks) - first
        self._window.say(f"{count} part{'s' if count != 1 else ''} on the canvas. Add a part and press G to go on.")

    def _hear(self, loop: Loop | None, *, start: Start = Start.NOW) -> None:
        if loop is None:
            if self._heard is not None:
                self._bridge.tell(StopPlaying())
            self._heard = None
            if self.panel is not None:
                self.panel.state.move_playhead(-1.0)
            return
        if self._playback.is_playing:
            self._playback.stop()
        self._heard = loop
        self._bridge.tell(Play(loop, (), start))

    def _on_position(self, position: Position) -> None:
        if self._heard is not None and self.panel is not None and self.panel.hear.isChecked():
            self.panel.state.move_playhead(position.tick)

    def _on_loop_chosen(self, loop: Loop | None) -> None:
        if self.panel is not None and self.panel.loops.hear.isChecked():
            self._hear(loop, start=Start.NEXT_BAR)

    def _keep(self, found: SongLoop) -> None:
        """Put a found loop into the library."""
        loop = replace(found.loop, name=f"{self._name} bar {found.first_bar + 1}".strip())
        request = GenerationRequest(loop, (PartRequest(),) * len(loop.tracks))
        take = Take(0, loop, request.seed, 0, (), TakeScores(0.0))
        question = KeepTakes(request, (take,), "found")
        self._bridge.ask(question, lambda _: self._say([f"“{loop.name}” is in the library."]), or_else=self._on_failed)

    # -- what ends or goes wrong

    def _say(self, lines: list[str]) -> None:
        self._told = lines
        self._show_told()

    def _show_told(self) -> None:
        """Show what should be known of the files, of what differs between them, and of how they were laid."""
        if self.panel is not None:
            lines = (*self._told[:3], self.panel.material.contradictions(), *self._told_of_laying[:2])
            self.panel.say(" ".join(line for line in lines if line))

    def _on_failed(self, event: Failed) -> None:
        self._reading = self._listening = 0
        if self.panel is not None:
            self.panel.show_busy("")
            self.panel.say(f"{event.title} {event.message}".strip())

    def _on_closed(self) -> None:
        self._stop()
        self._hear(None)
        self._reading = self._listening = 0
        panel, self.panel = self.panel, None
        if panel is not None:
            panel.deleteLater()


def _groove_of(loop: Loop) -> PartGroove:
    """Return the groove of a loop's drums, else of its first part."""
    track = next((track for track in loop.tracks if track.is_drums), loop.tracks[0])
    return PartGroove(template=groove_of(track.notes, ticks_per_bar=loop.meter.ticks_per_bar))


def _loop_of(found: SongLoop | None) -> Loop | None:
    return found.loop if found is not None else None
