"""Who outside of our hands holds the log's checkpoints, and how do they get them?"""
