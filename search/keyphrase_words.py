"""Words of scholarly English that carry no subject: they end a run of words that may become a keyphrase.

They stay in the index (a reader may search them); they only never stand inside a keyphrase. Which words are here was
decided by looking at which ones occur often in abstracts and almost never in titles or in an expert's keyphrases.
"""

from search.analysis import STOP_WORDS

_VERBS = """
    accelerating accomplish accomplished achieve achieved achieves achieving add added adding address
    addressed addresses addressing adopt adopted affirming aim aimed aiming aims allow allowed allowing
    allows analyse analysed analysing analyze analyzed analyzes analyzing appear appears applied applies
    apply applying argue argued argues arise arises arising ask asked assess assessed assessing assume
    assumed assumes assuming attempt attempts augmenting automate avoid avoiding avoids became become
    becomes becoming begin begins believe bounding bridging bring brings build builds built calculate
    calculated call called capable carried carry cause caused causes characterising characterizing choose
    chosen combine combined combines combining come comes compare compared compares comparing compute
    concern concerned concerning concerns conclude concludes conducted consider considered considering
    considers consist consisting consists constraining construct constructed constructing contain
    contained containing contains contribute contributes corresponds create created creates creating damp
    deal deals decompose define defined defines defining deliver delivers demonstrate demonstrated
    demonstrates demonstrating denote denoted depend depends derive derives describe described describes
    describing design designed detecting determine determined determines determining develop developed
    developing develops discover discovered discuss discussed discusses discussing done draw drawn emerge
    emerged employ employed employing employs enable enabled enables enabling enhance enhances enhancing
    ensure ensures ensuring establish established establishes estimating evaluate evaluated evaluates
    evaluating examine examined examines exceed exceeds exhibit exhibits exist existing exists expect
    explain explained explains explore explored explores exploring extend extending extends extracting
    facilitate facilitates figuring find finds focus focused focuses focusing follow followed following
    follows found gave generalizing generating get gets getting give given gives giving go goes going got
    handle handles happen happens help helped helping helps highlight highlights hold holds identified
    identifies identify identifying illustrate illustrated illustrates implement implemented implements
    implies imply improve improved improves improving include included includes including increase
    increased increases indicate indicated indicates inducing influences introduce introduced introduces
    introducing investigate investigated investigates investigating involve involved involves involving
    keep keeps know known lack lacks lead leading leads learns leave leaves led let leveraging look
    looking looks made maintain maintaining maintains make makes making maximizing meet meets minimizing
    motivated named need needed needs note noted obtain obtained obtaining obtains occur occurring occurs
    offer offered offering offers optimizing outline outlines outperform outperformed outperforming
    outperforms overcome perform performed performing performs predict predicting predicts present
    presented presenting presents produce produced produces producing promote propose proposed proposes
    proposing prove proved proven proves provide provided provides providing proving put puts quantifying
    raise raises reach reached reaches realize realized reduce reduces reducing refer referred refers
    regard regarded remain remains report reported reports require required requires resulted resulting
    results rethinking reveal revealed reveals reviewed revisiting runs said satisfies satisfying say says
    see seek seeks seem seems seen serve serves show showed showing shown shows simulate simulating solve
    solved solves solving start started starting starts stated studied studies studying suffer suffers
    suggest suggested suggests supported suppress surpass take taken takes taking tend tends tested think
    thought tolerate towards tried try trying turn turns uncovering understand understanding understood
    undertaken unifying unveiling use used useful uses using utilize utilized utilizes utilizing validate
    validated verified verify verifying want wants went works yielded yielding yields
"""
_DESCRIBING = """
    able according across additional advantage advantages affected along alternative always among another any
    anyone anything appropriate around author authors available aware away based become beneficial best better
    beyond big brief briefly careful certain challenging clear closer commonly comparable compelling
    comprehensive concerned considerable consistent corresponding crucial currently desirable desired despite
    detailed different difficult distinct easier easy eight either elegant else enough entire especially
    essential etc even ever every everything excellent exciting existent extensive fairly feasible few fifth
    five former found four fourth furthermore good great greater greatly helpful hence here high-quality
    highest huge important impressive inside instead interested interesting known larger largest last later
    latest latter leading least less lesser like likely little longer lowest main major making manner
    many maybe meaningful mere modern moreover much namely nearly needed never nevertheless new newly nine
    nonetheless notable notably novel now numerous often old one ones original others otherwise overall
    particular past perhaps poor popular possible powerful practical preliminary present previous previously
    promising quite rapid rather really reasonable recent recently related relevant remarkable
    respective respectively rich rigorous seven several severe showing significant similar simpler six smaller
    so-called some sometimes somewhat soon sophisticated state-of-the-art still straightforward striking
    strongly subsequent substantial successful such suitable superior surprising ten therefore third thorough
    though thousand three throughout thus today together too traditional true twelve two twofold typical
    ultimate unable underlying unfortunately unknown unlike unprecedented upon useful usual valuable various
    vast well well-known whether whose widely widespread without worse worst yet
"""
_NOUNS = """
    ability account al amount article aspect aspects author cases conclusion conclusions consequence
    consideration contribution contributions decade decades detail details difficulties difficulty drawback
    drawbacks e.g effort efforts eg et experiments extent findings hundred i.e ibid idea ideas ie improvement
    improvements insight insights issue issues kind kinds let limitation limitations lot lots non
    others paper papers part parts people percent possibilities possibility progress purpose purposes reason
    reasons research respect result role roles shortcoming shortcomings sort talk thesis thing things
    today today's version versus vol vs way ways work year years
"""
# Units of measure, left over where their number was cut away.
_UNITS = """
    cm db deg gb gev ghz gpa hz kev kg khz km kpc kv kw mb mev mg mhz ml mm mpa mpc mw nm ps tev
"""
# A word that ends so is an adverb, except these.
_LY = frozenset(
    """
    ally anomaly assembly belly bully butterfly daily disassembly elderly family firefly fly friendly
    homily hourly imply jelly lily monopoly monthly multiply oligopoly poly rally reassembly reply
    self-assembly subfamily superfamily supply tally user-friendly weekly yearly
    """.split()
)
# Plurals whose stem is another than that of their singular.
IRREGULAR_PLURALS = {
    "automata": "automaton",
    "indices": "index",
    "matrices": "matrix",
    "phenomena": "phenomenon",
    "polyhedra": "polyhedron",
    "simplices": "simplex",
    "spectra": "spectrum",
    "vertices": "vertex",
}
_BREAKS = frozenset(STOP_WORDS).union(_VERBS.split(), _DESCRIBING.split(), _NOUNS.split(), _UNITS.split())


def breaks(word: str) -> bool:
    """Whether a lower-case word ends a run of subject words: stop words, verbs of writing, plain adverbs."""
    return word in _BREAKS or (word.endswith("ly") and word not in _LY)
