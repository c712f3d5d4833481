package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/merchant"
	"github.com/florinpay/florin/internal/money"
	"github.com/florinpay/florin/internal/oauth"
	"github.com/florinpay/florin/internal/statement"
)

type statementCommand struct {
	Write  statementWriteCommand  `cmd:"" default:"withargs" help:"Write the statement of a day that is over."`
	Verify statementVerifyCommand `cmd:"" help:"Say whether a file is what a server has signed, or why not."`
}

// audited is whose books are read.
type audited struct {
	Merchant string `help:"The merchant's id." required:"" placeholder:"mer_…"`
	Live     bool   `help:"What is live instead of the sandbox's."`
}

// known reads the merchant's id.
func (a audited) known(ctx context.Context, d *db.DB) (id.Merchant, error) {
	if _, err := merchant.New(d, machine).Get(ctx, id.Merchant(a.Merchant)); err != nil {
		return "", fmt.Errorf("there is no merchant %s: look for its id where it was made: %w", a.Merchant, err)
	}
	return id.Merchant(a.Merchant), nil
}

type statementWriteCommand struct {
	authority
	audited
	Date      string `help:"The day (UTC), such as 2026-01-31." required:""`
	Currency  string `help:"Currency of the balance." required:"" placeholder:"USD"`
	Format    string `help:"csv, json or camt.053." enum:"csv,json,camt.053" default:"csv"`
	Out       string `help:"File to write, which is there only once it is whole; - for standard output." default:"-"`
	Signature string `help:"File to write the signature of --out to, by the key that a server's statements are signed with." placeholder:"FILE"`
}

// Run writes the statement, beside a running server or without one.
func (c *statementWriteCommand) Run(ctx context.Context, out io.Writer) error {
	if c.Signature != "" && c.Out == "-" {
		return errors.New("--signature is about a file: give --out")
	}
	w := statement.Which{Live: c.Live}
	var err error
	if w.Day, err = statement.ParseDay(c.Date, machine.Now()); err != nil {
		return fmt.Errorf("--date %s is no day that has begun: write it as 2026-01-31", c.Date)
	}
	if w.Currency, err = money.ParseCurrency(c.Currency); err != nil {
		return fmt.Errorf("--currency: %w", err)
	}
	d, err := c.existing(ctx)
	if err != nil {
		return err
	}
	defer d.Close()
	if w.Merchant, err = c.known(ctx, d); err != nil {
		return err
	}
	write := func(to io.Writer) error {
		buffered := bufio.NewWriter(to)
		_, err := statement.NewDesk(d, machine).Write(ctx, w, statement.Format(c.Format), buffered)
		return errors.Join(err, buffered.Flush())
	}
	if c.Out == "-" {
		return write(out)
	}
	if err := whole(c.Out, write); err != nil || c.Signature == "" {
		return err
	}
	return c.sign(ctx, d, w.FileName(statement.Format(c.Format)))
}

// sign writes the signature of what has been written, under the name that the API gives it.
func (c *statementWriteCommand) sign(ctx context.Context, d *db.DB, name string) error {
	s, err := c.over(ctx, d)
	if err != nil {
		return err
	}
	content, err := os.ReadFile(c.Out)
	if err != nil {
		return err
	}
	signature, err := s.SignStatement(ctx, name, content)
	if err != nil {
		return err
	}
	return whole(c.Signature, func(to io.Writer) error { _, err := fmt.Fprintln(to, signature); return err })
}

type statementVerifyCommand struct {
	place
	File      string `arg:"" help:"The file." type:"path"`
	Signature string `help:"File with its signature, as the API or 'florin statement --signature' gave it." required:"" placeholder:"FILE" type:"path"`
	Keys      string `help:"File with the server's JWK Set, as its jwks_uri had it when the file was signed; without it the database tells all keys that there ever were." placeholder:"FILE" type:"path"`
}

// errUnsigned ends a verification that failed: the exit status is 1.
var errUnsigned = errors.New("the file is not what a server has signed, as far as can be told from these keys")

