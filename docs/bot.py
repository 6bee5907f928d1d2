#!/usr/bin/env python3
"""A red packet bot for a chat room, from Python's standard library alone.

It reads lines "who: what they say" and answers on standard output; in a real bot those two come from
and go to the chat's own API. It knows:

    ann: !hongbao 8.88 3 恭喜发财     ann sends a packet of 8.88 in three shares to the room
    bob: !open                       bob takes a share of the newest packet
    bob: !wallet                     what bob has

Start it with the token of a program that may act and grant (hongbao admin service add):

    HONGBAO_TOKEN=hbs_… python3 bot.py http://127.0.0.1:8080
"""

import json
import os
import secrets
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

PROVIDER, ROOM, WELCOME_FEN, TRIES = "example-chat", "lobby", 10_000, 5


class Refused(Exception):
    """A refusal, with the stable code that says why."""

    def __init__(self, problem):
        super().__init__(problem.get("title", "refused"))
        self.code = problem.get("code", "internal")


class Hongbao:
    """The calls that a bot needs. Each can be repeated safely, so each is."""

    def __init__(self, url, token):
        self.url, self.token = url.rstrip("/") + "/api/v1", token

    def call(self, method, path, body=None, who=None):
        headers = {"authorization": "Bearer " + self.token, "content-type": "application/json"}
        headers |= {} if who is None else {"hongbao-for": f"{PROVIDER}:{known_as(who)}"}
        body = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, body, headers, method=method)
        for attempt in range(1, TRIES + 1):
            try:
                with urllib.request.urlopen(request, timeout=30) as answer:
                    return answer.status, json.load(answer)
            except urllib.error.HTTPError as refusal:
                wait = refusal.headers.get("retry-after")
                problem = json.load(refusal)
                if wait is None or attempt == TRIES:
                    raise Refused(problem) from None
                time.sleep(float(wait))
            except urllib.error.URLError:
                if attempt == TRIES:
                    raise
                time.sleep(attempt)

    def link(self, who):
        """Makes somebody of a member of the chat, once, with something to begin with."""
        person = {"provider": PROVIDER, "id": known_as(who), "name": who[:20]}
        self.call("PUT", "/service/people", {"people": [person]})
        self.call("POST", "/wallet/top-ups", {"amount_fen": WELCOME_FEN, "key": "welcome"}, who)

    def room(self, members):
        """The group of the room, with these members in it."""
        room = {"provider": PROVIDER, "id": ROOM, "name": ROOM, "members": list(map(known_as, members))}
        return self.call("PUT", "/service/rooms", {"rooms": [room]})[1]["rooms"][0]["group_id"]

    def send(self, who, group, total_fen, shares, greeting):
        packet = {"group_id": group, "kind": "lucky", "total_fen": total_fen, "shares": shares}
        if greeting:
            packet["greeting"] = greeting
        order_no = self.call("POST", "/packets", packet, who)[1]["order_no"]
        # A seed that nobody knew before: docs/FAIRNESS.md.
        seed = {"client_seed": secrets.token_hex(16)}
        while self.call("POST", f"/packets/{order_no}/pay", seed, who)[0] == 202:
            time.sleep(0.2)
        return order_no

    def open(self, who, order_no):
        """What somebody gets of a packet, or got before; `None` if nothing."""
        grabbed = self.call("POST", f"/packets/{order_no}/grab", {}, who)[1]
        if grabbed["state"] == "opened":
            return grabbed["amount_fen"]
        if grabbed["state"] != "can_open":
            return None
        opened = self.call("POST", f"/packets/{order_no}/open", {"ticket": grabbed["ticket"]}, who)
        return opened[1]["amount_fen"]


class Bot:
    """What the room says, and what is answered."""

    def __init__(self, hongbao):
        self.hongbao, self.members, self.group, self.newest = hongbao, [], None, None

    def hear(self, who, text):
        command, *words = text.split()
        try:
            if who not in self.members:
                self.hongbao.link(who)
                self.group = self.hongbao.room(self.members + [who])
                self.members.append(who)
            if command == "!hongbao" and len(words) >= 2:
                total, shares, *greeting = fen(words[0]), int(words[1]), *words[2:]
                self.newest = self.hongbao.send(who, self.group, total, shares, " ".join(greeting))
                return f"{who} sends {yuan(total)} in {shares} shares: {self.newest}"
            if command == "!open" and self.newest:
                got = self.hongbao.open(who, self.newest)
                return f"{who} is too late" if got is None else f"{who} gets {yuan(got)}"
            if command == "!wallet":
                wallet = self.hongbao.call("GET", "/wallet", who=who)[1]
                return f"{who} has {yuan(wallet['balance_fen'] + wallet.get('pending_fen', 0))}"
        except ValueError:
            return "say: !hongbao 8.88 3 greeting"
        except Refused as refused:
            return f"{who}: {refused} ({refused.code})"
        return None


def known_as(who):
    """The id of a member, in ASCII, whatever they are called."""
    return urllib.parse.quote(who, safe="")


def fen(text):
    """Money is integer fen everywhere: no float ever holds it."""
    yuan, _, rest = text.partition(".")
    return int(yuan) * 100 + int((rest + "00")[:2])


def yuan(amount_fen):
    return f"¥{amount_fen // 100}.{amount_fen % 100:02}"


def main():
    bot = Bot(Hongbao(sys.argv[1], os.environ["HONGBAO_TOKEN"]))
    for line in sys.stdin:
        who, _, text = line.strip().partition(": ")
        if who and text.strip() and (answer := bot.hear(who, text)):
            print(answer, flush=True)


if __name__ == "__main__":
    main()
