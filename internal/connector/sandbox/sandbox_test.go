package sandbox_test

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/florinpay/florin/internal/card"
	"github.com/florinpay/florin/internal/clock"
	"github.com/florinpay/florin/internal/connector"
	"github.com/florinpay/florin/internal/connector/connectortest"
	"github.com/florinpay/florin/internal/connector/sandbox"
)

const (
	settleAfter = 150 * time.Millisecond
	patience    = 250 * time.Millisecond // the client's timeout where one is expected
)

func serve(t testing.TB, o sandbox.Options) *sandbox.Rail {
	t.Helper()
	return serveOn(t, "127.0.0.1:0", o)
}

func serveOn(t testing.TB, address string, o sandbox.Options) *sandbox.Rail {
	t.Helper()
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	if o.Dir == "" {
		o.Dir = t.TempDir()
	}
	if o.SettleAfter == 0 {
		o.SettleAfter = settleAfter
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	r, err := sandbox.ServeRail(context.Background(), l, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	return r
}

func open(t testing.TB, r *sandbox.Rail, timeout time.Duration) *sandbox.Client {
	t.Helper()
	c := sandbox.Open(sandbox.ClientOptions{Address: r.Address(), Timeout: timeout, Log: slog.New(slog.DiscardHandler)})
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func pay(t testing.TB, c *sandbox.Client, token string, minor int64) (connector.Request, connector.Answer) {
	t.Helper()
	r := connectortest.Authorization(t, sandbox.Tokens[token], minor)
	return r, c.Send(context.Background(), r)
}

func TestTheSandboxConforms(t *testing.T) {
	connectortest.Run(t, func(t *testing.T) connector.Connector {
		return open(t, serve(t, sandbox.Options{}), patience)
	})
}

func TestItConformsToASlowRail(t *testing.T) {
	connectortest.Run(t, func(t *testing.T) connector.Connector {
		return open(t, serve(t, sandbox.Options{Latency: 3 * time.Millisecond}), patience)
	})
}

func TestTheDocumentedCards(t *testing.T) {
	doc, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	squeezed := strings.NewReplacer(" ", "", "\t", "").Replace(string(doc))
	for _, c := range sandbox.Cards {
		if _, err := card.ParseNumber(c.Number); err != nil {
			t.Errorf("%s: %v", c.Token, err)
		}
		if !strings.Contains(squeezed, "//"+c.Number+c.Token) {
			t.Errorf("%s is not in the table of doc.go", c.Token)
		}
		if c.Meaning == "" || sandbox.Tokens[c.Token] != c.Number {
			t.Errorf("%s: meaning %q, number of the token %q", c.Token, c.Meaning, sandbox.Tokens[c.Token])
		}
	}
}

func TestCardsWithTheirOwnWays(t *testing.T) {
	clk := clock.NewManual()
	r := serve(t, sandbox.Options{SettleAfter: time.Hour, LateBy: 2 * patience, Clock: clk})
	c := open(t, r, patience)
	ask := func(reference string) connector.Answer { return c.Ask(context.Background(), reference) }

	if _, a := pay(t, c, "tok_disputed", 1000); a.Result != connector.Approved || a.DisputeReason != "fraudulent" {
		t.Errorf("disputed: %+v", a)
	}

	q, a := pay(t, c, "tok_lost", 1000)
	if told := ask(q.Reference); a.Result != connector.Unknown || told.Result != connector.Missing {
		t.Errorf("lost: %+v, then %+v", a, told)
	}
	if told := c.Abandon(context.Background(), q.Reference); told.Result != connector.Abandoned {
		t.Errorf("lost, and abandoned: %+v", told)
	}

	q, a = pay(t, c, "tok_wrong", 1000)
	if told := ask(q.Reference); a.Result != connector.Unknown || told.Result != connector.Declined || told.DeclineCode != "generic_decline" {
		t.Errorf("wrong: %+v, then %+v", a, told)
	}
	if c.Violations() != 1 {
		t.Errorf("violations: %d", c.Violations())
	}

	q, a = pay(t, c, "tok_unknown", 1000)
	if told := ask(q.Reference); a.Result != connector.Unknown || told.Result != connector.Unknown {
		t.Errorf("unknown: %+v, then %+v", a, told)
	}
	if early := c.Send(context.Background(), connectortest.Following(connector.Capture, q.Reference, 1)); early.Result != connector.Declined {
		t.Errorf("captured before it was decided: %+v", early)
	}
	clk.Move(time.Hour)
	if told := ask(q.Reference); told.Result != connector.Approved {
		t.Errorf("unknown, an hour later: %+v", told)
	}
}

func TestARefundThatComesBackIsAnnounced(t *testing.T) {
	c := open(t, serve(t, sandbox.Options{}), time.Second)
	for token, returns := range map[string]bool{"tok_refund_fails": true, "tok_visa": false} {
		q, a := pay(t, c, token, 1000)
		if a.Result != connector.Approved || a.ReturnReason != "" {
			t.Fatalf("%s: %+v", token, a)
		}
		if a = c.Send(context.Background(), connectortest.Following(connector.Capture, q.Reference, 1000)); a.Result != connector.Approved || a.ReturnReason != "" {
			t.Fatalf("%s, captured: %+v", token, a)
		}
		for n, want := range []connector.Result{connector.Approved, map[bool]connector.Result{true: connector.Approved, false: connector.Declined}[returns]} {
			r := connectortest.Following(connector.Refund, q.Reference, 1000)
			a = c.Send(context.Background(), r)
			if a.Result != want || (a.ReturnReason != "") != returns || c.Ask(context.Background(), r.Reference) != a {
				t.Errorf("%s, refund %d: %+v", token, n, a)
			}
		}
	}
}

func TestLateAndDoubleAnswersAreDropped(t *testing.T) {
	r := serve(t, sandbox.Options{LateBy: 2 * patience})
	c := open(t, r, patience)
	if _, a := pay(t, c, "tok_twice", 1000); a.Result != connector.Approved {
		t.Errorf("twice: %+v", a)
	}
	q, a := pay(t, c, "tok_late", 1000)
	if told := c.Ask(context.Background(), q.Reference); a.Result != connector.Unknown || told.Result != connector.Approved {
		t.Errorf("late: %+v, then %+v", a, told)
	}
	eventually(t, "both stray answers", func() bool { return c.Dropped() == 2 })
	if _, a := pay(t, c, "tok_visa", 1000); a.Result != connector.Approved {
		t.Errorf("the connection suffered: %+v", a)
	}
}

func TestTheAmountIsTheResponseCode(t *testing.T) {
	c := open(t, serve(t, sandbox.Options{}), time.Second)
	for minor := int64(100); minor < 200; minor++ {
		_, a := pay(t, c, "tok_by_amount", minor)
		code := string([]byte{'0' + byte(minor/10%10), '0' + byte(minor%10)})
		want := connector.OfCode(code)
		if a.NetworkCode != code || a.DeclineCode != want.DeclineCode || (a.Result == connector.Approved) != want.Approved {
			t.Errorf("%d: %+v, want %+v", minor, a, want)
		}
	}
}

func TestTheRailRemembersAfterAKill(t *testing.T) {
	dir := t.TempDir()
	r := serve(t, sandbox.Options{Dir: dir})
	c := open(t, r, time.Second)
	q, a := pay(t, c, "tok_visa", 1000)
	part := connectortest.Following(connector.Capture, a.RailReference, 600)
	if got := c.Send(context.Background(), part); got.Result != connector.Approved {
		t.Fatalf("capture: %+v", got)
	}
	late := connectortest.Authorization(t, "4242424242424242", 1000)
	if got := c.Abandon(context.Background(), late.Reference); got.Result != connector.Abandoned {
		t.Fatalf("abandon: %+v", got)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	book := filepath.Join(dir, "rail.book")
	whole, err := os.ReadFile(book)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(book, append(whole, whole[:50]...), 0o600); err != nil { // died while writing
		t.Fatal(err)
	}

	serveOn(t, r.Address(), sandbox.Options{Dir: dir})
	eventually(t, "the client finds the rail again", func() bool { return c.Ask(context.Background(), q.Reference) == a })
	if got := c.Send(context.Background(), late); got.Result != connector.Declined || got.NetworkCode != "68" {
		t.Errorf("what was abandoned before the kill is sent: %+v", got)
	}
	if got := c.Send(context.Background(), q); got != a {
		t.Errorf("the repeat answers %+v, before the kill %+v", got, a)
	}
	for _, step := range []struct {
		minor int64
		want  connector.Result
	}{{401, connector.Declined}, {400, connector.Approved}} {
		if got := c.Send(context.Background(), connectortest.Following(connector.Capture, q.Reference, step.minor)); got.Result != step.want {
			t.Errorf("capture of %d after 600 of 1000: %+v", step.minor, got)
		}
	}
}

func TestADamagedBookIsRefused(t *testing.T) {
	dir := t.TempDir()
	r := serve(t, sandbox.Options{Dir: dir})
	c := open(t, r, time.Second)
	pay(t, c, "tok_visa", 1000)
	pay(t, c, "tok_visa", 1000)
	_ = r.Close()
	book := filepath.Join(dir, "rail.book")
	raw, _ := os.ReadFile(book)
	raw[40]++
	_ = os.WriteFile(book, raw, 0o600)
	l, _ := net.Listen("tcp", "127.0.0.1:0")
	defer l.Close()
	if _, err := sandbox.ServeRail(context.Background(), l, sandbox.Options{Dir: dir}); err == nil {
		t.Error("a damaged book was opened")
	}
}

func TestOneRailServesABook(t *testing.T) {
	dir := t.TempDir()
	r := serve(t, sandbox.Options{Dir: dir})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if _, err := sandbox.ServeRail(context.Background(), l, sandbox.Options{Dir: dir}); !errors.Is(err, sandbox.ErrBookOpen) {
		t.Errorf("a second rail on the same book: %v", err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	serve(t, sandbox.Options{Dir: dir})
}

func TestTheRailStaysOnLoopback(t *testing.T) {
	l, err := net.Listen("tcp", "0.0.0.0:0")
	if err != nil {
		t.Skip("no other address to listen on")
	}
	defer l.Close()
	if _, err := sandbox.ServeRail(context.Background(), l, sandbox.Options{Dir: t.TempDir()}); err == nil {
		t.Error("the rail listens for the whole network")
	}
}

func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for range 1000 {
		if ok() {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatalf("never: %s", what)
}
