"""Floor 5: the composition root. Settings, wiring, start and stop; holds no logic of the product."""
