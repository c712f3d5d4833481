"""The client against a real platform.

make interop in the repository's root starts one, with machines in front of it that fail.
"""

from __future__ import annotations

import os
import unittest
from datetime import datetime, timezone

import florin


def platform(variable: str = "FLORIN_URL", timeout: float = 35) -> florin.Florin:
    return florin.Florin(os.environ[variable], os.environ["FLORIN_KEY"], timeout=timeout)


@unittest.skipUnless("FLORIN_URL" in os.environ, "FLORIN_URL names no platform")
class PlatformTest(unittest.TestCase):
    def setUp(self) -> None:
        self.client = platform()
        self.addCleanup(self.client.close)

    def test_a_card_payment_and_its_refund(self) -> None:
        c = self.client
        p = c.payments.create(
            amount=1999,
            currency="USD",
            card_number="4242424242424242",
            expiry_date="12/99",
            cvv="123",
            metadata={"order": "7"},
        )
        self.assertEqual((p.status, p.amount_captured, p.metadata["order"]), ("succeeded", 1999, "7"))
        self.assertEqual(p.card and p.card.last4, "4242")
        self.assertLess(abs((datetime.now(timezone.utc) - p.created_at).total_seconds()), 3600)
        self.assertEqual(p.extra, {}, "the client does not know these: regenerate it")
        r = c.refunds.create(payment=p.id, amount=999)
        self.assertEqual((r.status, r.amount), ("succeeded", 999))
        self.assertEqual(c.payments.get(p.id).amount_refunded, 999)

    def test_a_decline_and_other_refusals(self) -> None:
        c = self.client
        with self.assertRaises(florin.RefusedError) as refused:
            c.payments.create(amount=100, currency="USD", source="tok_insufficient_funds")
        e = refused.exception
        self.assertEqual((e.code, e.decline_code, e.advice), ("card_declined", "insufficient_funds", "retry_later"))
        p = c.payments.get(e.object_id)
        self.assertEqual((p.status, p.failure and p.failure.decline_code), ("failed", "insufficient_funds"))
        with self.assertRaises(florin.InvalidRequestError) as invalid:
            c.payments.create(amount=0, currency="usd")
        self.assertGreaterEqual(len(invalid.exception.fields), 2)
        self.assertRaises(florin.NotFoundError, c.payments.get, "pay_nothing")

    def test_a_capture(self) -> None:
        c = self.client
        p = c.payments.create(amount=500, currency="USD", source="tok_visa", capture="manual")
        self.assertEqual((p.status, p.amount_capturable), ("requires_capture", 500))
        p = c.payments.capture(p.id, amount=300)
        self.assertEqual((p.status, p.amount_captured), ("succeeded", 300))
        self.assertRaises(florin.ConflictError, c.payments.cancel, p.id)

    def test_a_wallet_pays(self) -> None:
        c = self.client
        w = c.wallets.create(payer=c.payers.create(name="Ada").id, currency="USD")
        c.wallets.top_up(w.id, amount=1000, source="tok_visa")
        c.payments.create(amount=400, currency="USD", source=w.id)
        self.assertEqual(c.wallets.get(w.id).available, 600)

    def test_the_same_key_pays_once(self) -> None:
        key = f"py-{datetime.now(timezone.utc).isoformat()}"

        def pay(amount: int) -> str:
            p = self.client.payments.create(amount=amount, currency="USD", source="tok_visa", idempotency_key=key)
            return p.id

        self.assertEqual(pay(100), pay(100))
        self.assertRaises(florin.InvalidRequestError, pay, 200)

    def test_lists_in_both_directions(self) -> None:
        c = self.client
        payer = c.payers.create(name="Bo").id
        made = [c.wallets.create(payer=payer, currency="USD").id for _ in range(5)]
        newer = [w.id for w in c.wallets.list(payer=payer, limit=2, ending_before=made[0])]
        self.assertEqual(newer, made[1:])
        older = [w.id for w in c.wallets.list(payer=payer, limit=2)]
        self.assertEqual(older, made[::-1])
        page = c.wallets.list(payer=payer, limit=2).page()
        self.assertEqual((len(page.data), page.has_more, page.data[0].id), (2, True, made[4]))
        self.assertEqual([len(p.data) for p in c.wallets.list(payer=payer, limit=2).pages()], [2, 2, 1])

    def test_exports(self) -> None:
        c = self.client
        p = c.payments.create(amount=77, currency="USD", source="tok_visa", reference="export-py")
        got = list(c.exports.payments(reference="export-py"))
        self.assertEqual([(x.id, x.extra) for x in got], [(p.id, {})])
        numbers = [t.sequence for t in c.exports.transfers()]
        self.assertTrue(numbers)
        self.assertEqual(numbers, sorted(set(numbers)))
        self.assertEqual({a.owner for a in c.exports.balances()}, {p.merchant})

    def test_faults_between_and_one_effect(self) -> None:
        for variable in ("FLORIN_DROP_URL", "FLORIN_BUSY_URL", "FLORIN_HANG_URL"):
            with self.subTest(variable), platform(variable, timeout=2) as c:
                w = c.wallets.create(payer=c.payers.create(name=variable).id, currency="USD")
                c.wallets.top_up(w.id, amount=1000, source="tok_visa")
                self.assertEqual(c.wallets.get(w.id).balance, 1000)
                key = c.api_keys.create(scopes=["payments:read"])
                self.assertTrue(key.secret.startswith(key.prefix), "the secret of a lost answer")
                with self.assertRaises(florin.FlorinError) as caught:
                    c.api_keys.revoke(key.id)
                self.assertFalse(caught.exception.retryable)


if __name__ == "__main__":
    unittest.main()
