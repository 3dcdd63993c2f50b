# Aliases only: everything lives in dev.py, which also works where make is missing.
.PHONY: demo test check bench lock help

help demo test check bench lock:
	@python3 dev.py $@
