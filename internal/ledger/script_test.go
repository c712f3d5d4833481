package ledger_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/florinpay/florin/internal/clock"
	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/db/dbtest"
	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/idempotency"
	"github.com/florinpay/florin/internal/ledger"
	"github.com/florinpay/florin/internal/money"
)

// Each file of testdata is a story, told to both databases.
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			dbtest.Each(t, func(t *testing.T, d *db.DB) {
				s := &story{d: d, book: ledger.NewBook(d), clock: clock.NewManual(), marks: map[string]time.Time{}, holds: map[string]id.Transfer{}}
				s.tell(t, string(text))
			})
		})
	}
}

type story struct {
	d     *db.DB
	book  *ledger.Book
	clock *clock.Manual
	marks map[string]time.Time
	holds map[string]id.Transfer
	names []ledger.Name
}

func (s *story) tell(t *testing.T, text string) {
	lines := strings.Split(text, "\n")
	for i := 0; i < len(lines); i++ {
		at := i + 1
		line, _, _ := strings.Cut(lines[i], "#")
		var linked []string
		for i+1 < len(lines) && strings.HasPrefix(lines[i+1], "  ") {
			i++
			linked = append(linked, lines[i])
		}
		command, want, _ := strings.Cut(line, "=>")
		words := strings.Fields(command)
		if len(words) == 0 {
			continue
		}
		if want = strings.TrimSpace(want); want == "" {
			want = "ok"
		}
		if words[0] == "mark" {
			want = ""
		}
		if got := s.do(t.Context(), words, linked); got != want {
			t.Errorf("line %d: %s\n got  %s\n want %s", at, strings.TrimSpace(command), got, want)
		}
	}
}

func (s *story) do(ctx context.Context, w []string, linked []string) string {
	switch w[0] {
	case "mark":
		s.clock.Move(time.Second)
		s.marks[w[1]] = s.clock.Now()
		s.clock.Move(time.Second)
		return ""
	case "open":
		return s.open(ctx, w)
	case "balance":
		return s.balance(ctx, w)
	case "history":
		return s.history(ctx, w[1])
	case "sum":
		return s.sum(ctx)
	case "verify":
		r, err := s.book.Verify(ctx, nil)
		if err != nil || r.Finding != "" {
			return fmt.Sprint(r.Finding, err)
		}
		return fmt.Sprintf("%d transfers", r.Transfers)
	default:
		return s.apply(ctx, w, linked)
	}
}

// name turns "merchant:cafe" into an account's name.
func (s *story) name(word string) ledger.Name {
	kind, owner, _ := strings.Cut(word, ":")
	n := ledger.Name{Owner: owner, Currency: "USD"}
	switch kind {
	case "merchant":
		n.Purpose = ledger.Balance
	case "payer":
		n.Purpose = ledger.Wallet
	default:
		n.Owner, n.Purpose = ledger.Platform, ledger.Purpose(owner)
	}
	s.names = append(s.names, n)
	return n
}

func amount(word string) money.Amount {
	a, err := money.ParseDecimal(word, "USD")
	if err != nil {
		panic(word + ": " + err.Error())
	}
	return a
}

func (s *story) steps(w []string, linked []string) []ledger.Step {
	cause := w[1]
	switch w[0] {
	case "post":
		return []ledger.Step{ledger.MovePost(s.name(w[2]), s.name(w[4]), amount(w[5]), cause)}
	case "hold":
		s.holds[w[1]] = id.Derive[id.Transfer](w[1])
		return []ledger.Step{ledger.MoveHold(s.holds[w[1]], s.name(w[2]), s.name(w[4]), amount(w[5]), cause)}
	case "post_hold":
		return []ledger.Step{ledger.MovePostHold(s.hold(w[2]), amount(w[3]), cause)}
	case "void":
		return []ledger.Step{ledger.MoveVoidHold(s.hold(w[2]), cause)}
	case "expire":
		return []ledger.Step{ledger.MoveExpireHold(s.hold(w[2]), cause)}
	case "linked":
		var steps []ledger.Step
		for _, l := range linked {
			f := strings.Fields(l)
			steps = append(steps, ledger.MovePost(s.name(f[0]), s.name(f[2]), amount(f[3]), cause))
		}
		return steps
	default:
		panic("unknown command " + w[0])
	}
}

func (s *story) hold(word string) id.Transfer {
	if h, ok := s.holds[word]; ok {
		return h
	}
	return id.Derive[id.Transfer]("unknown", word)
}

func (s *story) apply(ctx context.Context, w []string, linked []string) string {
	steps := s.steps(w, linked)
	print := sha256.Sum256([]byte(strings.Join(append(w, linked...), " ")))
	once, err := idempotency.New("script", false, w[1], print[:])
	if err != nil {
		return err.Error()
	}
	locks := append(ledger.Locks(s.names...), once.Locks()...)
	for _, h := range s.holds {
		locks = append(locks, ledger.LockHold(h))
	}
	if len(w) > 2 {
		locks = append(locks, ledger.LockHold(s.hold(w[2])))
	}
	err = s.d.Write(ctx, locks, func(tx *db.Tx) error {
		if err := once.Check(tx); err != nil {
			return err
		}
		if _, err := ledger.Apply(tx, s.clock.Now(), steps...); err != nil {
			return err
		}
		once.Finish(tx, 1, s.clock.Now())
		return nil
	})
	if _, replay := errors.AsType[*idempotency.Replay](err); replay {
		return "ok, same"
	}
	return code(err)
}

func code(err error) string {
	if err == nil {
		return "ok"
	}
	return fault.Of(err).Code
}

func (s *story) open(ctx context.Context, w []string) string {
	n := s.name(w[1])
	var l ledger.Limits
	for i := 3; i+1 < len(w); i += 2 {
		switch w[i] {
		case "floor":
			l.Floored, l.Floor = true, amount(w[i+1]).Minor
		case "ceiling":
			l.Capped, l.Ceiling = true, amount(w[i+1]).Minor
		}
	}
	return code(s.d.Write(ctx, ledger.Locks(n), func(tx *db.Tx) error { return ledger.Open(tx, s.clock.Now(), n, l) }))
}

func (s *story) balance(ctx context.Context, w []string) string {
	n := s.name(w[1])
	a, err := s.book.Named(ctx, n)
	if len(w) > 2 {
		a, err = s.book.AccountAt(ctx, n.ID(), s.marks[w[3]])
	}
	if err != nil {
		return err.Error()
	}
	text := money.New(a.Posted, "USD").Decimal()
	if a.HeldOut != 0 {
		text += " out " + money.New(a.HeldOut, "USD").Decimal()
	}
	if a.HeldIn != 0 {
		text += " in " + money.New(a.HeldIn, "USD").Decimal()
	}
	return text
}

func (s *story) history(ctx context.Context, word string) string {
	list, _, err := s.book.Transfers(ctx, s.name(word).ID(), ledger.Span{Limit: 100})
	if err != nil {
		return err.Error()
	}
	var amounts []string
	for _, t := range list {
		amounts = append(amounts, t.Amount.Decimal())
	}
	return strings.Join(amounts, " ")
}

func (s *story) sum(ctx context.Context) string {
	lines, _, err := s.book.TrialBalance(ctx, false)
	if err != nil {
		return err.Error()
	}
	var sum int64
	for _, l := range lines {
		sum += l.Credit - l.Debit
	}
	return money.New(sum, "USD").Decimal()
}
