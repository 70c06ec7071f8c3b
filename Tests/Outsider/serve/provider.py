"""GitHub's and Google's device flow (RFC 8628) on the loopback, as their pages describe it: what a server asks of them, and what they may answer."""

import http.server
import json
import threading
import urllib.parse


class Provider:
    """`answers` are what the next questions for a token get: a word of the flow's, or an access token."""

    def __init__(self):
        self.answers, self.asked, self.forms, self.seen = [], 0, [], []
        self.person = {"id": 58323117735, "login": "octocat-canary-7735", "email": "canary7735@example.org"}
        self.subject = {"sub": "110169484474386276334", "email": "canary7735@example.org"}
        provider = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def say(self, value, status=200):
                body = value if isinstance(value, bytes) else json.dumps(value).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_POST(self):
                form = dict(urllib.parse.parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode(), keep_blank_values=True))
                provider.forms.append((self.path, form))
                if self.path in ("/login/device/code", "/device/code"):
                    google = self.path == "/device/code"
                    return self.say({"device_code": "device-code-canary-7735", "user_code": "WDJB-MJHT", ("verification_url" if google else "verification_uri"): provider.url + "/login/device",
                                     "expires_in": 900, "interval": 1})
                if self.path not in ("/login/oauth/access_token", "/token"):
                    return self.say({}, 404)
                assert form["grant_type"] == "urn:ietf:params:oauth:grant-type:device_code" and form["device_code"] == "device-code-canary-7735", form
                if self.path == "/token" and form.get("client_secret") != "secret-canary-7735":
                    return self.say({"error": "invalid_client"}, 401)
                provider.asked += 1
                answer = provider.answers.pop(0)
                if answer.startswith("token"):
                    return self.say({"access_token": answer, "token_type": "bearer", "scope": ""})
                if answer == "garbage":
                    return self.say(b"<html>")
                # Google says it with a status, GitHub does not.
                self.say({"error": answer}, 428 if self.path == "/token" else 200)

            def do_GET(self):
                provider.seen.append(self.headers["Authorization"])
                self.say({"/api/v3/user": provider.person, "/v1/userinfo": provider.subject}.get(self.path, {}))

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def end(self):
        self.server.shutdown()
        self.server.server_close()
