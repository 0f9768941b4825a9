"""Records: the store, their fields, the pictures beside them, and the versions of functions."""
