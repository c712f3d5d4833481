package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/florinpay/florin/internal/apikey"
	"github.com/florinpay/florin/internal/bench"
	"github.com/florinpay/florin/internal/clock"
	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/event"
	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/merchant"
	"github.com/florinpay/florin/internal/payer"
	"github.com/florinpay/florin/internal/wallet"
)

type benchCommand struct {
	Run     benchRunCommand     `cmd:"" default:"withargs" help:"Measure the server beside its ceilings and print a table."`
	Seed    benchSeedCommand    `cmd:"" help:"Make funded wallets and write their ids, one a line."`
	Wire    benchWireCommand    `cmd:"" help:"Count the bytes of answers in each format and coding, and of headers."`
	Ceiling benchCeilingCommand `cmd:"" help:"Serve a ceiling." hidden:""`
}

type benchSeedCommand struct {
	place
	Wallets int    `help:"How many." default:"10000"`
	Out     string `help:"File for the ids, one a line; - for standard output." default:"-"`
}

const seedersMax = 128

// Run makes the wallets, beside a running server or without one.
func (c *benchSeedCommand) Run(ctx context.Context, out io.Writer) error {
	d, err := c.open(ctx, db.Config{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	ids, err := c.seed(ctx, d)
	if err = errors.Join(err, d.Close()); err != nil {
		return err
	}
	if c.Out == "-" {
		return writeLines(out, ids)
	}
	f, err := os.Create(c.Out)
	if err != nil {
		return err
	}
	return errors.Join(writeLines(f, ids), f.Close())
}

func writeLines(to io.Writer, ids []id.Wallet) error {
	w := bufio.NewWriter(to)
	for _, k := range ids {
		fmt.Fprintln(w, k)
	}
	return w.Flush()
}

func (c *benchSeedCommand) seed(ctx context.Context, d *db.DB) ([]id.Wallet, error) {
	k := clock.System{}
	h := &house{db: d, clock: k, events: event.NewLog(d), keys: apikey.New(d, k), merchants: merchant.New(d, k), payers: payer.New(d, k)}
	h.wallets = wallet.NewDesk(d, k, h.payers)
	w, err := settle(ctx, h, c.Data)
	if err != nil {
		return nil, err
	}
	ids := make([]id.Wallet, c.Wallets)
	var next atomic.Int64
	var failed atomic.Pointer[error]
	var wg sync.WaitGroup
	for range min(seedersMax, c.Wallets) {
		wg.Go(func() {
			for i := next.Add(1) - 1; i < int64(c.Wallets) && failed.Load() == nil; i = next.Add(1) - 1 {
				made, err := h.wallets.Create(ctx, wallet.Draft{Merchant: w.Merchant, Payer: w.Payer, Currency: worldCurrency, Funds: worldFunds})
				if err != nil {
					failed.CompareAndSwap(nil, &err)
					return
				}
				ids[i] = made.ID
			}
		})
	}
	wg.Wait()
	if err := failed.Load(); err != nil {
		return nil, *err
	}
	return ids, nil
}

type benchCeilingCommand struct {
	Kind   string `required:""`
	Listen string `required:""`
	Data   string `required:""`
}

// Run serves the ceiling until it is told to stop.
func (c *benchCeilingCommand) Run(ctx context.Context) error {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", c.Listen)
	if err != nil {
		return err
	}
	return bench.ServeCeiling(ctx, l, c.Kind, c.Data)
}

type benchRunCommand struct {
	Data      string        `help:"Folder for the benchmark's own data; a fresh one inside it is used and removed." default:"." type:"path"`
	Database  string        `help:"Also measure PostgreSQL: a server where databases may be created, postgres://…" placeholder:"URL" env:"FLORIN_BENCH_DATABASE,FLORIN_TEST_POSTGRES"`
	Duration  time.Duration `help:"Measured time of a run." default:"10s"`
	Warmup    time.Duration `help:"Unmeasured time before it." default:"2s"`
	Runs      int           `help:"Runs of each scenario; the median is quoted." default:"3"`
	Wallets   int           `help:"Wallets to draw from." default:"10000"`
	Scenarios []string      `help:"Only these; all that a run of this length can measure if left out."`
	Payments  int64         `help:"Payments to store before memory_1m, start_1m, list_1m and store_10m are measured; 0 leaves them out." default:"0"`
	Markdown  string        `help:"File to write the table to as Markdown." type:"path"`
}
