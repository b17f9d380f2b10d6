"""Words that matter in a reply, as regular expressions: tables, one per meaning.

English first, then Spanish, German, French, Portuguese, Russian, and last Chinese and Japanese,
which know no spaces. All are meant to be matched without regard to case.
"""

# Labels of the two coordinates.
_OF_LABEL = r"(?:(?<!\w)|(?<=(?:gps|ted|mal|nal|est)_))"  # "estimated_latitude"
LAT = (
    rf"(?:{_OF_LABEL}(?:latitud(?:e|ine)?|lat|(?:geogra\w+ )?breite(?:ngrad)?|широт[аыуе])"
    r"(?![^\W_])"
    r"|[纬緯]度)"
)
LON = (
    rf"(?:{_OF_LABEL}(?:longitud(?:e|ine)?|long|lon|lng|(?:geogra\w+ )?länge(?:ngrad)?"
    r"|долгот[аыуе])(?![^\W_])|[经經経]度)"
)

# Hemispheres as words; the single letters are in `angles`. "O" is west in Spanish, east in German.
HEMISPHERES = {
    "N": r"north(?:ern)?|norte|nord|nördlich\w*|северн\w+|с\. ?ш\.?",
    "S": r"south(?:ern)?|sur|sud|süd|sul|südlich\w*|южн\w+|ю\. ?ш\.?",
    "E": r"east(?:ern)?|este|est|ost|leste|östlich\w*|восточн\w+|в\. ?д\.?",
    "W": r"west(?:ern)?|oeste|ouest|ovest|westlich\w*|западн\w+|з\. ?д\.?",
}
HEMISPHERE_SIGNS = {
    "N": r"北[纬緯]?",
    "S": r"南[纬緯]?",
    "E": r"[东東][经經経]?",
    "W": r"西[经經経]?",
}

HALF_OF_EARTH = {  # named anywhere in a text
    "S": r"south(?:ern)? hemisphere|hemisf[eé]rio? (?:sur|sul|austral)|südhalbkugel"
    r"|hémisphère sud|южно\w* полушари|南半球|\b(?:south(?:wards?)? of|below|under) the equator"
    r"|sur del ecuador|südlich des äquators|sud de l'équateur|sul do equador|южнее экватора"
    r"|赤道以南|赤道の?南",
    "N": r"north(?:ern)? hemisphere|\b(?:north(?:wards?)? of|above) the equator|norte del ecuador"
    r"|nördlich des äquators|nord de l'équateur|norte do equador|севернее экватора|北半球|赤道以北",
    "E": r"east(?:ern)? hemisphere|\beast(?:wards?)? of (?:the )?(?:greenwich|prime|zero)"
    r"|östlich von greenwich|este de greenwich|est de greenwich|восточнее гринвич|东半球|東半球",
    "W": r"west(?:ern)? hemisphere|hemisf[eé]rio? (?:oeste|occidental|ocidental)|westhalbkugel"
    r"|hémisphère ouest|западно\w* полушари|西半球"
    r"|\bwest(?:wards?)? of (?:the )?(?:greenwich|prime|zero)|westlich von greenwich"
    r"|oeste de greenwich|ouest de greenwich|западнее гринвич",
}
HEMISPHERE_NAMED = r"hemi(?:sph|sf)\w*|hémisph\w*|halbkugel\w*|полушари\w*|半球"
NEGATIVE = (  # said of coordinates, not in front of a number
    r"\bnegativ\w*|\bnégati\w*|\bminus\b|отрицательн\w*|\bминус|负|負|マイナス"
)
BOTH_NEGATIVE = (
    rf"\b(?:both|ambos|ambas|beide|tous les deux)\b[^.\n]{{0,40}}(?:{NEGATIVE})"
    rf"|(?:{NEGATIVE})[^.\n]{{0,24}}\b(?:both|ambos|ambas|beiden?)\b|都是负|均为负|両方とも負"
)

MINUS = r"minus|negative|neg\.?|menos|negativ[oa]?|moins|минус|负|負|マイナス"

