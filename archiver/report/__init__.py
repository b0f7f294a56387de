"""The legal export: a report for people, the evidence beside it, and the means to check both."""
