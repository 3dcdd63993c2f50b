"""Which mistakes must the check find? Each is planted into a process; the product has none of them."""

ACKNOWLEDGED_FIRST = "acknowledged before the commit"


async def anchor(worker, points, fault):
    pass


def plant(fault, worker):
    pass
