package vault

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/florinpay/florin/internal/card"
	"github.com/florinpay/florin/internal/clock"
	"github.com/florinpay/florin/internal/connector"
	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/db/dbtest"
	"github.com/florinpay/florin/internal/event"
	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/idempotency"
	"github.com/florinpay/florin/internal/money"
)

const pan = "4929555500001113"

var (
	ctx    = context.Background()
	expiry = card.Expiry{Month: 4, Year: 2031}
	cafe   = Owner{"mer_00000000000000000000000001", false}
)

func number(t testing.TB, s string) card.Number {
	t.Helper()
	n, err := card.ParseNumber(s)
	if err != nil {
		t.Fatalf("%q: %v", s, err)
	}
	return n
}

func newWrapper(t testing.TB) Wrapper {
	t.Helper()
	k, err := parseKEK(newKEKText())
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func config(d *db.DB, w Wrapper) Config {
	return Config{DB: d, Clock: clock.System{}, Wrapper: w, Log: slog.New(slog.DiscardHandler)}
}

func openVault(t testing.TB, d *db.DB, w Wrapper) *Vault {
	t.Helper()
	v, err := Open(ctx, config(d, w))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func keep(t testing.TB, v *Vault, o Owner, digits string) Card {
	t.Helper()
	c, err := v.Keep(ctx, Keeping{Owner: o, Number: number(t, digits), Expiry: expiry})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// each runs fn with a new vault on both databases.
func each(t *testing.T, fn func(t *testing.T, d *db.DB, v *Vault)) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) { fn(t, d, openVault(t, d, newWrapper(t))) })
}

// recorder is a rail that notes what reaches it.
type recorder struct {
	mu      sync.Mutex
	got     []string // number, expiry, cvv
	request connector.Request
}

func (*recorder) Name() string { return "recorder" }
func (*recorder) Close() error { return nil }
func (*recorder) Ask(context.Context, string) connector.Answer {
	return connector.Answer{Result: connector.Missing}
}
func (*recorder) Abandon(context.Context, string) connector.Answer {
	return connector.Answer{Result: connector.Abandoned}
}
func (r *recorder) Send(_ context.Context, q connector.Request) connector.Answer {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.request = q
	r.got = append(r.got, strings.Join([]string{q.Card.Number.Reveal(), q.Card.Expiry.String(), q.Card.CVV.Reveal()}, " "))
	return connector.Answer{Result: connector.Approved, RailReference: "1"}
}

func TestACardGoesInAndComesOutAtTheRailOnly(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB, v *Vault) {
		kept := keep(t, v, cafe, pan)
		got, err := v.Get(ctx, cafe, kept.ID)
		if err != nil || got.Brand != card.Visa || got.Last4 != "1113" || got.Expiry != expiry || got.Owner != cafe {
			t.Fatalf("Get = %+v, %v", got, err)
		}
		cvv, _ := card.ParseCVV("737")
		var rail recorder
		ask := connector.Request{Reference: "att_1", Kind: connector.Authorize, Amount: money.New(1000, money.USD), Live: true}
		a := v.Send(ctx, cafe, kept.ID, &cvv, &rail, ask)
		if a.Result != connector.Approved || rail.got[0] != pan+" 04/31 737" {
			t.Errorf("the rail got %v and answered %+v", rail.got, a)
		}
		if rail.request.Live || rail.request.Reference != "att_1" {
			t.Errorf("the request changed: %+v", rail.request)
		}
		if !rail.request.Card.Number.IsZero() || !cvv.IsZero() || !rail.request.Card.CVV.IsZero() {
			t.Error("the card was not wiped after the call")
		}
		v.Send(ctx, cafe, kept.ID, nil, &rail, ask)
		if rail.got[1] != pan+" 04/31 " {
			t.Errorf("without a CVV the rail got %q", rail.got[1])
		}
	})
}

func TestACardHasOneTokenForEachOwner(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB, v *Vault) {
		first := keep(t, v, cafe, pan)
		if again := keep(t, v, cafe, "4929 5555 0000 1113"); again.ID != first.ID || again.Fingerprint != first.Fingerprint {
			t.Error("the same card got another token or fingerprint")
		}
		later, err := v.Keep(ctx, Keeping{Owner: cafe, Number: number(t, pan), Expiry: card.Expiry{Month: 4, Year: 2032}})
		if err != nil || later.ID == first.ID || later.Fingerprint != first.Fingerprint {
			t.Errorf("renewed card: %v; another token and the same fingerprint are due", err)
		}
		for name, other := range map[string]Owner{"merchant": {"mer_00000000000000000000000002", false}, "mode": {cafe.Merchant, true}} {
			c := keep(t, v, other, pan)
			if c.ID == first.ID || c.Fingerprint == first.Fingerprint || v.Fingerprint(other, number(t, pan)) != c.Fingerprint {
				t.Errorf("another %s shares the token or the fingerprint", name)
			}
			if _, err := v.Get(ctx, other, first.ID); !errors.Is(err, fault.ErrNotFound) {
				t.Errorf("another %s reads the card: %v", name, err)
			}
			var rail recorder
			if a := v.Send(ctx, other, first.ID, nil, &rail, connector.Request{}); a.Result != connector.Unknown || len(rail.got) != 0 {
				t.Errorf("another %s pays with the card: %+v", name, a)
			}
		}
	})
}

