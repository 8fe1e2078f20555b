"""What a browser does: log in once, then call methods over JSON-RPC."""

import http.client
import http.cookiejar
import itertools
import json
import urllib.error
import urllib.request

# A killed worker drops the connection, in one of these ways.
CONNECTION_LOST = (ConnectionError, http.client.HTTPException, urllib.error.URLError)


class Refused(Exception):
    """The server answered with an error.

    :param name: the exception's class on the server
    :param debug: its traceback there
    """

    def __init__(self, name: str, message: str, debug: str) -> None:
        super().__init__(f"{name}: {message}")
        self.name = name
        self.debug = debug


class Client:
    """One user's session on a server."""

    def __init__(self, port: int, database: str, login: str) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.numbers = itertools.count()
        self.opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}),
            urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()),
        )
        self.uid = self._post(
            "/web/session/authenticate",
            {"db": database, "login": login, "password": login},
        )["uid"]

    def call(self, model: str, method: str, *arguments, **keywords):
        """The method's answer; raises :class:`Refused`."""
        return self._post(
            f"/web/dataset/call_kw/{model}/{method}",
            {
                "model": model,
                "method": method,
                "args": list(arguments),
                "kwargs": keywords,
            },
        )

    def _post(self, path: str, parameters: dict):
        body = {
            "jsonrpc": "2.0",
            "method": "call",
            "id": next(self.numbers),
            "params": parameters,
        }
        request = urllib.request.Request(
            self.url + path,
            json.dumps(body).encode(),
            {"Content-Type": "application/json"},
        )
        with self.opener.open(request, timeout=600) as response:
            answer = json.load(response)
        if "error" in answer:
            data = answer["error"].get("data", {})
            raise Refused(
                data.get("name", "?"),
                data.get("message", str(answer["error"])),
                data.get("debug", ""),
            )
        return answer.get("result")
