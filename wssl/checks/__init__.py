"""Checks of arguments, of the names of registered entries, and of optional packages."""
