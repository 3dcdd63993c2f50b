"""Which Spanish words mean which command?"""

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

_TOPICS = "[mensajes|mensaje|ofertas|publicidad|promociones|notificaciones|anuncios|spam|propaganda|avisos|correos]"

SPANISH = Vocabulary(
    language="es",
    fillers=(
        "por favor|porfavor|porfa|pf|gracias|muchas gracias|ahora|ahora mismo|hola|ok|okay|vale|buenas|"
        "buenos días|"
        "buenas tardes|buenas noches|de una vez|inmediatamente|puedes|podrías|puede|podría|pueden|"
        "podrían|oye|oiga|de inmediato"
    ),
    words={
        STOP: (
            "[parar|pare|paren|detener|deténganse|detente|detén|baja|darme de baja|desuscribir|desuscribirme|"
            "desuscribirse|cancelar suscripción|anular suscripción|basta ya|basta|ya basta|parad|salir "
            "de la lista]",
            "no gracias [stop|parar]",
            "=[por favor|] para [por favor|]",
            "para [ya|ya por favor|con esto|ya con esto]",
            "[stop|parar|pare|paren] [ya|todo|esto]",
        ),
        START: (
            "[empezar|comenzar|inicio|iniciar|alta|suscribirme|suscribir|ofertas|reanudar|volver a "
            "empezar|darme de alta]",
            "ofertas [otra vez|de nuevo|]",
            "[quiero|envíame|mándame|muéstrame] [las|ver|recibir|] ofertas [otra vez|de nuevo|]",
        ),
        EXPORT: ("[mis|] datos", "[exportar|mi información|copia de datos|exportar datos|mis datos personales]"),
        ERASE: ("[borrar|eliminar|borra|elimina|suprimir] [todo|]", "olvídame"),
        CANCEL: ("[cancelar|cancela|anular|atrás|volver|déjalo|olvídalo|da igual|no importa]",),
        HELP: (
            "[ayuda|menú|opciones|ayúdame|ayúdenme|comandos]",
            "[necesito|quiero] ayuda",
            "qué puedes hacer",
            "cómo funciona [esto|]",
        ),
        HUMAN: ("[un|una|] [humano|agente|persona|persona real|asesor|operador|asesora|operadora]",),
        YES: (
            "[sí|claro|por supuesto|de acuerdo|acepto|desde luego|claro que sí|por supuesto que sí|cómo no]",
            "sí [quiero|acepto|claro|por supuesto|de acuerdo|estoy de acuerdo|me gustaría|sí|consiento|autorizo]",
            "[estoy de acuerdo|consiento|doy mi consentimiento]",
        ),
        NO: (
            "[no|no no|nunca|jamás|ahora no|todavía no|mejor no|no quiero|no acepto|no me interesa|no "
            "estoy de acuerdo]",
            "[no estoy interesado|no estoy interesada|para nada|no por ahora|de ninguna manera|rechazo]",
            "no [no quiero|no me interesa|no acepto]",
        ),
    },
    phrases={
        STOP: (
            "[quiero|quisiera|deseo|cómo puedo|cómo|me gustaría|solicito|puedo|necesito|] [darme de baja|"
            "cancelar la suscripción|"
            "cancelar mi suscripción|desuscribirme|anular mi suscripción|salir de la lista|salir de esta "
            "lista]",
            "[dame|denme|déme|dadme|dar] de baja",
            f"[no quiero|no deseo|ya no quiero|ya no deseo] [recibir|más|recibir más|que me envíen|que "
            f"me envíen más|que me manden más|ver|"
            f"estos|sus|tus|vuestros|recibir estos|recibir sus|recibir tus|recibir estas] {_TOPICS}",
            "[no quiero|ya no quiero|no deseo] [más esto|recibir esto|recibir nada|recibir nada más|"
            "recibir más|que me escriban|que me escriban más|"
            "que me escribas|que me escribas más|que me contacten|que me contacten más|que me envíen nada]",
            "no [me|nos] [escribas|escriban|escribáis|escriba|contactes|contacten|molestes|molesten|"
            "hables|envíes|envíen|mandes|manden|enviéis] "
            "[más|nunca más|nada|nada más|otra vez|]",
            f"no [me|nos] [envíes|envíen|envíe|enviéis|mandes|manden|mande] [más|nunca más|] {_TOPICS}",
            f"[deja|dejen|deje|dejad|para|paren|pare] de [enviarme|mandarme|enviar|mandar|enviarnos] "
            f"[más|estos|estas|tantos|] {_TOPICS}",
            "[deja|dejen|deje|dejad|para|paren|pare] de [escribirme|molestarme|molestar|contactarme|"
            "enviarme esto|mandarme esto|escribir|spamear]",
            f"[no más|basta de|nunca más|ya no más] {_TOPICS} [nunca|de ustedes|]",
            f"[detener|parar|cancelar|desactivar|detén|detengan|paren|eliminar] [los|las|estos|estas|"
            f"todos los|todas las|sus|tus|] {_TOPICS}",
            "[déjame|déjenme|dejadme|déjeme] en paz",
            "[bórrame|bórrenme|elimíname|elimínenme|sácame|sáquenme|quítame|quítenme] de [la|esta|su|tu|vuestra] lista",
            "[retiro|revoco|quiero retirar|quiero revocar] mi [consentimiento|permiso|autorización]",
            "me opongo [a la publicidad|al marketing|al marketing directo|a recibir publicidad|a estos mensajes]",
            "[para|stop|paren] y [borra|borren|elimina|eliminen] [mis datos|todo|todos mis datos]",
            "cancelar [la|mi|esta|] [suscripción]",
        ),
        EXPORT: (
            "[quiero|quisiera|me gustaría|cómo puedo|puedo|] [ver|descargar|exportar|obtener|recibir|"
            "guardar|acceder a|tener|consultar] "
            "[una copia de|todos|] mis datos [personales|]",
            "[primero|] guardar mis datos [primero|antes|]",
            "guardar datos [antes|primero|]",
            "[envíame|mándame|dame|muéstrame|envíenme|mándenme|denme] [todos|una copia de|] mis datos [personales|]",
            "[quiero|] [una|] copia de mis datos [personales|]",
            "[qué|cuáles] datos [tienes|tienen|guardas|guardan|tenéis|guardáis] [sobre|de] mí",
            "qué [sabes|saben|sabéis] [sobre|de] mí",
            "[solicitud|derecho] de acceso",
        ),
        ERASE: (
            "[quiero|quisiera|quiero que|solicito|deseo|] [borrar|eliminar|suprimir|borrad|borren|"
            "eliminen|borres|elimines|borra|elimina|borre|elimine|eliminad] "
            "[todos|] mis datos [personales|]",
            "[borrar|eliminar|borra|elimina|borren|eliminen|cerrar] [mi cuenta|mi perfil|toda mi "
            "información|mi información|todo sobre mí]",
            "[derecho al olvido|derecho de supresión|quiero ser olvidado|bórrame|bórrenme|elimíname]",
        ),
        HUMAN: (
            "[quiero|quisiera|puedo|me gustaría|necesito|] [hablar|chatear|comunicarme|escribir] con "
            "[una|un|alguna|algún|] [persona|humano|agente|alguien|asesor|operador|persona real|empleado|"
            "ser humano]",
            "[eres|es usted] [humano|una persona|un humano|una persona real]",
            "hay alguien [ahí|]",
        ),
    },
)
