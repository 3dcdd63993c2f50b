"""What do people write that must never be taken for a stop? Sentences that only look like one."""

ORDINARY = tuple(
    line
    for line in """
where is the bus stop?
don't stop the good work
I can't stop laughing
do you have a non-stop flight to Rome?
we had a stopover in Doha
non-stop
nonstop
stopover
stoop
the show must go on, don't stop
never stop learning
Don't stop!
does the train stop here
is there a stop near your shop
can I stop by tomorrow?
I will stop by at five
what time do you stop serving lunch?
stop by any time
one-stop shop
full stop
the rain did not stop all day
my watch stopped
he never stops talking
I stopped smoking last year
stopping distance of a car
please don't stop sending me offers
why did you stop sending messages?
did the offers stop?
I never said stop
she told me to stop
it doesn't stop raining
how do I start?
at the end of the month
in the end it was fine
the end of the road
is this the weekend offer?
I want to quit my job
end of season sale?
I end work at six
a quitter never wins
remove the onions please
can you remove the discount from my order
no onions please
no problem
no worries
no idea
not yet
nothing
yesterday
yes but only on Mondays
yes or no?
maybe
ok
okay thanks
okay
thanks
thank you very much
hello
hi there
good morning
please
sure thing, what is the price?
could you help him
I do not want onions
I don't want the red one
I don't like mushrooms
I want to hear from you soon
send me a message
send me your offers when they start to be good
leave me a note
cancel my appointment tomorrow at ten please
what is the date today
my data plan is too small
delete the last item from my basket
forget the blue one
a human being wrote this?
Stop. Hammer time!
Stop! In the name of love
how can I unsubscribe my friend from a magazine
Is it possible to get an unsubscribe button on my website?
wo ist die Haltestelle?
das ist halt so
ist halt schwer zu sagen
Halteverbot
der Bus hält nicht
Wann ist Schluss?
Schluss mit lustig
zum Schluss noch eine Frage
am Ende des Monats
Ende gut, alles gut
Ich kann nicht aufhören zu lachen
hör nicht auf!
hör mal
Stoppuhr
der Stoppelbart
nonstop fliegen
bitte nicht aufhören
keine Ahnung
keine Zwiebeln bitte
keine Sorge
ja aber nur montags
nein aber danke
danke
guten Morgen
ich möchte das rote nicht
ich möchte nichts trinken
Ich melde mich morgen
ich melde mich später nochmal
lass mich überlegen
wie lange habt ihr auf?
Daten und Fakten
eine Abmeldung vom Kurs ist bis wann möglich?
wie lösche ich den Warenkorb
está muy alto
alto
el más alto de todos
en voz alta
para mañana
para hoy
para ahora
para siempre
para mí
¿para qué?
para llevar por favor
es para mi madre
dos entradas para el sábado
la planta baja
temporada baja
una mesa para dos
no para de llover
no parar de reír
¿dónde está la parada?
la parada del autobús
no basta
no quiero cebolla
no quiero el rojo
no gracias a ti
sin parar
¿quieres parar a comer?
ya no tengo hambre
gracias
hola
buenos días
vale
el fin de semana
al fin
seis
où est l'arrêt de bus ?
l'arrêt de tram
sans arrêt
il n'arrête pas de pleuvoir
n'arrêtez pas !
ne t'arrête pas
arrêt maladie
plus d'offres s'il vous plaît
je veux plus d'offres
plus de messages comme ça
c'est la fin
fin
à la fin
dur
c'est dur
un vol non-stop
non stop
merci
bonjour
d'accord
je ne veux pas d'oignons
je ne veux plus attendre
pas de problème
dov'è la fermata?
la fermata dell'autobus
una sosta
non basta
basta che sia rosso
basta chiedere
orario no stop
la ferma intenzione
non si ferma mai
non fermarti
senza sosta
va bene
grazie
ciao
non voglio cipolle
la bassa stagione
onde é a parada de ônibus?
o ponto de paragem
para amanhã
para mim
para agora
para levar por favor
pare, olhe e escute os carros na rua
não pare
não para de chover
sem parar
comprei um par
não quero cebola
chega amanhã?
quando chega o pedido?
basta pedir
obrigado
bom dia
a estação baixa
waar is de bushalte?
het gaat niet stoppen met regenen
halte Centraal
de stoppen zijn doorgeslagen
hou op met wie?
gdzie jest przystanek?
koniec miesiąca
na koniec jeszcze pytanie
tak
var är busshållplatsen?
slut
det är slut
slutet gott
tak for det
tak
hvor er stoppestedet?
bussen stopper ikke her
missä on bussipysäkki?
kde je zastávka?
na konci měsíce
hol van a megálló?
unde este stația?
da
gata
durak nerede?
duruyor mu?
для чего это?
где остановка?
остановка автобуса
не останавливайтесь!
нонстоп
да нет наверное
де зупинка?
πού είναι η στάση;
أين موقف الحافلة؟
איפה תחנת האוטובוס?
בלי הפסקה
बस स्टॉप कहाँ है?
公交车站在哪里?
不停
停车场在哪里
这里可以停车吗
バス停はどこですか
止まらない
정류장이 어디예요?
그만두지 마세요
đúng
dung
bến xe buýt ở đâu?
dùng thế nào?
ป้ายรถเมล์อยู่ที่ไหน
หยด
di mana halte bus?
ya
saan ang hintuan?
acha
👍
❤️
😂😂😂
✋
👋
🙏
🚌🛑?
""".strip().splitlines()
    if line
)

