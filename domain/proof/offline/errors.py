"""In which two ways can a bundle be refused?

Texts name what is wrong and where; they never repeat a nonce, an id of a person, or what a record says.
"""


class Wrong(Exception):
    """Something in the bundle does not hold; the text says what."""


class Unreadable(Wrong):
    """The file is outside the limits or the form within which it can be looked at."""


class UnknownSigner(Wrong):
    """None of the keys that are accepted has signed; with other keys it might hold."""
