"""Which Portuguese words, of Brazil and of Portugal, mean which command?"""

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
    "[mensagens|mensagem|ofertas|publicidade|promoções|notificações|anúncios|spam|propaganda|"
    "propagandas|avisos|msg|msgs]"
)

PORTUGUESE = Vocabulary(
    language="pt",
    fillers=(
        "por favor|porfavor|pfv|pf|se faz favor|por gentileza|obrigado|obrigada|muito obrigado|muito "
        "obrigada|valeu|"
        "agora|agora mesmo|imediatamente|olá|oi|bom dia|boa tarde|boa noite|ok|okay|tá|pode|podem|poderia|"
        "de uma vez|de vez|você pode|vocês podem"
    ),
    words={
        STOP: (
            "[parar|pare|parem|sair|cancelar inscrição|cancelar subscrição|cancelar assinatura|"
            "descadastrar|descadastre|"
            "desinscrever|remover inscrição|anular subscrição|chega|basta|me tira da lista]",
            "=[por favor|] para [por favor|]",
            "[pare|parem|stop] [com isso|já|tudo|isso|agora]",
            "para [com isso|já]",
            "não [obrigado|obrigada] [stop|pare]",
        ),
        START: (
            "[começar|iniciar|início|inscrever|assinar|subscrever|ofertas|retomar|recomeçar|quero me "
            "inscrever|voltar a receber]",
            "ofertas [de novo|novamente|outra vez|]",
            "[quero|gostaria de|me manda|mostre] [receber|ver|] [as|] ofertas [de novo|novamente|]",
        ),
        EXPORT: ("[meus|os meus|] dados", "[exportar|minhas informações|cópia dos dados|meus dados pessoais]"),
        ERASE: ("[apagar|excluir|eliminar|apague|exclua|deletar] tudo", "[apagar|excluir|deletar]", "esqueça me"),
        CANCEL: ("[cancelar|cancela|cancele|anular|voltar|deixa pra lá|deixe para lá|esquece|não importa]",),
        HELP: (
            "[ajuda|opções|me ajuda|me ajude|ajude me|comandos|socorro]",
            "preciso de ajuda",
            "o que você [faz|pode fazer]",
            "como funciona",
        ),
        HUMAN: ("[um|uma|] [humano|atendente|pessoa|pessoa real|operador|operadora|ser humano|assistente humano]",),
        YES: (
            "[sim|claro|com certeza|aceito|concordo|de acordo|claro que sim|com prazer|pode ser sim|lógico]",
            "sim [quero|aceito|claro|com certeza|concordo|eu quero|eu aceito|gostaria|sim|autorizo|pode mandar]",
            "[eu concordo|eu aceito|estou de acordo|dou meu consentimento|dou o meu consentimento]",
        ),
        NO: (
            "[não|não não|nunca|agora não|ainda não|melhor não|não quero|não aceito|não me interessa|não "
            "concordo|nem pensar]",
            "[não tenho interesse|não estou interessado|não estou interessada|de jeito nenhum|recuso|sem interesse]",
            "não [não quero|quero não|tenho interesse]",
        ),
    },
    phrases={
        STOP: (
            "[quero|queria|gostaria de|desejo|como posso|como faço para|posso|preciso|] [cancelar a "
            "inscrição|cancelar minha inscrição|"
            "cancelar a minha inscrição|me descadastrar|cancelar a subscrição|cancelar a minha "
            "subscrição|sair da lista|sair desta lista|me desinscrever]",
            "[me tire|me tira|me tirem|me remova|me removam|me remove|tire me|tirem me|remova me|removam "
            "me|tira me] "
            "[da lista|desta lista|dessa lista|da sua lista|da vossa lista]",
            "não quero [mais|] [receber|] [mais|as|suas|as suas|estas|essas|nenhuma|estes|] " + _TOPICS + " [mais|]",
            "não [quero|desejo] mais [receber|receber nada|receber isso|receber isto|ser contatado|ser "
            "contatada|ser contactado|ser contactada|ser incomodado|"
            "ser incomodada|que me escrevam|que me escreva|que me contatem]",
            "não quero [receber mais nada|que me escrevam|que me escreva mais|que me escrevam mais|ser "
            "contatado|ser contactado|receber isso|receber isto]",
            "não desejo [mais|] receber [mais|suas|as suas|estas|essas|] " + _TOPICS,
            "não [me|nos] [escreva|escrevam|escrevas|contate|contatem|contactem|contacte|incomode|"
            "incomodem|incomodes|mande|mandem|mandes|envie|enviem|envies|"
            "chame|procure] [mais|nunca mais|mais nada|nada|de novo|]",
            "não [escreva|escrevam|mande|mandem|envie|enviem] mais [nada|para mim|nada para mim|]",
            "nunca mais me [escreva|escrevam|contate|contatem|mande nada|mandem nada]",
            "não [me|nos|] [mande|mandem|mandes|envie|enviem|envies] [mais|] " + _TOPICS,
            "[pare|parem|para|pára|deixe|deixem] de [me mandar|me enviar|mandar|enviar|enviar me|mandar "
            "me] [mais|essas|estas|] " + _TOPICS,
            "[pare|parem|para|pára|deixe|deixem] de [me escrever|escrever me|me incomodar|incomodar me|"
            "me perturbar|me mandar isso|me contatar|me contactar]",
            "[chega de|basta de|sem mais|nada de|nunca mais|parem com as|pare com as|parar as|parar|"
            "cancelar as|cancelar|desativar|desativar as|"
            "pare as|stop] " + _TOPICS,
            "[me deixe|me deixa|me deixem|deixe me|deixem me|deixa me] em paz",
            "[retiro|revogo|quero revogar|quero retirar] [meu|o meu] [consentimento|acordo]",
            "[oponho me|me oponho] [ao marketing|à publicidade|ao marketing direto|a estas mensagens|a "
            "essas mensagens]",
            "[pare|stop|parem] e [apague|apaguem|exclua|excluam|elimine|eliminem] [meus dados|os meus "
            "dados|tudo|todos os meus dados]",
            "[cancelar|cancele|cancelem] [a|minha|a minha] [inscrição|assinatura|subscrição]",
        ),
        EXPORT: (
            "[quero|queria|gostaria de|como posso|posso|] [ver|baixar|descarregar|exportar|obter|receber|"
            "salvar|guardar|acessar|ter|consultar] "
            "[uma cópia dos|todos os|os|] meus dados [pessoais|]",
            "[salvar|guardar] [os|meus|os meus|] dados [antes|primeiro|]",
            "[me manda|me mande|me envie|me mostre|envie me|mande me|mostre me|dê me|me dê] [todos|todos "
            "os|uma cópia dos|os|] meus dados [pessoais|]",
            "[quero|] [uma|] cópia [dos|de] meus dados [pessoais|]",
            "[que|quais] dados [você tem|vocês têm|têm|tem|guardam|guarda] [sobre|de] mim",
            "o que [você sabe|vocês sabem|sabem|sabe] sobre mim",
            "[pedido|direito|solicitação] de acesso",
        ),
        ERASE: (
            "[quero|queria|gostaria de|desejo|quero que|] [apagar|excluir|eliminar|deletar|apague|"
            "apaguem|exclua|excluam|elimine|eliminem|remover|remova|delete] "
            "[todos|] [os|] meus dados [pessoais|]",
            "[apagar|excluir|eliminar|apague|exclua|elimine|deletar|encerrar] [minha conta|a minha conta|"
            "meu perfil|o meu perfil|tudo sobre mim|minhas informações]",
            "[me esqueça|me apague|me exclua|esqueçam me|apague me]",
            "direito [ao esquecimento|ao apagamento|à eliminação]",
            "[exclusão|eliminação] dos meus dados",
        ),
        HUMAN: (
            "[quero|queria|posso|gostaria de|preciso|] [falar|conversar|escrever] com "
            "[uma|um|alguém|] [pessoa|humano|atendente|pessoa real|alguém|operador|ser humano|funcionário]",
            "você é [um|uma|] [humano|humana|pessoa|pessoa real]",
            "tem alguém aí",
        ),
    },
)
