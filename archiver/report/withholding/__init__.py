"""What an export withholds, what that implies, and the search of every finished byte for it."""
