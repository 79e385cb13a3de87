"""Words of scholarly English that carry no subject: they end a run of words that may become a keyphrase.

They stay in the index (a reader may search them); they only never stand inside a keyphrase. Which words are here was
decided by looking at which ones occur often in abstracts and almost never in titles or in an expert's keyphrases.
"""

from search.analysis import STOP_WORDS

_VERBS = """
    accelerate accelerates accelerating accept accommodate accommodates accomplish accomplished accumulate
    achieve achieved achieves achieving acquire activate adapt adapts add added adding address addressed
    addresses addressing adjust adjusts admit admits admitting adopt adopted adopting adopts affect affecting
    affects affirming aim aimed aiming aims align alleviate alleviating allocate allow allowed allowing allows
    alter altering alters amplify analyse analysed analysing analyze analyzed analyzes analyzing anticipate
    appear appears applied applies apply applying argue argued argues arise arises arising arrive ask asked
    assemble assess assessed assesses assessing assign assigning assigns associate associates assume assumed
    assumes assuming attain attaining attains attempt attempts augment augmenting augments automate avoid
    avoiding avoids became become becomes becoming begin begins behave behaves believe boosts bounding
    bridging bring brings build builds built calculate calculated calibrate call called capable captures
    capturing carried carries carry categorize cause caused causes characterise characterising characterize
    characterizes characterizing choose chooses choosing chosen circumvent clarifies clarify classifies
    classify collaborate collect combine combined combines combining come comes communicate compare compared
    compares comparing compensate complementing completing complicates compress compresses comprise compute
    computes concentrate concern concerned concerning concerns conclude concludes conducted confirm confirming
    confirms connect connects consider considered considering considers consist consisting consists constitute
    constitutes constrain constraining constrains construct constructed constructing contain contained
    containing contains continue contribute contributes convert converts convey cope corresponds corroborate
    create created creates creating damp deal deals decide decode decompose decomposes decouple decouples
    deduce define defined defines defining deliver delivers demonstrate demonstrated demonstrates
    demonstrating denote denoted denotes depend depends deploy derive derives deriving describe described
    describes describing design designed detect detecting determine determined determines determining develop
    developed developing develops devise diagnose differentiate discover discovered discriminate discuss
    discussed discusses discussing disentangle disrupt distill distinguish distribute divide divides dominate
    dominates done draw drawn elaborate elicit eliminate eliminates eliminating elucidate emerge emerged
    emphasize emphasizes emphasizing employ employed employing employs emulate enable enabled enables enabling
    encompass encompasses encompassing encourage encourages enforce engage enhance enhances enhancing enjoy
    enjoys enrich enriching ensure ensures ensuring entails enter entering enters enumerate establish
    established establishes establishing estimating evaluate evaluated evaluates evaluating examine examined
    examines examining exceed exceeds exclude excluding execute executes exhibit exhibiting exhibits exist
    existing exists expand expands expect explain explained explaining explains exploiting explore explored
    explores exploring expose exposes express expresses extend extending extends extract extracting facilitate
    facilitates favors figuring fill find finds fixes focus focused focuses focusing follow followed following
    follows formalize formulate formulates formulating foster found fulfill gather gave generalise generalize
    generalizes generalizing generate generates generating get gets getting give given gives giving go goes
    going got govern governs grow handle handles happen happens harnessing help helped helping helps highlight
    highlighting highlights hinder hindering hinders hold holds hope hypothesize identified identifies
    identify identifying ignore ignores ignoring illustrate illustrated illustrates illustrating implement
    implemented implementing implements implies imply implying impose imposes imposing improve improved
    improves improving include included includes including incorporate incorporates increase increased
    increases indicate indicated indicates indicating induce induces inducing infer infers influences
    influencing inherits inject inspire instantiate integrate integrates interpret introduce introduced
    introduces introducing investigate investigated investigates investigating invoke invoking involve
    involved involves involving justify keep keeping keeps know knowing known knows lack lacks lays lead
    leading leads learn learns leave leaves leaving led let leverage leverages leveraging locate look looking
    looks losing lowers made maintain maintaining maintains make makes making manage manipulate maximize
    maximizes maximizing meet meets mimics minimize minimizes minimizing mitigate mitigates modifies modify
    modifying motivate motivated motivating move named navigate necessitates necessitating need needed needs
    neglecting note noted obey obeys observe observes obtain obtained obtaining obtains occupy occur occurring
    occurs offer offered offering offers opens operate optimize optimizes optimizing organize outline outlines
    outperform outperformed outperforming outperforms overcome overcomes overcoming overlook overlooking
    overlooks participate pave paves paving perceive perform performed performing performs permits plays
    posing possess possesses possessing predict predicting predicts prepare present presented presenting
    presents preserve preserves prevent prioritize proceed proceeds produce produced produces producing
    promote propagate propose proposed proposes proposing protect prove proved proven proves provide provided
    provides providing proving pursue pushing put puts quantifies quantify quantifying raise raises reach
    reached reaches realize realized realizes realizing recast receives recognize recognizing recommend
    reconcile reconstruct reconstructs recover recovers reduce reduces reducing refer referred refers refine
    refines reflect reflects reformulate regard regarded regarding regulate reinforce reinforcing relate
    relates relating relax remain remains remedy remove removes removing renders replace replaces replacing
    replicate report reported reports represent represents reproduce reproduces require required requires
    resemble resembles resolve resolves resolving restore restrict restricting restricts resulted resulting
    results retain retains rethinking retrieve reveal revealed revealing reveals reviewed revisit revisiting
    runs said satisfies satisfy satisfying save say says see seek seeks seem seems seen selecting selects send
    sends separates serve serves settle show showcase showcasing showed showing shown shows simplifies
    simplify simulate simulates simulating solve solved solves solving specify specifying speculate stabilize
    stabilizes start started starting starts stated stay strengthen strengthens studied studies studying
    suffer suffers suffice suggest suggested suggests summarize summarizes summarizing supported suppress
    suppresses surpass surpasses surpassing survive sustain synthesize synthesizes tackle tackles tackling
    take taken takes taking teach tend tends tested think thought tolerate towards translate treat treating
    treats tried try trying turn turns uncover uncovering uncovers undergoes underscore underscores
    underscoring understand understanding understood undertaken unifies unify unifying unlock unveiling use
    used useful uses using utilize utilized utilizes utilizing validate validated validates validating vanish
    vary verified verifies verify verifying violate visualize want wants went wish works write yielded
    yielding yields
"""
_DESCRIBING = """
    able according across additional advantage advantages affected along alongside alternative always among
    amongst another any anyone anything appropriate around author authors available aware away based become
    behind beneficial besides best better beyond big brief briefly careful certain challenging clear closer
    commonly comparable compelling comprehensive concerned considerable consistent corresponding crucial
    currently desirable desired despite detailed different difficult distinct easier easy eight either elegant
    else enough entire especially essential etc even ever every everything excellent exciting existent
    extensive fairly feasible few fifth five former found four fourth furthermore good great greater greatly
    helpful hence here high-quality highest huge important impressive inside instead interested interesting
    known larger largest last later latest latter leading least less lesser like likely little longer lowest
    main major making manner many maybe meaningful mere minus modern moreover much namely nearly needed never
    nevertheless new newly nine nonetheless notable notably novel now numerous often old one ones original
    others otherwise outside overall particular past perhaps plus poor popular possible powerful practical
    preliminary present previous previously promising quite rapid rather really reasonable recent recently
    related relevant remarkable respective respectively rich rigorous seven several severe showing significant
    similar simpler six smaller so-called some sometimes somewhat soon sophisticated state-of-the-art still
    straightforward striking strongly subsequent substantial successful such suitable superior surprising ten
    therefore third thorough though thousand three throughout thus today together too traditional true twelve
    twice two twofold typical ultimate unable underlying unfortunately unknown unless unlike unprecedented
    upon useful usual valuable various vast well well-known whenever whereby wherein whether whose widely
    widespread without worse worst yet
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
# A word that ends so is a participle, except these.
_ED = frozenset("bed bleed breed creed deed embed feed hundred infrared need red reed seed shed speed weed".split())
_PARTICIPLES = frozenset(
    """
    arisen beaten begun bound broken brought built chosen drawn driven fallen felt forgotten frozen given gone grown
    hidden kept known laid left lost made meant met paid proven risen seen sent shown spent spoken stolen taken taught
    thrown understood undergone woven written
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


def is_participle(word: str) -> bool:
    """Whether a lower-case word is the past participle of a verb ("trained", "driven")."""
    return word in _PARTICIPLES or (word.endswith("ed") and word.rpartition("-")[2] not in _ED)
