"""Commands about how sites are reached: proxies, cookies, impersonation, JavaScript."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import click

from archiver.cli import common
from archiver.errors import UsageError

#: A proxy's password is no text for a screen.
_HEADINGS = ("host", "proxy", "impersonate", "javascript", "user agent", "cookies")


@click.group("site", help="Set how a site is reached: proxy, cookies, browser, JavaScript.")
def site_command() -> None:
    """About single sites; docs/access.md is the guide."""


@site_command.command("list", help="List the sites that have settings.")
@common.json_option
def list_sites() -> None:
    """Every table of sites.toml."""
    from archiver import sites

    vault = common.the_vault()
    kept = _kept(vault)
    rows = [_document(site, kept.get(site.host, 0)) for site in sites.load(vault.folder)]
    if common.wants_json():
        common.print_json(rows)
    else:
        common.print_table(_HEADINGS, [_cells(row) for row in rows], fixed=(0, 1))


@site_command.command("show", help="Show what holds for a host, from every table that covers it.")
@click.argument("host")
@common.json_option
def show_site(host: str) -> None:
    """What a request to HOST would be made with."""
    from archiver import sites

    vault = common.the_vault()
    name = sites.host_of(host)
    kept = _kept(vault)
    tables = [one.host for one in sites.load(vault.folder) if sites.covers(one.host, name)]
    found = sum(count for site, count in kept.items() if site == sites.cookie_site(sites.load(vault.folder), name))
    document = {**_document(sites.for_host(sites.load(vault.folder), name), found), "from": tables}
    if common.wants_json():
        common.print_json(document)
    else:
        common.print_table(_HEADINGS, [_cells(document)], fixed=(0, 1))
        click.echo(f"From: {', '.join(tables) or 'no table covers it'}")


@site_command.command("set", help="Set how a host, and everything below it, is reached ('*': every host).")
@click.argument("host")
@click.option("--proxy", metavar="URL|none", help="Such as socks5h://127.0.0.1:9050; none: directly.")
@click.option("--impersonate", metavar="NAME|none", help="Look like this browser: chrome, firefox, safari ...")
@click.option("--javascript/--no-javascript", default=None, help="Run the site's scripts, in a sandbox of their own.")
@click.option("--user-agent", metavar="TEXT", help="What to call ourselves.")
@click.option("--unset", multiple=True, metavar="NAME", help="Say nothing any more about this setting; repeatable.")
@common.json_option
def set_site(
    host: str,
    proxy: str | None,
    impersonate: str | None,
    javascript: bool | None,
    user_agent: str | None,
    unset: tuple[str, ...],
) -> None:
    """Change settings; the act is on record, what was set is sealed."""
    from archiver import sites
    from archiver.custody import sitesettings

    given = {"proxy": proxy, "impersonate": impersonate, "javascript": javascript, "user_agent": user_agent}
    settings: dict[str, str | bool | None] = {name: value for name, value in given.items() if value is not None}
    for name in unset:
        key = name.replace("-", "_")
        if key not in given:
            raise UsageError(f"{name!r} is no setting to unset", next_step=f"Name one of {', '.join(given)}")
        settings[key] = None
    if not settings:
        raise UsageError("nothing to set was named", next_step="`archiver site set --help` lists what there is")
    if impersonate not in (None, "none"):
        _check_browser(str(impersonate))
    vault = common.the_vault()
    site = sitesettings.change(vault, sites.host_of(host), settings)
    _answer(_document(site, _kept(vault).get(site.host, 0)))


@site_command.command("cookies", help="Keep a site's cookies, encrypted, or forget them.")
@click.argument("host")
@click.option("--from", "source", metavar="FILE|-", help="Netscape cookies.txt, as browsers' add-ons export it.")
@click.option("--forget", is_flag=True, help="Remove the cookies of this site.")
@common.json_option
def site_cookies(host: str, source: str | None, forget: bool) -> None:
    """Only cookies of HOST and what is below it are taken."""
    from archiver import cookies, sites
    from archiver.custody import sitesettings

    if bool(source) == forget:
        raise UsageError("name either --from FILE or --forget", next_step="`archiver site cookies --help`")
    vault = common.the_vault()
    name = sites.host_of(host)
    if forget:
        sitesettings.forget_cookies(vault, name)
        _answer({"host": name, "cookies": 0, "others": {}, "ended": 0})
        return
    parsed = cookies.parse(_read(str(source)), name, time.time())
    if not parsed.cookies:
        near = next((domain for domain in parsed.others if sites.covers(domain, name)), "")
        hint = f"Name {near}, whose cookies there are" if near else "Export them from a browser that is logged in there"
        raise UsageError(f"there is no cookie of {name} that has not ended", next_step=hint)
    sitesettings.keep_cookies(vault, name, parsed.cookies)
    document = {
        "host": name,
        "cookies": len(parsed.cookies),
        "others": dict(sorted(parsed.others.items())),
        "ended": parsed.ended,
    }
    _answer(document)
    if not common.wants_json() and source != "-":
        click.echo(f"{source} still holds them in the clear: delete it", err=True)


def _answer(document: dict[str, Any]) -> None:
    if common.wants_json():
        common.print_json(document)
        return
    if "others" not in document:
        common.print_table(_HEADINGS, [_cells(document)], fixed=(0, 1))
        return
    click.echo(f"Cookies of {document['host']} kept: {document['cookies']}; ended already: {document['ended']}")
    for domain, count in document["others"].items():
        click.echo(f"not taken: {count} of {common.safe(domain)}", err=True)


def _document(site: Any, kept: int) -> dict[str, Any]:
    from archiver.proxies import NONE, parse_proxy

    proxy = site.proxy if site.proxy in (None, NONE) else parse_proxy(site.proxy).shown
    return {
        "host": site.host,
        "proxy": proxy,
        "impersonate": site.impersonate,
        "javascript": site.javascript,
        "user_agent": site.user_agent,
        "cookies": bool(site.cookies),
        "cookies_kept": kept,
    }


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    sent = f"{row['cookies_kept']} kept" if row["cookies_kept"] else "missing" if row["cookies"] else ""
    flag = {True: "yes", False: "no", None: ""}[row["javascript"]]
    return (row["host"], row["proxy"] or "", row["impersonate"] or "", flag, row["user_agent"] or "", sent)


def _kept(vault: Any) -> dict[str, int]:
    from archiver.custody import sitesettings

    return dict(sitesettings.kept(vault))


def _check_browser(name: str) -> None:
    from archiver.capture import browsers

    if not browsers.is_known(name):
        raise UsageError(
            f"curl-cffi does not know the browser {name[:40]!r}", next_step=f"Known are {', '.join(browsers.known())}"
        )


def _read(source: str) -> bytes:
    if source == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(source).read_bytes()
    except OSError as error:
        raise UsageError(f"{source} cannot be read: {error.strerror}", next_step="Name a file of cookies") from None
