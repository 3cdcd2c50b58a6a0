"""HTTP, the only place that knows httpx: requests go out with their secrets, answers come back without them.

httpx and httpcore log whole URLs and headers; while one of our calls runs, what they log is dropped and our own line,
which shows path templates, stands in its place.
"""


import httpx

_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol, httpx.ProxyError)
