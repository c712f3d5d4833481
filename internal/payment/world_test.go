package payment_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"log/slog"
	"net"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/florinpay/florin/internal/card"
	"github.com/florinpay/florin/internal/clock"
	"github.com/florinpay/florin/internal/connector"
	"github.com/florinpay/florin/internal/connector/sandbox"
	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/db/dbtest"
	"github.com/florinpay/florin/internal/dispute"
	"github.com/florinpay/florin/internal/event"
	"github.com/florinpay/florin/internal/fx"
	"github.com/florinpay/florin/internal/idempotency"
	"github.com/florinpay/florin/internal/job"
	"github.com/florinpay/florin/internal/ledger"
	"github.com/florinpay/florin/internal/merchant"
	"github.com/florinpay/florin/internal/payer"
	"github.com/florinpay/florin/internal/payment"
	"github.com/florinpay/florin/internal/vault"
	"github.com/florinpay/florin/internal/wallet"
)

// world is all that a payment meets: the rooms over a real database, and the
// sandbox rail over TCP behind a wire that can be cut.
type world struct {
	url       string
	d         *db.DB
	clock     *clock.Manual
	rail      *sandbox.Rail
	wire      *wire
	vault     *vault.Vault
	merchants *merchant.Room
	payers    *payer.Room
	node      // the process at work
	cafe      merchant.Merchant
}

// node is what dies with a process and starts anew.
type node struct {
	d        *db.DB
	desk     *payment.Desk
	wallets  *wallet.Desk
	disputes *dispute.Desk
	jobs     *job.Runner
	book     *ledger.Book
	events   *event.Log
}

var quiet = slog.New(slog.DiscardHandler)

// eachWorld runs fn with a new world on both databases.
func eachWorld(t *testing.T, fn func(t *testing.T, w *world)) {
	t.Helper()
	t.Parallel()
	dbtest.EachURL(t, func(t *testing.T, url string) { fn(t, newWorld(t, url)) })
}

func newWorld(t *testing.T, url string) *world {
	t.Helper()
	w := &world{url: url, clock: clock.NewManual()}
	w.d = dbtest.Open(t, db.Config{URL: url, Log: quiet})
	w.openRail(t)
	w.merchants, w.payers = merchant.New(w.d, w.clock), payer.New(w.d, w.clock)
	var err error
	if w.vault, err = vault.Open(t.Context(), vault.Config{DB: w.d, Clock: w.clock, Wrapper: kek(t), Log: quiet}); err != nil {
		t.Fatal(err)
	}
	w.node = w.start(w.d)
	w.cafe = w.merchant(t, merchant.Draft{CardFeeBps: 290, CardFeeFixedMinor: 30, WalletFeeBps: 100})
	return w
}

// start starts a process on a database: nothing is in its memory yet.
func (w *world) start(d *db.DB) node {
	rails := &connector.Registry{}
	rails.Register(connector.Sandbox, w.wire)
	n := node{d: d, book: ledger.NewBook(d), events: event.NewLog(d)}
	n.wallets, n.disputes = wallet.NewDesk(d, w.clock, w.payers), dispute.NewDesk(d, w.clock)
	n.desk = payment.NewDesk(payment.Config{
		DB: d, Clock: w.clock, Merchants: w.merchants, Vault: w.vault, Connectors: rails, Exchange: fx.New(d, w.clock), Log: quiet,
		Contested: dispute.Announced, ContestedLock: dispute.AnnouncedLock,
	})
	n.jobs = job.NewRunner(d, w.clock, quiet, map[job.Kind]job.Handler{
		payment.JobAsk: n.desk.AskJob, payment.JobExpire: n.desk.ExpireJob, payment.JobReturn: n.desk.ReturnJob,
		dispute.JobOpen: n.disputes.OpenJob, dispute.JobDecide: n.disputes.DecideJob, dispute.JobExpire: n.disputes.ExpireJob,
	}, n.desk.Adopt)
	return n
}

func (w *world) openRail(t *testing.T) {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w.rail, err = sandbox.ServeRail(context.Background(), l, sandbox.Options{Dir: t.TempDir(), Clock: w.clock, Log: quiet})
	if err != nil {
		t.Fatal(err)
	}
	client := sandbox.Open(sandbox.ClientOptions{Address: w.rail.Address(), Timeout: patient, Clock: w.clock, Log: quiet})
	w.wire = &wire{Client: client}
	t.Cleanup(func() {
		if err := errors.Join(client.Close(), w.rail.Close()); err != nil {
			t.Error(err)
		}
	})
}

