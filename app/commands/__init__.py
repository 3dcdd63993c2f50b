"""One file for each group of commands; each command is thin and calls one activity."""
