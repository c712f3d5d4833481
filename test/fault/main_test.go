package fault

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"

	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/db/dbtest"
)

// florin is the path of the program under test.
var florin string

func TestMain(m *testing.M) { os.Exit(buildAndRun(m)) }

func buildAndRun(m *testing.M) int {
	dir, err := os.MkdirTemp("", "florin-fault-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	florin = filepath.Join(dir, "florin")
	build := exec.Command("go", "build", "-o", florin, "./cmd/florin")
	build.Dir, build.Env = "../..", append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build florin: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// place is the data of one server, which outlives it.
type place struct {
	data     string   // the server's folder
	database string   // "" for SQLite in the folder
	flags    []string // of the server, besides those that say where it is
	enter    []string // program, with its arguments, that runs another where the folder can be seen
}

// command is the program under test at this place.
func (p place) command(ctx context.Context, wrap []string, args ...string) *exec.Cmd {
	line := slices.Concat(p.enter, wrap, []string{florin}, args, p.args())
	return exec.CommandContext(ctx, line[0], line[1:]...)
}

func (p place) args() []string {
	args := []string{"--data", p.data}
	if p.database != "" {
		args = append(args, "--database", p.database)
	}
	return args
}

// onBoth runs fn on an empty place of each engine, side by side.
func onBoth(t *testing.T, fn func(t *testing.T, p place)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		fn(t, sqlitePlace(t))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		fn(t, place{data: t.TempDir(), database: emptyDatabase(t)})
	})
}

func sqlitePlace(t *testing.T) place { return place{data: t.TempDir()} }

var databases atomic.Int64

// emptyDatabase makes a PostgreSQL database without a schema: the first start's
// migrations are part of what is tested.
func emptyDatabase(t *testing.T) string {
	t.Helper()
	name := fmt.Sprintf("florin_fault_%d_%d", os.Getpid(), databases.Add(1))
	url, drop, err := db.Scratch(context.Background(), dbtest.PostgresURL(t), name, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := drop(); err != nil {
			t.Errorf("drop the test's database: %v", err)
		}
	})
	return url
}

// chance is this test's source of randomness. Its seed is printed, and FLORIN_SEED
// gives it again.
func chance(t *testing.T) *rand.Rand {
	t.Helper()
	seed := rand.Uint64()
	if text := os.Getenv("FLORIN_SEED"); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatalf("FLORIN_SEED: %v", err)
		}
	}
	t.Logf("FLORIN_SEED=%d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

func numberFrom(t *testing.T, variable string, fallback int) int {
	t.Helper()
	text := os.Getenv(variable)
	if text == "" {
		return fallback
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("%s: %v", variable, err)
	}
	return n
}
