package fault

import (
	"fmt"
	"slices"
	"strings"
)

// verdict compares the oracle's record with what is stored.
type verdict struct {
	stored
	stories  map[string]*story
	wallet   string // id of the sandbox's wallet
	payment  map[string]shown
	final    bool // nothing is under way and every intent has its definite answer
	findings []string
}

// judge names everything that must not be; nothing if the record and the store
// agree. Before the final check an intent without an answer may have had its
// effect or not, but not twice.
func judge(all []record, s stored, wallet string, final bool) []string {
	v := &verdict{stored: s, stories: stories(all), wallet: wallet, payment: map[string]shown{}, final: final}
	for _, p := range s.payments {
		if _, twice := v.payment[p.ID]; twice {
			v.find("the list has payment %s twice", p.ID)
		}
		v.payment[p.ID] = p
	}
	v.answers()
	v.paid()
	v.captured()
	v.refunded()
	v.sums()
	if s.events != nil {
		v.log()
	}
	return v.findings
}

func (v *verdict) find(format string, args ...any) {
	v.findings = append(v.findings, fmt.Sprintf(format, args...))
}

// expected are the statuses of definite answers to what the load asks for; 424 is
// a capture that a crash kept from ever reaching the rail.
var expected = map[deed][]int{pay: {200, 402}, capture: {200, 424}, refund: {200}}

// answers: one key is answered in one way, and in the end it is answered.
func (v *verdict) answers() {
	for key, s := range v.stories {
		last, any := s.last()
		if v.final && (!any || !last.definite()) {
			v.find("%s %s has no definite answer", s.Deed, key)
		}
		for _, k := range s.acks {
			if k.definite() && (k.Status != last.Status || k.State != last.State || k.Object != last.Object) {
				v.find("%s %s was answered %+v and %+v", s.Deed, key, last, k)
			}
			if !slices.Contains(expected[s.Deed], k.Status) && k.definite() || k.Status >= 500 && k.Status != 503 {
				v.find("%s %s was answered with status %d %s", s.Deed, key, k.Status, k.Code)
			}
		}
	}
}

// later are the states that a payment may be in after it was acknowledged in one.
var later = map[string][]string{
	"processing":       {"processing", "requires_capture", "succeeded", "failed"},
	"requires_capture": {"requires_capture", "processing", "succeeded"},
	"succeeded":        {"succeeded"},
	"failed":           {"failed"},
}

// paid: each payment is what one intent asked for, and what was acknowledged is there.
func (v *verdict) paid() {
	count := map[string]int{}
	for _, p := range v.payments {
		count[p.Ref]++
		s := v.stories[p.Ref]
		switch {
		case s == nil:
			v.find("payment %s (reference %q) was never asked for", p.ID, p.Ref)
		case s.Deed != pay || s.Amount != p.Amount:
			v.find("payment %s of %d is not what %s asked for: %s %d", p.ID, p.Amount, p.Ref, s.Deed, s.Amount)
		case v.final && p.state() == "processing":
			v.find("payment %s is still processing", p.ID)
		}
	}
	for key, s := range v.stories {
		if s.Deed != pay {
			continue
		}
		if count[key] > 1 {
			v.find("%s was paid %d times", key, count[key])
		}
		for _, k := range s.acks {
			v.kept(key, k)
		}
	}
}

// kept: an acknowledged payment is stored as acknowledged, or further on.
func (v *verdict) kept(key string, k ack) {
	if !k.acknowledged() {
		return
	}
	state := k.State
	if k.Status != 200 {
		state = "failed"
	}
	p, there := v.payment[k.Object]
	switch {
	case !there:
		v.find("payment %s of %s was acknowledged as %s and is lost", k.Object, key, state)
	case p.Ref != key:
		v.find("payment %s was acknowledged to %s and belongs to %s", k.Object, key, p.Ref)
	case !slices.Contains(later[state], p.state()):
		v.find("payment %s of %s was acknowledged as %s and is %s", k.Object, key, state, p.state())
	}
}

// bounds are the least and the most that the record allows.
type bounds struct{ least, most int64 }

// effect widens b by what s has done or may have done.
func (b *bounds) effect(s *story) {
	last, any := s.last()
	switch {
	case !any || !last.definite():
		b.most += s.Amount
	case last.Status == 200 && last.State != "failed":
		b.least += s.Amount
		b.most += s.Amount
	}
}

// captured: a payment has captured what its captures were acknowledged to take.
func (v *verdict) captured() {
	allowed := map[string]*bounds{}
	for _, s := range v.stories {
		if s.Deed == capture {
			if allowed[s.Target] == nil {
				allowed[s.Target] = &bounds{}
			}
			allowed[s.Target].effect(s)
		}
	}
	for _, p := range v.payments {
		b := allowed[p.ID]
		switch {
		case b == nil && p.state() == "succeeded":
			b = &bounds{p.Amount, p.Amount}
		case b == nil:
			b = &bounds{}
		}
		if p.Captured < b.least || p.Captured > b.most || p.Captured > p.Amount {
			v.find("payment %s of %d has captured %d; the record allows %d to %d", p.ID, p.Amount, p.Captured, b.least, b.most)
		}
	}
}