# Said in whole sentences, as people say it; every one is an unmistakable wish to get no more messages.
UNMISTAKABLE = tuple(
    line
    for line in """
please stop
stop it please
Stop now!
stop please, thank you
hi, please stop
STOP ALL
unsubscribe me
Unsubscribe me from this list please
stop sending me messages
Please stop sending me these messages.
stop messaging me!!
Quit texting me
I don't want to receive any more messages
I do not want any more offers
i no longer wish to receive your messages
I don't want to hear from you anymore
Don't message me again
never write to me again
do not contact me
no more messages
Leave me alone
take me off this list
remove me from your list
I want to unsubscribe
how do I unsubscribe?
please opt me out
I withdraw my consent
I object to direct marketing
stop the newsletter
Hello. I already told you twice. Stop sending me messages. Thank you.
Unsubscribe. Thanks for everything
can you please stop
Stop and delete my data
bitte stoppen
nie wieder schreiben
Keine Nachrichten mehr bitte
bitte keine Werbung mehr
Ich möchte keine Nachrichten mehr bekommen
ich will keine werbung mehr
Schreibt mir nicht mehr!
Schicken Sie mir bitte keine Nachrichten mehr
Hör auf
hoer auf damit
hört endlich auf mir zu schreiben
Lasst mich in Ruhe!
ich möchte mich abmelden
Wie kann ich mich abmelden?
Newsletter abbestellen
ich widerrufe meine Einwilligung
Guten Tag, bitte keine Angebote mehr schicken. Danke!
meld mich ab
no me escribas más
No me escriban más por favor
no quiero recibir más mensajes
ya no quiero recibir ofertas
dejen de enviarme mensajes
deja de escribirme
darme de baja
quiero darme de baja
BAJA
para por favor
para ya
Déjenme en paz
no más mensajes
cancelar suscripción
retiro mi consentimiento
arrêtez s'il vous plaît
arrête de m'écrire
ne m'écrivez plus
je ne veux plus recevoir de messages
Je ne veux plus de vos offres
arrêtez de m'envoyer des messages
me désabonner
je veux me désinscrire
désabonnez-moi
laissez-moi tranquille
stop aux messages
Bonjour, ne m'envoyez plus de messages, merci
non merci, stop
je retire mon consentement
smettila
basta messaggi
non voglio più ricevere messaggi
non scrivetemi più
non mandatemi più offerte
smettete di scrivermi
voglio disiscrivermi
cancellatemi dalla vostra lista
lasciatemi in pace
toglimi dalla lista
per favore basta
revoco il mio consenso
não quero mais receber mensagens
não me escreva mais
não me mande mais mensagens
pare de me mandar mensagens
parem de me enviar ofertas
quero cancelar minha inscrição
me tire da lista
me deixem em paz
chega de mensagens
SAIR
descadastrar
para por favor
retiro o meu consentimento
stuur mij geen berichten meer
ik wil me uitschrijven
nie chcę więcej wiadomości
proszę przestań
skicka inga fler meddelanden
hold op
ikke flere beskeder
slutt å skrive
lopeta kiitos
už nechci zprávy
ne küldjenek több üzenetet
nu mai vreau mesaje
ne želim više poruke
bana mesaj atmayın
aboneliği iptal et
не пишите мне больше
отпишите меня
не надсилайте мені повідомлення
δεν θέλω άλλα μηνύματα
أوقفوا الرسائل
إلغاء الاشتراك من فضلك
תפסיקו לשלוח לי הודעות
मुझे मैसेज मत भेजो
请不要再发了
我不想再收到消息
取消订阅
メッセージを送らないでください
配信停止
더 이상 메시지 보내지 마세요
수신거부
đừng gửi tin nhắn nữa
หยุดส่งข้อความ
jangan kirim pesan lagi
""".strip().splitlines()
    if line
)

ORDINARY_WORDS = [
    "bus",
    "where",
    "flight",
    "table",
    "tomorrow",
    "red",
    "market",
    "price",
    "window",
    "friend",
    "music",
    "river",
    "laughing",
    "works",
    "train",
    "coffee",
    "seven",
    "number",
    "because",
    "during",
    "letter",
    "garden",
    "Haus",
    "morgen",
    "Straße",
    "rojo",
    "mañana",
    "maison",
    "demain",
    "casa",
    "domani",
    "amanhã",
    "huis",
]
