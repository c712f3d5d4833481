package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

type demoCommand struct {
	devCommand
	Exit bool `help:"End after the story: 0 only if every step held."`
}

// Run starts a sandbox, tells the story against it over HTTP, and leaves it running.
func (c *demoCommand) Run(ctx context.Context, out io.Writer) error {
	logs, err := c.logTo()
	if err != nil {
		return err
	}
	defer logs.Close()
	s, w, err := c.start(ctx, logs)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "Florin sandbox on %s (%s, %s)\n\n", s.url, s.house.db.Engine(), c.Data)
	api, err := newClient(s.url, w.SandboxKey, w.CAFile)
	if err != nil {
		return errors.Join(err, s.stop())
	}
	t := &story{client: api, world: w, out: out}
	told := t.tell(ctx)
	if told == nil {
		fmt.Fprintln(out, "\nThe ledger, recomputed from its first transfer:")
		told = verify(ctx, s.house.db, out)
	}
	if c.Exit || told != nil {
		if stopped := s.stop(); told == nil {
			told = stopped
		}
		return told
	}
	fmt.Fprintf(out, "\nEvery step held. The server keeps running; Ctrl-C stops it.\n%s", w.invitation(s.url))
	return s.wait(ctx)
}

// logTo keeps the server's log out of the story.
func (c *demoCommand) logTo() (io.WriteCloser, error) {
	if _, err := devKEK(c.Data); err != nil { // makes the folder
		return nil, err
	}
	f, err := logFile(c.Data)
	if err != nil {
		return nil, fmt.Errorf("open the log: %w", err)
	}
	return f, nil
}

// story is a merchant's day, told through the public API only.
type story struct {
	client *client
	world  world
	out    io.Writer
}

func (t *story) tell(ctx context.Context) error {
	for _, step := range []func(context.Context) error{
		t.approved, t.declined, t.capturedLater, t.byWallet, t.retried, t.unknown, t.balances,
	} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// line shows one step; the first that does not hold ends the story.
func (t *story) line(what string, a answer, holds bool, format string, args ...any) error {
	mark := "✓"
	if !holds {
		mark = "✗"
	}
	fmt.Fprintf(t.out, "%s %-34s %s  (HTTP %d, %d ms)\n", mark, what, fmt.Sprintf(format, args...), a.status, a.took.Milliseconds())
	if !holds {
		return fmt.Errorf("the step %q did not hold: %s", what, a.body)
	}
	return nil
}

func (t *story) pay(ctx context.Context, body map[string]any) answer {
	return t.client.post(ctx, "/v1/payments", newKey(), body)
}

func usd(minor int64) string { return fmt.Sprintf("%d.%02d USD", minor/100, minor%100) }

func (t *story) approved(ctx context.Context) error {
	a := t.pay(ctx, map[string]any{"amount": 1999, "currency": "USD", "card_number": "4242424242424242", "expiry_date": "12/99", "cvv": "123", "reference": "order-1"})
	p := a.payment()
	return t.line("card payment, approved", a, a.status == 200 && p.Status == "succeeded",
		"%s  %s %s, fee %s", p.ID, usd(p.Captured), p.Status, usd(p.Fee))
}

func (t *story) declined(ctx context.Context) error {
	a := t.pay(ctx, map[string]any{"amount": 500, "currency": "USD", "source": "tok_insufficient_funds"})
	p := a.problem()
	return t.line("card payment, declined", a, a.status == 402 && p.DeclineCode == "insufficient_funds",
		"%s  %s, advice: %s", p.Object, p.DeclineCode, p.Advice)
}

func (t *story) capturedLater(ctx context.Context) error {
	a := t.pay(ctx, map[string]any{"amount": 10000, "currency": "USD", "source": "tok_mastercard", "capture": "manual"})
	p := a.payment()
	if err := t.line("card payment, authorized only", a, a.status == 200 && p.Status == "requires_capture",
		"%s  %s %s", p.ID, usd(p.Capturable), p.Status); err != nil {
		return err
	}
	a = t.client.post(ctx, "/v1/payments/"+p.ID+"/capture", newKey(), map[string]any{"amount": 6000})
	p = a.payment()
	if err := t.line("  captured in part, rest released", a, a.status == 200 && p.Captured == 6000 && p.Status == "succeeded",
		"%s  %s of %s", p.ID, usd(p.Captured), usd(p.Amount)); err != nil {
		return err
	}
	a = t.client.post(ctx, "/v1/refunds", newKey(), map[string]any{"payment": p.ID, "amount": 2500})
	r := a.refund()
	return t.line("  refunded in part", a, a.status == 200 && r.Status == "succeeded",
		"%s  %s %s, fee returned %s", r.ID, usd(r.Amount), r.Status, usd(r.FeeReturned))
}

func (t *story) byWallet(ctx context.Context) error {
	a := t.pay(ctx, map[string]any{"amount": 730, "currency": "USD", "source": t.world.Wallet})
	p := a.payment()
	return t.line("wallet payment", a, a.status == 200 && p.Status == "succeeded", "%s  %s %s", p.ID, usd(p.Captured), p.Status)
}

func (t *story) retried(ctx context.Context) error {
	key, body := newKey(), map[string]any{"amount": 1, "currency": "USD", "source": t.world.Wallet}
	first := t.client.post(ctx, "/v1/payments", key, body).payment()
	a := t.client.post(ctx, "/v1/payments", key, body)
	p := a.payment()
	return t.line("the same request again, same key", a, p.ID != "" && p.ID == first.ID && a.replayed,
		"%s  one payment, not two (Idempotent-Replayed: %t)", p.ID, a.replayed)
}

func (t *story) unknown(ctx context.Context) error {
	a := t.pay(ctx, map[string]any{"amount": 4200, "currency": "USD", "source": "tok_unknown"})
	p := a.payment()
	if err := t.line("card payment, the bank is silent", a, a.status == 200 && p.Status == "processing",
		"%s  %s: neither failed nor paid", p.ID, p.Status); err != nil {
		return err
	}
	began := machine.Now()
	for p.Status == "processing" && machine.Now().Sub(began) < railPatience && ctx.Err() == nil {
		_ = machine.Sleep(ctx, 200*time.Millisecond) // its error is the loop's end
		a = t.client.get(ctx, "/v1/payments/"+p.ID)
		p = a.payment()
	}
	return t.line("  resolved by asking the bank", a, p.Status == "succeeded",
		"%s  %s %s after %.1f s", p.ID, usd(p.Captured), p.Status, machine.Now().Sub(began).Seconds())
}

func (t *story) balances(ctx context.Context) error {
	a := t.client.get(ctx, "/v1/merchants/"+string(t.world.Merchant)+"/balance")
	var b struct {
		Lines []struct {
			Currency            string
			Available, Incoming int64
		}
	}
	if err := a.into(&b); err != nil {
		return err
	}
	fmt.Fprintln(t.out, "\nThe merchant's balance:")
	for _, l := range b.Lines {
		fmt.Fprintf(t.out, "  %s available\n", usd(l.Available))
	}
	a = t.client.get(ctx, "/v1/trial_balance")
	var trial struct {
		Lines []struct {
			Currency, Purpose string
			Debit, Credit     int64
		}
	}
	if err := a.into(&trial); err != nil {
		return err
	}
	var rows []trialRow
	for _, l := range trial.Lines {
		rows = append(rows, trialRow{l.Currency, l.Purpose, l.Debit, l.Credit})
	}
	fmt.Fprintln(t.out, "\nThe trial balance:")
	return printTrial(t.out, rows)
}
