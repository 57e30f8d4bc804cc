"""Every action once: id, text, shortcut, menu. Menus, tool bar and the `?` map are made from this table.

A window registers what each id does; an id without a slot is a programming mistake and found at start-up.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from PySide6.QtCore import QEvent, Qt, QTimer
from PySide6.QtGui import QAction, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QApplication, QMainWindow, QMenu, QMenuBar

SEPARATOR = "-"


@dataclass(frozen=True, slots=True)
class ActionSpec:
    """One action.

    Attributes:
        id: Stable name, menu first: "edit_undo".
        text: As it stands in menus and in the map.
        menu: Title of its menu.
        shortcuts: Keys, the first shown; platform names such as "Ctrl" become the platform's own.
        is_checkable: Whether it is on or off.
        help: One sentence for the status bar and the map.
    """

    id: str
    text: str
    menu: str
    shortcuts: tuple[str, ...] = ()
    is_checkable: bool = False
    help: str = ""


_A = ActionSpec
ACTIONS: tuple[ActionSpec, ...] = (
    _A("file_new", "New loop", "File", ("Ctrl+N",)),
    _A("file_open", "Open MIDI as a song…", "File", ("Ctrl+O",), help="Replace the loop by a MIDI file."),
    _A("file_import", "Import…", "File", ("Ctrl+Shift+O",), help="Stems, songs, sounds: looked at, then a prompt."),
    _A("file_import_folder", "Import a folder…", "File", ("Ctrl+Alt+O",), help="All MIDI and sound files in it."),
    _A("file_save_as", "Save loop as MIDI…", "File", ("Ctrl+S", "Ctrl+Shift+S")),
    _A("file_save_parts", "Save one file a part…", "File"),
    _A("file_save_project", "Save as DAWproject…", "File", help="For Bitwig Studio, Studio One and Cubase."),
    _A("file_render", "Render to WAV…", "File", ("Ctrl+R",)),
    _A(
        "file_save_recipe", "Save recipe…", "File", ("Ctrl+Shift+E",), help="Keep all that is asked, the seed included."
    ),
    _A("file_open_recipe", "Open recipe…", "File", ("Ctrl+E",), help="Ask again what a recipe asks."),
    _A("file_copy", "Copy file", "File", ("Ctrl+Alt+C",), help="Put a MIDI file on the clipboard, to paste in a DAW."),
    _A("file_reveal", "Reveal last file", "File", help="Show the file that was last handed off in its folder."),
    _A("file_hand_off", "Hand-off options", "File", ("Ctrl+H",), help="Which files a drag carries; drum notes; tempo."),
    _A("file_settings", "Settings…", "File", ("Ctrl+,",)),
    _A("file_quit", "Quit", "File", ("Ctrl+Q",)),
    _A("edit_undo", "Undo", "Edit", ("Ctrl+Z",)),
    _A("edit_redo", "Redo", "Edit", ("Ctrl+Shift+Z", "Ctrl+Y")),
    _A("edit_cut", "Cut", "Edit", ("Ctrl+X",)),
    _A("edit_copy", "Copy", "Edit", ("Ctrl+C",)),
    _A("edit_paste", "Paste", "Edit", ("Ctrl+V",), help="At the cursor or the playhead, or where it was copied from."),
    _A("edit_duplicate", "Duplicate", "Edit", ("Ctrl+D",)),
    _A("edit_delete", "Delete", "Edit", ("Del", "Backspace")),
    _A("edit_select_all", "Select part", "Edit", ("Ctrl+A",), help="Select all notes of the part in front."),
    _A("edit_quantise", "Quantise", "Edit", ("Q",), help="Move the selected notes to the grid, as last time."),
    _A("edit_quantise_how", "Quantise…", "Edit", ("Ctrl+U", "Shift+Q"), help="Grid, strength, swing, starts and ends."),
    _A("edit_flam", "Flam", "Edit", ("Ctrl+Shift+F",), help="A softer grace note before each selected one."),
    _A("edit_roll", "Roll (strike twice)", "Edit", ("Ctrl+Shift+U",), help="Again for four strokes, then eight."),
    _A("edit_legato", "Legato", "Edit", ("Ctrl+L",)),
    _A("edit_reverse", "Reverse", "Edit", ("Ctrl+Shift+R",)),
    _A("edit_double", "Notes twice as long (half speed)", "Edit", ("Ctrl+Shift+D",)),
    _A("edit_halve", "Notes half as long (double speed)", "Edit", ("Ctrl+Shift+H",)),
    _A("edit_up", "Up a semitone", "Edit", ("Up",)),
    _A("edit_down", "Down a semitone", "Edit", ("Down",)),
    _A("edit_octave_up", "Up an octave", "Edit", ("Shift+Up",)),
    _A("edit_octave_down", "Down an octave", "Edit", ("Shift+Down",)),
    _A("edit_left", "A grid step earlier", "Edit", ("Left",)),
    _A("edit_right", "A grid step later", "Edit", ("Right",)),
    _A("edit_longer", "Longer", "Edit", ("Shift+Right",)),
    _A("edit_shorter", "Shorter", "Edit", ("Shift+Left",)),
    _A("edit_louder", "Louder", "Edit", ("Ctrl+Up",)),
    _A("edit_softer", "Softer", "Edit", ("Ctrl+Down",)),
    _A("walk_left", "A step back", "Cursor", ("Alt+Left",), help="The keyboard's own cursor in the part in front."),
    _A("walk_right", "A step on", "Cursor", ("Alt+Right",)),
    _A("walk_up", "A row up", "Cursor", ("Alt+Up",)),
    _A("walk_down", "A row down", "Cursor", ("Alt+Down",)),
    _A("walk_previous", "Previous note", "Cursor", ("Ctrl+Left",)),
    _A(
        "walk_next", "Next note", "Cursor", ("Ctrl+Right",), help="Heard and told; edits are of the note at the cursor."
    ),
    _A("walk_octave_up", "An octave up", "Cursor", ("Alt+PgUp",)),
    _A("walk_octave_down", "An octave down", "Cursor", ("Alt+PgDown",)),
    _A("walk_bar_back", "A bar back", "Cursor", ("PgUp",)),
    _A("walk_bar_on", "A bar on", "Cursor", ("PgDown",)),
    _A("walk_start", "To the first step", "Cursor", ("Alt+Home",)),
    _A("walk_end", "To the last step", "Cursor", ("Alt+End",)),
    _A("cursor_where", "Where am I?", "Cursor", ("J",), help="Tells the place of the cursor and what is there."),
    _A("extend_left", "Select a step back", "Cursor", ("Alt+Shift+Left",), help="The notes from here to there."),
    _A("extend_right", "Select a step on", "Cursor", ("Alt+Shift+Right",)),
    _A("extend_up", "Select a row up", "Cursor", ("Alt+Shift+Up",)),
    _A("extend_down", "Select a row down", "Cursor", ("Alt+Shift+Down",)),
    _A("extend_previous", "Select to the previous note", "Cursor", ("Ctrl+Shift+Left",)),
    _A("extend_next", "Select to the next note", "Cursor", ("Ctrl+Shift+Right",)),
    _A("cursor_select", "Pick the note", "Cursor", ("V",), help="Adds it to the selection, or takes it out again."),
    _A("cursor_draw", "Draw / delete a note", "Cursor", ("D", "Ins"), help="At the cursor."),
    _A("cursor_bar", "Choose the bar for G", "Cursor", ("W",), help="Then G rewrites only it."),
    _A("cursor_bars_back", "Choose a bar back", "Cursor", ("Shift+PgUp",)),
    _A("cursor_bars_on", "Choose a bar on", "Cursor", ("Shift+PgDown",)),
    _A("part_add", "Add a part", "Part", ("Ctrl+T",)),
    _A("part_remove", "Remove part", "Part", ("Ctrl+Shift+Backspace",)),
    _A("part_next", "Next part in front", "Part", ("]",)),
    _A("part_previous", "Previous part in front", "Part", ("[",)),
    _A("part_mute", "Mute part", "Part", ("M",)),
    _A("part_solo", "Solo part", "Part", ("S",)),
    _A("part_menu", "All about the part", "Part", ("Shift+F10", "Menu"), help="The menu of its card."),
    _A("part_rename", "Rename part…", "Part", ("F2",)),
    _A("part_role", "Role…", "Part"),
    _A("part_sound", "Sound…", "Part"),
    _A("part_look", "Colour and shape", "Part", help="Thirteen of them; a part's own are its role's."),
    _A("part_split", "Selection to a new part", "Part", ("Ctrl+Shift+X",)),
    _A("part_split_pitch", "Split by pitch…", "Part", help="What is lower becomes a part of its own."),
    _A("part_merge", "Merge with another part…", "Part"),
    _A("part_groove", "Groove…", "Part", ("H",), help="Swing, push or pull, humanise: laid over, never lost."),
    _A("part_use", "Context / replace / ignore", "Part", ("R",), help="What G does with the part in front."),
    _A("steer_words", "Say it in words", "Steer", ("/",), help="Words move the knobs you see."),
    _A("steer_tap", "Tap a rhythm", "Steer", ("T",), help="While the loop plays: the rhythm of the part in front."),
    _A(
        "steer_lock",
        "Lock / unlock notes",
        "Steer",
        ("Shift+L",),
        help="Selected notes stay when G rewrites their bars.",
    ),
    _A(
        "steer_drum_rewrite",
        "Rewrite only this drum",
        "Steer",
        ("Ctrl+Shift+G",),
        help="Of the selected strokes, or at the cursor; a right click on its name does the same.",
    ),
    _A(
        "steer_drum_keep",
        "Keep this drum",
        "Steer",
        ("Ctrl+Shift+K",),
        help="Locks its strokes; again unlocks them.",
    ),
    _A("steer_chords", "Chords…", "Steer", ("C",), help="Pick or type the chords over the bars."),
    _A("steer_detect_chords", "Tell chords from the notes", "Steer", ("Shift+C",)),
    _A("steer_form", "Form…", "Steer", ("Ctrl+F",), help="Write A A' B A or another form out of the loop."),
    _A("steer_fill", "Fill…", "Steer", ("Shift+F",), help="Write a fill at the end of every Nth pass."),
    _A("steer_half_time", "Half-time", "Steer", ("Ctrl+Alt+Down",), help="The whole loop at half its pace."),
    _A("steer_double_time", "Double-time", "Steer", ("Ctrl+Alt+Up",), help="The whole loop at twice its pace."),
    _A("take_generate", "Write / Rewrite", "Takes", ("G",), help="What the button on the right says."),
    _A("take_cancel", "Stop writing", "Takes", ("Shift+Esc",)),
    _A("take_accept", "Use take", "Takes", ("Return", "Enter")),
    _A("take_reject", "Back to my loop", "Takes", ("Esc",), help="Leave the take; also clears selections."),
    _A("take_favourite", "Favourite", "Takes", ("F",), help="Favourites stay on the board when new takes come."),
    _A("take_discard", "Throw away", "Takes", ("X",), help="Take it off the board; the library still has it."),
    *(_A(f"take_rate_{n}", f"Rate {n} of 5", "Takes", (f"Alt+{n}",)) for n in range(1, 6)),
    _A(
        "take_morph",
        "Morph to this take…",
        "Takes",
        ("Shift+M",),
        help="Steps from your loop to the take that is heard.",
    ),
    _A("take_inspect", "Look inside…", "Takes", ("I",), help="The take, or what G would ask, as the model reads it."),
    _A(
        "take_batch",
        "Write many to a folder…",
        "Takes",
        ("Ctrl+B",),
        help="Up to 1000 loops overnight, named and apart.",
    ),
    _A("take_library", "Library of takes…", "Takes", ("L",), help="Every take ever written: search, bring back."),
    _A("take_next", "Next take", "Takes", (".",)),
    _A("take_previous", "Previous take", "Takes", (",",)),
    *(_A(f"take_{n}", f"Hear take {n}", "Takes", (str(n),)) for n in range(1, 10)),
    _A("model_train", "Train your own…", "Model", ("Ctrl+Shift+T",), help="Teach the model your MIDI files' style."),
    _A("model_install", "Install from file…", "Model", help="A model that somebody gave you, as one file."),
    _A("model_export", "Save as one file…", "Model", help="The model that writes now, to give away or to keep."),
    _A("model_card", "About this model…", "Model", help="What it was trained on, when and how it went."),
    _A("play_toggle", "Play / stop", "Play", ("Space",)),
    _A("play_start", "To the start", "Play", ("Home",)),
    _A("play_cursor", "Play from the cursor", "Play", ("Shift+Space",), help="Space then begins there, too."),
    _A("play_metronome", "Metronome", "Play", ("K",), is_checkable=True),
    _A("play_count_in", "Count in a bar", "Play", ("Shift+K",), is_checkable=True, help="Clicks before it plays."),
    _A("play_clear_marks", "Clear level marks", "Play", help="The marks of what was too loud, beside the levels."),
    _A("live_setup", "Ports, channels and clock…", "Live", ("Ctrl+P",), help="For playing with a DAW or hardware."),
    _A("live_next", "Next loop", "Live", ("Shift+G",), help="Written while this one plays; comes in at its end."),
    _A(
        "live_evolve",
        "Evolve",
        "Live",
        ("E",),
        is_checkable=True,
        help="What G would write changes a little every few passes.",
    ),
    _A("live_scenes", "Scenes", "Live", ("Shift+S",), is_checkable=True, help="1 to 9 launch favourites, not takes."),
    *(_A(f"live_scene_{n}", f"Launch scene {n}", "Live") for n in range(1, 10)),
    _A("live_capture", "Capture what was played in", "Live", ("Ctrl+Shift+C",), help="The last bars become a part."),
    _A(
        "live_capture_rhythm", "Rhythm from what was played in", "Live", ("Ctrl+Shift+P",), help="Of the part in front."
    ),
    _A("live_learn", "MIDI learn…", "Live", ("Ctrl+M",), help="Let a controller move any knob or do any action."),
    _A("live_drops_in", "Come in on beat / bar / loop", "Live", ("Shift+J",), help="When loops and takes come in."),
    _A("live_panic", "Panic", "Live", ("Ctrl+.",), help="Stop, and switch off every note on every port."),
    _A("view_draw", "Draw", "View", ("B",), is_checkable=True, help="A press on empty ground draws a note."),
    _A("view_zoom_in", "Zoom in", "View", ("+", "=", "Ctrl++")),
    _A("view_zoom_out", "Zoom out", "View", ("-", "Ctrl+-")),
    _A("view_fit", "Show the whole loop", "View", ("Z",)),
    _A("view_fold", "Fold to scale / used / all", "View", ("Y",)),
    _A("view_notes", "List of notes…", "View", ("N",), help="The part's notes as a table, for reading and typing."),
    _A("view_next_panel", "Next panel", "View", ("F6",), help="Parts, roll, wishes, takes; Tab goes on within."),
    _A("view_previous_panel", "Previous panel", "View", ("Shift+F6",)),
    _A("view_snap_finer", "Finer grid", "View", ("Ctrl+1",)),
    _A("view_snap_coarser", "Coarser grid", "View", ("Ctrl+2",)),
    _A("view_theme", "Dark / light / high contrast", "View", ("Ctrl+Shift+L",)),
    _A("view_larger", "Larger interface", "View", ("Ctrl+Alt++", "Ctrl+Alt+=")),
    _A("view_smaller", "Smaller interface", "View", ("Ctrl+Alt+-",)),
    _A("help_keys", "Shortcuts", "Help", ("?", "F1")),
    _A("help_ways_out", "Ways into your DAW", "Help", help="Drag, port and file, in a card under the roll."),
    _A("help_diagnostics", "Copy diagnostics", "Help"),
)
_REPEATING_MENUS = ("Edit", "Cursor", "View")  # a key held down there goes on nudging or zooming
MENUS = tuple(dict.fromkeys(spec.menu for spec in ACTIONS))
_BEGIN_GROUPS = frozenset(
    {
        "file_save_as",
        "file_save_recipe",
        "file_copy",
        "file_settings",
        "edit_cut",
        "edit_quantise",
        "edit_up",
        "extend_left",
        "cursor_select",
        "cursor_bar",
        "part_next",
        "part_mute",
        "part_menu",
        "part_split",
        "part_groove",
        "steer_chords",
        "steer_half_time",
        "steer_form",
        "take_accept",
        "take_morph",
        "take_rate_1",
        "take_library",
        "take_1",
        "live_next",
        "live_scene_1",
        "live_capture",
        "live_drops_in",
        "view_zoom_in",
        "view_snap_finer",
        "view_theme",
    }
)


class ActionTable:
    """The actions of one window.

    Args:
        window: Where they work.
        slots: What each id does; must name every id of `ACTIONS`. Checkable ones get a bool.
    """

    def __init__(self, window: QMainWindow, slots: Mapping[str, Callable[..., None]]) -> None:
        missing = {spec.id for spec in ACTIONS} ^ set(slots)
        if missing:
            raise ValueError(f"actions and slots differ: {sorted(missing)}")
        self._actions = {spec.id: _action(window, spec, slots[spec.id]) for spec in ACTIONS}
        self._fill_menus(window)

    def __getitem__(self, id: str) -> QAction:
        return self._actions[id]

    def _fill_menus(self, window: QMainWindow) -> None:
        bar = window.menuBar()
        menus: dict[str, QMenu] = {title: bar.addMenu(text) for title, text in _with_mnemonics(MENUS)}
        for menu in menus.values():
            menu.aboutToHide.connect(lambda: QTimer.singleShot(0, bar, lambda: _let_go(bar)))
        for spec in ACTIONS:
            if spec.id in _BEGIN_GROUPS:
                menus[spec.menu].addSeparator()
            menus[spec.menu].addAction(self._actions[spec.id])


def _let_go(bar: QMenuBar) -> None:
    """Leave the menu bar when its last menu was closed: Qt keeps it lit, and letters would open menus."""
    if not QApplication.activePopupWidget():
        leave = QKeyEvent(QEvent.Type.KeyPress, Qt.Key.Key_Escape, Qt.KeyboardModifier.NoModifier)
        QApplication.sendEvent(bar, leave)


def _with_mnemonics(titles: tuple[str, ...]) -> list[tuple[str, str]]:
    """Return each menu's title with its own letter marked, so that Alt and that letter opens it."""
    marked, taken = [], set[str]()
    for title in titles:
        at = next(i for i, letter in enumerate(title) if letter.lower() not in taken)
        taken.add(title[at].lower())
        marked.append((title, f"{title[:at]}&{title[at:]}"))
    return marked


