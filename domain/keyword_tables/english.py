"""Which English words mean which command?"""

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

_EN_TOPICS = (
    "[messages|message|offers|ads|notifications|marketing|newsletters|newsletter|spam|advertising|"
    "promotions|texts|updates|broadcasts|emails]"
)
ENGLISH = Vocabulary(
    language="en",
    fillers=(
        "please|pls|plz|pleas|plese|kindly|thanks|thank you|thank you very much|thanks a lot|thx|ty|now|"
        "right now|"
        "ok|okay|hi|hello|hey|just|immediately|at once|anymore|any more|any longer|from now on|for good|"
        "forever|can you|could you|would you|will you|you must|sir|madam|guys|bot"
    ),
    words={
        STOP: (
            "stop [it|this|that|everything|already]",
            "stop [it|this|that|everything] now",
            "end",
            "quit",
            "cease",
            "revoke",
            "remove",
            "go away",
            "no [please|thanks|thank you] stop [it|this|]",
            "i want [out|you to stop|this to stop|it to stop]",
        ),
        START: (
            "start [again|offers|over]",
            "offers [again|]",
            "[resubscribe|unstop|restart|resume|subscribe me|sign me up|opt in|get started|get offers]",
            "[i want|send|send me|show me|give me] [the|your|] offers",
            "[i want to|i would like to|id like to|] subscribe [again|]",
        ),
        EXPORT: ("[my|] data", "export", "data [export|copy|request]", "my [information|personal data]", "what data"),
        ERASE: ("[erase|delete] [everything|all|it all]", "[erase|delete]", "erasure", "deletion"),
        CANCEL: ("cancel [that|it|this|]", "never mind", "nevermind", "go back", "abort", "exit", "forget it"),
        HELP: (
            "help me",
            "i need [help|some help]",
            "can you help [me|]",
            "what can you do",
            "commands",
            "options",
            "how does this work",
        ),
        HUMAN: ("[a|] [human|agent|operator|representative|real person|human being]", "human please", "staff"),
        YES: (
            "[yes|yep|yeah|yup|sure|absolutely|definitely|agreed]",
            "of course",
            "i [agree|accept|consent]",
            "yes [i do|i agree|i accept|i want|i want to|i want that|i would|of course|sure|send them|yes]",
        ),
        NO: (
            "[no|nope|nah|never|decline|no no]",
            "no way",
            "not [now|interested|really|today]",
            "[im|i am|no im|no i am] not interested",
            "i [dont|do not] [agree|consent|accept|want that|want to]",
            "i [refuse|decline]",
            "no i [dont|do not]",
            "rather not",
        ),
    },
    phrases={
        STOP: (
            "unsubscribe [me|us|]",
            "[opt out|opt me out|stopall]",
            "[i want to|i would like to|id like to|i wish to|i need to|how do i|how can i|let me|can i|] "
            "[unsubscribe|opt out|be unsubscribed|be removed] "
            "[from all messages|from this|from this list|from your list|from everything|from these messages|"
            "from your messages|from your offers|from offers|]",
            "unsubscribe me from [all messages|this|this list|your list|everything|these messages|your messages]",
            "[take|get] me off [this|your|the] [list|mailing list]",
            "remove me [from this list|from your list|from the list|from this|from your mailing list|]",
            "[stop|quit] sending [me|us|] [any|any more|more|these|your|such|all these|] " + _EN_TOPICS,
            "[stop|quit] sending [me|us|] [this|these|stuff|this stuff|anything|things|it|them|]",
            "[stop|quit] [texting|messaging|writing|contacting|bothering|spamming|pestering|disturbing|"
            "mailing|"
            "notifying|annoying] [me|us|to me]",
            "stop [messaging|texting|spamming|the bot|this bot|this subscription]",
            "stop [all|the|these|those|your|any|all these|all the|all your|] " + _EN_TOPICS,
            "no [more|further] " + _EN_TOPICS,
            "[dont|do not|never] send [me|us|] [any|any more|more|anymore|your|these|further|such|] " + _EN_TOPICS,
            "[dont|do not|never] send [me|us] [anything|anything else|this|these|stuff|anything again|this again]",
            "i [dont want|do not want|dont need|do not need|no longer want|no longer need] "
            "[to get|to receive|to see|] [any|any more|more|your|these|further|such|anymore|] " + _EN_TOPICS,
            "i [no longer wish|dont wish|do not wish] to [get|receive] "
            "[any|any more|more|your|these|further|such|] " + _EN_TOPICS,
            "[dont|do not|never] [contact|message|text|write|write to|disturb|bother|spam] [me|us] "
            "[again|ever again|anymore|any more|]",
            "i [dont|do not] want this [anymore|any more|any longer]",
            "i [dont want|do not want|no longer want|dont wish|do not wish|no longer wish] to "
            "[hear from you|be contacted|be messaged|receive this|receive these|get this|get these|"
            "receive anything|get anything] [again|anymore|any more|any longer|from you|]",
            "i [dont|do not] want you to [contact|message|text|write|write to] me [again|anymore|any more|]",
            "leave [me|us] alone",
            "[i|] [withdraw|revoke] my [consent|permission]",
            "i object to [marketing|direct marketing|advertising|these messages|your messages]",
            "stop and delete [my data|everything|all my data|me]",
            "cancel [my|the|this|] [subscription|newsletter]",
            "turn off [the|these|all|] " + _EN_TOPICS,
        ),
        EXPORT: (
            "[can i|may i|i want to|i want|i would like to|id like to|how do i|let me|] "
            "[get|see|have|download|export|access|receive|save] [a copy of|all|the copy of|] my [data|"
            "personal data]",
            "save my data first",
            "[send|give|show] me [a copy of|all|] my [data|personal data|information]",
            "[i want|] [a|] copy of my [data|personal data]",
            "what [data|information|personal data] do you [have|store|keep|hold] [about|on|of] me",
            "what do you [know|have|store] about me",
            "[gdpr|data|subject|data subject] access request",
        ),
        ERASE: (
            "[i want to|i want you to|i would like to|i would like you to|id like you to|you should|] "
            "[delete|erase|remove|destroy|wipe] [all|all of|] my [data|personal data|information|account|"
            "profile|details]",
            "[delete|erase|forget] me",
            "[delete|erase|remove] everything [about me|you have about me|you know about me]",
            "i want to be forgotten",
            "[my|] right to be forgotten",
            "[i want|] my data [deleted|erased|removed]",
        ),
        HUMAN: (
            "[i want to|i would like to|id like to|i need to|can i|may i|let me|] [talk|speak|chat|"
            "write] [to|with] "
            "[a|an|the|] [human|person|real person|agent|someone|somebody|human being|representative|"
            "employee|operator]",
            "are you [a|] [human|a real person]",
            "is [anyone|anybody|somebody|someone] there",
        ),
    },
)
