"""Which browsers curl-cffi can look like. Imports it only when asked."""

from __future__ import annotations

from typing import get_args


def is_known(name: str) -> bool:
    """Whether `name` is a browser, such as `chrome`, or one release of it, such as `chrome150`."""
    return name in known()


def known() -> list[str]:
    """Every name that is known; without a number it is the newest release."""
    from curl_cffi.requests.impersonate import BrowserTypeLiteral

    return sorted(get_args(BrowserTypeLiteral))


def release(name: str) -> str:
    """The release that a browser's name stands for, as libcurl calls it."""
    from curl_cffi.requests.impersonate import resolve_latest_browser_type

    return str(resolve_latest_browser_type(name))  # type: ignore[no-untyped-call]  # it has no types
