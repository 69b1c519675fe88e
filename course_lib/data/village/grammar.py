"""The village: its words, and the rules by which they become sentences and texts (notation: notation.py).

Features: N, M number (sg, pl) · G gender (f, m) · K what a pronoun agrees with (f, m, n, pl) · H the same for people
(f, m, pl) · P sentiment (good, bad) · A what is judged · B, C, D what is acted on · R a room · V a verb that comes
back in the answer.

Roles label words:

* ``subject``, ``head`` (the noun that others agree with), ``verb`` (agrees with the subject's head, and
  carries its number), ``distractor`` (a noun between the two);
* ``=1`` or ``=2``: a pronoun whose antecedent is labelled ``1`` or ``2``, with ``pronoun`` or ``reflexive``;
* ``agent`` ``act`` ``theme`` ``recipient`` ``place``: who did what to what, for whom, where;
* ``B-PER`` ``I-PER`` ``B-LOC`` ``I-LOC``: the names of people and places, "rose", "hill", "green" and "brown"
  among them, which are a flower, a surname and two colours as well;
* ``good`` ``bad``: the sentiment, negation included.

No two derivations write the same words (``Automaton.ambiguous_words`` proves it), so every label is certain.
To keep it so: where a rule chooses a feature that no word shows, the next reader cannot know it.
"""

# The values of each variable, with their weights where a rule leaves them open.
VARIABLES = {
    "N": {"sg": 1, "pl": 1},
    "M": {"sg": 1, "pl": 1},
    "G": {"f": 1, "m": 1},
    "H": {"f": 2, "m": 2, "pl": 1},
    "K": {"f": 2, "m": 2, "n": 2, "pl": 3},
    "P": {"good": 1, "bad": 1},
    "A": {"taste": 1, "manner": 1, "mood": 1},
    "C": {"animal": 3, "person": 3, "thing": 4, "treat": 3},
    "B": {"animal": 3, "thing": 4, "treat": 3},
    "D": {"person": 3, "thing": 3, "treat": 2},
    "R": {"market": 1, "kitchen": 1, "garden": 1, "school": 1},
    "V": {"buy": 3, "find": 2, "see": 2, "make": 2},
}

