package fault

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// load is a crowd of clients that pay, capture, refund and retry. It outlives the
// servers it talks to: what one left unanswered is asked again of the next, with
// the same key.
type load struct {
	t      testing.TB
	oracle *oracle
	prefix string // of keys, so that runs on one store do not meet
	pause  time.Duration

	numbers  atomic.Int64
	news     atomic.Int64 // answers of 200 that are no replays
	mu       sync.Mutex
	open     []*intent // sent, and not definitely answered
	done     []*intent // definitely answered: some are sent again
	capture  []target
	refund   []target
	statuses map[string]int // how often each answer came
}

// target is a payment that something can be done to.
type target struct {
	payment string
	left    int64
}

func newLoad(t testing.TB) *load {
	return &load{t: t, oracle: newOracle(t), pause: 2 * time.Millisecond, statuses: map[string]int{}, prefix: "k"}
}

// run lets clients work on c until stop is closed, and returns when they have
// ended. Each client first retries what it finds open.
func (l *load) run(c *api, chance *rand.Rand, clients int, stop <-chan struct{}) {
	l.mu.Lock()
	late := l.open
	l.open = nil
	l.mu.Unlock()
	retries := make(chan *intent, len(late))
	for _, i := range late {
		retries <- i
	}
	close(retries)
	var wg sync.WaitGroup
	for range clients {
		mine := rand.New(rand.NewPCG(chance.Uint64(), 0))
		wg.Go(func() {
			for i := range retries {
				l.send(c, i)
			}
			for {
				select {
				case <-stop:
					return
				case <-time.After(time.Duration(mine.Int64N(int64(2 * l.pause)))):
				}
				if i := l.next(c.world, mine); i != nil && !l.send(c, i) {
					return // the server is gone
				}
			}
		})
	}
	wg.Wait()
}

// next chooses what to do: mostly something new, sometimes an old request again.
func (l *load) next(w world, chance *rand.Rand) *intent {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := chance.IntN(100)
	switch {
	case n < 6 && len(l.done) > 0:
		return l.done[chance.IntN(len(l.done))]
	case n < 10 && len(l.open) > 0:
		i := l.open[0]
		l.open = l.open[1:]
		return i
	case n < 20 && len(l.capture) > 0:
		return l.newCapture(chance)
	case n < 32 && len(l.refund) > 0:
		return l.newRefund(chance)
	}
	return l.newPayment(w, chance)
}

func (l *load) key() string { return fmt.Sprintf("%s-%d", l.prefix, l.numbers.Add(1)) }

func (l *load) newPayment(w world, chance *rand.Rand) *intent {
	i := &intent{Key: l.key(), Deed: pay, Path: "/v1/payments", Amount: 1 + chance.Int64N(5000), Source: "tok_visa"}
	body := map[string]any{"amount": i.Amount, "currency": "USD", "reference": i.Key}
	switch n := chance.IntN(100); {
	case n < 55:
		i.Source = w.Wallet
	case n < 60:
		i.Source = "tok_declined"
	case n < 61:
		i.Source = "tok_unknown"
	case n < 76:
		body["capture"] = "manual"
	}
	body["source"] = i.Source
	return i.with(body)
}

func (l *load) newCapture(chance *rand.Rand) *intent {
	at := take(&l.capture, chance)
	i := &intent{Key: l.key(), Deed: capture, Path: "/v1/payments/" + at.payment + "/capture", Target: at.payment}
	i.Amount = 1 + chance.Int64N(at.left)
	return i.with(map[string]any{"amount": i.Amount, "more_to_come": i.Amount < at.left && chance.IntN(2) == 0})
}

func (l *load) newRefund(chance *rand.Rand) *intent {
	at := take(&l.refund, chance)
	i := &intent{Key: l.key(), Deed: refund, Path: "/v1/refunds", Target: at.payment}
	i.Amount = 1 + chance.Int64N(at.left)
	return i.with(map[string]any{"payment": at.payment, "amount": i.Amount, "metadata": map[string]string{"key": i.Key}})
}

