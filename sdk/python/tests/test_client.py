"""The client against a platform that plays answers."""

from __future__ import annotations

import json
import socket
import threading
import time
import traceback
import unittest
from collections.abc import Callable, Generator, Mapping
from datetime import datetime, timezone
from typing import Any

import florin
from florin import Florin, Request, Response

KEY = "fl_sandbox_unprintable"
Answer = Callable[[], Response]


def answer(status: int, body: Any, **headers: str) -> Answer:
    text = body if isinstance(body, str) else json.dumps(body)
    return lambda: Response(status, {k.replace("_", "-"): v for k, v in headers.items()}, text.encode())


def problem(code: str) -> Mapping[str, str]:
    return {"code": code, "detail": "So it is.", "request_id": "req_1"}


def lost() -> Response:
    raise ConnectionResetError("gone")


PAID = answer(200, {"id": "pay_1", "amount": 5, "status": "succeeded"})


class Played:
    """A platform that plays answers one after another, the last one for ever."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = answers
        self.seen: list[Request] = []
        self.waits: list[float] = []
        self.client = Florin("http://x", KEY, transport=self)
        self.client._caller._sleep = self.waits.append
        self.client._caller._chance = lambda: 0.5

    def send(self, request: Request) -> Response:
        self.seen.append(request)
        return self.answers[min(len(self.seen), len(self.answers)) - 1]()

    def close(self) -> None:
        pass


def create(c: Florin) -> None:
    c.payments.create(amount=5, currency="USD")


def get(c: Florin) -> None:
    c.payments.get("pay_1")


def end_key(c: Florin) -> None:
    c.api_keys.revoke("key_1")


CASES: list[tuple[str, Callable[[Florin], None], Answer, bool, type[florin.FlorinError]]] = [
    ("a lost answer", create, lost, True, florin.NetworkError),
    ("a lost answer to a read", get, lost, True, florin.NetworkError),
    ("a lost answer to what cannot be repeated", end_key, lost, False, florin.NetworkError),
    ("the same key is still running", create, answer(409, problem("idempotency_key_in_use")), True, florin.ConflictError),
    ("the payment is busy", create, answer(409, problem("payment_busy")), True, florin.ConflictError),
    ("another conflict", create, answer(409, problem("payment_state")), False, florin.ConflictError),
    ("too fast", create, answer(429, problem("rate_limited")), True, florin.RateLimitError),
    ("too fast for what cannot be repeated", end_key, answer(429, problem("rate_limited")), True, florin.RateLimitError),
    ("unavailable", create, answer(503, problem("overloaded")), True, florin.UnavailableError),
    ("unavailable for what cannot be repeated", end_key, answer(503, problem("overloaded")), False, florin.UnavailableError),
    ("a gateway", create, answer(502, "<html>"), True, florin.UnavailableError),
    ("broken", create, answer(500, problem("internal")), False, florin.UnavailableError),
    ("invalid", create, answer(400, problem("invalid_request")), False, florin.InvalidRequestError),
    ("a used key", create, answer(422, problem("idempotency_key_reused")), False, florin.InvalidRequestError),
    ("no key", create, answer(401, problem("credentials_invalid")), False, florin.AuthenticationError),
    ("no scope", create, answer(403, problem("scope_missing")), False, florin.AuthenticationError),
    ("declined", create, answer(402, problem("card_declined")), False, florin.RefusedError),
    ("not there", get, answer(404, problem("not_found")), False, florin.NotFoundError),
    ("the rail", create, answer(424, problem("rail_refused")), False, florin.RailError),
    ("sent elsewhere", create, answer(307, "", location="http://y/"), False, florin.UnavailableError),
    ("no JSON", create, answer(200, "<html>"), False, florin.UnavailableError),
    ("another JSON", create, answer(200, "[]"), False, florin.UnavailableError),
]


class ClientTest(unittest.TestCase):
    def test_retries(self) -> None:
        for name, call, first, again, family in CASES:
            with self.subTest(name):
                once = Played(first, PAID)
                if again:
                    call(once.client)
                else:
                    self.assertRaises(family, call, once.client)
                self.assertEqual(len(once.seen), 2 if again else 1)
                always = Played(first)
                with self.assertRaises(florin.FlorinError) as caught:
                    call(always.client)
                self.assertIs(type(caught.exception), family)
                self.assertEqual(caught.exception.retryable, again)
                self.assertEqual(len(always.seen), 4 if again else 1)

    def test_one_key_through_all_tries(self) -> None:
        p = Played(answer(503, problem("overloaded")), lost, PAID)
        create(p.client)
        create(p.client)
        keys = [r.headers["Idempotency-Key"] for r in p.seen]
        self.assertEqual(len(keys), 4)
        self.assertEqual(len(set(keys[:3])), 1)
        self.assertNotEqual(keys[3], keys[0])

        p = Played(answer(503, problem("overloaded")))
        with self.assertRaises(florin.UnavailableError) as caught:
            p.client.payments.create(amount=5, currency="USD", idempotency_key="order-7", retries=0)
        self.assertEqual(caught.exception.idempotency_key, "order-7")
        self.assertEqual(p.seen[0].headers["Idempotency-Key"], "order-7")
        with self.assertRaises(florin.UnavailableError):
            p.client.payments.get("pay_1", retries=0)
        self.assertNotIn("Idempotency-Key", p.seen[1].headers)
        for bad in ("", "a\nb", "a\n", "ключ", "x" * 256):
            with self.assertRaises(florin.InvalidRequestError):
                p.client.payments.create(amount=5, currency="USD", idempotency_key=bad)
        self.assertEqual(len(p.seen), 2)

    def test_backoff(self) -> None:
        p = Played(answer(503, problem("overloaded")))
        with self.assertRaises(florin.UnavailableError):
            p.client.payments.get("pay_1", retries=7)
        self.assertEqual(p.waits, [0.125, 0.25, 0.5, 1, 2, 4, 4])
        for after, want in (("2", 2.125), ("3600", 30.125), ("soon", 0.125), ("-1", 0.125)):
            p = Played(answer(503, problem("overloaded"), retry_after=after), PAID)
            get(p.client)
            self.assertEqual(p.waits, [want], after)

    def test_errors_tell(self) -> None:
        declined = {
            "code": "card_declined", "detail": "The card was declined.", "decline_code": "expired_card",
            "advice": "check_card_data", "object_id": "pay_9", "request_id": "req_9",
        }  # fmt: skip
        with self.assertRaises(florin.RefusedError) as refused:
            create(Played(answer(402, declined)).client)
        e = refused.exception
        self.assertEqual(
            (e.status, e.decline_code, e.advice, e.object_id, e.request_id),
            (402, "expired_card", "check_card_data", "pay_9", "req_9"),
        )
        self.assertEqual(str(e), "card_declined: The card was declined. (expired_card, check_card_data) [req_9]")
        place = {"pointer": "/currency", "code": "pattern", "detail": "Three capitals."}
        with self.assertRaises(florin.InvalidRequestError) as invalid:
            create(Played(answer(400, {"code": "invalid_request", "errors": [place]}, request_id="req_7")).client)
        self.assertEqual(invalid.exception.fields, (florin.FieldError(**place),))
        self.assertEqual(invalid.exception.request_id, "req_7")

    def test_nothing_shows_secrets(self) -> None:
        p = Played(lost)
        with self.assertRaises(florin.NetworkError) as caught:
            p.client.payments.create(amount=5, currency="USD", card_number="4242424242424242", cvv="nine-eight-seven", retries=0)
        made = Played(answer(200, {"id": "key_1", "secret": "fl_sandbox_new"})).client.api_keys.create(scopes=["x"])
        self.assertEqual(made.secret, "fl_sandbox_new")
        trace = "".join(traceback.format_exception(caught.exception))
        seen = " ".join([repr(p.client), repr(p.client._caller), repr(p.seen), repr(caught.exception), trace, repr(made)])
        for secret in (KEY, "fl_sandbox_new"):
            self.assertNotIn(secret, seen)
        for secret in ("4242424242424242", "nine-eight-seven"):  # the traceback quotes this file
            self.assertNotIn(secret, seen.replace(trace, ""))
        for bad in ("", KEY + "\n", KEY + " x", "ключ"):
            with self.assertRaises(ValueError) as refused:
                Florin("http://x", bad)
            self.assertNotIn(KEY, str(refused.exception))
        for base in ("", "127.0.0.1:80", "ftp://x", "http://user:pass@x", "https://x?y=z"):
            self.assertRaises(ValueError, Florin, base, KEY)

    def test_answers_of_newer_platforms(self) -> None:
        body = {
            "id": "pay_1", "amount": "9007199254740993", "status": "resting", "mood": {"good": True},
            "card": {"brand": "visa", "colour": "blue"}, "failure": None, "expires_at": None,
            "created_at": "2026-01-02T03:04:05.000006Z", "metadata": {"a": "b"},
        }  # fmt: skip
        p = Played(answer(200, body)).client.payments.get("pay_1")
        self.assertEqual((p.amount, p.status, p.failure, p.expires_at), (9007199254740993, "resting", None, None))
        self.assertEqual(p.created_at, datetime(2026, 1, 2, 3, 4, 5, 6, timezone.utc))
        self.assertEqual((p.extra, p.metadata), ({"mood": {"good": True}}, {"a": "b"}))
        assert p.card is not None
        self.assertEqual((p.card.brand, p.card.extra), ("visa", {"colour": "blue"}))

    def test_what_is_sent(self) -> None:
        p = Played(answer(200, {}))
        p.client.accounts.get("a/b?c", at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc))
        p.client.wallets.limit("wal_1", limit_per_day=0)
        p.client.payments.cancel("pay_1")
        p.client.refunds.create(payment="pay_1", amount=0)  # a sum that came to nothing is not "all"
        params = {"limit": 3, "live": True, "status": ["a", "b"], "metadata": {"k": "v"}, "ending_before": None}
        p.client._caller.send(dict, "GET", "/v1/payments", params)
        self.assertEqual(
            [(r.method, r.url, r.body) for r in p.seen],
            [
                ("GET", "http://x/v1/accounts/a%2Fb%3Fc?at=2026-01-02T03%3A04%3A05%2B00%3A00", None),
                ("POST", "http://x/v1/wallets/wal_1/limits", b'{"limit_per_day": 0}'),
                ("POST", "http://x/v1/payments/pay_1/cancel", b"{}"),
                ("POST", "http://x/v1/refunds", b'{"payment": "pay_1", "amount": 0}'),
                ("GET", "http://x/v1/payments?limit=3&live=true&status=a&status=b&metadata%5Bk%5D=v", None),
            ],
        )
        self.assertEqual(p.seen[0].headers["Authorization"], f"Bearer {KEY}")
        self.assertTrue(p.seen[0].headers["User-Agent"].startswith(f"florin-python/{florin.__version__} ("))
        for id in ("", ".", ".."):
            self.assertRaises(florin.InvalidRequestError, p.client.payments.get, id)
        with self.assertRaisesRegex(TypeError, "amount cannot be a float"):
            p.client.payments.create(amount=19.99, currency="USD")  # type: ignore[arg-type]
        with self.assertRaisesRegex(ValueError, "at needs a time zone"):
            p.client.accounts.get("acc_1", at=datetime(2026, 1, 2))

    def test_a_walk_ends_with_the_first_error(self) -> None:
        rows = {"object": "list", "data": [{"id": "pay_2"}, {"id": "pay_1"}], "has_more": True, "url": "/v1/payments"}
        p = Played(answer(200, rows), answer(404, problem("not_found")))
        ids = []
        with self.assertRaises(florin.NotFoundError):
            for payment in p.client.payments.list(limit=2):
                ids.append(payment.id)
        self.assertEqual(ids, ["pay_2", "pay_1"])
        self.assertEqual(p.seen[1].url, "http://x/v1/payments?limit=2&starting_after=pay_1")

    def test_an_empty_page_with_more_behind(self) -> None:
        def page(ids: list[str], cursor: str) -> Answer:
            rows = [{"id": id} for id in ids]
            return answer(200, {"data": rows, "has_more": bool(cursor), "url": "/v1/payments", "next_cursor": cursor})

        p = Played(page([], "pay_5"), page(["pay_4"], "pay_3"), page([], ""))
        self.assertEqual([x.id for x in p.client.payments.list(ending_before="pay_9")], ["pay_4"])
        self.assertEqual([r.url.split("=")[1] for r in p.seen], ["pay_9", "pay_5", "pay_3"])


    def test_an_export_begins_again_until_it_has_begun(self) -> None:
        body = b'{"id":"pay_0","amount":0}\n{"id":"pay_1","amount":1}\n'
        p = Streamed(answer(503, problem("overloaded")), lost, lambda: Response(200, {}, body))
        self.assertEqual([x.id for x in p.client.exports.payments(reference="a")], ["pay_0", "pay_1"])
        self.assertEqual([r.url for r in p.seen], ["http://x/v1/exports/payments?reference=a"] * 3)
        self.assertEqual(p.closed, 2)  # of two answers
        p = Streamed(lambda: Response(200, {}, body))
        next(p.client.exports.payments())
        self.assertEqual(p.closed, 1)
        p = Streamed(answer(403, problem("scope_missing")))
        self.assertRaises(florin.AuthenticationError, list, p.client.exports.payments())
        with self.assertRaisesRegex(TypeError, "StreamTransport"):
            list(Played(PAID).client.exports.payments())


class Streamed(Played):
    """Played, in pieces that know nothing of lines."""

    closed = 0

    def stream(self, request: Request) -> florin.Stream:
        whole = self.send(request)
        return florin.Stream(whole.status, whole.headers, self.pieces(whole.body))

    def pieces(self, body: bytes) -> Generator[bytes, None, None]:
        try:
            for at in range(0, len(body), 7):
                yield body[at : at + 7]
        finally:
            self.closed += 1


BEGUN = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def asked(peer: socket.socket) -> bool:
    """Reads a whole request without a body, in however many pieces it comes. One that is not read to its end would be
    answered by a reset when its connection is closed."""
    read = b""
    while not read.endswith(b"\r\n\r\n"):
        piece = peer.recv(65536)
        if not piece:
            return False
        read += piece
    return True


class TransportTest(unittest.TestCase):
    """The transport against sockets."""

    def serve(self, talk: Callable[[socket.socket], None]) -> tuple[Florin, list[int]]:
        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)
        accepted: list[int] = []

        def accept() -> None:
            while True:
                try:
                    peer, _ = listener.accept()
                except OSError:
                    return
                accepted.append(1)
                threading.Thread(target=self.hold, args=(talk, peer), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        client = Florin(f"http://127.0.0.1:{listener.getsockname()[1]}", KEY, timeout=0.3, retries=0)
        self.addCleanup(client.close)
        return client, accepted

    @staticmethod
    def hold(talk: Callable[[socket.socket], None], peer: socket.socket) -> None:
        with peer:
            try:
                talk(peer)
            except OSError:
                pass

    def exported(self, *said: bytes) -> tuple[int, florin.FlorinError | None]:
        """Counts the payments of an export that is told so, each part a while after the one before."""

        def talk(peer: socket.socket) -> None:
            self.assertIn(b"Accept: application/x-ndjson", peer.recv(65536))
            for part in said:
                peer.sendall(part)
                time.sleep(0.15)

        client, _ = self.serve(talk)
        n = 0
        try:
            for payment in client.exports.payments(currency="USD"):
                self.assertEqual((payment.amount, payment.description), (n, "Café"))
                n += 1
        except florin.FlorinError as error:
            return n, error
        return n, None

    def test_an_export_comes_in_its_own_time(self) -> None:
        lines = [f'{{"id":"pay_{n}","amount":{n},"description":"Café"}}\n'.encode() for n in range(4)]
        both = lines[0] + lines[1]
        parts = [BEGUN, chunk(both[:50]), chunk(both[50:]), chunk(lines[2]), chunk(lines[3])]
        self.assertEqual(self.exported(*parts, b"0\r\n\r\n"), (4, None))
        self.assertEqual(self.exported(BEGUN + b"0\r\n\r\n"), (0, None))

        for name, more in {
            "between chunks": [],
            "in a chunk": [b"99\r\n{"],
            "in a line": [chunk(b'{"id":'), b"0\r\n\r\n"],
        }.items():
            with self.subTest(name):
                n, error = self.exported(*parts, *more)
                self.assertEqual(n, 4)
                self.assertIsInstance(error, florin.NetworkError)
        n, error = self.exported(*parts, chunk(b"<html>\n"), b"0\r\n\r\n")
        self.assertEqual((n, type(error)), (4, florin.UnavailableError))

    def test_an_export_that_falls_silent_is_given_up(self) -> None:
        def talk(peer: socket.socket) -> None:
            peer.sendall(BEGUN + chunk(b'{"id":"pay_0","amount":0}\n'))
            peer.recv(65536)
            peer.recv(65536)  # until its reader has gone

        client, _ = self.serve(talk)
        payments = client.exports.payments()
        self.assertEqual(next(payments).id, "pay_0")
        self.assertRaises(florin.NetworkError, next, payments)

    def test_a_connection_is_kept_and_a_closed_one_is_not_used(self) -> None:
        def talk(peer: socket.socket) -> None:
            for _ in range(3):  # then it is closed
                if not asked(peer):
                    return
                peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

        client, accepted = self.serve(talk)
        for _ in range(3):
            client.payments.get("pay_1")
            self.assertEqual(len(accepted), 1)
        held = client._caller._transport._idle[0][1].sock  # type: ignore[attr-defined]
        self.assertEqual(held.recv(1), b"")  # wait for its end, which stays to be seen
        client.payments.get("pay_1")
        self.assertEqual(len(accepted), 2)

    def test_an_answer_that_drips_is_given_up(self) -> None:
        for start in (b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n"):

            def talk(peer: socket.socket, start: bytes = start) -> None:
                peer.sendall(start)
                while True:
                    peer.sendall(b"x")
                    time.sleep(0.02)

            client, _ = self.serve(talk)
            with self.assertRaises(florin.NetworkError):
                client.payments.get("pay_1")

    def test_an_answer_that_breaks_off_is_lost(self) -> None:
        client, _ = self.serve(lambda peer: peer.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"id":'))
        with self.assertRaises(florin.NetworkError):
            client.payments.get("pay_1")


if __name__ == "__main__":
    unittest.main()
