package e2e

import (
	"bytes"
	"errors"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/florinpay/florin/internal/db/dbtest"
	"github.com/florinpay/florin/test/process"
)

// place is where a server keeps its data.
type place struct {
	data     string // folder
	database string // URL of PostgreSQL; "" for SQLite in the folder
}

// eachEngine runs fn at a fresh place on SQLite and at one on PostgreSQL, side by side.
func eachEngine(t *testing.T, fn func(t *testing.T, at place)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		fn(t, sqlitePlace(t))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		at := sqlitePlace(t)
		at.database = dbtest.PostgresURL(t)
		fn(t, at)
	})
}

func sqlitePlace(t *testing.T) place {
	return place{data: filepath.Join(t.TempDir(), "data")}
}

func (p place) flags() []string {
	if p.database != "" {
		return []string{"--data", p.data, "--database", p.database}
	}
	return []string{"--data", p.data}
}

// server is a running florin at a place.
type server struct {
	*process.Process
	place
}

// dev starts 'florin dev' at a place and stops it when the test ends.
func dev(t *testing.T, at place, more ...string) *server { return devIn(t, at, nil, more...) }

func devIn(t *testing.T, at place, environment []string, more ...string) *server {
	t.Helper()
	return &server{process.Dev(t, binary, environment, append(at.flags(), more...)...), at}
}

// printout is what a command of florin said.
type printout struct {
	code      int
	out, errs string
}

// florin runs a command to its end.
func florin(t *testing.T, args ...string) printout { return florinIn(t, nil, args...) }

func florinIn(t *testing.T, environment []string, args ...string) printout {
	t.Helper()
	var out, errs bytes.Buffer
	c := exec.CommandContext(t.Context(), binary, args...)
	c.Stdout, c.Stderr, c.Env = &out, &errs, append(process.Clean(), environment...)
	c.WaitDelay = time.Second
	err := c.Run()
	if exit := new(exec.ExitError); err != nil && !errors.As(err, &exit) {
		t.Fatalf("florin %s: %v", strings.Join(args, " "), err)
	}
	return printout{c.ProcessState.ExitCode(), strings.TrimSpace(out.String()), strings.TrimSpace(errs.String())}
}

// at runs a command of florin at a place.
func (p place) florin(t *testing.T, args ...string) printout {
	t.Helper()
	return florin(t, append(args, p.flags()...)...)
}

// must runs a command of florin at a place; it has to succeed. It gives what was printed.
func (p place) must(t *testing.T, args ...string) string {
	t.Helper()
	said := p.florin(t, args...)
	if said.code != 0 {
		t.Fatalf("florin %s: exit %d\n%s\n%s", strings.Join(args, " "), said.code, said.out, said.errs)
	}
	return said.out
}

// verified holds the ledger of a place to account.
func (p place) verified(t *testing.T) {
	t.Helper()
	p.must(t, "ledger", "verify")
}

func (s *server) processID() string { return strconv.Itoa(s.ID()) }
