package sandbox

import (
	"fmt"
	"time"

	"github.com/florinpay/florin/internal/card"
	"github.com/florinpay/florin/internal/connector"
	"github.com/florinpay/florin/internal/money"
)

// Response codes that the rail itself gives. Source: ISO 8583 field 39.
const (
	codeApproved       = "00"
	codeInvalid        = "12" // invalid transaction
	codeAmount         = "13" // invalid amount
	codeNumber         = "14" // no such card number
	codeNoOriginal     = "25" // unable to locate record
	codeFormat         = "30"
	codeExpired        = "54"
	codeTooLate        = "68" // received too late: the reference was abandoned
	codeReversed       = "79" // already reversed
	codeDuplicate      = "94" // duplicate transmission
	codeAuthentication = "1A" // additional authentication required
)

// wellFormed reports whether the rail can work with q at all.
func (q question) wellFormed() bool {
	if q.Reference == "" || len(q.Reference) > connector.ReferenceMax || !q.Currency.Valid() {
		return false
	}
	switch q.Kind {
	case connector.Authorize, connector.Sale:
		return q.Card != nil
	case connector.Capture, connector.Refund, connector.Void:
		return q.Original != "" && q.Card == nil
	}
	return false
}

// behaviour is how q's card is treated; the zero behaviour for what has no card.
func (q question) behaviour() behaviour {
	if !q.Kind.TakesCard() || q.Card == nil {
		return behaviour{}
	}
	return behaviours[q.Card.Number]
}

// opened is q as a record that nothing has been decided about.
func (q question) opened(now time.Time) record {
	r := record{Kind: q.Kind, Reference: q.Reference, Amount: q.AmountMinor, Currency: q.Currency, AtMicros: now.UnixMicro()}
	if q.Card != nil && len(q.Card.Number) >= 4 {
		r.Last4 = q.Card.Number[len(q.Card.Number)-4:]
	}
	return r
}

// decide closes r with a response code.
func (r record) decide(code string) record {
	r.Code, r.Outcome = code, declined
	if connector.OfCode(code).Approved {
		r.Outcome = approved
	}
	return r
}

// authorize decides an authorization or a sale by its card alone: the rail has no limits.
func authorize(q question, now time.Time, settleAfter time.Duration) record {
	r, b := q.opened(now), q.behaviour()
	r.Generic = b.generic
	number, err := card.ParseNumber(q.Card.Number)
	number.Wipe()
	if err != nil {
		r.Last4 = "" // not a card's
		return r.decide(codeNumber)
	}
	expiry, err := card.ParseExpiry(q.Card.Expiry)
	switch {
	case err != nil || expiry.Past(now):
		return r.decide(codeExpired)
	case q.AmountMinor <= 0 || q.AmountMinor > money.MaxMinor:
		return r.decide(codeAmount)
	case b.authenticate && !q.Authenticated:
		r.Code, r.Outcome = codeAuthentication, actionRequired
		return r
	case b.byAmount:
		return r.decide(fmt.Sprintf("%02d", q.AmountMinor%100))
	case b.code != "":
		return r.decide(b.code)
	}
	r.Disputed, r.Returns = b.disputed, b.returns
	if b.settles {
		r.Settles = now.Add(settleAfter).UnixMicro()
	}
	if q.Kind == connector.Sale {
		r.Captured = r.Amount
	}
	return r.decide(codeApproved)
}

// follow decides a capture, void or refund by the authorization at root and the
// totals of what has been done to it. Both are zero if there is none.
func follow(q question, now time.Time, root uint32, original, totals record) record {
	r := q.opened(now)
	r.Root = root
	if root == 0 || !original.Kind.TakesCard() || original.Outcome != approved || original.pendingAt(r.AtMicros) {
		return r.decide(codeNoOriginal)
	}
	r.Captured, r.Refunded, r.Voided = totals.Captured, totals.Refunded, totals.Voided
	if q.Currency != original.Currency || q.Kind != connector.Void && q.AmountMinor <= 0 {
		return r.decide(codeAmount)
	}
	switch q.Kind {
	case connector.Capture:
		return r.capture(original, q.Final)
	case connector.Void:
		return r.void(original)
	default:
		r.Returns = original.Returns
		return r.refund()
	}
}

// capture takes some of what is left; the final one releases the rest.
func (r record) capture(original record, final bool) record {
	switch {
	case r.Voided:
		return r.decide(codeReversed)
	case r.Amount > original.Amount-r.Captured:
		return r.decide(codeAmount)
	}
	r.Captured += r.Amount
	r.Voided = final
	r.Disputed = original.Disputed
	return r.decide(codeApproved)
}

// void releases what is not captured; there must be something of it.
func (r record) void(original record) record {
	switch {
	case r.Voided:
		return r.decide(codeReversed)
	case r.Captured == original.Amount:
		return r.decide(codeInvalid)
	}
	r.Voided = true
	return r.decide(codeApproved)
}

func (r record) refund() record {
	if r.Amount > r.Captured-r.Refunded {
		return r.decide(codeAmount)
	}
	if !r.Returns { // what comes back may be given back again
		r.Refunded += r.Amount
	}
	return r.decide(codeApproved)
}
