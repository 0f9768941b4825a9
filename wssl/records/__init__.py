"""Records: the store, their fields, and the versions of functions that make them differ."""
