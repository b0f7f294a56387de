"""Time stamps: an authority outside of the office says when it saw a checkpoint (RFC 3161)."""
