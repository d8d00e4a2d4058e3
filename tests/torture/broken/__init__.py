"""The control: a site that says "kept" before it has kept anything."""
