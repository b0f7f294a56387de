"""When something existed at the latest: RFC 3161 tokens and OpenTimestamps proofs over issued checkpoints."""
