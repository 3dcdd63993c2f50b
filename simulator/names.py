"""Who are the followers, and what would they type in their own language?"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Tongue:
    """People of one language: names (first names with a letter for gender), and things they write."""

    locale: str
    timezone: float
    firsts: tuple[tuple[str, str], ...]
    lasts: tuple[str, ...]
    hello: str
    question: str
    stop: str
    thanks: str


def _people(female: str, male: str) -> tuple[tuple[str, str], ...]:
    return tuple((name, "female") for name in female.split()) + tuple((name, "male") for name in male.split())


def _tongue(locale: str, timezone: float, names: tuple[str, str, str], words: tuple[str, str, str, str]) -> Tongue:
    female, male, lasts = names
    hello, question, stop, thanks = words
    return Tongue(
        locale=locale,
        timezone=timezone,
        firsts=_people(female, male),
        lasts=tuple(lasts.split()),
        hello=hello,
        question=question,
        stop=stop,
        thanks=thanks,
    )


TONGUES: tuple[Tongue, ...] = (
    _tongue(
        "en_GB",
        0,
        (
            "Zoë Imogen Chloë Beatrix Siân Niamh",
            "Oliver Rhys Seán Alfie Eoin Jude",
            "O’Brien Smith Brontë Évans Khan Wood",
        ),
        ("Hi there!", "What time do you open tomorrow?", "STOP", "Thanks!"),
    ),
    _tongue(
        "de_DE",
        1,
        (
            "Jördis Käthe Annelie Sönke-Marie Lea Frieda",
            "Jürgen Björn Lukas Götz Matthias Jörg",
            "Müller Groß Schäfer Köhler Weiß Krüger",
        ),
        ("Hallo!", "Wann habt ihr morgen offen?", "Stopp", "Danke schön!"),
    ),
    _tongue(
        "es_ES",
        1,
        (
            "Begoña Inés María Lucía Aránzazu Sofía",
            "José Andrés Íñigo Raúl Ángel Martín",
            "García Muñoz Ibáñez Núñez Peña Gutiérrez",
        ),
        ("¡Hola!", "¿A qué hora abren mañana?", "PARAR", "¡Gracias!"),
    ),
    _tongue(
        "fr_FR",
        1,
        (
            "Anaïs Zoé Hélène Françoise Maëlys Cécile",
            "François Noël Loïc Jérôme Théo Gaël",
            "Lefèvre Béranger Gérard Châtelain Müller D’Aubigné",
        ),
        ("Bonjour !", "Vous ouvrez à quelle heure demain ?", "ARRÊT", "Merci beaucoup !"),
    ),
    _tongue(
        "it_IT",
        1,
        (
            "Chiara Noemi Giulia Niccolò-Maria Aurora Bianca",
            "Niccolò Matteo Davìd Luca Nicolò Pietro",
            "Rossi D’Angelo Zanolà Forlì Bianchi Galatà",
        ),
        ("Ciao!", "A che ora aprite domani?", "BASTA", "Grazie!"),
    ),
    _tongue(
        "pt_BR",
        -3,
        (
            "Conceição Júlia Letícia Antônia Inês Thaís",
            "João Luís Antônio Vinícius Caio Simão",
            "Gonçalves Araújo Simões Conceição Magalhães Sá",
        ),
        ("Olá!", "A que horas vocês abrem amanhã?", "PARAR", "Obrigado!"),
    ),
    _tongue(
        "pl_PL",
        1,
        (
            "Łucja Małgorzata Bożena Zofia Agnieszka",
            "Łukasz Paweł Stanisław Michał Wojciech",
            "Wójcik Kowalczyk Dąbrowska Żak Woźniak Gałązka",
        ),
        ("Cześć!", "O której jutro otwieracie?", "STOP", "Dziękuję!"),
    ),
    _tongue(
        "cs_CZ",
        1,
        (
            "Růžena Eliška Žaneta Tereza Zdeňka",
            "Jiří Ondřej Tomáš Matěj Řehoř",
            "Dvořák Černý Novák Růžička Šťastný",
        ),
        ("Dobrý den!", "V kolik zítra otevíráte?", "STOP", "Děkuji!"),
    ),
    _tongue(
        "sv_SE",
        1,
        (
            "Åsa Märta Linnéa Sigrid Elsa",
            "Åke Göran Björn Håkan Nils",
            "Åkesson Sjöström Björk Lindström Nyström",
        ),
        ("Hej!", "När öppnar ni i morgon?", "STOPP", "Tack!"),
    ),
    _tongue(
        "tr_TR",
        3,
        (
            "Ayşe Çiğdem Gülşen Şebnem İrem",
            "Çağlar Gökhan Oğuz Uğur İsmail",
            "Yılmaz Öztürk Çelik Şahin Doğan",
        ),
        ("Merhaba!", "Yarın saat kaçta açıyorsunuz?", "DUR", "Teşekkürler!"),
    ),
    _tongue(
        "el_GR",
        2,
        ("Ελένη Μαρία Αγγελική Σοφία", "Γιώργος Νίκος Δημήτρης Άγγελος", "Παπαδόπουλος Γεωργίου Νικολάου"),
        ("Γεια σας!", "Τι ώρα ανοίγετε αύριο;", "ΣΤΟΠ", "Ευχαριστώ!"),
    ),
    _tongue(
        "uk_UA",
        2,
        ("Оксана Олена Соломія Ївга", "Андрій Тарас Юрій Євген", "Шевченко Коваленко Ткачук"),
        ("Добрий день!", "О котрій ви завтра відчиняєтеся?", "СТОП", "Дякую!"),
    ),
    _tongue(
        "vi_VN",
        7,
        ("Hương Ngọc Thảo Phượng", "Dũng Đức Hùng Tuấn", "Nguyễn Trần Phạm Đỗ"),
        ("Xin chào!", "Ngày mai mấy giờ mở cửa?", "DỪNG", "Cảm ơn!"),
    ),
    _tongue(
        "hu_HU",
        1,
        ("Erzsébet Zsófia Ágnes Tünde", "László Győző Bálint Ödön", "Kovács Szűcs Tóth Hegedűs"),
        ("Jó napot!", "Mikor nyitnak holnap?", "STOP", "Köszönöm!"),
    ),
    _tongue(
        "ar_AR",
        2,
        ("ليلى فاطمة مريم", "يوسف أحمد كريم", "حداد منصور الخطيب"),
        ("مرحبا!", "متى تفتحون غدا؟", "توقف", "شكرا!"),
    ),
    _tongue(
        "ro_RO",
        2,
        (
            "Ștefania Mădălina Ioana Crăița",
            "Ștefan Răzvan Cătălin Mihăiță",
            "Țurcanu Brânzei Ionescu Mureșan",
        ),
        ("Bună ziua!", "La ce oră deschideți mâine?", "STOP", "Mulțumesc!"),
    ),
)

_BY_LOCALE = {tongue.locale: tongue for tongue in TONGUES}


def tongue_of(locale: str) -> Tongue:
    """The language of this locale; English when it is not one of ours."""
    return _BY_LOCALE.get(locale, TONGUES[0])