# What stands between a label, or a mark, and its number.
IS = (
    r"(?:is|are|was|of|at|be|about|around|approximately|approx\.?|roughly|near|circa|ca\.?|likely"
    r"|probably|estimated|es|son|está|aproximadamente|ist|sind|liegt|lauten?|bei|etwa|est|sont"
    r"|environ|é|são|примерно|около)\b"
)
IS_SIGNS = r"大约|大約|约|約|为|為|是|は|が"
AND = r"(?:(?:and|y|und|et|e|и)\b|和|と)"

# An answer is called one: MARK wherever it stands, MARK_COLON only with a colon or "is" behind it.
_MINE = r"(?:my|final|top|best|most likely|likeliest|most probable|overall|definitive)"
MARK = (
    r"here(?:'s| is) (?:my|an?|the) (?:\w+ )?(?:answer|guess|estimate|estimation|prediction)"
    rf"|{_MINE} (?:{_MINE} |single |educated |overall ){{0,4}}(?:answer|guess|estimate|estimation"
    r"|prediction|coordinates?|location|position|place|candidate|choice|pick|verdict|conclusion"
    r"|spot)"
    r"|i(?:'d| would) (?:place|put|locate) (?:it|this|the \w+)"
    r"|i(?:'d| would|'ll| will)? (?:guess|estimate|say|go with|choose|pick|settle (?:on|for)"
    r"|conclude|predict|answer)"
    r"|(?:mi |la )?(?:respuesta final|mejor (?:estimación|suposición|conjetura)|estimación final)"
    r"|mi (?:respuesta|estimación)|diría|je dirais|(?:eu )?diria|ich würde sagen|würde ich sagen"
    r"|(?:endgültige|finale|meine|beste)[nrs]? (?:antwort|schätzung|vermutung)"
    r"|(?:réponse finale|(?:ma )?meilleure (?:estimation|hypothèse|supposition)|ma réponse"
    r"|mon estimation|estimation finale)"
    r"|(?:resposta final|(?:minha )?melhor (?:estimativa|palpite|suposição)|minha resposta"
    r"|minha estimativa|estimativa final)"
    r"|(?:окончательный|мой|итоговый) ответ|(?:моя |лучшая )(?:оценка|догадка)"
    r"|最[终終佳](?:答案|回答|估计|猜测|结论|坐标|位置)|我的(?:答案|回答|估计|猜测)"
    r"|最終(?:的な)?(?:回答|答え|推定|結論)|最善の推測|私の(?:回答|答え|推定)"
)
MARK_COLON = (
    r"(?:the )?(?:correct |right )?(?:answer|guess|estimate|prediction|conclusion|result|verdict"
    r"|final|respuesta|antwort|ergebnis|réponse|resposta|ответ)|答案|回答|答え|结论|結論"
)
# ... but not with one of these before it.
NOT_FINAL = (
    r"first|initial|naive|incorrect|false|obvious|early|earlier|preliminary|previous|rough|draft|wrong|second|other|another"
    r"|alternative|next|backup|old|tentative|primera?|erste[nrs]?|première|primeir[ao]|перв\w+|初步"
)

# A pair without brackets needs a word that says what it is.
LEAD = (
    r"\b(?:coordinates?|coords?|gps|latlo?ng?|geo|location|position|coordenadas|koordinaten"
    r"|coordonnées|координаты)|坐标|座標|地点"
)

