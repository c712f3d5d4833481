package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/dispute"
	"github.com/florinpay/florin/internal/event"
	"github.com/florinpay/florin/internal/ledger"
	"github.com/florinpay/florin/internal/payment"
)

type ledgerCommand struct {
	Verify  verifyCommand  `cmd:"" help:"Recompute the whole ledger; name the first difference, or exit 0."`
	Balance balanceCommand `cmd:"" help:"Print the trial balance."`
}

type verifyCommand struct {
	place
}

// errBroken ends a verification that found a difference: the exit status is 1.
var errBroken = errors.New("the ledger does not hold. Stop taking payments, keep a copy of the database, and find out who changed it")

// Run verifies the ledger, the event log and the payments against each other, on
// one snapshot: the server may run meanwhile.
func (c *verifyCommand) Run(ctx context.Context, out io.Writer) error {
	d, err := c.existing(ctx)
	if err != nil {
		return err
	}
	defer d.Close()
	return verify(ctx, d, out)
}

func verify(ctx context.Context, d *db.DB, out io.Writer) (err error) {
	view, err := d.Snapshot(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, view.Close()) }()
	began := machine.Now()
	report, err := ledger.NewBook(view).Verify(ctx, func(done int64) { fmt.Fprintf(out, "… %d transfers\n", done) })
	if err != nil {
		return err
	}
	limits, err := ledger.NewBook(view).VerifyLimits(ctx)
	if err != nil {
		return err
	}
	events, finding, err := event.NewLog(view).Verify(ctx)
	if err != nil {
		return err
	}
	payments, err := payment.Verify(ctx, view, dispute.Contests)
	if err != nil {
		return err
	}
	disputes, contested, err := dispute.Verify(ctx, view)
	if err != nil {
		return err
	}
	for _, f := range []string{report.Finding, limits, finding, payments.Finding, contested} {
		if f != "" {
			fmt.Fprintln(out, "✗", f)
			err = errBroken
		}
	}
	if err == nil {
		fmt.Fprintf(out, "✓ %d transfers chain without a gap to %s…\n", report.Transfers, hex.EncodeToString(report.Hash[:8]))
		fmt.Fprintf(out, "✓ %d accounts stand where their transfers leave them, %d holds are pending, every currency sums to zero\n", report.Accounts, report.Holds)
		fmt.Fprintf(out, "✓ %d events chain without a gap\n", events)
		fmt.Fprintf(out, "✓ %d payments, %d refunds and %d disputes agree with the ledger and the log (%.1f s)\n",
			payments.Payments, payments.Refunds, disputes, machine.Now().Sub(began).Seconds())
	}
	return err
}

type balanceCommand struct {
	place
	Live bool `help:"Live accounts instead of the sandbox's."`
}

// Run prints the trial balance.
func (c *balanceCommand) Run(ctx context.Context, out io.Writer) error {
	d, err := c.existing(ctx)
	if err != nil {
		return err
	}
	defer d.Close()
	lines, sequence, err := ledger.NewBook(d).TrialBalance(ctx, c.Live)
	if err != nil {
		return err
	}
	var rows []trialRow
	for _, l := range lines {
		rows = append(rows, trialRow{string(l.Currency), string(l.Purpose), l.Debit, l.Credit})
	}
	fmt.Fprintf(out, "Trial balance after transfer %d\n", sequence)
	return printTrial(out, rows)
}

// existing opens a database that must be there already: a reader never makes one.
func (p place) existing(ctx context.Context) (*db.DB, error) {
	if p.Database == "" {
		if _, err := os.Stat(p.sqlite()); err != nil {
			return nil, fmt.Errorf("there is no database in %s: give --data or --database", p.Data)
		}
	}
	url, err := p.database()
	if err != nil {
		return nil, err
	}
	return db.OpenExisting(ctx, db.Config{URL: url})
}