// Run says what the file is, and whether the signature holds.
func (c *statementVerifyCommand) Run(ctx context.Context, out io.Writer) error {
	content, err := os.ReadFile(c.File)
	if err != nil {
		return misuse{err}
	}
	signature, err := os.ReadFile(c.Signature)
	if err != nil {
		return misuse{err}
	}
	keys, from, err := c.keys(ctx)
	if err != nil {
		return misuse{err}
	}
	if r, err := statement.ParseRecord(content); err != nil {
		fmt.Fprintf(out, "What it is cannot be read: %s.\n", err)
	} else {
		fmt.Fprintf(out, "It is %s.\n", r.Words())
	}
	told, err := oauth.VerifyStatement(content, string(signature), keys)
	if err != nil {
		fmt.Fprintf(out, "✗ Not valid: %s.\n", err)
		return errUnsigned
	}
	fmt.Fprintf(out, "✓ Valid: the key %s of %s has signed exactly these %d bytes as %q.\n", told.Key, from, len(content), told.Name)
	return nil
}

// keys reads the keys, and says whose they are.
func (c *statementVerifyCommand) keys(ctx context.Context) (keys, from string, err error) {
	if c.Keys != "" {
		text, err := os.ReadFile(c.Keys)
		return string(text), c.Keys, err
	}
	d, err := c.existing(ctx)
	if err != nil {
		return "", "", err
	}
	defer d.Close()
	keys, err = oauth.StatementKeys(ctx, d)
	return keys, "this database", err
}

type reconcileCommand struct {
	place
	audited
	Statement   []string `help:"The merchant's record: CSV with the columns amount, currency and payment (or reference, transfer, cause), or a statement in CSV, JSON or camt.053. Several make one." required:"" placeholder:"FILE" type:"path" sep:"none"`
	From        string   `help:"First day (UTC); without it the record's first." placeholder:"DATE"`
	To          string   `help:"Last day (UTC); without it the record's last." placeholder:"DATE"`
	Currency    string   `help:"Look for what is missing in this currency only; without it a statement's own, for another record all that the merchant has." placeholder:"USD"`
	WithoutFees bool     `help:"The record need not have fees."`
}

// errDiffers ends a reconciliation that found differences: the exit status is 1.
var errDiffers = errors.New("the record and the ledger differ")

// Run names every difference between the record and the ledger.
func (c *reconcileCommand) Run(ctx context.Context, out io.Writer) error {
	report, err := c.reconcile(ctx)
	if err != nil {
		return misuse{err}
	}
	if err := report.Print(out); err != nil {
		return misuse{err}
	}
	if report.Differences() > 0 {
		return errDiffers
	}
	return nil
}

func (c *reconcileCommand) reconcile(ctx context.Context) (*statement.Report, error) {
	theirs, err := c.record()
	if err != nil {
		return nil, err
	}
	s := statement.Span{Live: c.Live, From: theirs.From, To: theirs.To, Currency: theirs.Currency, WithoutFee: c.WithoutFees}
	for _, x := range []struct {
		name, text string
		day        *time.Time
	}{{"--from", c.From, &s.From}, {"--to", c.To, &s.To}} {
		if x.text == "" && x.day.IsZero() {
			return nil, fmt.Errorf("the record does not say of which days it is: give %s", x.name)
		}
		if x.text == "" {
			continue
		}
		if *x.day, err = time.Parse(time.DateOnly, x.text); err != nil || x.day.Unix() < 0 {
			return nil, fmt.Errorf("%s %s is no day: write it as 2026-01-31", x.name, x.text)
		}
	}
	if c.Currency != "" {
		if s.Currency, err = money.ParseCurrency(c.Currency); err != nil {
			return nil, fmt.Errorf("--currency: %w", err)
		}
	}
	d, err := c.existing(ctx)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	if s.Merchant, err = c.known(ctx, d); err != nil {
		return nil, err
	}
	if theirs.Merchant != "" && theirs.Merchant != s.Merchant {
		return nil, fmt.Errorf("the record is of %s, not of %s", theirs.Merchant, s.Merchant)
	}
	return statement.NewDesk(d, machine).Reconcile(ctx, s, theirs)
}

// record reads the files as one.
func (c *reconcileCommand) record() (statement.Record, error) {
	var list []statement.Record
	for _, path := range c.Statement {
		text, err := os.ReadFile(path)
		if err != nil {
			return statement.Record{}, err
		}
		r, err := statement.ParseRecord(text)
		if err != nil {
			return r, fmt.Errorf("%s: %w", path, err)
		}
		if len(c.Statement) > 1 {
			r.In(path)
		}
		list = append(list, r)
	}
	return statement.JoinRecords(list), nil
}
