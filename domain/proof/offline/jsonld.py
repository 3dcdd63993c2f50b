"""How does a record read for programs that know the Data Privacy Vocabulary?

record.jsonld is this prefix and the record without its first brace, so nobody has to trust a conversion.
"""

JSONLD_PREFIX = b'{"@context":{"@vocab":"https://w3id.org/dpv#"},'


def jsonld_of(record: bytes) -> bytes:
    """The bytes of record.jsonld for these bytes of record.json."""
    return JSONLD_PREFIX + record[1:]
