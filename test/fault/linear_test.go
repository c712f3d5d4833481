package fault

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
)

// The history: clients spend from few wallets, read their balances, and repeat
// finished and unfinished requests. It must be explained by some order in which
// each request took effect at one moment between its sending and its answer.

const (
	linearClients = 8
	linearWallets = 4
	linearFor     = 3 * time.Second
	linearFunds   = 2_000
)

// step is one request about a wallet: a payment by a key, or a read if amount is 0.
type step struct {
	wallet int
	key    int // counts from 0 for each wallet
	amount int64
}

// outcome is its answer.
type outcome struct {
	paid    bool  // of a payment; false: insufficient funds
	balance int64 // of a read
}

// account is one wallet in the model: what it has, and what each key was answered,
// one byte for a key.
type account struct {
	balance int64
	keys    string
}

const (
	unused  = "."
	paid    = "p"
	refused = "r"
)

// model: a key's first request decides by the balance, the others repeat its answer.
var model = porcupine.Model{
	Partition: byWallet,
	Init:      func() any { return account{balance: linearFunds} },
	Step: func(state, input, output any) (bool, any) {
		return state.(account).step(input.(step), output.(outcome))
	},
}

func (a account) step(in step, out outcome) (bool, any) {
	if in.amount == 0 {
		return out.balance == a.balance, a
	}
	if missing := in.key + 1 - len(a.keys); missing > 0 {
		a.keys += strings.Repeat(unused, missing)
	}
	if was := a.keys[in.key : in.key+1]; was != unused {
		return out.paid == (was == paid), a
	}
	answer := refused
	if a.balance >= in.amount {
		answer = paid
		a.balance -= in.amount
	}
	a.keys = a.keys[:in.key] + answer + a.keys[in.key+1:]
	return out.paid == (answer == paid), a
}

func byWallet(history []porcupine.Operation) [][]porcupine.Operation {
	parts := make([][]porcupine.Operation, linearWallets)
	for _, o := range history {
		n := o.Input.(step).wallet
		parts[n] = append(parts[n], o)
	}
	return parts
}

// recorder runs the clients and keeps the history.
type recorder struct {
	t       *testing.T
	api     *api
	wallets []string
	began   time.Time

	mu      sync.Mutex
	history []porcupine.Operation
	keys    [linearWallets]int // given out so far
	repeat  []step             // sent at least once, and to be sent again
	refused int                // payments that met an empty wallet
}

// next chooses a step: a read, a request that was sent before, or a new one.
func (r *recorder) next(chance *rand.Rand) step {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := chance.IntN(100)
	if n < 25 {
		return step{wallet: chance.IntN(linearWallets)}
	}
	if n < 50 && len(r.repeat) > 0 {
		from := max(0, len(r.repeat)-2*linearClients) // mostly what may still be under way
		if n < 30 {
			from = 0
		}
		return r.repeat[from+chance.IntN(len(r.repeat)-from)]
	}
	s := step{wallet: chance.IntN(linearWallets), amount: 1 + chance.Int64N(40)}
	s.key = r.keys[s.wallet]
	r.keys[s.wallet]++
	if chance.IntN(4) == 0 {
		r.repeat = append(r.repeat, s)
	}
	return s
}

// enough reports whether the time is over and the history has everything that the
// controls spoil: on a slow machine wallets take longer to become empty.
func (r *recorder) enough() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	took := time.Since(r.began)
	return took > linearFor && (r.refused >= 2*linearClients || took > 20*linearFor)
}

// client works until there is enough.
func (r *recorder) client(n int, chance *rand.Rand) {
	for !r.enough() {
		s := r.next(chance)
		call := time.Since(r.began)
		out, ok := r.ask(s)
		if !ok {
			continue // answered "in progress": no effect and no news
		}
		o := porcupine.Operation{ClientId: n, Input: s, Call: int64(call), Output: out, Return: int64(time.Since(r.began))}
		r.mu.Lock()
		r.history = append(r.history, o)
		if s.amount > 0 && !out.paid {
			r.refused++
		}
		r.mu.Unlock()
	}
}

func (r *recorder) ask(s step) (out outcome, ok bool) {
	if s.amount == 0 {
		var v shown
		if err := r.api.get("/v1/wallets/"+r.wallets[s.wallet], &v); err != nil {
			r.t.Error(err)
			return out, false
		}
		return outcome{balance: v.Balance}, true
	}
	a, err := r.api.pay(fmt.Sprintf("w%d-%d", s.wallet, s.key), r.wallets[s.wallet], s.amount)
	switch {
	case err == nil && a.status == 200 && a.shown().state() == "succeeded":
		return outcome{paid: true}, true
	case err == nil && a.status == 402 && a.shown().Code == "insufficient_funds":
		return outcome{}, true
	case err == nil && a.status == 409:
		return out, false
	}
	r.t.Errorf("a payment without a fault: %v %s", err, a)
	return out, false
}

// TestLinearizable checks the history of a real crowd.
func TestLinearizable(t *testing.T) {
	onBoth(t, func(t *testing.T, p place) {
		s := start(t, p)
		r := &recorder{t: t, api: s.api}
		for range linearWallets {
			r.wallets = append(r.wallets, s.api.wallet(t, linearFunds))
		}
		seeds := chance(t)
		r.began = time.Now()
		var wg sync.WaitGroup
		for n := range linearClients {
			mine := rand.New(rand.NewPCG(seeds.Uint64(), 0))
			wg.Go(func() { r.client(n, mine) })
		}
		wg.Wait()
		if got := porcupine.CheckOperationsTimeout(model, r.history, time.Minute); got != porcupine.Ok {
			t.Errorf("the history of %d operations is not linearizable: %s", len(r.history), got)
		}
		r.corrupted()
		t.Logf("%d operations, of them repeated keys %d", len(r.history), len(r.repeat))
		p.verify(t)
	})
}

// corrupted changes one answer of the true history in each way that matters: the
// check must see it.
func (r *recorder) corrupted() {
	r.t.Helper()
	for name, spoil := range map[string]func(in step, out *outcome) bool{
		"a balance that is a unit off":   func(in step, out *outcome) bool { out.balance++; return in.amount == 0 },
		"a payment that came to nothing": func(in step, out *outcome) bool { out.paid = !out.paid; return in.amount > 0 && !out.paid },
		"a refusal that was a payment":   func(in step, out *outcome) bool { out.paid = !out.paid; return in.amount > 0 && out.paid },
	} {
		history := append([]porcupine.Operation(nil), r.history...)
		spoilt := false
		for n := len(history) / 2; n < len(history) && !spoilt; n++ {
			out := history[n].Output.(outcome)
			if spoilt = spoil(history[n].Input.(step), &out); spoilt {
				history[n].Output = out
			}
		}
		switch got := porcupine.CheckOperationsTimeout(model, history, time.Minute); {
		case !spoilt:
			r.t.Errorf("control %q: the history has nothing to spoil", name)
		case got != porcupine.Illegal:
			r.t.Errorf("control %q: a false history was found %s", name, got)
		}
	}
}