// refunded: one refund for a key, and each payment has given back what was acknowledged.
func (v *verdict) refunded() {
	count, sum := map[string]int{}, map[string]int64{}
	byID := map[string]shown{}
	for _, r := range v.refunds {
		byID[r.ID] = r
		count[r.Metadata["key"]]++
		s := v.stories[r.Metadata["key"]]
		if s == nil || s.Deed != refund || s.Target != r.Payment || s.Amount != r.Amount {
			v.find("refund %s of %d was never asked for", r.ID, r.Amount)
		}
		if v.final && r.state() == "pending" {
			v.find("refund %s is still pending", r.ID)
		}
		if r.state() != "failed" {
			sum[r.Payment] += r.Amount
		}
	}
	for key, s := range v.stories {
		if s.Deed != refund {
			continue
		}
		if count[key] > 1 {
			v.find("%s was refunded %d times", key, count[key])
		}
		for _, k := range s.acks {
			if r, there := byID[k.Object]; k.Status == 200 && (!there || k.definite() && r.state() != k.State) {
				v.find("refund %s of %s was acknowledged as %s and is %q", k.Object, key, k.State, r.state())
			}
		}
	}
	for _, p := range v.payments {
		if p.Refunded != sum[p.ID] || p.Refunded > p.Captured {
			v.find("payment %s has refunded %d of %d, its refunds sum to %d", p.ID, p.Refunded, p.Captured, sum[p.ID])
		}
	}
}

// sums: the ledger has moved exactly what the record says was moved.
func (v *verdict) sums() {
	spent, taken, fees := v.asAcknowledged()
	var back, refunded int64 // to the wallet, in all
	for _, r := range v.refunds {
		if r.state() != "succeeded" {
			continue
		}
		refunded += r.Amount
		if v.payment[r.Payment].Source == v.wallet {
			back += r.Amount
		}
	}
	if want := walletFunds - spent + back; v.stored.wallet != want {
		v.find("the wallet has %d, the record says %d", v.stored.wallet, want)
	}
	if v.pending() > 0 {
		return // money is held
	}
	if want := spent + taken - refunded - fees; v.available != want {
		v.find("the merchant has %d, the record says %d", v.available, want)
	}
	if want := (refunded - back) - taken; v.trial["acquirer_receivable"] != want {
		v.find("the acquirer owes %d, the record says %d", -v.trial["acquirer_receivable"], -want)
	}
	if v.trial["fees"] != fees {
		v.find("the fees are %d, the payments say %d", v.trial["fees"], fees)
	}
}

// asAcknowledged sums what was taken from the wallet and from cards: as the oracle
// was told, or as it is stored where it has been told nothing.
func (v *verdict) asAcknowledged() (wallet, cards, fees int64) {
	for _, p := range v.payments {
		fees += p.Fee
		taken := p.Captured
		s := v.stories[p.Ref]
		if s == nil {
			continue // found above; the sums will differ
		}
		if k, _ := s.last(); k.Status == 200 && k.State == "succeeded" {
			taken = s.Amount
		}
		if p.Source == v.wallet {
			wallet += taken
		} else {
			cards += taken
		}
	}
	return wallet, cards, fees
}

// log: the events are numbered without a gap, and each end of a payment or refund
// is told exactly once.
func (v *verdict) log() {
	told := map[string]int{}
	for i, e := range v.events {
		want := v.events[0].Sequence - int64(i)
		if e.Type == "merchant.created" {
			want-- // the live mode was told next, which nobody sees here
		}
		if e.Sequence != want {
			v.find("event %s has number %d where %d belongs", e.ID, e.Sequence, want)
		}
		told[e.Type+" "+e.object()]++
	}
	if n := len(v.events); n == 0 || v.events[n-1].Sequence != 1 {
		v.find("the log does not begin with event 1")
	}
	for _, p := range v.payments {
		for _, state := range []string{"succeeded", "failed"} {
			want := 0
			if p.state() == state {
				want = 1
			}
			if got := told["payment."+state+" "+p.ID]; got != want {
				v.find("payment %s is %s and has %d events payment.%s", p.ID, p.state(), got, state)
			}
			delete(told, "payment."+state+" "+p.ID)
		}
	}
	for _, r := range v.refunds {
		if got := told["refund.succeeded "+r.ID]; (got == 1) != (r.state() == "succeeded") || got > 1 {
			v.find("refund %s is %s and has %d events refund.succeeded", r.ID, r.state(), got)
		}
		delete(told, "refund.succeeded "+r.ID)
	}
	for what := range told {
		if e, _, _ := strings.Cut(what, " "); slices.Contains([]string{"payment.succeeded", "payment.failed", "refund.succeeded"}, e) {
			v.find("the log tells %s, which is not stored", what)
		}
	}
}