# Before a place: it is none of the answer's. Nothing of these denies: "not sure", "not exactly".
_SURE = (
    r"(?: be)?(?: (?:fully|entirely|completely|absolutely|totally|very|quite|so|100 ?%|too|my))*"
    r" (?:sure|certain\w*|confident|exact\w*|precise\w*|definit\w+|positive|only|pinpoint\w*"
    r"|far off|necessarily|just|seguro|sicher|sûre?|certo|certeza|genau|totalmente)\b"
)
_DEPICTS = (  # what stands in many photos, and may name another place
    r"(?:signs?|signposts?|arrows?|posters?|postcards?|paintings?|murals?|maps?|globes?|screens?"
    r"|billboards?|banners?|stickers?|watermarks?|plaques?|t-shirts?|shirts?|mugs?|books?|brochures?"
    r"|adverts?|tickets?|timetables?|flights?|trains?|buses|bus|ferry|ferries)"
)
DENIES = (
    rf"(?:\bnot|\w(?:n't|\bnt))\b(?!{_SURE})|\bcannot\b(?!{_SURE})"
    r"|\b(?:never|neither|nor|without|nothing|nobody|nowhere|hardly|(?<!no )(?<!a )"
    r"(?<!without )doubt\w*|barely|scarcely|forget|anything but|everything but|anywhere but"
    r"|contrary to|in contrast|contradict\w*|(?:speaks?|argues?|evidence) against"
    r"|opposite|antipode\w*|used to (?:think|believe)|(?:some|others?|people|many|one)"
    r" (?:might|may|could|would|will)"
    r"|only it were|bet against|second choice|told (?:me|us)|sister (?:city|town)|twinned"
    r"|modell?ed (?:on|after)|copy of|(?:inspired|named) (?:by|after)|naive|false\w*"
    r"|too (?:\w+ ){1,2}for|i'd expect|i would expect|scratch that|claims?|captions?"
    r"|were the|reply (?:like|in|with)|(?<!the )(?:output|expected|reply|answer) format"
    r"|expected output|the form|souvenir|replica|the original|has (?:the )?coordinates"
    rf"|{_DEPICTS} (?:\w+ ){{0,5}}?(?:shows?|says?|reads?|states?|gives?|depicts?|displays?"
    r"|mentions?|names?|points?|departs?|leaves?|goes|has a pin|marks?|advertis\w+)"
    r"|(?:trains?|flights?|bus|ferry|roads?|tickets?|bound|heading) (?:to|for)|lives? (?:in|at)"
    r"|other (?:places?|locations?|options?|photos?)"
    r"|score table|long way from|(?<!most )(?<!very )(?<!highly )implausib\w+|improbab\w+"
    r"|no (?:evidence|signs?|reasons?|indications?|hints?|clues?|way|longer|match)"
    r"|had (?:this|it|that)|were (?:this|it)|hints?|the user)\b"
    r"|\A\W*(?:(?:given|input|format):|(?:like|as in)\b)"
    r"|\b(?:rul(?:e[sd]?|ing)(?: \w+){0,2} out|(?<!as a )rul(?:e[sd]?|ing)|exclud\w+|discard\w*"
    r"|reject\w*|eliminat\w+"
    r"|dismiss\w*|unlike(?:ly)?|rather than|instead of|as opposed to|other than|except|differ\w*"
    r"|wrong\w*|incorrect\w*|impossible|confus\w+|(?<!no )mistak\w+|resembl\w+|reminiscent"
    r"|remind\w*|compar\w+|versus|vs|between|halfway|midway|zwischen|entre|между|away from|far from"
    r"|(?:north|south|east|west)(?:[ -]?(?:east|west))?(?:ern part)? of"
    r"|(?:km|kilomet(?:re|er)s?|mi|miles|m|metres|meters|feet) (?:\w+ ){0,2}(?:from|of|to))\b"
    r"|\b(?:similar\w*|dissimilar\w*|references?|referenced|neighbou?rs?|retrieved|gallery"
    r"|given (?:photos?|coordinates|list|places)|prompt|matched photos?)\b"
    r"|\b(?:examples?|for instance|e\.g|such as|templates?|placeholders?|schema|sample|dummy)\b"
    r"|\b(?:if (?:it|this|that) (?:is|was|were)|at first|initial(?:ly)?|first (?:guess|thought|idea"
    r"|impression|glance|sight|instinct|hunch)|drafts?|previous(?:ly)?|earlier|originally|considered"
    r"|thought|would have)\b"
    r"|\b(?:alternatives?|alternatively|runners?-up|second (?:guess|choice|best)"
    r"|(?<!likely )(?<!best )(?<!top )candidates?|possibilit\w+|options?|backup)\b"
    r"|\b(?:no (?:es|está|son|se parece|parece|corresponde|creo|puede|podría|sería)"
    r"|imposible|parece a"
    r"|kaum|schließe|unwahrscheinlich|ne peut|n'est|вряд ли|едва ли|descart\w+|excluy\w+|similares"
    r"|referencias?|por ejemplo|nicht|kein\w*|ausgeschlossen|ausschließen|ähnlich\w*|referenz\w*"
    r"|zum beispiel|z\. ?b|pas|exclu\w*|écart\w*|semblables?|similaires?|par exemple"
    r"|não|descart\w+|exclu\w+|semelhantes?|referências?|por exemplo"
    r"|не|исключ\w+|похож\w+|например)\b"
    r"|不是|不可能|不像|不会是|不太可能|并非|不在|排除|相似|参考|例如|比如|候选|ではな[いく]|除外|類似|参照|例えば|候補"
)
# ... unless they are only what the answer rests on: "based on the similar photos, ...".
BASED_ON = (
    r"\b(?:bas(?:ed|ing) (?:this |it )?(?:up)?on|using|judging (?:from|by)|given|according to"
    r"|considering|with the help of|compar\w+ (?:it |this )?(?:to|with))\b[^,:;]{0,60}$"
)
# Between a denial and a place these begin anew: "not Paris, but (...)".
BEGINS = (
    r"\b(?:but|however|so|therefore|thus|hence|instead(?! of)|rather(?! than)|actually|in fact"
    r"|consequently|finally|sino|pero|sondern|aber|mais|mas|portanto|donc|also|daher|а|но|поэтому)\b"
    r"|而是|所以|因此|但|したがって|しかし"
)
# ... and these too, but what follows "my answer:" stays the answer.
STATES = (
    r"\b(?:i (?:think|believe)|must be|it is|it's|(?:the )?coordinates are"
    r"|(?:the|this) (?:place|photo|picture|image|location|scene) (?:is|was taken))\b"
)
# A sentence that only supposes, by its mood: "Were the sun in the south, I'd say", "if it were
# summer, it would", "si fuera", "wäre es", "s'il y avait, je dirais", "se fosse", "если бы".
_IT = r"(?:it|this|that|the|there|these|those|they|an?|we|he|she|my|its|no|only)"
_IF = r"(?:(?<!sure )(?<!tell )(?<!know )(?<!even )if|unless)"
_WOULD = r"(?:would\w*|could\w*|might|were|weren't|had|hadn't|\w+'d|did|didn't)"
_WÄRE = r"(?:wäre|hätte|gäbe|stünde|läge|käme|würde)\w*"
SUPPOSED = (
    rf"(?:\A\W*|[,;:—(]\s?)(?:were|had|should) (?:{_IT}|i (?!to\b))\b"
    rf"|\b{_IF}\b.*\b{_WOULD}\b|\b{_WOULD}\b.*\b{_IF}\b"
    r"|\b(?:suppos|assum|imagin|pretend|provid)\w*\b.*\b(?:were|had)\b"
    rf"|\b{_WOULD}\b.*\b(?:except|but) for\b|\b(?:except|but) for\b.*\b{_WOULD}\b"
    rf"|\b(?:otherwise|in (?:that|which) case)\b.*\b{_WOULD}\b"
    r"|\bsi\b.*\w(?:iera|iese|uera|uese)[ns]?\b|\bhabría|(?<![-\w])se\b.*\wssem?\b|\bteria\b"
    rf"|\A\W*(?:{_WÄRE}|sollte|müsste)\b|\b(?:wenn|falls|sofern)\b.*\b{_WÄRE}\b"
    rf"|\b{_WÄRE}\b.*\b(?:wenn|falls|sofern)\b"
    r"|(?<!pas )\b(?:si|s'ils?)\b.*\wrai(?:s|t|ent)\b"
    r"|\wrai(?:s|t|ent)\b.*(?<!pas )\b(?:si|s'ils?)\b"
    r"|если бы|如果|假如|要是|假设|もし|なければ|であれば|だったら|ならば"
)
# ... but for the condition that the model has to answer at all: "if I had to guess".
FORCED = (
    r"\b(?:if|were|had|should|when)\b(?: (?:i|we|you|one))?(?: \w+){0,3}? (?:forced|pressed|pushed"
    r"|asked|required|to (?:\w+ )?(?:guess|choose|pick|say|answer|bet|name|give|estimate|place"
    r"|decide|commit|narrow|make|provide|select|venture|wager|put|settle)|must|guess|choose)\b"
    r"|\bif (?:you|one|so|needed|necessary|anything|i (?:am|remember|recall|read|see)|i'm)\b"
    r"|\bsi (?:\w+ ){0,2}(?:tuvi|debi|hubi)e[rs]\w+ (?:que|de)\b|\bsi (?:je |on )?(?:devais|devait)"
    r"|\bs'il fallait|\bse (?:\w+ ){0,2}(?:tivesse (?:que|de)|precisasse|fosse (?:para|forçado))"
    rf"|\b(?:müsste|sollte|{_WÄRE}|wenn)\b[^,.]{{0,40}}\b(?:sagen|raten|schätzen|tippen|wählen)\b"
    r"(?: (?:müsste|sollte|würde))?"
    r"|если бы (?:мне )?(?:пришлось|надо|нужно)|(?:如果|要是)[^,，]{0,4}(?:猜|选|说|估)"
    r"|もし[^、,]{0,6}(?:推測|推定|選|答え|言)"
)
# Asides that take nothing back.
ASIDES = (
    r",? (?:however|though|therefore|thus),|\bif i(?:'m| am) not (?:mistaken|wrong|too far off),?"
    r"|\bsi no me equivoco,?|\bsi je ne me trompe pas,?|\bse não me engano,?"
    r"|\bwenn (?:ich mich nicht (?:irre|täusche)|mich nicht alles täuscht),?|если (?:я )?"
    r"не ошибаюсь,?"
)
# Behind a place, in its sentence.
DENIED_AFTER = (
    r"\bwould have been\b|"
    r"\bbe (?:ruled out|excluded|discarded|rejected|dismissed|eliminated)\b"
    r"|\b(?:is|was|are|were|has been|have been|gets?) (?:(?:be )?"
    r"(?:ruled out|excluded|discarded|rejected)"
    r"|implausible|improbable|out of the question|my second|false|no (?:good|option)"
    r"|wrong|unlikely|impossible|incorrect|too (?:far|flat|dry|cold|hot|modern)|out\b|no match"
    r"|(?:only )?(?:an? |the )?(?:example|alternative|candidate|reference|similar|dissimilar)"
    r"|(?:only )?my (?:first|initial)|considered|elsewhere)"
    r"|\bas (?:an? )?(?:hint|example|reference|alternative|candidate)\b"
    rf"|\b(?:(?:is|was|are|were|do|does|did|can|could|would) not\b|\w+n't\b|cannot\b)(?!{_SURE})"
    r"|\b(?:has|have|had|having) no\b|\blacks?\b"
    r"|\b(?:seems|looks|appears|would be) (?:unlikely|improbable|implausible|wrong|impossible)\b"
    r"|\bwhich i (?:cannot|can't|do not|don't)|\b(?:ruled out|excluded|rejected|discarded)\b"
    r"|no coincide|queda descart|descartad|passt nicht|scheidet aus|ausgeschlossen|ist es nicht"
    r"|ne correspond pas|est exclu|não corresponde|не подход|исключ|不是|不对|排除|不符"
    r"|[^\s\d。,.]{0,12}(?:では(?:ありません|ない|なさそう)|とは思え|除外|可以排除)"
    r"|\bmakes? no sense\b|\b(?:which|that) is (?:false|wrong)\b|\bout(?= because|\.)|\brule\w* out"
    r"|pero no lo es|\baus\b(?=\.)|\bbut (?:it|the \w+) is (?:in the north|not)\b"
    r"|\bwould be my second\b|\bi (?:disagree|doubt it)\b|\blooks? alike\b"
    r"|\b(?:head|drive|go|fly|walk|travel|sail)(?:ing)? (?:\w+ ){0,2}(?:north|south|east|west)\w*"
    r"|\bthere (?:are|is) none\b|\bas a souvenir\b"
)
MARKED_AFTER = (
    rf"\b(?:is|are|remains?|as|would be|=|:) (?:{MARK}|(?:the|an) answer)\b|\((?:{MARK}|answer)\)"
)

