"""An exported bundle, folder or zip, and every check of it."""
