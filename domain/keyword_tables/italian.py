"""Which Italian words mean which command?"""

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

_TOPICS = "[messaggi|messaggio|offerte|pubblicità|notifiche|promozioni|spam|newsletter|annunci|avvisi|mail]"

ITALIAN = Vocabulary(
    language="it",
    fillers=(
        "per favore|perfavore|per piacere|prego|grazie|grazie mille|adesso|ora|subito|immediatamente|"
        "ciao|salve|"
        "buongiorno|buonasera|ok|okay|puoi|potete|potresti|potreste|per sempre|una volta per tutte|"
        "gentilmente"
    ),
    words={
        STOP: (
            "[fermati|fermatevi|fermare|smetti|smettila|smettetela|smettete|basta|basta così|disiscrivi|"
            "disiscrivimi|disiscrizione|"
            "disiscrivermi|cancellazione iscrizione|annulla iscrizione|disattiva|disdire|interrompi|"
            "interrompere]",
            "no grazie [stop|basta]",
            "stop [tutto|adesso|subito]",
        ),
        START: (
            "[inizia|iniziare|comincia|iscrivimi|iscriviti|iscrizione|offerte|riprendi|ricomincia|iscrivermi|riattiva]",
            "offerte [di nuovo|ancora|]",
            "[voglio|vorrei|mandami|inviami|mostrami] [ricevere|vedere|] [le|] offerte [di nuovo|]",
        ),
        EXPORT: ("[i miei|miei|] dati", "[esporta|esportare|le mie informazioni|copia dei dati|i miei dati personali]"),
        ERASE: ("[cancella|elimina|cancellare|eliminare] tutto", "[cancella|elimina]", "dimenticami"),
        CANCEL: ("[annulla|annullare|indietro|lascia stare|lascia perdere|non importa|fa niente]",),
        HELP: (
            "[aiuto|aiutami|aiutatemi|opzioni|comandi]",
            "ho bisogno di aiuto",
            "cosa [puoi|sai] fare",
            "come funziona",
        ),
        HUMAN: ("[un|una|] [umano|operatore|operatrice|persona|persona reale|persona vera|essere umano|consulente]",),
        YES: (
            "[sì|certo|certamente|volentieri|d'accordo|accetto|va bene sì|assolutamente sì|certo che sì|"
            "come no|sicuro]",
            "sì [certo|volentieri|accetto|voglio|lo voglio|d'accordo|va bene|sono d'accordo|sì|acconsento|vorrei]",
            "[sono d'accordo|acconsento|do il mio consenso]",
        ),
        NO: (
            "[no|no no|mai|non ora|non adesso|meglio di no|non voglio|non mi interessa|non accetto|non sono d'accordo]",
            "[non sono interessato|non sono interessata|per ora no|assolutamente no|rifiuto|preferisco di no]",
            "no [non voglio|non mi interessa|non accetto]",
        ),
    },
    phrases={
        STOP: (
            "[voglio|vorrei|desidero|come posso|come faccio a|posso|] [disiscrivermi|cancellarmi|"
            "annullare l'iscrizione|cancellare l'iscrizione|"
            "togliermi dalla lista|disdire l'iscrizione|annullare la mia iscrizione]",
            "[toglimi|toglietemi|rimuovimi|rimuovetemi|cancellami|cancellatemi|levami] da [questa|quella|"
            "tua|vostra] lista",
            "[toglimi|toglietemi|rimuovimi|rimuovetemi|cancellami|cancellatemi|levami] [dalla|dalla "
            "vostra|dalla tua] [lista|mailing list]",
            f"non voglio [più|] [ricevere|] [più|altri|altre|] [i vostri|i tuoi|le vostre|questi|queste|"
            f"questa|la vostra|le|i|] {_TOPICS}",
            "non voglio [più|] [ricevere niente|ricevere nulla|essere contattato|essere contattata|"
            "essere disturbato|essere disturbata|sentirvi|"
            "che mi scriviate|che mi scriva|che mi contattiate|ricevere questa roba|ricevere altro]",
            f"non desidero [più|] ricevere [più|altri|altre|i vostri|le vostre|questi|queste|] {_TOPICS}",
            "non [mi|ci] [scrivere|scrivete|scriva|contattare|contattate|contatti|disturbare|disturbate|"
            "mandare|mandate|inviare|inviate] "
            "[più|mai più|più niente|più nulla|niente|nulla]",
            "non [scrivermi|contattarmi|scrivetemi|contattatemi|disturbarmi|disturbatemi|mandarmi|"
            "mandatemi|inviarmi|inviatemi] "
            "[più|mai più|più niente|più nulla|niente|nulla]",
            f"non [mandarmi|mandatemi|inviarmi|inviatemi] [più|altri|altre|] {_TOPICS}",
            f"[smetti|smettete|smettila|smettetela|smetta] di [mandarmi|inviarmi|mandare|inviare] "
            f"[questi|queste|questa|i|] {_TOPICS}",
            "[smetti|smettete|smettila|smettetela|smetta] di [scrivermi|contattarmi|disturbarmi|"
            "scocciarmi|tormentarmi|scrivere|mandarmi cose]",
            f"[basta|niente più|mai più|stop|stop a|stop ai|stop alle|stop con i|basta con i|basta con "
            f"le|basta con la|"
            f"ferma i|ferma le|fermate i|fermate le|interrompi i|interrompi le|disattiva i|disattiva le] "
            f"[questi|queste|] {_TOPICS}",
            "[lasciami|lasciatemi] [in pace|stare]",
            "[ritiro|revoco|voglio revocare|voglio ritirare] il mio [consenso|permesso]",
            "mi oppongo [al marketing|alla pubblicità|al marketing diretto|a questi messaggi]",
            "[stop|basta|fermati] e [cancella|cancellate|elimina|eliminate] [i miei dati|tutto|tutti i miei dati]",
            "[annulla|annullare|cancella|disdici|disdire] [l'|la mia|] [iscrizione|abbonamento]",
            "[cancella|annulla|annullare] [liscrizione|labbonamento]",
        ),
        EXPORT: (
            "[voglio|vorrei|come posso|posso|] [vedere|scaricare|esportare|ottenere|ricevere|salvare|"
            "avere|consultare|salva] "
            "[una copia dei|tutti i|i|] miei dati [personali|]",
            "[prima|] salva [i miei|] dati [prima|]",
            "salva prima i [miei|] dati",
            "[mandami|inviami|dammi|mostrami|mandatemi|inviatemi|datemi] [tutti i|una copia dei|i] miei "
            "dati [personali|]",
            "[voglio|] [una|] copia dei miei dati [personali|]",
            "[quali|che] dati [hai|avete|conservate|conservi] su di me",
            "cosa [sai|sapete] [di|su di] me",
            "[richiesta|diritto] di accesso",
        ),
        ERASE: (
            "[voglio|vorrei|desidero|voglio che|] [cancellare|eliminare|cancella|elimina|cancellate|"
            "eliminate|rimuovi|rimuovete|rimuovere|cancelliate] "
            "[tutti|] i miei dati [personali|]",
            "[cancellare|cancella|cancellate|elimina|eliminare|eliminate|chiudi] [il mio account|il mio "
            "profilo|tutte le mie informazioni|tutto su di me]",
            "[cancellami|cancellatemi|eliminami|dimenticatemi]",
            "diritto [all'oblio|alla cancellazione]",
            "[chiedo la|] cancellazione dei miei dati",
        ),
        HUMAN: (
            "[voglio|vorrei|posso|mi piacerebbe|] [parlare|chattare|scrivere] con "
            "[una|un|qualcuno|] [persona|umano|operatore|persona reale|persona vera|essere umano|"
            "qualcuno|operatrice|addetto]",
            "parla con [una|un] [persona|operatore|umano]",
            "sei [un|] [umano|umana|una persona|essere umano]",
            "c'è qualcuno",
        ),
    },
)
