package fault

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// TestVerdictCanFail spoils a true record and a true store in every way that the
// verdict guards against: a checker that never complains proves nothing.
func TestVerdictCanFail(t *testing.T) {
	t.Parallel()
	p := sqlitePlace(t)
	s := start(t, p)
	l := newLoad(t)
	truth := spoilable(t, s, l)
	all, err := l.oracle.records()
	if err != nil {
		t.Fatal(err)
	}
	if found := judge(all, truth, s.world.Wallet, true); len(found) > 0 {
		t.Fatalf("the truth is not believed: %v", found)
	}
	for _, c := range spoilers() {
		store, records := truth.clone(), slices.Clone(all)
		c.spoil(&store, &records)
		found := judge(records, store, s.world.Wallet, true)
		if !slices.ContainsFunc(found, func(f string) bool { return strings.Contains(f, c.want) }) {
			t.Errorf("%s: found %q, want %q", c.name, found, c.want)
		}
	}
}

// spoilable works on s until its store has one of each thing that a spoiler spoils,
// however slow the machine is.
func spoilable(t *testing.T, s *server, l *load) stored {
	t.Helper()
	luck := chance(t)
	for began := time.Now(); time.Since(began) < 2*time.Minute; {
		stop := make(chan struct{})
		time.AfterFunc(time.Second, func() { close(stop) })
		l.run(s.api, luck, 4, stop)
		truth := l.settle(s.api)
		has := func(state string) bool {
			return slices.ContainsFunc(truth.payments, func(p shown) bool { return p.state() == state })
		}
		if has("succeeded") && has("requires_capture") && len(truth.refunds) > 0 {
			return truth
		}
	}
	t.Fatalf("the load made too little in two minutes; answers: %v", l.statuses)
	return stored{}
}

// spoiler makes one thing wrong; want is in what must be found.
type spoiler struct {
	name, want string
	spoil      func(s *stored, all *[]record)
}

func spoilers() []spoiler {
	return []spoiler{
		{"an acknowledged payment is lost", "is lost", func(s *stored, _ *[]record) {
			s.payments = slices.Delete(s.payments, 0, 1)
		}},
		{"a key is paid twice", "was paid 2 times", func(s *stored, _ *[]record) {
			twin := s.paid("succeeded")
			twin.ID = "pay_twin"
			s.payments = append(s.payments, twin)
		}},
		{"a payment nobody asked for", "was never asked for", func(s *stored, _ *[]record) {
			s.payments = append(s.payments, shown{ID: "pay_ghost", Ref: "ghost", Status: []byte(`"failed"`)})
		}},
		{"an acknowledgement was about another object", "is lost", func(_ *stored, all *[]record) {
			changeAck(*all, func(k *ack) { k.Object = "pay_other" })
		}},
		{"a paid payment failed", "was acknowledged as succeeded and is failed", func(s *stored, _ *[]record) {
			s.change("succeeded", func(p *shown) { p.Status = []byte(`"failed"`) })
		}},
		{"an amount changed", "is not what", func(s *stored, _ *[]record) {
			s.change("succeeded", func(p *shown) { p.Amount++ })
		}},
		{"a capture took twice", "the record allows", func(s *stored, _ *[]record) {
			s.change("requires_capture", func(p *shown) { p.Captured++ })
		}},
		{"a key is refunded twice", "was refunded 2 times", func(s *stored, _ *[]record) {
			twin := s.refunds[0]
			twin.ID = "ref_twin"
			s.refunds = append(s.refunds, twin)
		}},
		{"an acknowledged refund is lost", "was acknowledged as succeeded and is \"\"", func(s *stored, _ *[]record) {
			s.refunds = s.refunds[1:]
		}},
		{"an intent is never answered", "has no definite answer", func(_ *stored, all *[]record) {
			*all = append(*all, record{Intent: &intent{Key: "forgotten", Deed: refund}})
		}},
		{"a retry got another answer", "was answered", func(_ *stored, all *[]record) {
			other := *(*all)[firstAck(*all)].Ack
			other.Object = "pay_other"
			*all = append(*all, record{Ack: &other})
		}},
		{"a server error", "was answered with status 500", func(_ *stored, all *[]record) {
			broken := ack{Key: (*all)[firstAck(*all)].Ack.Key, Status: 500}
			*all = append(*all, record{Ack: &broken})
		}},
		{"a payment stays open", "is still processing", func(s *stored, _ *[]record) {
			s.change("requires_capture", func(p *shown) { p.Status = []byte(`"processing"`) })
		}},
		{"the wallet paid a unit more", "the wallet has", func(s *stored, _ *[]record) { s.wallet-- }},
		{"the merchant got a unit less", "the merchant has", func(s *stored, _ *[]record) { s.available-- }},
		{"the acquirer owes a unit more", "the acquirer owes", func(s *stored, _ *[]record) { s.trial["acquirer_receivable"]-- }},
		{"the fees are a unit off", "the fees are", func(s *stored, _ *[]record) { s.trial["fees"]++ }},
		{"the log has a gap", "where", func(s *stored, _ *[]record) { s.events = slices.Delete(s.events, 3, 4) }},
		{"the log lost its beginning", "does not begin", func(s *stored, _ *[]record) { s.events = s.events[:len(s.events)-1] }},
		{"the log tells a success twice", "has 2 events payment.succeeded", func(s *stored, _ *[]record) {
			n := slices.IndexFunc(s.events, func(h happening) bool { return h.Type == "payment.succeeded" })
			s.events = slices.Insert(s.events, n, s.events[n])
		}},
	}
}

func (s *stored) paid(state string) shown {
	return s.payments[slices.IndexFunc(s.payments, func(p shown) bool { return p.state() == state })]
}

func (s *stored) change(state string, how func(*shown)) {
	how(&s.payments[slices.IndexFunc(s.payments, func(p shown) bool { return p.state() == state })])
}

// firstAck is where the first definite acknowledgement of a payment stands.
func firstAck(all []record) int {
	return slices.IndexFunc(all, func(r record) bool { return r.Ack != nil && r.Ack.State == "succeeded" })
}

func changeAck(all []record, how func(*ack)) {
	n := firstAck(all)
	k := *all[n].Ack
	how(&k)
	all[n].Ack = &k
}
