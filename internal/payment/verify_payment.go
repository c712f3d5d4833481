package payment

import (
	"fmt"
	"slices"

	"github.com/florinpay/florin/internal/connector"
	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/ledger"
	"github.com/florinpay/florin/internal/wallet"
)

// fault says the first thing that is wrong with the payment, "" for none. The order
// matters: what comes later relies on what came before.
func (x *about) fault(cause ledger.Cause) string {
	t := x.tally()
	for _, check := range []func() string{
		x.bounds, x.sums,
		func() string { return x.attempted(&t) },
		func() string { return x.refundAttempts(&t) },
		func() string { return x.logged(&t) },
		func() string { return x.Differs(cause, x.legs()) },
	} {
		if what := check(); what != "" {
			return what
		}
	}
	return ""
}

// bounds holds the amounts against each other and against the state.
func (x *about) bounds() string {
	paid := x.State == Succeeded || x.Captured > 0 && (x.State == RequiresCapture || x.State == Processing)
	switch {
	case x.Captured < 0 || x.Captured > x.Amount.Minor:
		return "captured more than it may"
	case x.Refunded < 0 || x.Refunding < 0 || x.Reversed < 0 || x.Refundable() < 0:
		return "gave back more than was captured"
	case x.Captured > 0 != paid:
		return fmt.Sprintf("is %s and has captured %s", x.State, x.money(x.Captured))
	case x.State == RequiresCapture && x.Captured == x.Amount.Minor:
		return "waits for a capture of nothing"
	case x.State != Failed && x.DeclineCode+x.Advice != "":
		return fmt.Sprintf("is %s and was declined", x.State)
	case x.Connector == "" && x.State != Succeeded && x.State != Failed:
		return fmt.Sprintf("is paid by a wallet and %s", x.State)
	}
	return ""
}

// sums holds what went back against the refunds and disputes that took it.
func (x *about) sums() string {
	is := x.given()
	says := func(what string, n, sum int64) string {
		return fmt.Sprintf("says that %d were %s, its refunds and disputes say %d", n, what, sum)
	}
	switch {
	case x.Refunded != is.Refunded:
		return says("refunded", x.Refunded, is.Refunded)
	case x.Refunding != is.Refunding:
		return says("being refunded", x.Refunding, is.Refunding)
	case x.Reversed != is.Reversed:
		return says("taken by disputes", x.Reversed, is.Reversed)
	case x.Returned != is.Returned:
		return says("returned by the payee", x.Returned, is.Returned)
	case x.FeeReturned != is.FeeReturned:
		return says("returned of the fee", x.FeeReturned, is.FeeReturned)
	case x.Disputed != is.Disputed:
		return fmt.Sprintf("is marked as disputed: %t, its disputes say %t", x.Disputed, is.Disputed)
	}
	return ""
}

// given is what the refunds and disputes add up to.
func (x *about) given() (is Payment) {
	for i := range x.refunds {
		r := &x.refunds[i]
		switch r.State {
		case RefundFailed:
			continue
		case RefundPending:
			is.Refunding += r.Amount.Minor
		default:
			is.Refunded += r.Amount.Minor
		}
		is.FeeReturned += r.FeeReturned
		is.Returned += r.Share
	}
	for _, c := range x.contests {
		is.Disputed = is.Disputed || !c.Won
		is.Reversed += c.Minor
		is.Returned += c.Share
	}
	if !x.converted() {
		is.Returned = 0
	}
	return is
}

// tally is what a payment's attempts add up to.
type tally struct {
	open       []*Attempt
	ended      int64 // of those that are not refunds: each has its event
	captured   int64 // minor units
	authorized id.Attempt
	challenged bool // the payer was awaited
	declined   bool // by the rail, in the beginning
	voided     bool
	refunds    map[id.Refund]*Attempt
	odd        id.Attempt // one that cannot be this payment's
}

func (x *about) tally() tally {
	t := tally{refunds: map[id.Refund]*Attempt{}}
	for i := range x.attempts {
		a := &x.attempts[i]
		if !x.may(a) || t.refunds[a.Refund] != nil {
			t.odd = a.ID
		}
		if a.open() {
			t.open = append(t.open, a)
		}
		if a.Refund != "" {
			t.refunds[a.Refund] = a
			continue
		}
		t.add(a)
	}
	return t
}

