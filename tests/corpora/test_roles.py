"""Words for a role in many languages, and names that are one."""

from __future__ import annotations

import pytest

from hansard_bias.corpora.roles import role_by_name, role_of

WORDS = {
    "chair": (
        *(
            "The Speaker",
            "Mr. Speaker",
            "The Deputy Speaker",
            "THE CHAIR",
            "presidency",
            "Chairperson",
            "Madam Chairman",
        ),
        *("Presiding Officer", "The Acting Speaker (Mr. Elm)", "Madame la Présidente", "Le président", "Präsident"),
        *(
            "Vizepräsidentin Dr. Esche",
            "Alterspräsident",
            "Vorsitzende",
            "La Presidenta",
            "Vicepresidente",
            "Presidenza",
        ),
        *(
            "De voorzitter",
            "talman",
            "Andre vice talmannen",
            "ordförande",
            "formanden",
            "Fjerde næstformand",
            "Presidenten",
        ),
        *(
            "puhemies",
            "Toinen varapuhemies",
            "esimees",
            "Marszałek Sejmu",
            "Wicemarszałek",
            "předsedající",
            "Místopředseda",
        ),
        *("Predsedavajući", "elnök", "Levezető elnök", "pirmininkas", "sēdes vadītājs", "Ceann Comhairle", "Y Llywydd"),
        *("An Leas-Cheann Comhairle", "Başkan", "BAŞKAN", "Πρόεδρος", "ΠΡΟΕΔΡΕΥΩΝ", "Головуючий", "председатель"),
        *("議長", "委員長", "의장", "forseti"),
    ),
    "minister": (
        *("minister", "Minister of Finance", "Prime Minister", "premier", "Secretary of State for Wales", "Taoiseach"),
        *(
            "Parliamentary Under-Secretary of State",
            "Attorney General",
            "President of the Treasury Board",
            "government",
        ),
        *("Minister of Public Works", "Leader of the Government in the House", "Deputy Prime Minister", "Tánaiste"),
        *(
            "Ministre des Finances",
            "Premier ministre",
            "Bundesminister der Finanzen",
            "Bundeskanzlerin",
            "Staatssekretär",
        ),
        *(
            "Ministerpräsident",
            "Ministra de Hacienda",
            "Presidente del Gobierno",
            "Presidente del Consiglio dei ministri",
        ),
        *(
            "statsminister",
            "Utrikesministern",
            "Statsråd",
            "pääministeri",
            "Minister Finansów",
            "ministr zdravotnictví",
        ),
        *("miniszterelnök", "υπουργός", "Министр финансов", "Міністр", "Adalet Bakanı", "財務大臣", "장관"),
    ),
    "witness": (
        "witness",
        "Expert witness",
        "guest",
        "Sachverständiger",
        "testigo",
        "invité",
        "asiantuntija",
    ),
    "crowd": (
        "crowd",
        "Some hon. members",
        "An Hon. Member",
        "Several hon. members",
        "Zwischenruf von links",
        "des voix",
    ),
    "member": (
        *(
            "MP",
            "Deputy",
            "député",
            "Abgeordnete",
            "MdB",
            "ledamot",
            "poseł",
            "Diputada",
            "poslanec",
            "képviselő",
            "MLA",
        ),
        *("Parliamentary Secretary to the Minister of Finance", "Shadow minister", "Leader of the opposition", "Whip"),
        *(
            "Fraktionsvorsitzende",
            "Chair of the Liberal group",
            "for the Minister of Roads",
            "Member for Elk Bay",
            "議員",
        ),
    ),
    "": ("", "Elk Bay", "administrator", "Mayor", "stenographer", "Elk Bay, Ind.", "chairlift", "ministry official"),
}


@pytest.mark.parametrize(("role", "words"), [(role, words) for role, listed in WORDS.items() for words in listed])
def test_words_for_a_role(role: str, words: str) -> None:
    assert role_of(words) == role
    assert role_of(f" {words.upper()} ") == role


FRENCH = {
    "chair": (
        *(
            "Le Président",
            "La Présidente",
            "L'Orateur",
            "M. l'Orateur",
            "L\u2019Oratrice",
            "Le Vice-Président",
            "vice-présidente",
        ),
        *(
            "M. le Président",
            "Mme la Présidente",
            "Son Honneur le Président",
            "Le président suppléant (M. Orme)",
            "La greffière",
        ),
        *(
            "Présidente de séance",
            "La présidence",
            "Le président du comité des Finances",
            "Doyen d'âge",
            "L'Orateur suppléant",
        ),
    ),
    "minister": (
        *(
            "Le premier ministre",
            "La vice-première ministre",
            "ministre des Finances",
            "Mme la ministre",
            "Le gouvernement",
        ),
        *(
            "La présidente du Conseil du Trésor",
            "président du Conseil privé",
            "La procureure générale",
            "solliciteur général",
        ),
        *("Le leader du gouvernement à la Chambre", "secrétaire d'État (Jeunesse)", "Garde des sceaux"),
    ),
    "crowd": (
        *(
            "Une voix",
            "Des voix",
            "Quelques voix",
            "Plusieurs voix",
            "D'autres voix",
            "Voix",
            "Des députés",
            "Un député",
        ),
        *("Plusieurs députés", "Le public", "des sénateurs"),
    ),
    "member": (
        *("Secrétaire parlementaire du ministre des Finances", "ancien ministre", "porte-parole du Bloc", "La députée"),
        *(
            "Le chef de l'opposition",
            "sénatrice",
            "whip en chef du gouvernement",
            "député de Mont-Royal",
            "Présidente du groupe",
        ),
    ),
    "witness": ("Témoin", "Les témoins", "invitée", "Une experte"),
}


@pytest.mark.parametrize(("role", "words"), [(role, each) for role, listed in FRENCH.items() for each in listed])
def test_french_words_for_a_role(role: str, words: str) -> None:
    assert role_of(words) == role_of(words.upper()) == role


@pytest.mark.parametrize(
    ("name", "role"),
    [
        *(("Le Vice-Président", "chair"), ("M. l'Orateur", "chair"), ("Son Honneur la Présidente", "chair")),
        *(
            ("La vice-première ministre", "minister"),
            ("Des voix", "crowd"),
            ("Quelques voix", "crowd"),
            ("Un député", "crowd"),
        ),
        *(
            ("M. Jean Tremblay", ""),
            ("Monsieur le Président, je propose", ""),
            ("Mme Voisin", ""),
            ("Paul Lorateur", ""),
        ),
    ],
)
def test_french_names_that_are_an_office(name: str, role: str) -> None:
    assert role_by_name(name) == role


@pytest.mark.parametrize(
    ("name", "role"),
    [
        *(("The Speaker", "chair"), ("Mr. Speaker", "chair"), ("The Acting Speaker (Mr. Ash)", "chair")),
        *(
            ("Präsident Dr. Esche", "chair"),
            ("The Assistant Deputy Chairman", "chair"),
            ("Minister of Roads", "minister"),
        ),
        *(("Prime Minister", "minister"), ("Some hon. members", "crowd"), ("Mr. Speaker, I move", "")),
        *(("Ray Speaker", ""), ("Bo Chair", ""), ("Hon. Bo Ash (Minister of Roads)", ""), ("Ann Elm", ""), ("", "")),
    ],
)
def test_names_that_are_an_office(name: str, role: str) -> None:
    assert role_by_name(name) == role
