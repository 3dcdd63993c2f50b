"""Which German words mean which command?"""

from domain.keyword_tables.vocabulary import (
    CANCEL,
    ERASE,
    EXPORT,
    HELP,
    HUMAN,
    NO,
    START,
    STOP,
    YES,
    Vocabulary,
)

_TOPICS = (
    "[nachrichten|nachricht|angebote|werbung|newsletter|benachrichtigungen|mitteilungen|meldungen|mails|spam|infos]"
)

GERMAN = Vocabulary(
    language="de",
    spellings=(("ä", "ae"), ("ö", "oe"), ("ü", "ue")),
    fillers=(
        "bitte|danke|danke schön|dankeschön|vielen dank|bitte schön|jetzt|sofort|endlich|ab sofort|hallo|"
        "hi|hey|moin|"
        "guten tag|guten morgen|guten abend|ok|okay|servus|grüß gott|kannst du|könntest du|können sie|"
        "könnten sie|"
        "könnt ihr|lg|mfg|umgehend|unverzüglich|für immer|ein für alle mal|nun|also"
    ),
    words={
        STOP: (
            "stop [jetzt|damit|das|es|alles]",
            "stopp [jetzt|damit|das|es|alles]",
            "[stoppen|stoppe|halt|ende|aufhören|schluss|abmelden|abbestellen|austragen|abmeldung|kündigen]",
            "schluss [jetzt|damit]",
            "nein [danke|bitte|] [stop|stopp]",
            "verschwinde",
        ),
        START: (
            "[starten|anmelden|angebote|los geht's|wieder anmelden|anfangen|abonnieren|weitermachen]",
            "angebote [wieder|bitte|wieder an|erhalten|anzeigen|zeigen]",
            "[ich will|ich möchte|ich hätte gern|schick mir|schickt mir|zeig mir] [wieder|die|eure|] angebote",
            "[ich will|ich möchte] mich [wieder|] anmelden",
        ),
        EXPORT: (
            "[meine|] daten",
            "[datenauskunft|datenkopie|exportieren|datenexport|auskunft]",
            "meine informationen",
        ),
        ERASE: ("[alles|] löschen", "[lösche|löscht|lösch] alles", "löschung", "datenlöschung"),
        CANCEL: ("[abbrechen|abbruch|zurück|doch nicht|vergiss es|egal]", "nicht löschen"),
        HELP: (
            "[hilfe|menü|optionen|befehle|hilf mir|helft mir|helfen sie mir]",
            "ich brauche hilfe",
            "was kannst du [alles|]",
            "wie funktioniert das",
        ),
        HUMAN: ("[ein|einen|echter|] [mensch|menschen|mitarbeiter|mitarbeiterin|ansprechpartner|kundendienst|person]",),
        YES: (
            "[ja|jep|jup|jo|klar|natürlich|gerne|gern|einverstanden|sicher|selbstverständlich|jawohl|na "
            "klar|aber ja|auf jeden fall]",
            "ja [gerne|gern|klar|sehr gerne|natürlich|ich will|ich möchte|ich stimme zu|einverstanden|ja|"
            "möchte ich|will ich]",
            "ich [stimme zu|bin einverstanden|bin dafür|willige ein]",
        ),
        NO: (
            "[nein|nee|nö|ne|niemals|auf keinen fall|lieber nicht|kein interesse|nicht jetzt|jetzt nicht|heute nicht]",
            "[kein bedarf|nein nein|nein lieber nicht|will ich nicht|möchte ich nicht]",
            "ich [habe kein interesse|bin nicht interessiert|lehne ab|stimme nicht zu|bin nicht "
            "einverstanden|möchte nicht|will nicht]",
            "nein [ich will nicht|ich möchte nicht|möchte ich nicht|kein interesse]",
        ),
    },
    phrases={
        STOP: (
            "[ich will mich|ich möchte mich|wie kann ich mich|wie melde ich mich|kann ich mich|ich würde "
            "mich gerne|] "
            "[abmelden|austragen|hier abmelden|davon abmelden]",
            "wie melde ich mich ab",
            "[ich will|ich möchte|wie kann ich|kann ich|] [das|diese|den newsletter|die nachrichten|"
            "alles|die werbung] abbestellen",
            "[ich melde mich|meld mich|melde mich|meldet mich|melden sie mich|trag mich|tragt mich|"
            "tragen sie mich] [hier|] [ab|aus]",
            "[nimm|nehmt|nehmen sie] mich [von|aus] [der|dieser|eurer|ihrer] liste",
            f"[keine|keine solchen] {_TOPICS} mehr [schicken|senden|schreiben|erhalten|an mich|]",
            f"keine [weiteren|weitere] {_TOPICS} [schicken|senden|schreiben|]",
            "[schick|schicke|schickt|schicken sie|sende|sendet|senden sie|schreib|schreibt] [mir|uns] "
            f"[keine|nie wieder|nicht mehr|keine weiteren|bitte keine] {_TOPICS} [mehr|]",
            "[schick|schicke|schickt|schicken sie|sende|sendet|senden sie|schreib|schreibe|schreibt|"
            "schreiben sie] "
            "[mir|uns] [nicht mehr|nie wieder|nie mehr|nichts mehr|bitte nicht mehr|bitte nichts mehr]",
            "[schreib|schreibt|schreiben sie|kontaktier|kontaktiert|kontaktieren sie|belästige|belästigt|"
            "belästigen sie|"
            "nerv|nervt|stör|stört] mich [nicht mehr|nie wieder|nicht länger|nicht weiter]",
            "[mir|mich|uns] [nicht mehr|nie wieder|nichts mehr] [schreiben|anschreiben|kontaktieren|"
            "senden|schicken|belästigen]",
            "[nicht mehr|nie wieder|nichts mehr|nie mehr] [schreiben|anschreiben|senden|schicken|kontaktieren|melden]",
            f"ich [will|möchte|wünsche|brauche|mag] keine [weiteren|] {_TOPICS} [mehr|] [bekommen|"
            f"erhalten|kriegen|haben|]",
            f"ich [will|möchte] keine {_TOPICS} [mehr|] von [euch|dir|ihnen] [mehr|] [bekommen|erhalten|]",
            f"ich [will|möchte] {_TOPICS} nicht mehr [bekommen|erhalten|haben]",
            f"ich [will|möchte] [diese|eure|ihre|die] {_TOPICS} nicht [mehr|] [bekommen|erhalten|haben|]",
            "ich [will|möchte] [das|dies] nicht mehr [bekommen|erhalten|haben|]",
            "ich [will|möchte] nichts mehr [bekommen|erhalten|von euch hören|von ihnen hören|von dir hören]",
            "ich [will|möchte] nicht [mehr|länger] [kontaktiert|angeschrieben|belästigt|benachrichtigt] werden",
            f"[stopp|stoppt|stoppen sie|stop|beende|beendet|beenden sie|stoppe] [die|diese|alle|eure|ihre|] {_TOPICS}",
            f"{_TOPICS} [stoppen|abbestellen|beenden|abstellen|ausschalten|deaktivieren|abmelden]",
            "[hör|hört|hören sie] [bitte|doch|endlich|jetzt|bloß|] auf [damit|mit den nachrichten|mir zu "
            "schreiben|mich zu nerven|"
            "mir nachrichten zu schicken|mich anzuschreiben|mit der werbung|mit dem spam|]",
            "[lass|lasst|lassen sie] mich [bitte|endlich|doch|] in ruhe",
            "[ich widerrufe|hiermit widerrufe ich|widerruf meiner|ich ziehe] [meine|meiner|hiermit meine|"
            "] [einwilligung|zustimmung] [zurück|]",
            "ich widerspreche [der werbung|der direktwerbung|der nutzung meiner daten für werbung|den nachrichten|dem]",
            "stopp und [lösch|lösche|löscht|löschen sie] [alles|meine daten|alle meine daten]",
            "stop und [lösch|lösche|löscht|löschen sie] [alles|meine daten|alle meine daten]",
            "[abo|newsletter|abonnement] [kündigen|abbestellen|beenden]",
        ),
        EXPORT: (
            "[ich will|ich möchte|kann ich|ich hätte gern|wie bekomme ich|] [alle|eine kopie|] meine "
            "[daten|gespeicherten daten] "
            "[sehen|haben|herunterladen|exportieren|bekommen|einsehen|anfordern|erhalten]",
            "[zuerst|erst|] meine daten [zuerst|erst|] [sichern|speichern]",
            "[erst|zuerst|] daten [erst|zuerst|] [sichern|speichern]",
            "[schick|schickt|schicken sie|gib|gebt|geben sie|zeig|zeigt|zeigen sie|sende|senden sie] mir "
            "[alle|bitte|] meine daten",
            "[eine|] [kopie|auskunft] [meiner|über meine] daten",
            "[welche|was für] daten [habt ihr|hast du|haben sie|speichert ihr|speichern sie] [über|von] mir",
            "[welche|was für] daten [habt ihr|hast du|haben sie|speichert ihr|speichern sie] über mich [gespeichert|]",
            "was [wisst ihr|weißt du|wissen sie|habt ihr] über mich [gespeichert|]",
        ),
        ERASE: (
            "[ich will dass ihr|ich möchte dass ihr|ich will|ich möchte|] [alle|] meine [daten|"
            "informationen|angaben] "
            "[löschen|gelöscht haben|löscht|löschen lassen|entfernen|vernichten]",
            "[meinen account|mein konto|mein profil] löschen",
            "[lösch|lösche|löscht|löschen sie|entfern|entferne|entfernt|entfernen sie|vernichte] [bitte|"
            "] [alle|] "
            "meine [daten|informationen|angaben]",
            "[lösch|lösche|löscht|löschen sie] [bitte|] [mein konto|meinen account|mein profil|mich|alles über mich]",
            "[vergiss|vergesst|vergessen sie] mich",
            "[ich verlange die|] löschung meiner daten",
            "recht auf [vergessenwerden|löschung]",
        ),
        HUMAN: (
            "[ich will|ich möchte|kann ich|ich würde gerne|] mit [einem|einer|jemandem|] "
            "[menschen|echten menschen|mitarbeiter|person|mitarbeiterin|echten person|jemandem] "
            "[sprechen|reden|schreiben|chatten]",
            "[mensch|menschen|einen menschen|mitarbeiter] sprechen",
            "bist du ein mensch",
            "ist [da jemand|jemand da]",
        ),
    },
)
