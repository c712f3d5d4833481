// Package payment is the desk where payments are made: it joins the ledger, the
// vault, the connectors, wallets and merchants.
//
// A payment from a wallet is one commit. A card payment is two, with one network
// call between them: the first commit holds the money in the ledger and records
// the attempt, the second posts or releases it. A crash between the two leaves a
// question, which the job "attempt.ask" asks the rail; an unknown outcome is a
// state, never a guess. While an attempt is open nothing else may happen to its
// payment, so captures, refunds and retries cannot race past the limits.
//
// State changes only through [Next]; money moves only in the commit that changes
// the state; each commit appends the event and the idempotency record of its cause.
package payment