// may reports whether a can be an attempt of the payment's.
func (x *about) may(a *Attempt) bool {
	return attemptEnd[a.Kind] != "" && a.Connector == x.Connector && a.Amount.Currency == x.Amount.Currency &&
		(a.Refund != "") == (a.Kind == connector.Refund) && (!a.Kind.TakesCard() || a.Amount == x.Amount)
}

// add counts an attempt that is no refund.
func (t *tally) add(a *Attempt) {
	if !a.open() {
		t.ended++
	}
	switch done := a.State == attemptEnd[a.Kind]; {
	case done && a.Kind == connector.Void:
		t.voided = true
	case done && a.Kind == connector.Capture:
		t.captured += a.Amount.Minor
	case done && a.Kind == connector.Sale:
		t.captured, t.authorized = t.captured+a.Amount.Minor, a.ID
	case done:
		t.authorized = a.ID
	case a.State == AttemptFailed:
		t.declined = t.declined || a.Kind.TakesCard()
	case a.State == AttemptChallenged:
		t.challenged = true
	case !a.open():
		t.odd = a.ID
	}
}

// attempted holds the payment against its attempts.
func (x *about) attempted(t *tally) string {
	var open id.Attempt
	waits := false
	if len(t.open) > 0 {
		open, waits = t.open[0].ID, t.open[0].Kind != connector.Refund
	}
	if x.Connector == "" && x.Hold != "" {
		return "is paid by a wallet and has a hold"
	}
	switch {
	case t.odd != "":
		return fmt.Sprintf("has the attempt %s, which does not fit it", t.odd)
	case len(t.open) > 1:
		return fmt.Sprintf("has %d attempts that are open", len(t.open))
	case open != x.Attempt:
		return fmt.Sprintf("says that its open attempt is %q, its attempts say %q", x.Attempt, open)
	case waits != (x.State == Processing):
		return fmt.Sprintf("is %s, and an attempt waits for the rail: %t", x.State, waits)
	case t.captured != x.Captured && x.Connector != "":
		return fmt.Sprintf("says that %d were captured, its attempts say %d", x.Captured, t.captured)
	case t.authorized != x.AuthorizedBy:
		return fmt.Sprintf("says that it was authorized by %q, its attempts say %q", x.AuthorizedBy, t.authorized)
	case x.ended() && x.AuthorizedBy != "" && !t.voided:
		return fmt.Sprintf("is %s and was never voided", x.State)
	case x.Connector == "" && len(x.attempts) > 0:
		return "is paid by a wallet and has attempts"
	case x.last.Count-x.last.Begun != x.events(t):
		return fmt.Sprintf("has %d events, its attempts make %d", x.last.Count-x.last.Begun, x.events(t))
	case x.last.Begun > t.again():
		return fmt.Sprintf("has %d events of the rail's being asked again, its attempts make %d", x.last.Begun, t.again())
	}
	return ""
}

// ended reports whether the payment was given up.
func (x *about) ended() bool { return x.State == Canceled || x.State == Expired }

// again is how many attempts followed the first. Each has an event of its beginning; those
// of before there were such events have none.
func (t *tally) again() int64 {
	n := t.ended - 1
	for _, a := range t.open {
		if a.Refund == "" {
			n++
		}
	}
	return max(n, 0)
}

// events is how many there must be: of the beginning, of each attempt's end, and of an
// end while the payer was awaited.
func (x *about) events(t *tally) int64 {
	n := 1 + t.ended
	unasked := x.ended() && x.AuthorizedBy == "" || x.State == Failed && !t.declined
	if unasked && t.challenged {
		n++
	}
	return n
}

