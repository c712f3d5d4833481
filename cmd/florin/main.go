// Command florin is the whole platform in one binary: the payment API, the ledger
// under it, a sandbox acquirer, and the tools to run and to measure them.
//
// This folder is the only place that wires: flags become configuration,
// configuration becomes rooms, rooms get doors. No rule of the trade lives here.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/alecthomas/kong"
	"golang.org/x/crypto/acme/autocert"

	"github.com/florinpay/florin/internal/clock"
)

// machine is the clock of the tools; the rooms get theirs from the house.
var machine = clock.System{}

type cli struct {
	Demo      demoCommand      `cmd:"" help:"Start a sandbox, make a day's payments against it, show each, and leave it running."`
	Dev       devCommand       `cmd:"" help:"Run a sandbox server that sets itself up."`
	Serve     serveCommand     `cmd:"" help:"Run a production server. Refuses weak settings."`
	Migrate   migrateCommand   `cmd:"" help:"Bring the database schema up to date."`
	Doctor    doctorCommand    `cmd:"" help:"Check the machine, the database and the keys, and say how to mend what is wrong."`
	Merchant  merchantCommand  `cmd:"" help:"Manage merchants."`
	Key       keyCommand       `cmd:"" help:"Manage API keys and the vault's keys."`
	Client    clientCommand    `cmd:"" help:"Manage OAuth clients: programs that act for merchants and payers."`
	Token     tokenCommand     `cmd:"" help:"Explain access tokens."`
	Person    personCommand    `cmd:"" help:"Manage who may do what."`
	Rate      rateCommand      `cmd:"" help:"Give the rates by which payments are converted."`
	Ledger    ledgerCommand    `cmd:"" help:"Verify and read the ledger."`
	Export    exportCommand    `cmd:"" help:"Write a merchant's books as CSV or JSON."`
	Statement statementCommand `cmd:"" help:"Write what a day did to a merchant's balance, or verify such a file."`
	Reconcile reconcileCommand `cmd:"" help:"Hold a merchant's own record against the ledger; name every difference (exit 1), or exit 0. Exit 2: it could not be done."`
	Events    eventsCommand    `cmd:"" help:"Read the log of events of a running server."`
	Listen    listenCommand    `cmd:"" help:"Deliver a merchant's events to a port of this machine, signed, as they happen."`
	Trigger   triggerCommand   `cmd:"" help:"Make a sandbox do what ends in an event of a type, such as payment.succeeded."`
	Webhook   webhookCommand   `cmd:"" help:"Look after webhook endpoints and deliveries."`
	Clock     clockCommand     `cmd:"" help:"Read or move a sandbox's clock."`
	Bench     benchCommand     `cmd:"" help:"Measure this machine and Florin on it."`
	Version   versionCommand   `cmd:"" help:"Print the version."`
}

// place is where a command finds its data.
type place struct {
	Data     string `help:"Folder for the database and the server's own files." default:"florin-data" type:"path" env:"FLORIN_DATA"`
	Database string `help:"PostgreSQL to use instead of SQLite in the data folder: postgres://user@host/name. A password belongs in the environment or ~/.pgpass, not on the command line." placeholder:"URL" env:"FLORIN_DATABASE"`
}

// gcPercent lets the heap grow to four times what lives before it is collected: what
// lives is some ten megabytes, and collecting it at twice that cost a fifth of the
// processor. GOGC and GOMEMLIMIT in the environment say otherwise.
const gcPercent = 300

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run is main without the process, so that tests can call it.
func run(ctx context.Context, args []string, out, errs io.Writer) int {
	var c cli
	code := -1
	parser, err := kong.New(&c,
		kong.Name("florin"),
		kong.Description("An open payment platform that you run yourself."),
		kong.Writers(out, errs),
		kong.Vars{"acme_directory": autocert.DefaultACMEDirectory},
		kong.Exit(func(n int) { code = n }),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.BindTo(out, (*io.Writer)(nil)),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
	)
	if err != nil {
		fmt.Fprintln(errs, "florin:", err)
		return 2
	}
	k, err := parser.Parse(args)
	if code >= 0 { // --help
		return code
	}
	if err != nil {
		fmt.Fprintln(errs, "florin:", err)
		fmt.Fprintln(errs, "Run 'florin --help' or 'florin <command> --help' to see what there is.")
		return 2
	}
	if err := k.Run(); err != nil {
		fmt.Fprintln(errs, "florin:", err)
		if _, wrong := errors.AsType[misuse](err); wrong {
			return 2
		}
		return 1
	}
	return 0
}

// misuse is what kept a command from its work, where 1 as the exit status would be taken
// for what the work has found.
type misuse struct{ error }

func (m misuse) Unwrap() error { return m.error }

type versionCommand struct{}

// Run prints the version.
func (versionCommand) Run(out io.Writer) error {
	_, err := fmt.Fprintln(out, "florin", version())
	return err
}

func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return s.Value[:min(12, len(s.Value))]
		}
	}
	return info.Main.Version
}
