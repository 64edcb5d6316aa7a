# The loader.
