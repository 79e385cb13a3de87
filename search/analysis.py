"""How text becomes index terms, alike in every engine and in Python.

Two analyzers. *exact*: runs of letters and digits, lower case, accents folded to ASCII. *stems*: the same without stop
words, each word cut to its stem by Porter's second English stemmer (Snowball "english"). tantivy does both, here as in
the index.
"""

from tantivy import Filter, TextAnalyzer, TextAnalyzerBuilder, Tokenizer

# Words that say nothing about a paper's subject; single letters are what "paper's" and "don't" leave behind.
STOP_WORDS = tuple(
    """
    a about above after again against all also although am among an and any are as at be because been before being
    below between both but by can cannot could d did do does doing down due during each either etc few for from
    further had has have having he hence her here hers him his how however i if in into is it its itself just ll m
    may me might more moreover most much must my neither no nor not of off on once only onto or other our ours out
    over own per quite rather re s same shall she should since so some such t than that the their theirs them then
    there thereby therefore these they this those through thus to too toward towards under until up upon us ve very
    via was we were what when where whereas whether which while who whom whose why will with within without would
    yet you your yours
    """.split()
)
# A "word" longer than this is no word (base64, sequences); the index leaves it out.
LONGEST = 60


def _builder() -> TextAnalyzerBuilder:
    return (
        TextAnalyzerBuilder(Tokenizer.simple())
        .filter(Filter.remove_long(LONGEST))
        .filter(Filter.lowercase())
        .filter(Filter.ascii_fold())
    )


def exact_analyzer() -> TextAnalyzer:
    """The analyzer of quoted phrases, names and references."""
    return _builder().build()


def stem_analyzer() -> TextAnalyzer:
    """The analyzer of free words."""
    return _builder().filter(Filter.custom_stopword(list(STOP_WORDS))).filter(Filter.stemmer("english")).build()


_EXACT, _STEMS = exact_analyzer(), stem_analyzer()


def words(text: str) -> list[str]:
    """The exact terms of a text, in order."""
    return _EXACT.analyze(text)


def written(text: str) -> dict[str, str]:
    """Each stem of a text with the exact term that the text writes it as first."""
    found: dict[str, str] = {}
    for term in words(text):
        for stem in stems(term):
            found.setdefault(stem, term)
    return found


def stems(text: str) -> list[str]:
    """The stemmed terms of a text without stop words, in order."""
    return _STEMS.analyze(text)
