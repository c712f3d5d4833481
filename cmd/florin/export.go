package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"google.golang.org/protobuf/proto"

	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/ledger"
	"github.com/florinpay/florin/internal/merchant"
	"github.com/florinpay/florin/internal/payment"
	"github.com/florinpay/florin/internal/wire"

	florinv1 "github.com/florinpay/florin/gen/florin/v1"
)

type exportCommand struct {
	Payments  exportPaymentsCommand  `cmd:"" help:"All of a merchant's payments."`
	Transfers exportTransfersCommand `cmd:"" help:"All transfers of a merchant's ledger accounts."`
	Balances  exportBalancesCommand  `cmd:"" help:"A merchant's ledger accounts and their balances."`
}

// exporting is what every export is told.
type exporting struct {
	place
	Merchant string `help:"The merchant's id." required:"" placeholder:"mer_…"`
	Live     bool   `help:"What is live instead of the sandbox's."`
	Format   string `help:"csv, json or ndjson." enum:"csv,json,ndjson" default:"csv"`
	Out      string `help:"File to write, which is there only once it is whole; - for standard output." default:"-"`
}

type exportPaymentsCommand struct{ exporting }

// Run writes the payments, oldest first.
func (c *exportPaymentsCommand) Run(ctx context.Context, out io.Writer) error {
	return c.export(ctx, out, &florinv1.Payment{}, func(d *db.DB, owner id.Merchant, put func(proto.Message) error) error {
		desk := payment.NewDesk(payment.Config{DB: d, Clock: machine})
		return desk.Each(ctx, owner, c.Live, payment.Filter{}, func(page []payment.Payment) error {
			return putAll(page, func(p payment.Payment) proto.Message { return payment.View(p) }, put)
		})
	})
}

type exportTransfersCommand struct{ exporting }

// Run writes the transfers, in the ledger's order.
func (c *exportTransfersCommand) Run(ctx context.Context, out io.Writer) error {
	return c.export(ctx, out, &florinv1.Transfer{}, func(d *db.DB, owner id.Merchant, put func(proto.Message) error) error {
		book := ledger.NewBook(d)
		list, err := book.Owned(ctx, string(owner), c.Live)
		if err != nil {
			return err
		}
		keys := make([]id.Account, len(list))
		for i, a := range list {
			keys[i] = a.ID
		}
		return book.Each(ctx, keys, ledger.Span{}, func(page []ledger.Transfer) error {
			return putAll(page, func(t ledger.Transfer) proto.Message { return ledger.View(t, c.Live) }, put)
		})
	})
}

type exportBalancesCommand struct{ exporting }

// Run writes the accounts.
func (c *exportBalancesCommand) Run(ctx context.Context, out io.Writer) error {
	return c.export(ctx, out, &florinv1.Account{}, func(d *db.DB, owner id.Merchant, put func(proto.Message) error) error {
		list, err := ledger.NewBook(d).Owned(ctx, string(owner), c.Live)
		if err != nil {
			return err
		}
		slices.SortFunc(list, func(a, b ledger.Account) int { return a.CreatedAt.Compare(b.CreatedAt) })
		return putAll(list, func(a ledger.Account) proto.Message { return ledger.ViewAccount(a) }, put)
	})
}

func putAll[Row any](rows []Row, view func(Row) proto.Message, put func(proto.Message) error) error {
	for _, r := range rows {
		if err := put(view(r)); err != nil {
			return err
		}
	}
	return nil
}

// export writes what each puts, messages like sample, beside a running server or
// without one.
func (c *exporting) export(ctx context.Context, out io.Writer, sample proto.Message, each func(*db.DB, id.Merchant, func(proto.Message) error) error) error {
	d, err := c.existing(ctx)
	if err != nil {
		return err
	}
	defer d.Close()
	owner := id.Merchant(c.Merchant)
	if _, err := merchant.New(d, machine).Get(ctx, owner); err != nil {
		return fmt.Errorf("there is no merchant %s: look for its id where it was made: %w", c.Merchant, err)
	}
	rows := func(put func(proto.Message) error) error { return each(d, owner, put) }
	if c.Out == "-" {
		return c.scroll(out, sample, rows)
	}
	return whole(c.Out, func(to io.Writer) error { return c.scroll(to, sample, rows) })
}

// whole makes a file that is there only once write has written all of it.
func whole(path string, write func(io.Writer) error) error {
	part := path + ".part"
	f, err := os.OpenFile(part, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600) // it is about people's money
	if err != nil {
		return fmt.Errorf("make the file: %w", err)
	}
	err = write(f)
	if err = errors.Join(err, f.Close()); err != nil {
		return errors.Join(err, os.Remove(part))
	}
	return os.Rename(part, path)
}

// scroll writes the messages in the format that was asked for.
func (c *exporting) scroll(to io.Writer, sample proto.Message, each func(put func(proto.Message) error) error) error {
	shapes, w := wire.ContractShapes(), bufio.NewWriter(to)
	buffer, scroll := wire.SeriesNamed(c.Format).Begin(nil, shapes, shapes[sample.ProtoReflect().Descriptor().FullName()])
	err := each(func(m proto.Message) error {
		buffer = scroll.Append(buffer, m)
		_, err := w.Write(buffer)
		buffer = buffer[:0]
		return err
	})
	if err != nil {
		return err
	}
	if _, err := w.Write(scroll.End(buffer)); err != nil {
		return err
	}
	return w.Flush()
}
