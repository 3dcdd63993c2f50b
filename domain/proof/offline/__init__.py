"""How does somebody who trusts nobody check a bundle, with nothing but Python?

These modules need the standard library alone and import only each other, so that `privacy/kit.py` can join them into
the one file verify.py that lies in every bundle. No name stands at the top of two of them. Only command.py reads
files and prints.
"""