def _action(window: QMainWindow, spec: ActionSpec, slot: Callable[..., None]) -> QAction:
    action = QAction(spec.text, window)
    action.setObjectName(spec.id)
    action.setShortcuts([QKeySequence(keys) for keys in spec.shortcuts])
    action.setCheckable(spec.is_checkable)
    action.setAutoRepeat(spec.menu in _REPEATING_MENUS)
    keys = f" ({shown_keys(spec)})" if spec.shortcuts else ""
    action.setToolTip(f"{spec.text}{keys}")
    action.setStatusTip(spec.help)
    (action.toggled if spec.is_checkable else action.triggered).connect(
        slot if spec.is_checkable else lambda *_: slot()
    )
    window.addAction(action)
    return action


def shown_keys(spec: ActionSpec) -> str:
    """Return the shortcuts as the platform writes them."""
    names = [QKeySequence(keys).toString(QKeySequence.SequenceFormat.NativeText) for keys in spec.shortcuts]
    return " · ".join(names)


def keys_as_markdown() -> str:
    """Return the shortcut map for the user guide."""
    lines = []
    for menu in MENUS:
        lines += [f"### {menu}", "", "| Action | Keys | |", "|---|---|---|"]
        for spec in ACTIONS:
            if spec.menu == menu:
                lines.append(f"| {spec.text} | {' · '.join(spec.shortcuts)} | {spec.help} |")
        lines.append("")
    return "\n".join(lines)
