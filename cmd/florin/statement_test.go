package main

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/db/dbtest"
	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/ledger"
	"github.com/florinpay/florin/internal/merchant"
	"github.com/florinpay/florin/internal/money"
	"github.com/florinpay/florin/internal/oauth"
	"github.com/florinpay/florin/internal/vault"
)

// archive is a database in which a café was paid two days ago.
type archive struct {
	t      *testing.T
	folder string
	where  []string // the flags that lead there
	day    string
	cafe   id.Merchant
	pub    id.Merchant
	keys   string // the JWK Set
}

func newArchive(t *testing.T, database string) *archive {
	t.Helper()
	a := &archive{t: t, folder: t.TempDir()}
	place, kek := place{Data: t.TempDir()}, filepath.Join(a.folder, "kek")
	a.where = []string{"--data", place.Data, "--kek-file", kek, "--issuer", "http://localhost:8080"}
	if db.IsPostgres(database) {
		place.Database = database
		a.where = append(a.where, "--database", database)
	}
	a.must(vault.NewKEKFile(kek))
	wrapper, err := vault.FileKEK(kek, "")
	a.must(err)
	h, err := openHouse(t.Context(), houseConfig{place: place, kek: wrapper, log: slog.New(slog.DiscardHandler)})
	a.must(err)
	defer func() { a.must(h.close()) }()
	a.must(h.welcome(t.Context(), issuerSource{Issuer: "http://localhost:8080"}))
	for _, m := range []*id.Merchant{&a.cafe, &a.pub} {
		made, err := h.merchants.Create(t.Context(), merchant.Draft{Name: "M", Country: "NL"})
		a.must(err)
		*m = made.ID
	}
	at := machine.Now().AddDate(0, 0, -2)
	a.day = at.Format(time.DateOnly)
	till, bank := ledger.Name{Owner: string(a.cafe), Purpose: ledger.Balance, Currency: "USD"}, ledger.PlatformName(ledger.Clearing, "USD", false)
	a.must(h.db.Write(t.Context(), ledger.Locks(till, bank), func(tx *db.Tx) error {
		_, err := ledger.Apply(tx, at, ledger.MovePost(bank, till, money.New(1000, "USD"), string(id.Derive[id.Payment]("1"))), ledger.MovePost(till, bank, money.New(300, "USD"), string(id.Derive[id.Payment]("2"))))
		return err
	}))
	text, err := oauth.StatementKeys(t.Context(), h.db)
	a.must(err)
	a.keys = a.file("keys", text)
	return a
}

func (a *archive) must(err error) {
	a.t.Helper()
	if err != nil {
		a.t.Fatal(err)
	}
}

func (a *archive) file(name, text string) string {
	a.t.Helper()
	path := filepath.Join(a.folder, name)
	a.must(os.WriteFile(path, []byte(text), 0o600))
	return path
}

// says runs a command and holds its exit status and what it says.
func (a *archive) says(code int, want string, line string, flags ...string) string {
	a.t.Helper()
	got, out, errs := florin(a.t, append(strings.Fields(line), flags...)...)
	if got != code || !strings.Contains(out+errs, want) {
		a.t.Errorf("%s %v: exit %d\n%s%s\nwant %d and %q", line, flags, got, out, errs, code, want)
	}
	return out
}

