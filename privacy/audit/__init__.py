"""Does the whole log hold together, and is every entry of it accounted for?"""
