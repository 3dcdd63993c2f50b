"""Which French words mean which command?"""

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
    "[messages|message|offres|publicité|publicités|pub|pubs|notifications|promotions|promos|spam|"
    "spams|mails|newsletter]"
)

FRENCH = Vocabulary(
    language="fr",
    fillers=(
        "s'il vous plaît|s'il te plaît|svp|stp|merci|merci beaucoup|merci d'avance|maintenant|tout de suite|"
        "immédiatement|bonjour|bonsoir|salut|coucou|ok|okay|d'accord|enfin|pouvez vous|peux tu|pourriez vous|"
        "pourrais tu|définitivement|pour toujours|madame|monsieur|dès maintenant"
    ),
    words={
        STOP: (
            "[arrêt|arrêter|arrête|arrêtez|désabonner|désabonnement|désinscription|désinscrire|me "
            "désabonner|me désinscrire|"
            "résilier|ça suffit|stopper|stoppez]",
            "[arrête|arrêtez|stop] [ça|tout|tout ça|cela]",
            "non merci stop",
        ),
        START: (
            "[commencer|démarrer|début|s'abonner|m'abonner|abonnement|offres|reprendre|recommencer|je "
            "m'abonne|me réabonner]",
            "[les|] offres [à nouveau|de nouveau|]",
            "[je veux|je voudrais|envoyez moi|montrez moi|je souhaite] [recevoir|voir|] [les|vos|des] "
            "offres [à nouveau|]",
        ),
        EXPORT: (
            "[mes|] données",
            "[sauvegarder|enregistrer] d'abord",
            "[exporter|mes informations|copie des données|export|mes données personnelles]",
        ),
        ERASE: (
            "[tout|] [supprimer|effacer]",
            "[supprimer|effacer|supprimez|effacez] tout",
            "oubliez moi",
            "effacement",
        ),
        CANCEL: ("[annuler|annule|annulez|retour|laissez tomber|laisse tomber|tant pis|peu importe]",),
        HELP: (
            "[aide|aidez moi|aide moi|options|commandes|à l'aide]",
            "j'ai besoin d'aide",
            "que peux tu faire",
            "comment ça marche",
        ),
        HUMAN: (
            "[un|une|] [humain|conseiller|conseillère|agent|opérateur|vraie personne|personne réelle|être humain]",
        ),
        YES: (
            "[oui|ouais|bien sûr|volontiers|certainement|absolument|j'accepte|avec plaisir|mais oui]",
            "oui [volontiers|bien sûr|j'accepte|je veux|je suis d'accord|avec plaisir|je veux bien|oui|"
            "je le veux|je consens]",
            "je [suis d'accord|consens|veux bien|donne mon accord|donne mon consentement]",
        ),
        NO: (
            "[non|nan|jamais|pas maintenant|non non|pas intéressé|pas intéressée|sans façon|pas question|"
            "pas aujourd'hui]",
            "je [refuse|ne veux pas|n'accepte pas|ne suis pas intéressé|ne suis pas intéressée|ne suis pas d'accord]",
            "[ça ne m'intéresse pas|ça m'intéresse pas|plutôt non|non je ne veux pas|non ça ne m'intéresse pas]",
        ),
    },
    phrases={
        STOP: (
            "[je veux|je voudrais|je souhaite|comment|comment puis je|puis je|j'aimerais|] [me "
            "désabonner|me désinscrire|être désabonné|"
            "être désabonnée|être désinscrit|être désinscrite] [de la liste|de cette liste|de vos "
            "messages|des messages|de tout|]",
            "[désabonnez|désinscrivez|désabonne|désinscris|retirez|enlevez|retire] moi [de la liste|de "
            "cette liste|de votre liste|]",
            "[je ne veux plus|je veux plus recevoir|je ne souhaite plus|je ne désire plus] [recevoir|avoir|] "
            f"[de|vos|de vos|ces|de ces|tes|de tes|aucun|aucune|les|] {_TOPICS} [de votre part|]",
            "[je ne veux plus|je veux plus|je ne souhaite plus|je ne désire plus] [rien recevoir|"
            "recevoir ça|être contacté|être contactée|être dérangé|"
            "être dérangée|que vous m'écriviez|que tu m'écrives|avoir de vos nouvelles|être sollicité|"
            "être sollicitée]",
            f"je ne veux pas [recevoir|] [de|vos|ces|des] {_TOPICS}",
            "ne [m'écrivez plus|m'écris plus|me contactez plus|me contacte plus|m'envoyez plus rien|"
            "m'envoie plus rien|me dérangez plus|"
            "me dérange plus|me parlez plus] [jamais|]",
            "[m'écrivez plus|m'écris plus|me contactez plus|me contacte plus|n'écrivez plus]",
            f"ne [m'envoyez|m'envoie|m'envoies] plus [de|vos|ces|tes|aucun|aucune] {_TOPICS}",
            f"[arrêtez|arrête|cessez|cesse|stop] [de|d'|] [m'envoyer|me envoyer|envoyer] [des|vos|ces|"
            f"tes|les|de] {_TOPICS}",
            "[arrêtez|arrête|cessez|cesse] de [m'écrire|me contacter|me déranger|m'embêter|me harceler|"
            "me spammer|m'envoyer ça|m'envoyer tout ça]",
            f"[plus aucun|plus aucune|stop aux|stop à la|arrêtez les|arrêtez vos|arrête les|arrêter les|"
            f"stopper les|stoppez les|stop les|"
            f"désactiver les|fini les] {_TOPICS}",
            f"stop {_TOPICS}",
            "[laissez|laisse|fichez|foutez] moi [tranquille|en paix|la paix]",
            "[je retire|je révoque|je souhaite retirer|je veux retirer|retrait de] mon [consentement|"
            "accord|autorisation]",
            "je m'oppose [à la publicité|au marketing|à la prospection|à recevoir des publicités|à ces messages]",
            "[stop|arrêtez|arrête] et [supprimez|supprime|effacez|efface] [mes données|tout|toutes mes données]",
            "[résilier|annuler|arrêter] [mon|l'|cet|] abonnement",
        ),
        EXPORT: (
            "[je veux|je voudrais|je souhaite|comment|puis je|j'aimerais|] [voir|télécharger|exporter|"
            "obtenir|recevoir|sauvegarder|"
            "consulter|récupérer|enregistrer|avoir] [une copie de|toutes|] mes données [personnelles|]",
            "[d'abord|] [sauvegarder|enregistrer] mes données [d'abord|avant|]",
            "[garder|sauver] mes données [d'abord|avant|]",
            "[envoyez|envoie|donnez|donne|montrez|montre] moi [toutes|une copie de|] mes données [personnelles|]",
            "[je veux|] [une|] copie de mes données [personnelles|]",
            "quelles données [avez vous|as tu|gardez vous|conservez vous|détenez vous] sur moi",
            "que savez vous sur moi",
            "[demande|droit] d'accès",
        ),
        ERASE: (
            "[je veux|je voudrais|je souhaite|je demande à|je veux faire|] [supprimer|effacer|supprimez|"
            "effacez|supprime|efface|détruire|enlever] "
            "[toutes|] mes données [personnelles|]",
            "[supprimer|supprimez|supprime|effacer|effacez|fermer] [mon compte|mon profil|toutes mes "
            "informations|mes informations|tout sur moi]",
            "[supprimez|supprime|effacez|efface|oublie] moi",
            "[je demande la|] suppression de [toutes|] mes données [personnelles|]",
            "droit à [l'oubli|l'effacement]",
        ),
        HUMAN: (
            "[je veux|je voudrais|puis je|je souhaite|j'aimerais|] [parler|discuter|échanger|écrire] [à|"
            "avec] "
            "[un|une|quelqu'un|] [humain|conseiller|agent|personne|vraie personne|être humain|opérateur|"
            "quelqu'un|employé]",
            "parler à quelqu'un",
            "[êtes vous|es tu] [un|] [humain|humaine]",
            "il y a quelqu'un",
        ),
    },
)
