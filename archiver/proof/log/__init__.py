"""The signed log: RFC 6962 tree, C2SP notes and checkpoints, and the keys that an office signed with over time."""
