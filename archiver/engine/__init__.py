"""The only package that knows all stages: it moves a request through them, durably."""