// kek is a key-encryption key for one test.
func kek(t *testing.T) vault.Wrapper {
	t.Helper()
	path := filepath.Join(t.TempDir(), "kek")
	if err := vault.NewKEKFile(path); err != nil {
		t.Fatal(err)
	}
	k, err := vault.FileKEK(path, "")
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func (w *world) merchant(t *testing.T, d merchant.Draft) merchant.Merchant {
	t.Helper()
	d.Name, d.Country = "Cafe", "NL"
	m, err := w.merchants.Create(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// token keeps the card behind a test token and gives what a payment names.
func (w *world) token(ctx context.Context, m merchant.Merchant, word string) (string, error) {
	number, err := card.ParseNumber(sandbox.Tokens[word])
	if err != nil {
		return "", err
	}
	c, err := w.vault.Keep(ctx, vault.Keeping{Owner: vault.Owner{Merchant: m.ID}, Number: number, Expiry: sandbox.TokenExpiry})
	return string(c.ID), err
}

// work runs what is due until nothing is.
func (n node) work(ctx context.Context) error {
	for range 50 {
		if taken, err := n.jobs.RunDue(ctx); err != nil || taken == 0 {
			return err
		}
	}
	return errors.New("the jobs never come to rest")
}

func caller(m merchant.Merchant, once *idempotency.Key) payment.Caller {
	c := payment.Caller{Merchant: m.ID, Once: once, Origin: event.Origin{Request: "req_test"}}
	if once != nil {
		c.Origin.IdempotencyKey = once.Text
	}
	return c
}

// key is an idempotency key sent with a request that content stands for.
func key(t testing.TB, text, content string) *idempotency.Key {
	t.Helper()
	digest := sha256.Sum256([]byte(content))
	k, err := idempotency.New("cafe", false, text, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// How long the wire waits for an answer: long, so that a busy machine is not taken
// for a silent rail, but not where the story knows that none will come.
const (
	patient   = 15 * time.Second
	impatient = 250 * time.Millisecond
)

// fate is what happens to requests on the wire.
type fate string

const (
	arrive    fate = ""           // all is well
	lost      fate = "lost"       // the request never reaches the rail
	unheard   fate = "unheard"    // the rail acts, its answer is lost
	dieBefore fate = "die_before" // the process dies before the request leaves
	dieAfter  fate = "die_after"  // the process dies when the rail has acted
)

// errDied unwinds a call as the death of its process would.
var errDied = errors.New("the process died")

// wire is the client of the real rail, with a knife to it.
type wire struct {
	*sandbox.Client
	mu     sync.Mutex
	fate   fate
	hangs  bool
	sends  []connector.Request  // without cards
	pauses chan chan<- struct{} // if set, each request waits here before it leaves
}

func (x *wire) set(f fate) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.fate = f
}

// Send implements [connector.Connector].
func (x *wire) Send(ctx context.Context, r connector.Request) connector.Answer {
	x.mu.Lock()
	f, wait, pauses := x.fate, patient, x.pauses
	if x.hangs || r.Kind.TakesCard() && slices.Contains([]string{"0341", "0358", "0366"}, r.Card.Number.Last4()) {
		wait = impatient
	}
	noted := r
	noted.Card = connector.Card{}
	x.sends = append(x.sends, noted)
	x.mu.Unlock()
	if pauses != nil {
		goOn := make(chan struct{})
		pauses <- goOn
		<-goOn
	}
	switch f {
	case lost:
		return connector.Answer{}
	case dieBefore:
		panic(errDied)
	}
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	answer := x.Client.Send(ctx, r)
	switch f {
	case unheard:
		return connector.Answer{}
	case dieAfter:
		panic(errDied)
	}
	return answer
}

// Ask implements [connector.Connector].
func (x *wire) Ask(ctx context.Context, reference string) connector.Answer {
	return x.inquire(ctx, reference, x.Client.Ask)
}

// Abandon implements [connector.Connector].
func (x *wire) Abandon(ctx context.Context, reference string) connector.Answer {
	return x.inquire(ctx, reference, x.Client.Abandon)
}

func (x *wire) inquire(ctx context.Context, reference string, question func(context.Context, string) connector.Answer) connector.Answer {
	x.mu.Lock()
	hangs := x.hangs
	x.mu.Unlock()
	wait := patient
	if hangs {
		wait = impatient
	}
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	return question(ctx, reference)
}
