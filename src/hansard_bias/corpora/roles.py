"""What somebody is in a debate, told from the words for it: one vocabulary for all readers, in many languages.

Words are looked for without accents and capitals: `The Deputy Speaker`, `Bundesministerin der Finanzen`, `andre vice
talman`. Words that are in no list are told as such, and counted: nobody becomes a member by silence.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache

# `*`: any letters; `_`: a blank. A line a family of languages, English and French first.
_WORDS = {
    # Who assists or shadows a minister, or leads a party, holds no office of these.
    "no office": """
        parliamentary_secretar* shadow former designate opposition spokes* critic whip party_leader
        group_leader caucus
        secretaire_parlementaire secretaires_parlementaires ancien ancienne porte-parole critique chef_du_parti
        *fraktion* *gruppenvorsitz* *parteivorsitz* *gruppeformand* gruppledare partiledare portavoz
        porta-voz capogruppo
    """,
    "crowd": """
        crowd audience public gallery voice voices some_members several_members
        some_hon._members some_hon_members some_honourable_members some_honorable_members
        several_hon._members an_hon._member an_hon_member an_honourable_member an_honorable_member voix
        des_voix une_voix plusieurs_voix quelques_voix d'autres_voix diverses_voix
        des_deputes plusieurs_deputes quelques_deputes un_depute une_deputee des_senateurs un_senateur une_senatrice
        zwischenruf* zuruf* voces una_voz vozes voci glos_z_sali glosy_z_sali голос*_с_мест* голос*_із_залу
    """,
    "minister": """
        minister ministers minister's first_minister prime_minister premier premiers secretary_of_state
        chancellor_of_the_exchequer treasurer attorney_general solicitor_general lord_president government
        leader_of_the_government leader_of_the_house president-in-office member_of_the_commission
        members_of_the_commission member_of_the_government president_of_the_treasury_board
        president_of_the_board_of_trade president_of_the_queen's_privy_council president_of_the_king's_privy_council
        president_of_the_privy_council president_of_the_council_of_ministers president_of_the_commission
        president_of_the_european_commission president_of_the_government
        ministre ministres garde_des_sceaux secretaire_d'etat gouvernement president_du_gouvernement
        vice-premier_ministre vice-premiere_ministre president*_du_conseil_du_tresor president*_du_conseil_prive
        president*_du_conseil_des_ministres procureur*_general* solliciteur*_general*
        *minister *ministerin *ministers ministerprasident* *kanzler *kanzlerin staatsminister* *staatssekretar*
        bundesregierung landesregierung regierung staatssecretaris
        ministro ministra ministros presidente_del_gobierno presidenta_del_gobierno presidente_del_consiglio
        presidente_del_consejo_de_ministros presidente_do_governo secretari*_de_estado sottosegretari*
        gobierno governo
        ministru ministrul prim-ministru conseller consellera
        *ministern *ministre statsrad* statssekret* *raðherra *ministeri valtioneuvos riigisekretar peaminister
        premier* minist*r_* ministr ministrem ministra ministryni ministerka ministar minister* wiceminister*
        sekretarz_stanu podsekretarz_stanu miniszter* *miniszter allamtitkar* ministrs ministre ministras
        taoiseach tanaiste aire gweinidog prif_weinidog bakan bakani basbakan υπουργ* υφυπουργ* πρωθυπουργ*
        αντιπροεδρος_της_κυβερνησης
        министр* министър* министер* министар* міністр* премьер* прем'єр* премиер*
        総理* 首相 *大臣 部长 部長 장관 총리 국무총리
    """,
    "chair": """
        speaker speakers chair chairman chairmen chairwoman chairwomen chairperson chairpersons
        presiding_officer presidency convener clerk
        *president *presidents *presidente *presidentes *presidence vice-president vice-presidente
        *orateur *oratrice l'orateur l'oratrice greffier greffiere doyen_d'age doyenne_d'age
        *prasident *prasidentin *prasidium *praesident *praesidentin *vorsitzend* vorsitz sitzungsleit* *voorzitter
        *presidenta presidencia presidenza vicepresidenza presedint* vicepresedint*
        *talman *talmannen ordforand* *formand *formanden *presidenten moteleder møteleder forseti
        *puhemies *puheenjohtaja esimees aseesimees istungi_juhataja
        *marszałek *marszalek *marszałkini przewodnicz* wiceprzewodnicz* predsed* mistopredsed* podpredsed*
        predsjed* potpredsjed* elnok* alelnok* leveze*_elnok* sedes_vadita* priekssedeta* *pirminink*
        ceann_comhairle cheann_comhairle leas-cheann_comhairle cathaoirlea* leas-chathaoirlea* llywydd *_lywydd
        baskan* meclis_baskan* προεδρ* αντιπροεδρ* προεδρευ*
        председ* заместник-председател* подпредсед* голова головуюч* заступни*_голови претседа* потпретседа*
        *議長 *议长 *委員長 主席 의장 부의장 위원장
    """,
    "witness": """
        witness witnesses guest guests expert experts visitor temoin temoins invite invitee invites expert* experte
        sachverstandig* zeuge zeugin gast gaste deskundig* testig* invitad* compareciente* convidad* testemunha*
        ospit* testimon* gjest* gæst* vieras vierailija asiantuntija* gosc goscie swiadek ekspert* host svedek
        vendeg* szakerto* tanu свидетел* гость эксперт* експерт* свідок 参考人 証人 증인
    """,
    "member": """
        member members mp mps mla mlas mpp mna mha msp mep meps td tds ms am senator senators deputy
        deputies lord peer
        representative representatives delegate congressman congresswoman councillor councilor councilman
        councilwoman
        baroness backbench* regular rapporteur* leader depute deputee deputes senateur* senatrice*
        *abgeordnet* mdb mdl
        mdep *mitglied* berichterstatter* diputad* deputad* deputat* senador* onorevol* consigliere kamerlid lid
        *ledamot* *medlem* stortingsrepr* kansanedustaj* edustaja riigikogu_liige poseł posel poslank*
        posłank* poslanec
        poslanc* poslanki* zastupni* kepvisel* milletvekil* βουλευτ* депутат* народн*_депутат* посланик*
        пратеник* narys nare
        alþingismað* aelod 議員 委員 议员 代表 의원
    """,
}
_OFFICES = ("minister", "chair", "crowd", "witness", "member")
# Who presides over a party presides over no sitting.
_PARTY = r"\b(?:party|group|groupe|caucus|partei|grupo|gruppo)\b"
_OF_A_PARTY = re.compile(rf"\b(?:chair\w*|president\w*|leader) (?:of|du|der|de la|del) .*{_PARTY}")
_FOR_ANOTHER = re.compile(r"(?:for|on behalf of|pour) ")
_TITLES = re.compile(
    r"(?:(?:the|hon|honourable|right|mr|mrs|ms|madame?|monsieur|m|mme|son honneur"
    r"|herr|frau|der|die|le|la|el|il)\b\.? ?)+"
)
_ACTING = re.compile(r"(?:(?:acting|assistant|deputy|temporary|interim|first|second|third|vice) )+")
# Written without blanks: a word of these may stand anywhere.
_IDEOGRAPHS = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\u1100-\u11ff]")


def folded(text: str) -> str:
    """Words as the vocabulary has them: without accents, capitals and blanks that say nothing."""
    plain = unicodedata.normalize("NFKD", text.casefold().replace("\u2019", "'").replace("\u0131", "i"))
    return " ".join("".join(sign for sign in plain if not unicodedata.combining(sign)).split())


def role_of(words: str) -> str:
    """The role that these words name, one of `schema.ROLES`; empty where no vocabulary has them."""
    return _role_of(folded(words))


@lru_cache(maxsize=4096)
def role_by_name(name: str) -> str:
    """The role of somebody who is called by an office: `Mr. Speaker`, `The Chair (Ms. Elm)`, `Präsident Dr. Oak`."""
    said = _ACTING.sub("", _TITLES.sub("", folded(name.partition("(")[0])))
    # What follows a comma is no name: `Mr. Speaker, I move`.
    if "," in said:
        return ""
    return next((role for role in _OFFICES[:3] if _pattern(role).match(said)), "")


@lru_cache(maxsize=4096)
def _role_of(said: str) -> str:
    if _pattern("no office").search(said) or _OF_A_PARTY.search(said) or _FOR_ANOTHER.match(said):
        return "member"
    # In the order of offices: some who govern are presidents, and a crowd is made of members.
    return next((role for role in _OFFICES if _pattern(role).search(said)), "")


@cache
def _pattern(role: str) -> re.Pattern[str]:
    words = {folded(word) for word in _WORDS[role].split()}
    parts = (re.escape(word).replace(r"\*", r"\w*").replace("_", " ") for word in sorted(words, key=len, reverse=True))
    bounded = (part if _IDEOGRAPHS.search(part) else rf"\b{part}\b" for part in parts)
    return re.compile("|".join(bounded))
