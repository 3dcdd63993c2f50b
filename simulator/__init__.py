"""What would the platform do? A Messenger platform to play with: pages, followers, rules, outages.

Stands alone: it shares no code with the product it stands opposite to, so that no mistake can hide in both.
"""
