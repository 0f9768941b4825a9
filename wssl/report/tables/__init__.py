"""Tables, made from records."""
