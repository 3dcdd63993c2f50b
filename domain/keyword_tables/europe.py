"""Which words of other European languages mean which command? Slavic ones are in slavic.py.

Everybody may say stop in their own language, also where the bot cannot answer in it. A word that is an
ordinary answer in another language (Finnish `seis`, Turkish `dur`, Danish `tak`, Swedish `slut`) is left
out when it stands alone.
"""

from domain.keyword_tables.vocabulary import ERASE, EXPORT, HELP, NO, STOP, YES, Vocabulary

_DANISH = (("ø", "oe"), ("å", "aa"), ("æ", "ae"))

EUROPE = (
    Vocabulary(
        language="nl",
        fillers=(
            "alsjeblieft|alstublieft|aub|a.u.b|svp|graag|dank u|dank je|bedankt|nu|meteen|direct|hallo|hoi|ok|oké"
        ),
        words={
            STOP: (
                "[stoppen|stop ermee|stop hiermee|stop daarmee|hou op|ophouden|afmelden|uitschrijven|"
                "afmelding|opzeggen|beëindigen|halt]",
            ),
            EXPORT: ("[mijn|] gegevens", "mijn data"),
            ERASE: ("alles [verwijderen|wissen]", "[verwijder|wis] alles"),
            HELP: ("[hulp|hulp nodig]",),
            YES: ("[ja|jazeker|zeker|natuurlijk|akkoord|ja graag|ja natuurlijk|ik ga akkoord]",),
            NO: ("[nee|nee bedankt|niet nu|liever niet|nooit|geen interesse|nee nee]",),
        },
        phrases={
            STOP: (
                "[ik wil|ik wil me|ik wil mij|hoe kan ik me|schrijf me|schrijf mij|meld me|meld mij] "
                "[graag|] [afmelden|uitschrijven|uit|af]",
                "geen [berichten|aanbiedingen|reclame|spam|meldingen] meer [sturen|]",
                "[stuur|stuurt u] [me|mij] [geen|nooit meer] [berichten|aanbiedingen|reclame] [meer|]",
                "ik wil geen [berichten|aanbiedingen|reclame] [meer|] [ontvangen|krijgen|]",
                "stop met [berichten|berichten sturen|sturen|mij berichten te sturen|spammen]",
                "laat me met rust",
            ),
            EXPORT: ("[stuur|geef] mij mijn gegevens", "[een|] kopie van mijn gegevens"),
            ERASE: ("[verwijder|wis] [al|] mijn gegevens", "mijn gegevens [verwijderen|wissen]", "vergeet mij"),
        },
    ),
    Vocabulary(
        language="sv",
        fillers="snälla|tack|nu|genast|hej|ok",
        words={
            STOP: ("[stoppa|sluta|avsluta|avregistrera|avregistrera mig|avbeställ|avprenumerera|sluta nu|stopp nu]",),
            EXPORT: ("[mina uppgifter|mina data|min data]",),
            ERASE: ("radera allt",),
            HELP: ("hjälp",),
            YES: ("[ja|javisst|ja tack|självklart|jag godkänner|jag samtycker]",),
            NO: ("[nej|nej tack|inte nu|aldrig]",),
        },
        phrases={
            STOP: (
                "[inga|skicka inga|jag vill inte ha|jag vill inte få|skicka inte] [fler|mer|flera|] "
                "[meddelanden|erbjudanden|reklam] [mer|]",
                "sluta [skicka|skriva|skicka meddelanden|skicka meddelanden till mig|skriva till mig]",
                "[jag vill|] avregistrera mig",
                "lämna mig ifred",
                "[skriv|kontakta] [inte|mig inte] [till mig|mig|] mer",
            ),
            ERASE: ("radera [alla|] mina uppgifter", "ta bort mina uppgifter"),
            EXPORT: ("[skicka|kopia på|ge mig] mina uppgifter",),
        },
    ),
    Vocabulary(
        language="da",
        spellings=_DANISH,
        fillers="tak|venligst|nu|straks|hej|ok|vær venlig",
        words={
            STOP: ("[hold op|stop nu|afmeld|afmeld mig|afmelding|frameld|frameld mig|opsig]",),
            EXPORT: ("[mine data|mine oplysninger]",),
            ERASE: ("slet alt",),
            HELP: ("hjælp",),
            YES: ("[ja|ja tak|jeg accepterer|jeg giver samtykke]",),
            NO: ("[nej|nej tak|ikke nu|aldrig]",),
        },
        phrases={
            STOP: (
                "[ikke flere|ingen|ingen flere|send ikke flere|jeg vil ikke have|jeg vil ikke have flere|"
                "jeg ønsker ikke flere] [beskeder|tilbud|reklamer] [mere|]",
                "stop med at [skrive|sende|sende beskeder|skrive til mig]",
                "lad mig være [i fred|]",
                "skriv ikke [mere|til mig mere]",
            ),
            ERASE: ("slet [alle|] mine [data|oplysninger]",),
            EXPORT: ("[send mig|kopi af] mine [data|oplysninger]",),
        },
    ),
    Vocabulary(
        language="no",
        spellings=_DANISH,
        fillers="takk|vennligst|vær så snill|nå|straks|hei|ok",
        words={
            STOP: ("[slutt|slutt nå|stopp nå|avslutt|avmeld|meld meg av|avmelding|si opp]",),
            EXPORT: ("[mine data|mine opplysninger|dataene mine]",),
            ERASE: ("slett alt",),
            HELP: ("hjelp",),
            YES: ("[ja|ja takk|jeg samtykker|jeg godtar]",),
            NO: ("[nei|nei takk|ikke nå|aldri]",),
        },
        phrases={
            STOP: (
                "[ikke flere|ingen flere|ikke send flere|ikke send meg flere|jeg vil ikke ha|jeg vil "
                "ikke ha flere|jeg ønsker ikke flere] "
                "[meldinger|tilbud|reklame] [mer|]",
                "slutt å [skrive|sende|sende meldinger|skrive til meg]",
                "la meg være [i fred|]",
                "ikke [skriv til meg|kontakt meg] [mer|igjen]",
            ),
            ERASE: ("slett [alle|] [mine data|dataene mine|mine opplysninger|opplysningene mine]",),
        },
    ),
    Vocabulary(
        language="fi",
        fillers="kiitos|nyt|heti|hei|moi|ok|ole hyvä",
        words={
            STOP: (
                "[lopeta|lopettakaa|lopeta nyt|seis kiitos|peruuta tilaus|poista minut listalta|lopeta tilaus|pysäytä]",
            ),
            EXPORT: ("[minun tietoni|omat tiedot|tietoni]",),
            HELP: ("apua",),
            YES: ("[kyllä|kyllä kiitos|suostun|hyväksyn|joo kiitos]",),
            NO: ("[ei|ei kiitos|en halua|ei nyt|en]",),
        },
        phrases={
            STOP: (
                "[ei enää|en halua enää|älä lähetä enää|älkää lähettäkö enää|älä lähetä minulle enää] "
                "[viestejä|tarjouksia|mainoksia]",
                "[lopeta|lopettakaa] viestien lähettäminen",
                "jätä minut rauhaan",
                "en halua [viestejä|saada viestejä]",
            ),
            ERASE: ("poista [kaikki|] [tietoni|minun tietoni]", "poistakaa tietoni"),
        },
    ),
    Vocabulary(
        language="hu",
        fillers="kérem|kérlek|köszönöm|köszi|most|azonnal|szia|jó napot|ok",
        words={
            STOP: ("[állj|leiratkozás|leiratkozom|leiratkozni|hagyd abba|hagyják abba|leállítás|elég volt]",),
            EXPORT: ("adataim",),
            HELP: ("segítség",),
            YES: ("[igen|igen kérem|elfogadom|hozzájárulok|beleegyezem]",),
            NO: ("[nem|nem köszönöm|most nem|nem akarom|soha]",),
        },
        phrases={
            STOP: (
                "[ne küldjön|ne küldjenek|ne küldj|ne küldjetek] [több|nekem több|] [üzenetet|ajánlatot|semmit]",
                "[nem kérek|nem akarok] [több|] [üzenetet|üzeneteket|ajánlatot|reklámot]",
                "[ne írjon|ne írjanak|ne írj] [nekem|] [többet|többé|]",
                "[le akarok|szeretnék] iratkozni",
                "szeretnék leiratkozni",
                "hagyj [békén|békén engem]",
            ),
            ERASE: ("[töröld|törölje|töröljék] [az|] adataimat",),
        },
    ),
    Vocabulary(
        language="ro",
        fillers="vă rog|va rog|te rog|mulțumesc|mersi|acum|imediat|bună ziua|salut|bună|ok",
        words={
            STOP: (
                "[oprește|opriți|opreste te|opriți vă|dezabonare|dezabonează mă|dezabonați mă|renunț|gata cu mesajele]",
            ),
            EXPORT: ("datele mele",),
            HELP: ("ajutor",),
            YES: ("[sunt de acord|da sunt de acord|da vreau|accept]",),
            NO: ("[nu|nu mulțumesc|nu acum|niciodată|nu vreau|nu sunt de acord]",),
        },
        phrases={
            STOP: (
                "[nu mai vreau|nu vreau|nu doresc|nu mai doresc] [să primesc|] [mesaje|oferte|reclame]",
                "nu [îmi|imi|mi] mai [trimiteți|trimite|scrieți|scrie] [mesaje|nimic|]",
                "[vreau să mă|doresc să mă] dezabonez",
                "[lăsați|lasă] mă în pace",
            ),
            ERASE: ("[ștergeți|șterge] [toate|] datele mele",),
        },
    ),
    Vocabulary(
        language="ca",
        fillers="si us plau|sisplau|gràcies|ara|hola|ok",
        words={
            STOP: ("[atura|atureu|prou missatges|donar me de baixa|dona'm de baixa|doneu me de baixa|desubscriure]",)
        },
        phrases={
            STOP: (
                "[no vull|ja no vull] [rebre|] [més|] [missatges|ofertes|publicitat]",
                "no [m'escriviu|m'envieu] més [missatges|res|]",
            )
        },
    ),
    Vocabulary(
        language="et",
        fillers="palun|aitäh|kohe|tere",
        words={
            STOP: ("[lõpeta|lõpetage|peata|loobun|tühista tellimus]",),
            YES: ("[jah|jah palun|nõustun]",),
            NO: ("[ei aitäh]",),
        },
        phrases={STOP: ("[ma ei soovi|ei soovi|ei taha|ma ei taha] [enam|rohkem|] [sõnumeid|pakkumisi|reklaami]",)},
    ),
    Vocabulary(
        language="lv",
        fillers="lūdzu|paldies|tagad|sveiki",
        words={
            STOP: ("[beidz|beidziet|pārtraukt|pārtrauciet|atteikties|apturēt|atrakstīties]",),
            NO: ("[nē|nē paldies]",),
        },
        phrases={STOP: ("[nevēlos|negribu] [vairs|saņemt|vairs saņemt|] [ziņas|ziņojumus|piedāvājumus]",)},
    ),
    Vocabulary(
        language="lt",
        fillers="prašau|ačiū|dabar|labas",
        words={
            STOP: ("[sustabdyti|sustabdyk|sustok|nustokite|nutraukti|atsisakyti|atsisakau|baikite]",),
            YES: ("[taip|sutinku]",),
            NO: ("[ne ačiū]",),
        },
        phrases={STOP: ("[nenoriu|nebenoriu] [gauti|] [žinučių|pranešimų|pasiūlymų|reklamos]",)},
    ),
    Vocabulary(
        language="tr",
        fillers="lütfen|teşekkürler|teşekkür ederim|sağol|şimdi|hemen|artık|merhaba|selam|tamam",
        words={
            STOP: (
                "[durdur|durdurun|dur artık|lütfen dur|abonelikten çık|aboneliği iptal et|üyelikten "
                "çık|listeden çık|yeter artık|kes artık|vazgeç artık]",
            ),
            EXPORT: ("verilerim",),
            HELP: ("[yardım|imdat]",),
            YES: ("[evet|evet lütfen|kabul ediyorum|onaylıyorum]",),
            NO: ("[hayır|hayır teşekkürler|istemiyorum|şimdi değil]",),
        },
        phrases={
            STOP: (
                "[mesaj|bana mesaj] [atma|atmayın|göndermeyin|gönderme|yollama|yollamayın|istemiyorum|"
                "almak istemiyorum]",
                "[artık|] [mesaj|reklam|kampanya|mesajlarınızı] [almak|] istemiyorum",
                "[beni|] [listeden çıkarın|listeden çıkar|rahat bırakın|rahat bırak]",
                "[bana|] [bir daha|] [yazmayın|yazma]",
            ),
            ERASE: ("verilerimi [sil|silin|siliniz]",),
        },
    ),
    Vocabulary(
        language="el",
        fillers="παρακαλώ|ευχαριστώ|τώρα|αμέσως|γεια|γεια σας|καλημέρα|καλησπέρα",
        words={
            STOP: ("[στοπ|σταμάτα|σταματήστε|σταμάτησε|διακοπή|απεγγραφή|διέκοψε|κατάργηση εγγραφής]",),
            EXPORT: ("τα δεδομένα μου",),
            HELP: ("βοήθεια",),
            YES: ("[ναι|ναι συμφωνώ|συμφωνώ|βεβαίως|ναι θέλω]",),
            NO: ("[όχι|όχι ευχαριστώ|όχι τώρα|ποτέ|δεν θέλω]",),
        },
        phrases={
            STOP: (
                "δεν [θέλω|επιθυμώ] [άλλα|πια|πλέον|να λαμβάνω|να λαμβάνω άλλα|] [μηνύματα|προσφορές|διαφημίσεις]",
                "[μη|μην] μου [στέλνετε|στέλνεις|στείλετε] [άλλα|πια|] [μηνύματα|προσφορές|τίποτα|]",
                "[σταμάτα|σταματήστε] να [στέλνεις|στέλνετε|μου στέλνεις|μου στέλνετε] [μηνύματα|]",
            ),
            ERASE: ("[διαγραφή|διαγράψτε|διάγραψε|σβήστε] [των δεδομένων μου|τα δεδομένα μου]",),
        },
    ),
)