// TestStatementsByHand writes, signs, verifies and reconciles on the command line.
func TestStatementsByHand(t *testing.T) {
	dbtest.EachURL(t, func(t *testing.T, database string) {
		a := newArchive(t, database)
		data := without(a.where, "--kek-file", "--issuer")
		base := fmt.Sprintf("statement --merchant %s --date %s --currency USD", a.cafe, a.day)
		a.says(0, ",payment,1000,USD,1000,", base, data...)
		a.says(1, "there is no merchant", strings.Replace(base, string(a.cafe), "mer_x", 1), data...)
		a.says(1, "not final", strings.Replace(base, a.day, machine.Now().Format(time.DateOnly), 1), data...)
		a.says(1, "give --out", base+" --signature x", data...)
		for _, format := range []string{"csv", "json", "camt.053"} {
			out, sig := filepath.Join(a.folder, "day."+format), filepath.Join(a.folder, "sig."+format)
			a.says(0, "", base+" --format "+format+" --out "+out+" --signature "+sig, a.where...)
			a.says(0, "✓ Valid: the key ", "statement verify "+out+" --signature "+sig, data...)
			a.says(0, "of "+a.keys, "statement verify "+out+" --signature "+sig+" --keys "+a.keys)
			a.says(0, fmt.Sprintf("as \"statement-%s-%s-USD.", a.cafe, a.day), "statement verify "+out+" --signature "+sig+" --keys "+a.keys)
			a.says(0, ", with 2 entries.", "statement verify "+out+" --signature "+sig+" --keys "+a.keys)
			text, err := os.ReadFile(out)
			a.must(err)
			changed := a.file("changed."+format, strings.NewReplacer("-300", "-301", ">3.00<", ">3.01<").Replace(string(text)))
			a.says(1, "✗ Not valid: the signature does not fit", "statement verify "+changed+" --signature "+sig+" --keys "+a.keys)

			reconcile := fmt.Sprintf("reconcile --merchant %s --statement ", a.cafe)
			a.says(0, "✓ No differences.", reconcile+out, data...)
			a.says(1, "-3.00 USD in ours, -3.01 USD in theirs", reconcile+changed, data...)
			a.says(0, "2 entries in ours, 2 lines in theirs", reconcile+out+" --from "+a.day+" --to "+a.day, data...)
		}
	})
}

// TestWhatCannotBeReconciled is no difference: the exit status is another.
func TestWhatCannotBeReconciled(t *testing.T) {
	a := newArchive(t, "")
	data := without(a.where, "--kek-file", "--issuer")
	own := a.file("own.csv", "payment,amount,currency\n"+string(id.Derive[id.Payment]("1"))+",10.00,USD\n"+string(id.Derive[id.Payment]("2"))+",-300,USD\n")
	day := filepath.Join(a.folder, "day.json")
	a.says(0, "", fmt.Sprintf("statement --merchant %s --date %s --currency USD --format json --out %s", a.cafe, a.day, day), data...)
	start := fmt.Sprintf("reconcile --merchant %s --statement ", a.cafe)
	a.says(0, "✓ No differences.", start+own+" --from "+a.day+" --to "+a.day, data...)
	a.says(2, "does not say of which days it is: give --from", start+own, data...)
	a.says(2, "--to tomorrow is no day", start+own+" --from "+a.day+" --to tomorrow", data...)
	a.says(2, "no such file", start+own+".none", data...)
	a.says(2, "broken.csv: line 2, column 2", start+a.file("broken.csv", "payment,amount,currency\np,x,USD\n"), data...)
	a.says(2, "empty.csv: it is empty", start+a.file("empty.csv", ""), data...)
	a.says(2, "--currency", start+day+" --currency usd", data...)
	a.says(2, "there is no merchant", strings.Replace(start, string(a.cafe), "mer_x", 1)+day, data...)
	a.says(2, "the record is of "+string(a.cafe), strings.Replace(start, string(a.cafe), string(a.pub), 1)+day, data...)
	a.says(2, "give --data or --database", start+day, "--data", a.folder)
	a.says(2, "florin --help", "reconcile", data...)
	a.says(2, "no such file", "statement verify "+day+".none --signature "+day, data...)
}

// without leaves flags with their values out.
func without(list []string, flags ...string) (out []string) {
	for i := 0; i < len(list); i += 2 {
		if !strings.Contains(strings.Join(flags, " ")+" ", list[i]+" ") {
			out = append(out, list[i], list[i+1])
		}
	}
	return out
}
