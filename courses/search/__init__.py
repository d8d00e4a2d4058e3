"""Finding what is taught by its public words."""
