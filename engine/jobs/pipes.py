"""What goes through the pipes: all commands, all events, and what is said about the processes themselves."""

from dataclasses import dataclass
from enum import Enum

from engine.jobs.files import (
    FilesRead,
    FilesWritten,
    ReadFiles,
    RenderProgress,
    RenderWav,
    StopRendering,
    WriteFiles,
)
from engine.jobs.inspection import InspectTake, TakeInspected
from engine.jobs.library import (
    FindTakes,
    KeepTakes,
    LoadLoops,
    LoadTake,
    LoopsLoaded,
    MarkTake,
    TakeKept,
    TakeLoaded,
    TakesFound,
    TakesKept,
)
from engine.jobs.listening import FileHeard, Listened, ListenProgress, ListenTo, StopListening
from engine.jobs.live import LiveAnswer, LiveEvent, LiveOrder, LiveQuestion
from engine.jobs.material import (
    DescribeFiles,
    FilesDescribed,
    FindLoops,
    LayStems,
    LoopsFound,
    ReadingProgress,
    StemsLaid,
    StopReading,
)
from engine.jobs.models import ExportModel, FindModels, InstallModel, ModelsFound, UseModel
from engine.jobs.similar import DescribeTake, FindSimilar, LibraryMapped, MapLibrary, SimilarFound, TakeDescribed
from engine.jobs.sound import Levels, Play, PlayNote, Position, SetGains, SetMetronome, SoundState, StopPlaying
from engine.jobs.writing import Cancel, Generate, WorkerReady
from engine.messages import Failed, GenerationEvent


class Child(Enum):
    """The processes of the engine."""

    WORKER = "worker"  # writes takes
    DESK = "desk"  # files and the library
    PLAYER = "player"  # sound, ports and clocks
    LISTENER = "listener"  # sound files as notes; starts when it is first needed


@dataclass(frozen=True, slots=True)
class Shutdown:
    """End the process."""


@dataclass(frozen=True, slots=True)
class ChildStopped:
    """A process ended by itself and was started again.

    Attributes:
        child: Which.
        lost_jobs: Jobs that it had not finished.
        is_restarted: False when it keeps dying and was given up.
    """

    child: Child
    lost_jobs: tuple[int, ...]
    is_restarted: bool = True


WorkerCommand = Generate | Cancel | UseModel | Shutdown
SimilarQuestion = FindSimilar | MapLibrary | DescribeTake
LibraryQuestion = FindTakes | LoadTake | LoadLoops | KeepTakes | SimilarQuestion
LibraryCommand = LibraryQuestion | MarkTake
LibraryAnswer = TakesFound | TakeLoaded | LoopsLoaded | TakesKept | SimilarFound | LibraryMapped | TakeDescribed
ModelQuestion = FindModels | InstallModel | ExportModel
SoundCommand = Play | SetGains | SetMetronome | PlayNote | StopPlaying
MaterialQuestion = DescribeFiles | LayStems | FindLoops
DeskQuestion = ReadFiles | WriteFiles | RenderWav | LibraryQuestion | InspectTake | ModelQuestion | MaterialQuestion
Question = Generate | DeskQuestion | LiveQuestion | ListenTo  # commands that are answered
PlayerCommand = SoundCommand | LiveOrder | LiveQuestion | Shutdown
ListenerCommand = ListenTo | StopListening | Shutdown
DeskCommand = DeskQuestion | StopRendering | StopReading | MarkTake | Shutdown
StopWork = Cancel | StopRendering | StopReading | StopListening
Order = StopWork | UseModel | SoundCommand | LiveOrder | MarkTake  # commands that are not
Command = WorkerCommand | DeskCommand | PlayerCommand | ListenerCommand
MaterialAnswer = FilesDescribed | StemsLaid | LoopsFound
FileAnswer = FilesRead | FilesWritten | MaterialAnswer | Listened
# What ends a job, unless it is `Failed`.
Answer = FileAnswer | LibraryAnswer | TakeInspected | ModelsFound | LiveAnswer
Event = (
    GenerationEvent
    | Failed
    | WorkerReady
    | TakeKept
    | RenderProgress
    | ReadingProgress
    | ListenProgress
    | FileHeard
    | Answer
    | SoundState
    | Position
    | Levels
    | LiveEvent
    | ChildStopped
)


@dataclass(frozen=True, slots=True)
class JobEvent:
    """An event and the job it belongs to."""

    job: int
    event: Event