func TestTheTokenTellsNothing(t *testing.T) {
	v, w := openVault(t, dbtest.SQLite(t), newWrapper(t)), openVault(t, dbtest.SQLite(t), newWrapper(t))
	c := keep(t, v, cafe, pan)
	if !id.Valid(c.ID) {
		t.Errorf("%s is not a card's id", c.ID)
	}
	if _, err := card.ParseNumber(strings.TrimPrefix(string(c.ID), "card_")); err == nil {
		t.Error("the token passes for a card number")
	}
	for i := range len(pan) - 5 {
		if strings.Contains(string(c.ID), pan[i:i+6]) {
			t.Error("the token holds digits of the number")
		}
	}
	if other := keep(t, w, cafe, pan); other.ID == c.ID || other.Fingerprint == c.Fingerprint {
		t.Error("two vaults give one token or fingerprint: it does not depend on the key")
	}
}

func TestFiftyAtOnceKeepOneCard(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB, v *Vault) {
		other := openVault(t, d, v.wrapper)
		nodes := []*Vault{v, other}
		var wg sync.WaitGroup
		tokens := make([]id.Card, 50)
		for i := range tokens {
			wg.Go(func() {
				c, err := nodes[i%2].Keep(ctx, Keeping{Owner: cafe, Number: number(t, pan), Expiry: expiry})
				if err != nil {
					t.Error(err)
				}
				tokens[i] = c.ID
			})
		}
		wg.Wait()
		for _, token := range tokens {
			if token != tokens[0] {
				t.Fatal("one card has two tokens")
			}
		}
		if rows, err := cards.Select(ctx, d, ""); err != nil || len(rows) != 1 {
			t.Errorf("%d rows, %v", len(rows), err)
		}
		if got := types(t, d); got != "card.created" {
			t.Errorf("events: %s", got)
		}
	})
}

func types(t testing.TB, d *db.DB) string {
	t.Helper()
	list, _, err := event.NewLog(d).List(ctx, cafe.Merchant, cafe.Live, event.Filter{Page: db.Page{Limit: 100}})
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range list {
		out = append([]string{e.Type}, out...)
	}
	return strings.Join(out, " ")
}

func TestARetryIsAnsweredFromTheFirstEvent(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB, v *Vault) {
		key := func(text string) *idempotency.Key {
			k, err := idempotency.New("key_1", false, text, []byte("body"))
			if err != nil {
				t.Fatal(err)
			}
			return k
		}
		k := Keeping{Owner: cafe, Number: number(t, pan), Expiry: expiry, Once: key("a"), Origin: event.Origin{Request: "req_1", IdempotencyKey: "a"}}
		first, err := v.Keep(ctx, k)
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{"a", "b", "b"} { // b is new at first, for a card that is there
			k.Once = key(text)
			c, err := v.Keep(ctx, k)
			replay, isReplay := errors.AsType[*idempotency.Replay](err)
			if !isReplay {
				if err != nil || c.ID != first.ID {
					t.Fatalf("%s: %v", text, err)
				}
				continue
			}
			e, err := event.NewLog(d).At(ctx, replay.Sequence)
			if err != nil || e.Fact.Object != string(first.ID) || e.Origin.Request != "req_1" {
				t.Errorf("%s is answered from %+v, %v", text, e, err)
			}
		}
		if got := types(t, d); got != "card.created" {
			t.Errorf("events: %s", got)
		}
	})
}

func TestADeletedCardIsGoneUntilItIsGivenAgain(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB, v *Vault) {
		c := keep(t, v, cafe, pan)
		if err := v.Delete(ctx, Owner{cafe.Merchant, true}, c.ID, event.Origin{}); !errors.Is(err, fault.ErrNotFound) {
			t.Errorf("deleted from the other mode: %v", err)
		}
		if err := v.Delete(ctx, cafe, c.ID, event.Origin{}); err != nil {
			t.Fatal(err)
		}
		if err := v.Delete(ctx, cafe, c.ID, event.Origin{}); !errors.Is(err, fault.ErrNotFound) {
			t.Errorf("deleted twice: %v", err)
		}
		if _, err := v.Get(ctx, cafe, c.ID); !errors.Is(err, fault.ErrNotFound) {
			t.Errorf("read after deletion: %v", err)
		}
		var rail recorder
		if a := v.Send(ctx, cafe, c.ID, nil, &rail, connector.Request{}); a.Result != connector.Unknown || len(rail.got) != 0 {
			t.Errorf("paid after deletion: %+v", a)
		}
		if rows, _ := cards.Select(ctx, d, ""); len(rows) != 1 || len(rows[0].sealed) != 0 {
			t.Error("the number is still in its row")
		}
		if back := keep(t, v, cafe, pan); back.ID != c.ID {
			t.Error("the same card came back under another token")
		}
		if a := v.Send(ctx, cafe, c.ID, nil, &rail, connector.Request{}); a.Result != connector.Approved {
			t.Errorf("given again: %+v", a)
		}
		if got := types(t, d); got != "card.created card.deleted card.created" {
			t.Errorf("events: %s", got)
		}
	})
}
