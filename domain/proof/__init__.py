"""How does anybody check, without asking us, that a record stands unchanged in the log?

Values and arithmetic only: RFC 6962 trees, the C2SP text formats, commitments and bundles.
"""
