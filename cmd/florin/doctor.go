package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"

	"github.com/florinpay/florin/internal/bench"
	"github.com/florinpay/florin/internal/clock"
	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/ledger"
	"github.com/florinpay/florin/internal/money"
	"github.com/florinpay/florin/internal/vault"
)

type doctorCommand struct {
	place
	kekSource
	tlsPair
}

// finding is one thing that was looked at.
type finding struct {
	what string
	said string // what was seen
	cure string // how to mend it; "" if it is well
}

// advised are the findings that are worth mending and stop nobody.
var advised = map[string]bool{"clock": true}

var errSick = errors.New("something needs mending: see the lines marked ✗")

const (
	diskFreeMin   = 1 << 30 // bytes
	fsyncSlowUS   = 20_000
	processesFile = 1024
)

// Run looks at everything and prints a line for each.
func (c *doctorCommand) Run(ctx context.Context, out io.Writer) error {
	var err error
	for _, look := range []func(context.Context) []finding{c.folder, c.disk, c.limits, clockSource, c.store, c.keys, c.certificates} {
		for _, f := range look(ctx) {
			mark := "✓"
			switch {
			case f.cure != "" && advised[f.what]:
				mark = "!"
			case f.cure != "":
				mark, err = "✗", errSick
			}
			fmt.Fprintf(out, "%s %-12s %s\n", mark, f.what, f.said)
			if f.cure != "" {
				fmt.Fprintf(out, "  %-12s %s\n", "", f.cure)
			}
		}
	}
	return err
}

func (c *doctorCommand) folder(context.Context) []finding {
	info, err := os.Stat(c.Data)
	switch {
	case err != nil:
		return []finding{{"data folder", c.Data + " is not there", "Start 'florin dev' or 'florin migrate' with this --data, or give another."}}
	case info.Mode().Perm()&0o077 != 0:
		return []finding{{"data folder", fmt.Sprintf("%s is open to others (mode %o)", c.Data, info.Mode().Perm()), "chmod 700 " + c.Data}}
	}
	return []finding{{"data folder", c.Data + " is its owner's alone", ""}}
}

func (c *doctorCommand) disk(context.Context) []finding {
	var s syscall.Statfs_t
	if err := syscall.Statfs(c.Data, &s); err != nil {
		return nil // folder has said it
	}
	free := s.Bavail * uint64(s.Bsize) //nolint:gosec // block sizes are positive
	f := finding{"disk", fmt.Sprintf("%.1f GiB free", float64(free)/(1<<30)), ""}
	if free < diskFreeMin {
		f.cure = "Make room: below 1 GiB a busy day fills it. Payments are refused, not lost, when it is full."
	}
	out := []finding{f}
	took, err := bench.FsyncMedian(c.Data)
	if err != nil {
		return append(out, finding{"fsync", err.Error(), "The folder must be on a disk that can be synced."})
	}
	f = finding{"fsync", fmt.Sprintf("takes %d µs (median)", took.Microseconds()), ""}
	if took.Microseconds() > fsyncSlowUS {
		f.cure = "Every commit waits for it: use a faster disk for the data folder."
	}
	return append(out, f)
}

func (c *doctorCommand) limits(context.Context) []finding {
	var l syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &l); err != nil {
		return nil
	}
	f := finding{"open files", fmt.Sprintf("up to %d", l.Cur), ""}
	if l.Cur < processesFile {
		f.cure = "Raise it (ulimit -n 4096, or LimitNOFILE= of the unit): each connection takes one."
	}
	return []finding{f}
}

func (c *doctorCommand) store(ctx context.Context) []finding {
	d, err := c.existing(ctx)
	if err != nil {
		return []finding{{"database", err.Error(), "Mend what it says, then ask again."}}
	}
	defer d.Close()
	out := []finding{{"database", d.Engine() + " answers and acknowledges only what is durable", ""}}
	pending, err := db.MigrationsPending(ctx, d)
	switch {
	case err != nil:
		return append(out, finding{"schema", err.Error(), "Run 'florin migrate'."})
	case pending != 0:
		return append(out, finding{"schema", fmt.Sprintf("%d versions behind", pending), "Run 'florin migrate'."})
	}
	out = append(out, finding{"schema", "is up to date", ""})
	f := finding{what: "ledger"}
	for _, live := range []bool{false, true} {
		lines, sequence, err := ledger.NewBook(d).TrialBalance(ctx, live)
		f.said = fmt.Sprintf("%d transfers; run 'florin ledger verify' to recompute them", sequence)
		sums := map[money.Currency]int64{}
		for _, l := range lines {
			sums[l.Currency] += l.Credit - l.Debit
		}
		for _, sum := range sums {
			if sum != 0 {
				f.cure = "The accounts do not sum to zero: run 'florin ledger verify'."
			}
		}
		if err != nil {
			f.said, f.cure = err.Error(), "Mend what it says, then ask again."
		}
	}
	return append(out, f)
}

func (c *doctorCommand) keys(ctx context.Context) []finding {
	kek, err := c.kekSource.open(c.Data)
	if err != nil {
		if kek, err = vault.FileKEK(filepath.Join(c.Data, devKEKFile), ""); err != nil {
			return []finding{{"vault", "no key-encryption key is given", "Give --kek-file, or make one with 'florin key new-kek FILE'."}}
		}
	}
	d, err := c.existing(ctx)
	if err != nil {
		return nil // store has said it
	}
	defer d.Close()
	made, err := vault.Look(ctx, vault.Config{DB: d, Clock: clock.System{}, Wrapper: kek})
	switch {
	case err != nil:
		return []finding{{"vault", "cannot be opened: " + err.Error(), "Give the key-encryption key that the vault was made with."}}
	case !made:
		return []finding{{"vault", "is not made yet: the first server makes it, with the key-encryption key that it is given", ""}}
	}
	return []finding{{"vault", "opens with " + kek.Name(), ""}}
}
