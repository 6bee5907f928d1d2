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

import http.client
import json
import os
import re
import secrets
import sys
import time
from urllib import error, parse, request

PROVIDER, ROOM, WELCOME_FEN, TRIES, WAIT_MAX_S = "example-chat", "lobby", 10_000, 5, 30
SENDS = re.compile(r"!hongbao\s+([0-9]{1,9})(?:\.([0-9]{1,2}))?\s+([0-9]{1,4})(?:\s+(.*))?")
NO_ANSWER = "The server does not answer, and may have done it; look before you repeat."


class Refused(Exception):
    """A refusal, with the stable code that says why."""
    def __init__(self, problem):
        self.code = problem.get("code", "internal")
        super().__init__(f"{problem.get('title', 'Refused.')} ({self.code})")


class Hongbao:
    """The calls that a bot needs. Each can be repeated safely, so each is."""
    def __init__(self, url, token):
        self.url, self.token = url.rstrip("/") + "/api/v1", token

    def call(self, method, path, body=None, who=None):
        headers = {"authorization": "Bearer " + self.token, "content-type": "application/json"}
        headers |= {} if who is None else {"hongbao-for": f"{PROVIDER}:{parse.quote(who, safe='')}"}
        body = None if body is None else json.dumps(body).encode()
        for attempt in range(1, TRIES + 1):
            refused, wait = Refused({"title": NO_ANSWER, "code": "no_answer"}), attempt
            try:
                asked = request.Request(self.url + path, body, headers, method=method)
                try:
                    with request.urlopen(asked, timeout=10) as answer:
                        return answer.status, json.load(answer)
                except error.HTTPError as answer:  # Its body may break off as any other.
                    if answer.headers.get_content_type() == "application/problem+json":
                        refused, wait = Refused(json.load(answer)), answer.headers.get("retry-after")
            except (OSError, http.client.HTTPException, ValueError):
                pass  # The same again: keys make that harmless; of two pre-orders one lapses unpaid.
            if wait is None or attempt == TRIES or float(wait) > WAIT_MAX_S:
                raise refused
            time.sleep(float(wait))

    def room(self, members):
        """The group of the room with these in it; the last is new, and gets something to begin with."""
        # Ids are ASCII, whatever people are called.
        who, ids = members[-1], [parse.quote(member, safe="") for member in members]
        person = {"provider": PROVIDER, "id": ids[-1], "name": who[:20]}
        self.call("PUT", "/service/people", {"people": [person]})
        self.call("POST", "/wallet/top-ups", {"amount_fen": WELCOME_FEN, "key": "welcome"}, who)
        room = {"provider": PROVIDER, "id": ROOM, "name": ROOM, "members": ids}
        return self.call("PUT", "/service/rooms", {"rooms": [room]})[1]["rooms"][0]["group_id"]

    def send(self, who, group, total_fen, shares, greeting):
        packet = {"group_id": group, "kind": "lucky", "total_fen": total_fen, "shares": shares}
        packet |= {"greeting": greeting} if greeting else {}
        order_no = self.call("POST", "/packets", packet, who)[1]["order_no"]
        # A seed that nobody knew before: docs/FAIRNESS.md. The same one again pays once.
        pay = "POST", f"/packets/{order_no}/pay", {"client_seed": secrets.token_hex(16)}, who
        for _ in range(TRIES):  # 202: paid, and on its way. It arrives, or the money goes back.
            if self.call(*pay)[0] != 202:
                break
            time.sleep(1)
        return order_no

    def open(self, who, order_no):
        """What somebody gets of a packet, or got before; `None` if nothing."""
        grabbed = self.call("POST", f"/packets/{order_no}/grab", {}, who)[1]
        if grabbed["state"] != "can_open":
            return grabbed["amount_fen"] if grabbed["state"] == "opened" else None
        ticket = {"ticket": grabbed["ticket"]}
        return self.call("POST", f"/packets/{order_no}/open", ticket, who)[1]["amount_fen"]


class Bot:
    """What the room says, and what is answered."""
    def __init__(self, hongbao):
        self.hongbao, self.members, self.group, self.newest = hongbao, [], None, None
        hongbao.call("GET", "/service")  # A token that is not good stops the start.
        self.unit = hongbao.call("GET", "/unit")[1]

    def hear(self, who, text):
        command = text.split()[0]
        try:
            if who not in self.members:
                self.group = self.hongbao.room(self.members + [who])
                self.members.append(who)
            if command == "!hongbao":
                terms = SENDS.fullmatch(text.strip())
                if not terms or len(terms[2] or "") > self.unit["decimals"]:
                    return f"say: !hongbao {self.digits(888)} 3 greeting"
                # Money is a whole number of the unit's smallest part: no float ever holds it.
                total = int(terms[1] + (terms[2] or "").ljust(self.unit["decimals"], "0"))
                self.newest = self.hongbao.send(who, self.group, total, int(terms[3]), terms[4])
                return f"{who} sends {self.money(total)} in {int(terms[3])} shares: {self.newest}"
            if command == "!open" and self.newest:
                got = self.hongbao.open(who, self.newest)
                return f"{who} is too late" if got is None else f"{who} gets {self.money(got)}"
            if command == "!wallet":
                wallet = self.hongbao.call("GET", "/wallet", who=who)[1]
                return f"{who} has {self.money(wallet['balance_fen'] + wallet.get('pending_fen', 0))}"
        except Refused as refused:
            if refused.code in ("unauthenticated", "scope_missing"):
                raise  # Nobody in the chat can mend these.
            return f"{who}: {refused}"

    def digits(self, fen):
        decimals = self.unit["decimals"]
        whole, rest = divmod(fen, 10**decimals)
        return f"{whole}.{rest:0{decimals}}" if decimals else str(whole)

    def money(self, fen):
        digits, symbol = self.digits(fen), self.unit["symbol"]
        return f"{digits} {symbol}" if self.unit["symbol_behind"] else symbol + digits


def main():
    if len(sys.argv) != 2 or not os.environ.get("HONGBAO_TOKEN"):
        print("usage: HONGBAO_TOKEN=hbs_... python3 bot.py URL", file=sys.stderr)
        return 2
    try:
        bot = Bot(Hongbao(sys.argv[1], os.environ["HONGBAO_TOKEN"]))
        for line in sys.stdin:
            who, _, text = line.strip().partition(": ")
            if who and text.strip() and (answer := bot.hear(who, text)):
                print(answer, flush=True)
    except Refused as refused:
        return str(refused)
    return 0


if __name__ == "__main__":
    sys.exit(main())
