// Command postgres runs another command with a real PostgreSQL server beside it:
//
//	go run ./test/postgres -- go test ./...
//
// The server is new, in a temporary folder, and gone afterwards; its URL is in
// FLORIN_TEST_POSTGRES, so that all the tests of a run share one. The exit code is
// the command's, or 2 when there is no command or no server.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/florinpay/florin/internal/db/dbtest"
)

// patience is how long the command may take to stop once we are told to.
const patience = 10 * time.Second

func main() {
	args := os.Args[1:]
	if len(args) > 0 && args[0] == "--" {
		args = args[1:]
	}
	if len(args) == 0 {
		fmt.Fprintln(os.Stderr, "usage: postgres [--] COMMAND [ARGUMENT...]")
		os.Exit(2)
	}
	code, err := run(args)
	if err != nil {
		fmt.Fprintln(os.Stderr, "test/postgres:", err)
	}
	os.Exit(code)
}

// run starts the server, runs the command to its end and stops the server.
func run(args []string) (code int, err error) {
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	begun := time.Now()
	url, stop, err := dbtest.Postgres()
	if err != nil {
		return 2, err
	}
	defer stop()
	fmt.Printf("PostgreSQL for the tests is up after %s: %s\n",
		time.Since(begun).Round(time.Millisecond), strings.Join(args, " "))
	return command(ctx, url, args)
}

// command runs args with the server's URL in the environment.
func command(ctx context.Context, url string, args []string) (code int, err error) {
	c := exec.CommandContext(ctx, args[0], args[1:]...)
	c.Stdin, c.Stdout, c.Stderr = os.Stdin, os.Stdout, os.Stderr
	c.Env = append(os.Environ(), dbtest.Variable+"="+url)
	c.Cancel = func() error { return c.Process.Signal(syscall.SIGTERM) }
	c.WaitDelay = patience
	err = c.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() > 0 {
		return exit.ExitCode(), nil
	}
	if err != nil {
		return 2, err
	}
	return 0, nil
}
