"""Speeches that are nothing but formulas of procedure, in English and French: "Agreed.", "Merci, M. le Président."."""

from __future__ import annotations

import re

_LONGEST_FORMULAS = 240
_TITLE_STOP = re.compile(r"\b(mr|mrs|ms|dr|hon|st|ste|nos?|(?<![\w.])m(?=\. ?\w))\.")
_SENTENCE_END = re.compile(r"[.?!]+")
_TITLED = r"(?:the )?(?:right )?(?:hon(?:ou?rable)?|mr|mrs|ms|miss|madame?|dr|minister|premier)(?: [\w'-]+){0,2}"
_OFFICE = r"(?:(?:mr|madame?) )?(?:deputy )?(?:speaker|chair|chairman|chairperson|clerk|premier|minister)"
_VERB = (
    r"\b(?:am|is|are|was|were|has|have|had|will|would|should|can|could|may|must|does|did|said|says|to|that|not|who)\b"
)
_SEAT = rf"(?:the )?(?:hon |honourable )?(?:member|minister)(?: responsible)? (?:for|of|from) (?!.*{_VERB})[^,]{{2,60}}"
_SOMEBODY = rf"(?:{_OFFICE}|{_TITLED}|{_SEAT}(?:, {_TITLED})?)"
_ITEM = (
    r"(?:oral|written) questions?|(?:members?'?s?|ministers?'?s?) statements?|returns? to (?:oral|written) questions?"
    r"|recognition of visitors in the gallery|petitions|tabling of documents|motions|orders of the day|question period"
    r"|notices? of motions?(?: for first reading of bills)?|(?:first|second|third) reading of bills|(?:opening )?prayer"
    r"|replies to (?:the )?(?:opening|budget) address|resuming debate|questions and comments"
    r"|reports? of (?:the )?(?:standing and special )?committees?(?: of the whole)?"
)
_FORMULA = re.compile(
    rf"(?:(?:and|yes|no|okay|ok),? )?(?:{_SOMEBODY}(?:, )?)?(?:"
    r"(?:(?:is it |all |you have |are you |do you |do (?:the )?members )?agreed?(?: to)?)"
    rf"|(?:thank you|thanks|merci|qujannamiik|ma'na)(?: (?:so|very) much)?(?:,? {_SOMEBODY})?"
    r"|hear(?:,? hear)*|bravo|shame|order(?:,? (?:order|please))*|yes|no|aye|nay|yeas?|nays|question|proceed"
    r"|(?:the |this )?(?:motion|amendment|clause)(?: is| has been| was)? (?:carried|in order|defeated|agreed to)"
    r"|carried|defeated|on division|opposed|abstentions?|(?:all )?(?:those )?(?:in favour|opposed)(?: of the motion)?"
    r"|(?:are there )?(?:any )?nays|there are no nays|(?:the )?question (?:has been|is being) called|to the motion"
    r"|please (?:proceed|be seated|rise)|go ahead|(?:your )?(?:first |second |final )?supplementary(?: question)?"
    rf"|(?:item )?(?:no |number )?\d+(?:,? (?:{_ITEM}))?|{_ITEM}|does the house give its consent|is that agreed"
    r"|(?:all )?those (?:in favour|opposed)(?: of the \w+)?,? (?:will )?please say (?:yea|nay)|call in the members"
    r"|i declare (?:the )?[\w ]{4,40}?(?:, as amended,)? (?:carried|defeated|lost|agreed to)(?: on division)?"
    r"|is it the pleasure of the (?:house|committee) to adopt the [\w ]{5,30}|shall [\w, ]{4,40} carry"
    r"|in my opinion,? the (?:yeas|nays) have it|is there (?:unanimous )?consent|do we have unanimous consent"
    rf"|is the house ready for the question|welcome(?: to the (?:gallery|house|assembly))?"
    rf")?(?:,? {_SOMEBODY})?"
)

# The same in French: somebody, some matter, and what is said of them.
_VERBE = r"(?:est|sont|a|ont|était|avait|sera|doit|peut|veut|va|dit|que|qui|ne|n'\w+|pas|nous|vous|il|elle|on|je)\b"
_QUI = (
    r"(?:(?:(?:mr?|mme|monsieur|madame) )?(?:l[ae] |l')?(?:vice-)?(?:présidente?|orateur|oratrice|ministre"
    r"|premi(?:er|ère) ministre|greffi(?:er|ère)|rapporteure?)(?: suppléante?| adjointe?)?"
    rf"|(?:mr?|mme|monsieur|madame|l'hon(?:orable)?)(?: (?!l[ae]\b|l'|{_VERBE})[\w'-]+){{0,2}}"
    r"|(?:l[ae] |l')?(?:honorable )?(?:députée?|ministre|sénat(?:eur|rice)) (?:d[eu] |des |d'|pour )"
    rf"(?!.*\b{_VERBE})[^,]{{2,60}})"
)
_QUOI = r"(?:la (?:motion|proposition)|l'(?:amendement|article)|les? (?:amendements?|articles?|projet de loi|crédits?))"
_FORMULE = re.compile(
    rf"(?:(?:et|oui|non|bien),? )?(?:{_QUI}(?:, )?)?(?:"
    rf"(?:merci(?: beaucoup| bien)?|je vous remercie(?: beaucoup)?)(?:,? (?:à )?{_QUI})?"
    r"|(?:est-ce |êtes-vous |tous |nous sommes )?d'accord|oui|non|bravo|(?:quelle )?honte|règlement|le vote|très bien"
    r"|(?:à l'ordre|silence)(?:,? (?:à l'ordre|s'il vous plaît))*|s'il vous plaît|avec dissidence|à l'unanimité"
    rf"|(?:{_QUOI}(?: [\d, àet]+)? (?:est|sont) )?(?:adopté|agréé|rejeté|recevable|retiré)e?s?"
    rf"(?: avec dissidence| à l'unanimité)?|je déclare {_QUOI} (?:adopté|rejeté)e?s?|convoquez les députés"
    rf"|plaît-il à la chambre d'adopter {_QUOI}|que tous ceux qui .{{5,50}} veuillent bien dire (?:oui|non)"
    r"|(?:y a-t-il|ai-je|la chambre donne-t-elle(?: son)?)(?: le)? consentement(?: unanime)?(?: de la chambre)?"
    r"|la chambre est-elle prête à se prononcer|à mon avis,? les (?:oui|non) l'emportent"
    rf"|(?:la parole est à|vous avez la parole)(?:,? {_QUI})?|questions? (?:orales?|écrites?)|période des questions"
    r"|déclarations? (?:de|des) (?:députée?s|ministres)|initiatives (?:ministérielles|parlementaires)"
    r"|affaires courantes|pétitions|dépôt de documents|motions|ordre du jour|prière"
    r"|(?:première|deuxième|troisième) lecture|reprise du débat|recours au règlement"
    rf"|questions et (?:commentaires|observations))?(?:,? {_QUI})?"
)


def is_procedural(text: str) -> bool:
    """Whether a whole (cleaned) speech is made of formulas: "Agreed.", "Merci, M. le Président. Questions orales."."""
    if len(text) > _LONGEST_FORMULAS:
        return False
    bare = _TITLE_STOP.sub(r"\1", text.casefold())
    spoken = [*filter(None, (sentence.strip(" ,;:-\"'") for sentence in _SENTENCE_END.split(bare)))]
    return bool(spoken) and all(_FORMULA.fullmatch(each) or _FORMULE.fullmatch(each) for each in spoken)