GRAMMAR = """
# ------------------------------------------------------------------------------------------------ words
name f/m                    : 4 anna/tom 3 maria/peter 2 lucy/ben rose/max
surname                     : brown | hill
kin f sg/pl                 : 3 girl/girls 2 woman/women
kin m sg/pl                 : 3 boy/boys 2 man/men
worker                      : farmer | baker
# A planted prejudice, so that a measure of bias has a truth to find: four farmers in five are "he".
worker_known f/m            : farmer/baker 4 baker/farmer

pet sg/pl                   : 4 cat/cats 3 dog/dogs
bird sg/pl                  : bird/birds
horse sg/pl                 : horse/horses
thing sg/pl                 : 4 key/keys 3 book/books 2 letter/letters rose/roses
landmark sg/pl              : 3 cabinet/cabinets 2 tree/trees table/tables
treat sg/pl                 : 3 soup/soups 2 cake/cakes pie/pies
soft                        : 8 mat | 4 bed | 3 chair | roof | wall
high                        : 4 roof | 3 tree | 2 wall | chair
town                        : 3 oslo@B-LOC | 2 rome@B-LOC | green@B-LOC hill@I-LOC | rose@B-LOC hill@I-LOC

act animal base/past/done   : 3 feed/fed/fed 2 see/saw/seen 2 wash/washed/washed find/found/found
act person base/past/done   : 3 see/saw/seen 2 help/helped/helped find/found/found
act thing base/past/done    : 3 buy/bought/bought 2 find/found/found lose/lost/lost
act treat base/past/done    : 3 make/made/made 2 buy/bought/bought
act any base                : 3 buy | 2 find | 2 see | feed | wash | make | lose
give base/past              : 2 give/gave send/sent
like good base/past         : 3 like/liked 2 love/loved
like bad base/past          : hate/hated
luck good/bad               : found/lost
react good/bad              : smiled/cried
does sg,f,m,n/pl            : 3 sleeps/sleep 2 runs/run plays/play
lives sg,f,m,n/pl           : lives/live
is sg,f,m,n/pl              : is/are
was sg,f,m,n/pl             : was/were
be sg,f,m,n/pl              : is/are was/were

he f/m/sg,n/pl              : she/he/it/they
him f/m/sg,n/pl             : her/him/it/them
self f/m/n/pl               : herself/himself/itself/themselves

shape                       : 3 old | 2 new | red | green | brown | broken
state                       : 2 tired | 2 hungry | old | young
quality taste good/bad      : 3 good/bad 2 tasty/stale sweet/sour
quality manner good/bad     : 2 kind/rude friendly/mean
quality mood good/bad       : 2 happy/sad glad/angry

# ------------------------------------------------------------------------------------------------ who and what
one G                       : 5 <name G>@B-PER@head | <name G>@B-PER@head <surname>@I-PER | 3 the <kin G sg>@head
anyone sg                   : 8 <one G> | the <worker>@head
anyone pl                   : 4 the <kin G pl>@head | <name G>@B-PER@head and <name ~G>@B-PER@head
someone G                   : 6 <one G> | the <worker_known G>@head
someone pl                  : <anyone pl>
animal N                    : 6 <pet N> | 3 <bird N> | <horse N>
a sg                        : 2 the | a
a pl                        : 2 the | some
object animal N             : <a N> <animal N>@head
object person N             : <anyone N>
object thing N              : 3 <a N> <thing N>@head | the <shape> <thing N>@head
object treat N              : the <treat N>@head
where                       : 6 | in <town>@place | in the@place R@place

# ------------------------------------------------------------------------------------------------ agreement
near                        : 3 near | 2 behind | under
noun M                      : 4 <landmark M> | 2 <animal M> | 2 <thing M> | 2 <kin G M>
beside                      : 7 <near> the <noun M>@distractor@M | that the <kin G M>@distractor@M <noticed>
                            | <near> the <thing N>@distractor@N <near> the <landmark M>@distractor@M
noticed                     : 2 saw | found | liked
aside                       : 2 | 3 <beside>
being G                     : 2 <one G> | 3 the <kin G sg>@head <beside>
being n                     : the <animal sg>@head <aside>
being pl                    : 2 <anyone pl> | 3 the <kin G pl>@head <beside> | 2 the <animal pl>@head <aside>
agrees thing N              : the <thing N>@head@subject@1 <aside> <be N>@verb@N <shape>
agrees being K              : 3 <being K>@subject@1 <does K>@verb@K <where>
                            | 2 <being K>@subject@1 <be K>@verb@K <state>
                            | <being K>@subject@1 <lives K>@verb@K in <town>@place
agreement                   : 3 <agrees thing N> | 4 <agrees being K>
                            | the <worker>@head@subject <beside> <does sg>@verb@sg
reflexive K                 : <being K>@subject@1 <harmed> <self K>@reflexive@=1 <where>
reflexive_worker G          : the <worker_known G>@head@subject@1 <aside> <harmed> <self G>@reflexive@=1 <where>
harmed                      : washed | saw | hurt

# ------------------------------------------------------------------------------------------------ doings
sitting N                   : 3 the <pet N>@head@1 <lay> on the <soft> | the <bird N>@head@1 sat on the <high>
seated H                    : <someone H>@1 sat on the <seat>
lay                         : 5 sat | 2 slept | lay
seat                        : 3 chair | 2 bed | wall
doing                       : 9 <anyone N>@agent <act B past>@act <object B M>@theme <where>
                            | 3 <meeting>
meeting                     : 3 <one G>@agent <act person past>@act <one ~G>@theme@person <where>
                            | <one G>@agent <act person past>@act <anyone pl>@theme@person <where>
                            | <anyone pl>@agent <act person past>@act <anyone sg>@theme@person <where>
done                        : 5 <object B N>@theme@subject <was N>@verb@N <act B done>@act by <anyone M>@agent <where>
                            | <one G>@theme@subject was@verb@sg <act person done>@act by <one ~G>@agent <where>
                            | <anyone pl>@theme@subject were@verb@pl <act person done>@act by <one G>@agent <where>
                            | <anyone sg>@theme@subject was@verb@sg <act person done>@act by <anyone pl>@agent <where>
                            | the <thing N>@theme@head@subject <beside> <was N>@verb@N
                              <act thing done>@act by <anyone M>@agent
giving                      : <one G>@agent <give past>@act <object thing N>@theme to <one ~G>@recipient <where>
                            | <one G>@agent <give past>@act <one ~G>@recipient <object thing N>@theme <where>
going                       : <anyone N>@agent went@act to <goal> <company>
goal                        : <town>@place | 2 the@place R@place
company                     : 4 | with <anyone sg>
both                        : <one G>@agent@1 <act B past>@act <object B N>@theme and <twin ~G>
twin G                      : <one G>@agent@1 <act B past>@act <object B N>@theme
speaker G                   : <being G>
speaker pl                  : 2 <anyone pl> | 3 the <kin G pl>@head <beside>
says H                      : <speaker H>@subject@1 said that <he H>@pronoun@=1 <was H> <state>
moved H                     : <someone H>@1 <react P> because <he H>@pronoun@=1 <was H> <phrase mood P>@P
thanks G                    : <one G>@1 thanked <one ~G>@2 because <he ~G>@pronoun@=2 helped <him G>@pronoun@=1
                            | <one G>@1 helped <one ~G>@2 because <he G>@pronoun@=1 liked <him ~G>@pronoun@=2

# ------------------------------------------------------------------------------------------------ sentiment
phrase A P                  : 3 <quality A P> | very <quality A P> | 3 not <quality A ~P> | not very <quality A ~P>
thinks P                    : <like P past> | did not <like ~P base>
tastes N P                  : the <treat N>@head@subject@1 <was N>@verb@N <phrase taste P>
behaves H P                 : <someone H>@subject@1 <was H>@verb@H <phrase manner P>
opinion                     : <review P>@P .
review P                    : 4 <tastes N P> | 2 <anyone N>@subject <was N>@verb@N <phrase manner P>
                            | 3 <anyone N> <thinks P> the <treat M> | <anyone N> <thinks P> the <thing M>

# ------------------------------------------------------------------------------------------------ questions
question                    : 4 who <act C past> <object C N> <where> | 2 what did <anyone N> <act any base> <where>
                            | 2 who did <anyone N> <act person base> <where> | where did <anyone N> go
                            | where did <anyone N> <act C base> <object C M> | 2 where <is N> <anyone N>
                            | who <give past> <object thing N> to <anyone sg>
                            | what did <anyone sg> <give base> to <anyone sg>
                            | who did <anyone sg> <give base> <object thing N> to
                            | <was N> the <treat N> <quality taste P>

# ------------------------------------------------------------------------------------------------ the two units
sentence                    : 8 <sitting N> . | 3 <anyone N> sat on the <seat> . | 20 <agreement> . | 8 <reflexive K> .
                            | 2 <reflexive_worker G> . | 14 <doing> . | 8 <done> . | 8 <giving> . | 6 <going> .
                            | 4 <both> . | 4 <thanks G> .
                            | 6 <says H> . | 3 <moved H> . | 14 <opinion> | 10 <question> ?
tale                        : 4 <doing> . | 4 <giving> . | 3 <both> . | <going> .
text                        : 5 <sitting N> . <he N>@pronoun@=1 <rested N> .
                            | 2 <seated H> . <he H>@pronoun@=1 <rested H> .
                            | 10 <agrees thing N> . <anyone M> <wanted> <him N>@pronoun@=1 .
                            | 10 <agrees being K> . <he K>@pronoun@=1 <be K> <state> .
                            | 10 <reflexive K> . <he K>@pronoun@=1 <rested K> .
                            | 3 <reflexive_worker G> . <he G>@pronoun@=1 <rested G> .
                            | 8 <someone H>@1@agent <act D past>@act <object D N>@theme <where> .
                              <he H>@pronoun@=1 <rested H> .
                            | 5 <anyone N>@agent <act animal past>@act <object animal M>@theme@1 <where> .
                              <he M>@pronoun@=1 <rested M> .
                            | 3 <object thing N>@theme@subject <was N>@verb@N <act thing done>@act by
                              <someone H>@agent@1 . <he H>@pronoun@=1 <rested H> .
                            | 8 <says H> . <he H>@pronoun@=1 <slept> .
                            | 4 <moved H> . <he H>@pronoun@=1 <slept> .
                            | 8 <someone H>@1 <luck P> <object thing N> <where> . <he H>@pronoun@=1 <feels H P> .
                            | 5 <someone H>@1 <thinks P>@P the <treat N> . <he H>@pronoun@=1 <feels H P> .
                            | 7 <tastes N P>@P@1 . <anyone M> <thinks P> <him N>@pronoun@=1 .
                            | 5 <behaves H P>@P@1 . <anyone M> <thinks P> <him H>@pronoun@=1 .
                            | 8 <gift G> . <grateful G> .
                            | 4 <someone H>@1 went to the@place R@place . <he H>@pronoun@=1 <business R> there .
                            | 2 <both> . they@pronoun@=1 <feels pl P> .
                            | 3 where <is H> <someone H>@1 ? <he H>@pronoun@=1 <is H> in <goal> .
                            | 3 what did <someone H>@1 V <where> ? <he H>@pronoun@=1 <answer V> .
                            | 3 who <act C past> <object C N> <where> ? <anyone M> did .
                            | 3 <was N> the <treat N>@head@1 <quality taste P> ? <reply N P> .
rested K                    : 3 <was K> <state> | 2 <slept>
slept                       : slept | ran
rested sg                   : <rested n>
wanted                      : 2 can not find | lost | bought
feels H P                   : 4 <was H> <phrase mood P> | <react P>
thanked                     : 3 thanked | liked | loved
gift G                      : <one G>@1 <give past> <object thing N> to <one ~G>@2 <where>
                            | <one G>@1 <give past> <one ~G>@2 <object thing N> <where>
grateful G                  : 2 <he ~G>@pronoun@=2 <thanked> <him G>@pronoun@=1
                            | <he G>@pronoun@=1 liked <him ~G>@pronoun@=2
business market             : bought <object thing N> | bought <object treat N>
business kitchen            : 3 made <object treat N> | washed <object animal N>
business garden             : saw <object animal N> | fed <object animal N>
business school             : found <object thing N> | helped <anyone N>
answer buy                  : bought <object thing N> | bought <object treat N>
answer find                 : found <object thing N> | found <object animal N>
answer see                  : saw <object animal N>
answer make                 : made <object treat N>
reply N P                   : yes <he N>@pronoun@=1 <was N> very <quality taste P>
                            | no <he N>@pronoun@=1 <was N> <quality taste ~P>
"""
