"""JSON Schemas that the program reads at run time; the published copies lie in `schemas/` and are compared in tests."""
