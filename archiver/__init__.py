"""Preserves protest footage, and proves later that nothing was changed."""

__version__ = "0.3.0"
