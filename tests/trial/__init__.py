"""A register of its own beside ours: models that are tried with the whole program and are none of the product's."""
