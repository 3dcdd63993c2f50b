"""Which words of the Slavic languages mean which command? Latin and Cyrillic letters."""

from domain.keyword_tables.vocabulary import ERASE, EXPORT, HELP, NO, STOP, YES, Vocabulary

SLAVIC = (
    Vocabulary(
        language="pl",
        fillers="proszę|prosze|dziękuję|dzięki|teraz|natychmiast|cześć|dzień dobry|już|ok",
        words={
            STOP: (
                "[zatrzymaj|zatrzymać|przestań|przestańcie|wypisz|wypisz mnie|rezygnuję|rezygnacja|"
                "koniec|wyrejestruj|anuluj subskrypcję|stop wiadomości]",
            ),
            EXPORT: ("moje dane",),
            ERASE: ("usuń wszystko",),
            HELP: ("[pomoc|pomocy]",),
            YES: ("[zgadzam się|oczywiście|wyrażam zgodę|tak zgadzam się|tak chcę|tak proszę]",),
            NO: ("[nie|nie dziękuję|nie teraz|nie chcę|nigdy|nie zgadzam się]",),
        },
        phrases={
            STOP: (
                "[nie chcę|nie chce] [więcej|już|] [wiadomości|ofert|reklam|otrzymywać wiadomości|"
                "dostawać wiadomości|żadnych wiadomości]",
                "[nie wysyłaj|nie wysyłajcie|nie pisz|nie piszcie] [do mnie|mi|] [więcej|już|]",
                "[wypisz|wypiszcie|usuń] mnie [z listy|]",
                "przestańcie [pisać|wysyłać wiadomości|do mnie pisać]",
                "[dajcie|daj] mi spokój",
                "chcę [się wypisać|zrezygnować]",
            ),
            EXPORT: ("[kopia|wyślij mi] [moich danych|moje dane]",),
            ERASE: ("usuń [wszystkie|] moje dane", "usuńcie moje dane"),
        },
    ),
    Vocabulary(
        language="cs",
        fillers="prosím|děkuji|díky|hned|teď|dobrý den|ahoj|ok",
        words={
            STOP: ("[zastavit|zastavte|přestaňte|přestaň|odhlásit|odhlaste mě|odhlásit se|konec|zrušit odběr|dost]",),
            EXPORT: ("[moje data|moje údaje]",),
            HELP: ("pomoc",),
            YES: ("[ano|ano souhlasím|souhlasím|samozřejmě]",),
            NO: ("[ne|ne děkuji|teď ne|nikdy|nesouhlasím|nechci]",),
        },
        phrases={
            STOP: (
                "[už nechci|nechci|nechci už] [žádné|dostávat|další|] [zprávy|nabídky|reklamu]",
                "[neposílejte|nepište|neposílej|nepiš] [mi|] [už|] [zprávy|nic|další zprávy|]",
                "[nechte|nech] mě [být|na pokoji]",
                "[chci se|] odhlásit [z odběru|]",
            ),
            ERASE: ("[smažte|vymažte|smaž] [všechna|] moje [data|údaje]",),
        },
    ),
    Vocabulary(
        language="sk",
        fillers="prosím|ďakujem|vďaka|hneď|teraz|dobrý deň|ahoj|ok",
        words={
            STOP: ("[zastaviť|zastavte|prestaňte|prestaň|odhlásiť|odhláste ma|odhlásiť sa|koniec|zrušiť odber|dosť]",),
            YES: ("[áno|súhlasím]",),
            NO: ("[nie|nie ďakujem|nechcem]",),
        },
        phrases={
            STOP: (
                "[už nechcem|nechcem] [žiadne|dostávať|ďalšie|] [správy|ponuky|reklamu]",
                "[neposielajte|nepíšte] mi [už|] [správy|nič|]",
            ),
            ERASE: ("[vymažte|zmažte] moje [údaje|dáta]",),
        },
    ),
    Vocabulary(
        language="hr",
        fillers="molim|molim vas|molim te|hvala|sada|odmah|bok|dobar dan|ok",
        words={
            STOP: ("[prestani|prestanite|zaustavi|zaustavite|odjava|odjavi me|odjavite me|otkaži pretplatu|prekini]",),
            HELP: ("[pomoć|upomoć]",),
            YES: ("[slažem se|pristajem|da slažem se|da želim]",),
            NO: ("[ne|ne hvala|ne sada|nikad|ne želim]",),
        },
        phrases={
            STOP: (
                "[ne želim|ne želim više|neću više|ne želim primati] [primati|dobivati|dobijati|] "
                "[poruke|ponude|reklame]",
                "[ne šaljite|nemojte slati|nemoj slati|ne šalji] [mi|] [više|] [poruke|ponude|ništa|]",
                "[pustite|pusti|ostavite|ostavi] me na miru",
            ),
            ERASE: ("[obrišite|obriši|izbriši|izbrišite] moje podatke",),
        },
    ),
    Vocabulary(
        language="sl",
        fillers="prosim|hvala|zdaj|takoj|ok",
        words={STOP: ("[nehaj|nehajte|ustavi|ustavite|odjavi me|odjavite me|odjava]",), NO: ("[ne hvala]",)},
        phrases={
            STOP: ("ne želim [več|] [sporočil|prejemati sporočil|ponudb]", "ne pošiljajte [mi|] [več|] [sporočil|]")
        },
    ),
    Vocabulary(
        language="ru",
        fillers="пожалуйста|плиз|спасибо|сейчас|немедленно|уже|здравствуйте|привет|сразу|хорошо",
        words={
            STOP: (
                "[стоп|остановить|остановите|остановись|остановитесь|прекратите|прекрати|перестаньте|"
                "перестань|отписаться|отписка|"
                "отпишите|отписать|хватит|отмена подписки|отменить подписку]",
            ),
            EXPORT: ("мои данные",),
            ERASE: ("удалить все", "удалите все"),
            HELP: ("[помощь|помогите|меню|справка]",),
            YES: ("[да|да конечно|конечно|согласен|согласна|да согласен|да согласна|да хочу|даю согласие]",),
            NO: ("[нет|нет спасибо|не сейчас|никогда|не хочу|не согласен|не согласна|не надо]",),
        },
        phrases={
            STOP: (
                "[не хочу|больше не хочу|я не хочу|я больше не хочу|не желаю] [больше|] [получать|] "
                "[сообщения|сообщений|рассылку|предложения|рекламу|ваши сообщения]",
                "[не пишите|не пиши|не присылайте|не отправляйте|не шлите] [мне|] [больше|] [сообщения|"
                "ничего|рекламу|]",
                "больше [мне|] [не пишите|не пиши|не присылайте|не надо писать]",
                "[хватит|перестаньте|прекратите] [мне|] [писать|присылать|слать|присылать сообщения|спамить]",
                "[отпишите|уберите] меня [от рассылки|из рассылки|]",
                "[я хочу|хочу] отписаться [от рассылки|]",
                "как отписаться",
                "оставьте меня в покое",
            ),
            EXPORT: ("[копия моих|пришлите мои|покажите мои] [данных|данные]", "какие данные у вас обо мне"),
            ERASE: ("[удалите|удали|удалить|сотрите] [все|] мои данные", "забудьте меня"),
        },
    ),
    Vocabulary(
        language="uk",
        fillers="будь ласка|дякую|зараз|негайно|вже|вітаю|привіт|добрий день",
        words={
            STOP: (
                "[стоп|зупинити|зупиніть|зупинись|припиніть|припинити|відписатися|відписатись|"
                "відпишіть|відписка|досить|годі писати]",
            ),
            EXPORT: ("мої дані",),
            HELP: ("[допомога|допоможіть]",),
            YES: ("[так|так згоден|так згодна|згоден|згодна|авжеж]",),
            NO: ("[ні|ні дякую|не зараз|не хочу]",),
        },
        phrases={
            STOP: (
                "[не хочу|більше не хочу|я не хочу|я більше не хочу] [більше|] [отримувати|] "
                "[повідомлення|повідомлень|розсилку|рекламу]",
                "[не пишіть|не надсилайте] [мені|] [більше|] [повідомлення|нічого|]",
                "більше [мені|] [не пишіть|не надсилайте]",
                "[відпишіть|відпишіть мене|хочу відписатися] [від розсилки|]",
            ),
            ERASE: ("[видаліть|видалити] [всі|усі|] мої дані",),
        },
    ),
    Vocabulary(
        language="bg",
        fillers="моля|благодаря|веднага|сега|здравейте",
        words={
            STOP: ("[стоп|спри|спрете|престанете|престани|отписване|отпиши ме|отпишете ме|откажи абонамента]",),
            YES: ("[съгласен съм|съгласна съм]",),
        },
        phrases={
            STOP: (
                "не [искам|желая] [повече|да получавам|] [съобщения|оферти|реклами]",
                "не ми [пишете|пращайте] [повече|] [съобщения|]",
            )
        },
    ),
    Vocabulary(
        language="sr",
        fillers="молим|молим вас|хвала|сада|одмах",
        words={STOP: ("[стоп|престани|престаните|заустави|зауставите|одјава|одјави ме|одјавите ме]",)},
        phrases={
            STOP: ("не [желим|желим више] [да примам|примати|] [поруке|понуде]", "не шаљите ми [више|] [поруке|]")
        },
    ),
)