func take(from *[]target, chance *rand.Rand) target {
	list := *from
	n := chance.IntN(len(list))
	at := list[n]
	list[n] = list[len(list)-1]
	*from = list[:len(list)-1]
	return at
}

func (i *intent) with(body any) *intent {
	text, err := json.Marshal(body)
	if err != nil {
		panic(err) // a map of words and numbers
	}
	i.Body = text
	return i
}

// send makes the request, on the record before and after. False: no answer came.
func (l *load) send(c *api, i *intent) bool {
	if err := l.oracle.keep(record{Intent: i}); err != nil {
		l.t.Error(err)
		return false
	}
	a, err := c.do("POST", i.Path, i.Key, i.Body)
	if err != nil {
		l.put(&l.open, i)
		l.count("no answer")
		return false
	}
	k := ackOf(i.Key, a)
	if err := l.oracle.keep(record{Ack: &k}); err != nil {
		l.t.Error(err)
		return false
	}
	l.count(fmt.Sprintf("%d %s%s", a.status, k.State, k.Code))
	if a.status == 200 && !a.replayed {
		l.news.Add(1)
	}
	if !k.definite() {
		l.put(&l.open, i)
		return true
	}
	if !a.replayed {
		l.learn(i, a.shown())
	}
	return true
}

func (l *load) put(list *[]*intent, i *intent) {
	l.mu.Lock()
	defer l.mu.Unlock()
	*list = append(*list, i)
}

func (l *load) count(what string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.statuses[what]++
}

// learn finds new targets in a definite answer.
func (l *load) learn(i *intent, v shown) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.done = append(l.done, i)
	switch {
	case i.Deed == refund:
	case v.state() == "requires_capture":
		l.capture = append(l.capture, target{v.ID, v.Amount - v.Captured})
	case v.state() == "succeeded":
		l.refund = append(l.refund, target{v.ID, v.Captured})
	}
}

// sendAll asks all of them again, many at once: some are answered after seconds only.
func (l *load) sendAll(c *api, all []*intent) {
	next := make(chan *intent)
	var wg sync.WaitGroup
	for range clients {
		wg.Go(func() {
			for i := range next {
				l.send(c, i)
			}
		})
	}
	for _, i := range all {
		next <- i
	}
	close(next)
	wg.Wait()
}

// settle retries what is open until each intent has its definite answer, and then
// waits until nothing stored is open.
func (l *load) settle(c *api) stored {
	l.t.Helper()
	const patience = 90 * time.Second // a question to the rail counts as lost after 20 s; the job asks at 45 s
	for began := time.Now(); ; time.Sleep(200 * time.Millisecond) {
		l.mu.Lock()
		late := l.open
		l.open = nil
		l.mu.Unlock()
		l.sendAll(c, late)
		l.mu.Lock()
		left := len(l.open)
		l.mu.Unlock()
		if left == 0 {
			s, err := read(c, true)
			if err != nil {
				l.t.Fatal(err)
			}
			if s.pending() == 0 || time.Since(began) > patience {
				return s
			}
		}
		if time.Since(began) > patience {
			l.t.Fatalf("%d intents have no definite answer after %s; answers: %v", left, patience, l.statuses)
		}
	}
}

// check judges the record against what c has.
func (l *load) check(c *api, s stored, final bool) {
	l.t.Helper()
	all, err := l.oracle.records()
	if err != nil {
		l.t.Fatal(err)
	}
	findings := judge(all, s, c.world.Wallet, final)
	for _, f := range findings[:min(len(findings), 20)] {
		l.t.Error(f)
	}
	if len(findings) > 20 {
		l.t.Errorf("and %d more findings", len(findings)-20)
	}
}

// finish settles, judges and verifies; it ends every test that has a load.
func (l *load) finish(s *server) {
	l.t.Helper()
	all := l.settle(s.api)
	l.check(s.api, all, true)
	s.place.verify(l.t)
	l.t.Logf("%d payments, %d refunds, %d events; answers: %v", len(all.payments), len(all.refunds), len(all.events), l.statuses)
}
