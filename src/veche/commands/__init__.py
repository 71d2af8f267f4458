"""Floor 3: everything that changes something. One public function: outside work first, then one transaction."""