// refundAttempts holds each refund to a card against its attempt.
func (x *about) refundAttempts(t *tally) string {
	for i := range x.refunds {
		r := &x.refunds[i]
		a := t.refunds[r.ID]
		delete(t.refunds, r.ID)
		if x.Connector != "" && (a == nil || a.Amount != r.Amount || !r.follows(a)) {
			return fmt.Sprintf("has the refund %s, which is %s, and no attempt that says so", r.ID, r.State)
		}
	}
	for key := range t.refunds {
		return fmt.Sprintf("has an attempt for the refund %s, which is not there", key)
	}
	return ""
}

// follows reports whether the refund can stand where it does after the attempt.
func (r *Refund) follows(a *Attempt) bool {
	switch {
	case a.open():
		return r.State == RefundPending
	case a.State == AttemptRefunded:
		return r.State != RefundPending // it may have come back
	default:
		return a.State == AttemptFailed && r.State == RefundFailed
	}
}

// logged holds the payment against its last event. What refunds and disputes change is no
// event of its own: they have theirs. Nor was the beginning of an operation once.
func (x *about) logged(t *tally) string {
	was := x.last.Data.GetPayment()
	if was == nil {
		return "has no event"
	}
	before := x.Payment
	if x.State == Processing && was.Status != statusOf[Processing] {
		switch {
		case !t.open[0].Kind.TakesCard():
			before.State = RequiresCapture
		case t.ended > 0:
			before.State = RequiresAction
		}
	}
	is := View(before)
	is.AmountRefunded, is.Fee, is.Disputed = was.AmountRefunded, was.Fee, was.Disputed
	if is.Settlement != nil && was.Settlement != nil {
		is.Settlement.AmountReturned = was.Settlement.AmountReturned
	}
	if field := x.last.Differs(is); field != "" {
		return fmt.Sprintf("has another %s than its last event (%s) says", field, x.last.ID)
	}
	return ""
}

// legs is what the ledger must have moved for the payment.
func (p *Payment) legs() []ledger.Leg {
	var legs []ledger.Leg
	if p.Connector == "" {
		legs = ledger.PostedLeg(wallet.AccountOf(id.Wallet(p.Source), p.Amount.Currency, p.Live), p.till(), p.Captured)
	} else {
		var released int64
		if p.State != RequiresAction && p.State != Processing && p.State != RequiresCapture {
			released = p.Amount.Minor - p.Captured
		}
		legs = ledger.HeldLeg(p.Hold, p.platform(ledger.AcquirerReceivable), p.till(), p.Amount.Minor, p.Captured, released)
	}
	if p.converted() {
		worth, _ := p.worth(p.Captured) // what cannot be counted was never moved: it differs
		legs = append(legs, ledger.PostedLeg(p.exchange(p.Settles()), p.payee(), worth.Minor)...)
	}
	return append(legs, ledger.PostedLeg(p.payee(), p.settledPlatform(ledger.Fees), p.Fee)...)
}

// backLegs is what [Payment.back] moves.
func (p *Payment) backLegs(from, to ledger.Name, minor, share int64) []ledger.Leg {
	if !p.converted() {
		return ledger.PostedLeg(from, to, minor)
	}
	var legs []ledger.Leg
	if own := p.exchange(p.Settles()); from != own {
		legs = ledger.PostedLeg(from, own, share)
	}
	return append(legs, ledger.PostedLeg(p.exchange(p.Amount.Currency), to, minor)...)
}

// ReverseLegs is what [Reverse] moves.
func (p *Payment) ReverseLegs(from ledger.Name, minor, share int64) []ledger.Leg {
	return p.backLegs(from, p.platform(ledger.AcquirerReceivable), minor, share)
}

// Differs says the first way in which the ledger moved something else than legs for a
// cause of the payment's, "" for none. Whole minor units that roundings left are moved
// with the one who completes them: they are compared over all payments.
func (p *Payment) Differs(cause ledger.Cause, legs []ledger.Leg) string {
	if p.converted() {
		ends := []id.Account{p.exchange(p.Settles()).ID(), p.settledPlatform(ledger.Rounding).ID()}
		cause.Legs = slices.DeleteFunc(cause.Legs, func(l ledger.Leg) bool {
			return slices.Contains(ends, l.Debit) && slices.Contains(ends, l.Credit)
		})
	}
	return cause.Differs(legs)
}
