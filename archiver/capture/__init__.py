"""From a URL to original bytes in a folder, against servers and networks that are hostile.

What the engine uses: `urls` (what is a URL), `pool` (fetch one, in a process of its own), `job` (the records that go in
and come out), `reasons` (why something was not archived). These are light to import.

What runs in the process: `prepared` (yt-dlp loaded once, a fork for each job), `fetcher` (one job from beginning to
end), `downloader` (yt-dlp as a library), `handler`, `answers` (its way to the network), `connection` and `wire` (the
one place where a name is resolved and bytes come in, with its limits and record), `guard` (which addresses may be
reached), `strict` and `heads` (what of an answer is believed), `manifest`, `diagnose`, `info`, `keeping`, `messages`.

How a stream is fetched: `streams` (which way), `whole` (one file), `segments`, `live` with `playlist`; `pages` tells
pages from media, and `offered` fetches what is beside the footage.
"""
