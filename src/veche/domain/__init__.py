"""Floor 1: typed ids, frozen records, refusals and the pure rules of the product."""
