"""Tests mirror the package; what several of them share lies in `loopback.py`, `calling.py` and `conftest.py`."""
