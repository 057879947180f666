"""Search by words in the catalog's texts, which forgives typing errors."""

import shutil
import tempfile
from functools import cached_property, lru_cache
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np

from artsim.web.cache import cache_folder
from artsim.web.collection import Collection

_FIELDS = {  # columns of the catalog and how much a hit in them counts
    "title": 3.0,
    "artist": 3.0,
    "style": 1.5,
    "type": 1.0,
    "technique": 1.0,
    "location": 1.0,
    "school": 1.0,
    "date_text": 1.0,
    "id": 1.0,
}
_EXACT, _PREFIX, _FUZZY = 4.0, 2.0, 1.0  # how much an exact word counts, the begin of one, one with typing errors
_LONGEST, _MOST = 60, 12  # characters of a word, words of a query
_TEXT = 2_000  # characters of a text that are indexed
_BATCH = 50_000  # artworks read at a time
_FORMAT = 1  # changes when the index is made in another way


class Words:
    """An index of a collection's texts, made when it is first used and kept on the local disk.

    Every word of a query must occur: exactly, as the begin of a word, or with one typing error (two from eight letters
    on). Case and accents don't matter.
    """

    def __init__(self, collection: Collection) -> None:
        self._collection = collection
        self._lock = Lock()
        self.find = lru_cache(maxsize=64)(self._find)

    def _find(self, query: str) -> tuple[np.ndarray, np.ndarray]:
        """Returns numbers, int64 (m,), and scores, float32 (m,), of the artworks that match, best first."""
        import tantivy

        words = list(dict.fromkeys(self._analyzer.analyze(query)))[:_MOST]
        if not words:
            return np.empty(0, np.int64), np.empty(0, np.float32)
        index = self._index
        must = [(tantivy.Occur.Must, self._word(index.schema, word)) for word in words]
        searcher = index.searcher()
        hits = searcher.search(tantivy.Query.boolean_query(must), len(self._collection)).hits
        numbers = np.array(searcher.fast_field_values("n", [address for _, address in hits]), np.int64)
        scores = np.array([score for score, _ in hits], np.float32)
        order = np.lexsort((numbers, -scores))
        return numbers[order], scores[order]

    def _word(self, schema: Any, word: str) -> Any:
        from tantivy import Query

        errors = 0 if len(word) < 4 or word.isdigit() else 1 if len(word) < 8 else 2
        ways = []
        for field, weight in _FIELDS.items():
            ways.append(Query.boost_query(Query.term_query(schema, field, word), weight * _EXACT))
            prefix = Query.fuzzy_term_query(schema, field, word, distance=0, prefix=True)
            ways.append(Query.boost_query(prefix, weight * _PREFIX))
            if errors:
                fuzzy = Query.fuzzy_term_query(schema, field, word, distance=errors)
                ways.append(Query.boost_query(fuzzy, weight * _FUZZY))
        return Query.disjunction_max_query(ways)

    @cached_property
    def _analyzer(self) -> Any:
        from tantivy import Filter, TextAnalyzerBuilder, Tokenizer

        analyzer = TextAnalyzerBuilder(Tokenizer.simple()).filter(Filter.remove_long(_LONGEST))
        return analyzer.filter(Filter.lowercase()).filter(Filter.ascii_fold()).build()

    @cached_property
    def _index(self) -> Any:
        import tantivy

        folder = cache_folder(f"words-{_FORMAT}-{self._collection.version_of('catalog')}")
        path = folder / "index"
        with self._lock:
            if not path.exists():
                draft = Path(tempfile.mkdtemp(dir=folder))
                try:
                    self._make(draft)
                    draft.replace(path)
                except BaseException:
                    shutil.rmtree(draft, ignore_errors=True)
                    raise
        index = tantivy.Index.open(str(path))
        index.register_tokenizer("words", self._analyzer)
        return index

    def _make(self, folder: Path) -> None:
        import tantivy

        builder = tantivy.SchemaBuilder()
        builder.add_integer_field("n", fast=True)
        for field in _FIELDS:
            builder.add_text_field(field, tokenizer_name="words", index_option="freq")
        index = tantivy.Index(builder.build(), path=str(folder))
        index.register_tokenizer("words", self._analyzer)
        writer = index.writer(num_threads=1)
        for start in range(0, len(self._collection), _BATCH):
            rows = self._collection.rows.slice(start, _BATCH).select(list(_FIELDS)).to_pylist()
            for number, row in enumerate(rows, start):
                texts = {name: text[:_TEXT] for name, text in row.items() if text}
                writer.add_document(tantivy.Document(n=number, **texts))
        writer.commit()
        writer.wait_merging_threads()