# A cell of a table, or a value of an object, that says what its row or object is.
CELL_DENIES = (
    r"\W*(?:(?:no|nein|non|não|нет)(?:\W.*)?|[✗✘✕❌🚫否].*|x|0(?:\.0+)? ?%|none|false|rejected"
    r"|excluded|eliminated|discarded"
    r"|dismissed|unlikely|wrong|incorrect|ruled out|mismatch|fail(?:ed|s)?|invalid|unknown|weak"
    r"|(?:candidate|similar|dissimilar|reference|neighbou?r|alternative|option|negative|example"
    r"|runner-up|draft|backup)s?(?: ?#?(?:[0-9]{1,3}|[a-z]))?)\W*"
)
CHOSEN = r"\W*(?:(?:the )?(?:final )?answer|final|chosen|selected|accepted|winner)\W*"

# The text after these is a question, a form, or a position in the picture.
FORM = r"\b(?:forms?|formats?|template|schema|structure|syntax|fill|placeholders?)\b"
IN_PICTURE = (
    r"\b(?:pixels?|bbox|box(?:es)?|bounding|corner|crop\w*|normali[sz]ed|keypoints?"
    r"|(?:in|of) the (?:image|picture|photo|frame)|\(x, ?y\)|x, ?y)\b"
    r"|\b(?:sign|person|people|man|woman|car|bus|window|door|object|text|logo|plate|flag|pole|label"
    r"|billboard|letters?|region|patch)s?(?: \w+){0,2} (?:at|on|in)\b"
)
OTHER_QUANTITY = (
    r"\b(?:range|interval|between|confidenc\w*|probabilit\w*|scores?|pixels?|sizes?|ratios?|versions?"
    r"|bounds?|bounding|similarit\w+|p-values?|values|weights?|loss|embeddings?|features?|vectors?"
    r"|distances?|prices?|temperatures?|elevations?|altitudes?|heights?|widths?|dimensions?"
    r"|percent\w*|errors?|margins?|offsets?|logits?|aspect|zoom|utm|easting|northing)\b"
)
UNITS = (
    r"(?:%|‰|(?:percent|km|kilomet\w+|mi|miles?|m|met(?:er|re)s?|feet|foot|ft|yards?|inch\w*|cm|mm"
    r"|px|pixels?|euros?|eur|dollars?|usd|pounds?|rad|radians?|gon|grad|kg|hours?|seconds?|times|points?)\b)"
)
RANGE = (
    r"(?:-|~|to\b|or\b|and\b|through\b|thru\b|until\b|till\b|up to\b|hasta\b|a\b|o\b|bis\b|oder\b"
    r"|à\b|ou\b|até\b|до\b|или\b|至|到|〜|から|まで|\.{2,}|…|±|\+/-|/)"
)
RANGE_BEFORE = (
    r"(?:\b(?:between|from|until|till|up to|entre|desde|zwischen|von|между|от)|[<>≤≥±])\s?$"
)
CORRECTED = (  # behind an answer: it no longer holds
    r"\b(?:wait|scratch that|strike that|correction|corrected|i meant?"
    r"|on (?:second thought|reflection)"
    r"|(?:my|a) mistake|oops|disregard|ignore (?:that|this|the)|never ?mind|kidding"
    r"|let me (?:correct|revise|reconsider|rethink)|i was wrong"
    r"|apologies,? (?:this|that|it)|(?:it|that) should (?:read|have been)"
    r"|actually,? (?:this|it|that|the)|(?:is|are|was|were) (?:\w+ )?(?:wrong|incorrect|mistaken)"
    r"|no clue|quise decir|corrección|me equivoqué|korrektur|moment mal|ich meinte|falsch"
    r"|je voulais dire|je me trompe|correção|quis dizer|исправление|ошиб\w+)\b"
    r"|更正|不对|说错|错了|訂正|間違"
)
NO_CONFIDENCE = r"\b(?:confiden\w*|probability|certainty|score)\W{1,6}(?:is )?0(?:\.0*)?(?![.\d])"
FAILED = (  # the value of a key "error"
    r"\berrors?[\"']?\s{0,3}:\s{0,3}[\"'][^\"\n]{0,200}?"
    r"(?:could not|couldn't|unable|cannot|can't|fail|default|placeholder|dummy|not determin"
    r"|unknown)"
)
RADIANS = r"\bradians?\b|\brad\b|radianes|bogenmaß|радиан|弧度"
OTHER_ORDER = (
    r"\b(?:geojson|wkt|kml)\b|(?<![^\W\d_])l(?:on|ng|äng)\w{0,10}\W{1,4}(?:(?:and|y|und|et|e|и|then|the|la|die)"
    r" ){0,2}(?:lat|breite)|\bpoint ?\(|\bx[, ;/]{1,2}y\b|\b[EW] ?[,/] ?[NS]\b"
    r"|\bl(?:on|ng|äng)\w{0,10} (?:(?:is|are|comes?|goes|stands?|given|written|listed) )?"
    r"(?:first|before)\b|долгот\w+ (?:и|,) широт"
    rf"|{LON}[\s\"'*_]{{0,3}}(?:[,/;&)]|\band\b|\by\b|\bund\b|\bet\b|\be\b|\bи\b|和|、)[\s\"'*_(]{{0,3}}{LAT}"
)

