"""What proves a checkpoint's time: an authority's stamp (RFC 3161), or an anchor in Bitcoin (OpenTimestamps)."""
