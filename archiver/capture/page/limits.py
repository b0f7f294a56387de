"""What one snapshot may use beside the vault's own limits, each with its reason."""

from __future__ import annotations

#: Of the seconds of a snapshot, what is kept for taking pictures of what is there when the page does not come to rest.
TAKING_SHARE = 0.4

#: No request for this long is rest: a page that asks for more when it is told to, asks within some milliseconds.
REST_SECONDS = 0.5

#: After the page has been scrolled through, pictures that come late are waited for this long.
LATE_SECONDS = 3.0

#: A screen's height at a time, and time for the page to notice; longer pages are scrolled in longer steps.
SCROLL_STEPS, SCROLL_SECONDS = 16, 0.1

#: A page that answers nothing for this long is busy with itself: its scripts are stopped.
ANSWER_SECONDS = 2.0

#: A person would have left after the third; the rest of what the page does is kept from it.
DIALOGS = 10

#: A printed page is 100 kB with pictures; more is what no person reads, and a way to fill the disk.
PDF_PAGES, PDF_BYTES = 100, 64 * 1024**2

#: The largest documents that people write are some megabytes.
DOM_BYTES = 32 * 1024**2

#: A page that says nothing: WebSockets and the like are closed, pictures are given up.
STALL_SECONDS = 15.0

#: Connections in all. Pages of newspapers make some hundred, to fifty hosts.
CONNECTIONS = 2_000
