package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/florinpay/florin/internal/fx"
	"github.com/florinpay/florin/internal/money"
)

type rateCommand struct {
	Set  rateSetCommand  `cmd:"" help:"Give the rate of a pair of currencies, in the place of the one before."`
	List rateListCommand `cmd:"" help:"Print the rates that were given."`
}

type rateSetCommand struct {
	place
	Pair   string        `arg:"" help:"The pair, such as EUR/USD: what one EUR is worth in USD."`
	Rate   string        `arg:"" help:"The rate, such as 1.0842."`
	Source string        `help:"Who says so; payments show it." required:""`
	For    time.Duration `help:"How long it holds. Live conversions stop when it ends." default:"24h"`
	Live   bool          `help:"For live payments instead of the sandbox's."`
}

// Run sets the rate and prints it.
func (c *rateSetCommand) Run(ctx context.Context, out io.Writer) error {
	from, to, _ := strings.Cut(c.Pair, "/")
	rate, err := money.ParseRate(money.Currency(from), money.Currency(to), c.Rate)
	if err != nil {
		return fmt.Errorf("%s %s: %w", c.Pair, c.Rate, err)
	}
	if c.For <= 0 || len(c.Source) > 50 {
		return fmt.Errorf("--for must be above zero, and --source have at most 50 bytes")
	}
	d, err := c.existing(ctx)
	if err != nil {
		return err
	}
	defer d.Close()
	now := machine.Now()
	p := fx.Price{Rate: rate, Live: c.Live, Source: c.Source, SetAt: now, ExpiresAt: now.Add(c.For)}
	if err := fx.New(d, machine).Set(ctx, p); err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "%s, %s, until %s\n", p.Rate, mode(p.Live), p.ExpiresAt.UTC().Format(time.RFC3339))
	return err
}

type rateListCommand struct{ place }

// Run prints a line for each rate.
func (c *rateListCommand) Run(ctx context.Context, out io.Writer) error {
	d, err := c.existing(ctx)
	if err != nil {
		return err
	}
	defer d.Close()
	list, err := fx.New(d, machine).Prices(ctx)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, p := range list {
		ends := "until " + p.ExpiresAt.UTC().Format(time.RFC3339)
		if !machine.Now().Before(p.ExpiresAt) {
			ends = "ended " + p.ExpiresAt.UTC().Format(time.RFC3339)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", p.Rate, mode(p.Live), p.Source, ends)
	}
	return w.Flush()
}

func mode(live bool) string {
	if live {
		return "live"
	}
	return "sandbox"
}