# The model says that it cannot tell; what it then mentions is hardly an answer.
REFUSAL = (
    r"\b(?:sorry|unable|cannot|can't(?! be m)|can not|could not|couldn't|won't|not able"
    r"|not possible)\b"
    r"|\bimpossible to\b|\bnot enough (?:information|detail|evidence|clues)|\binsufficient\b"
    r"|\b(?:must|have to) (?:decline|refuse)\b|\b(?:do|does) not know\b|\bdon't know\b"
    r"|lo siento|no puedo|es tut mir leid|kann (?:ich )?(?:\w+ ){0,3}nicht|désolé|je ne peux pas"
    r"|impossible de|desculpe|não (?:consigo|posso)|извините|не могу|невозможно"
    r"|抱歉|无法|無法|不能|申し訳|できません|わかりません|分かりません"
)
# ... but not when it only says that the answer is not exact.
HEDGED = (
    r"(?:[ ,]+\w+){0,6}[ ,]+(?:sure|certain\w*|confiden\w+|exact\w*|precise\w*|definit\w+"
    r"|pinpoint\w*|100 ?%|seguro|exact[ao]|genau\w*|sicher|certitude|certeza)\b"
)
STILL = r"\b(?:but|however|guess|answer|estimate|prediction|pero|aber|mais|mas|но)\b|但|しかし"
# Beside zeros, any word of not knowing.
NOT_KNOWING = (
    r"\b(?:no|not|none|null|n/?a|never|unable|cannot|un\w*(?:known|clear|certain|determin\w+"
    r"|identif\w+|able|sure|specified|available|recogni[sz]\w+)|impossible|insufficient|lack\w*|declin\w+"
    r"|fail\w*|without|difficult|hard to|sorry|placeholders?|defaults?|dummy|errors?|generic"
    r"|missing|ambiguous|refus\w+|desconocid\w+|imposible|nicht|kein\w*|unbekannt\w*|unmöglich|inconnu\w*"
    r"|aucun\w*|pas|não|desconhecid\w+|nenhum\w*|impossível|не|нет|неизвест\w+|невозможн\w+)\b"
    r"|n't\b|不|无法|無法|未知|没有|沒有|ません|不明"
)
UNKNOWN = (  # instead of an answer
    r"unknown|undetermined|uncertain|unclear|none|n/?a\b|null|not\b|cannot|can't|impossible|unable"
    r"|no (?:answer|idea)|refuse|declin|desconocid|unbekannt|inconnu|desconhecid|неизвест"
    r"|未知|不明|无法"
)
