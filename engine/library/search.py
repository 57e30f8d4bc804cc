"""From a `Query` to SQL.

Words go through the full-text index, each as the beginning of a word; everything else is looked up in the one index
that covers it. Both are walked from the newest take on, so that the first page is found without sorting.
"""

from dataclasses import dataclass, field

from engine.jobs.library import Query


@dataclass(slots=True)
class Conditions:
    """SQL conditions and their values."""

    texts: list[str] = field(default_factory=list[str])
    values: list[str | float] = field(default_factory=list[str | float])

    def add(self, text: str, *values: str | float) -> None:
        self.texts.append(text)
        self.values.extend(values)

    @property
    def where(self) -> str:
        return f" WHERE {' AND '.join(self.texts)}" if self.texts else ""


def search_sql(query: Query, columns: str) -> tuple[str, list[str | float]]:
    """Return the statement that finds a page of takes, the newest first, and its values."""
    conditions = Conditions()
    words = _match(query.text)
    if words:
        conditions.add("words MATCH ?", words)
    _add_facets(conditions, query)
    if words:
        source, order = "words CROSS JOIN takes ON takes.id = words.rowid", "words.rowid"
    else:
        source, order = "takes INDEXED BY takes_by_facets", "takes.id"
    page = f"SELECT takes.id FROM {source}{conditions.where} ORDER BY {order} DESC LIMIT ?"
    sql = f"SELECT {columns} FROM takes WHERE id IN ({page}) ORDER BY id DESC"
    return sql, [*conditions.values, query.limit]


def _match(text: str) -> str:
    """Return what the index is asked: every word as the beginning of one; signs have no meaning of their own."""
    words = [word.replace('"', "") for word in text.split()]
    return " ".join(f'"{word}"*' for word in words if any(sign.isalnum() or sign in "#%" for sign in word))


def _add_facets(conditions: Conditions, query: Query) -> None:
    for text, value in (
        ("key = ?", query.key or None),
        ("tempo_bpm >= ?", query.min_tempo_bpm),
        ("tempo_bpm <= ?", query.max_tempo_bpm),
        ("bars = ?", query.bars),
        ("rating >= ?", query.min_rating or None),
        ("takes.id < ?", query.before or None),
    ):
        if value is not None:
            conditions.add(text, value)
    if query.part:
        conditions.add("instr(' ' || written || ' ', ?) > 0", f" {query.part} ")
    if query.only_favourites:
        conditions.add("is_favourite = 1")
    conditions.add("is_discarded = ?", int(query.only_discarded))
