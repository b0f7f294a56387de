"""What an item's bytes say about themselves: media type, metadata, fingerprints, stills; parsed in the sandbox only."""
