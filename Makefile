# Aliases only: everything lives in dev.py, which also works where make is missing.
.PHONY: demo test check bench crash lock help

help demo test check bench crash lock:
	@python3 dev.py $@
