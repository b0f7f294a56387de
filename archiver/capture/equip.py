"""Handing a site's settings to yt-dlp: cookies, user agent, JavaScript; what is missing ends the acquisition."""

from __future__ import annotations

from http.cookiejar import Cookie as JarCookie
from typing import TYPE_CHECKING

from archiver.capture import javascript, reasons
from archiver.capture.access import Access
from archiver.capture.wire import Stop
from archiver.cookies import Cookie
from archiver.model import Tool

if TYPE_CHECKING:
    from archiver.capture.downloader import Downloader
    from archiver.capture.job import FetchJob


def equip(ydl: Downloader, job: FetchJob) -> None:
    """Make `ydl` ready for `job`. Raises Stop `access-missing` where something that is asked for is not there."""
    access = job.access
    if access.missing:
        raise Stop(reasons.failure("access-missing", access.missing))
    if access.impersonate:
        _check_impersonation()
    for cookie in access.cookies:
        ydl.cookiejar.set_cookie(_for_jar(cookie))
    if access.user_agent:
        ydl.params["http_headers"]["User-Agent"] = access.user_agent
    if access.javascript:
        program = javascript.install(access.javascript, job.folder)
        ydl.params["js_runtimes"] = {"deno": {"path": str(program)}}
        ydl.__dict__.pop("_js_runtimes", None)  # yt-dlp looks at the parameter once


def further_tools(access: Access) -> tuple[Tool, ...]:
    """Programs that take part because of the settings."""
    from importlib.metadata import version

    names = ["curl_cffi"] if access.impersonate else []
    names += ["deno", "yt-dlp-ejs"] if access.javascript else []
    return tuple(Tool(name.replace("_", "-"), version(name)) for name in names if _is_there(name))


def _is_there(name: str) -> bool:
    from importlib.metadata import PackageNotFoundError, version

    try:
        version(name)
    except PackageNotFoundError:
        return False
    return True


def _check_impersonation() -> None:
    try:
        import curl_cffi  # noqa: F401  # whether it can be loaded is the question
    except ImportError:
        raise Stop(reasons.failure("access-missing", "curl-cffi, which impersonates browsers, is not there")) from None


def _for_jar(cookie: Cookie) -> JarCookie:
    """As a browser's jar holds it: for its own host, subdomains only where it says so, https only where it says so."""
    return JarCookie(
        version=0,
        name=cookie.name,
        value=cookie.value,
        port=None,
        port_specified=False,
        domain=f".{cookie.domain}" if cookie.subdomains else cookie.domain,
        domain_specified=cookie.subdomains,
        domain_initial_dot=cookie.subdomains,
        path=cookie.path,
        path_specified=True,
        secure=cookie.secure,
        expires=cookie.ends or None,
        discard=not cookie.ends,
        comment=None,
        comment_url=None,
        rest={},
    )
