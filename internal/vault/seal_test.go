package vault

import (
	"bytes"
	"errors"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/florinpay/florin/internal/card"
	"github.com/florinpay/florin/internal/connector"
	"github.com/florinpay/florin/internal/connector/sandbox"
	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/db/dbtest"
	"github.com/florinpay/florin/internal/money"
)

func rows(t testing.TB, d *db.DB) []Card {
	t.Helper()
	list, err := cards.Select(ctx, d, "order by id")
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func rewrite(t testing.TB, d *db.DB, c Card) {
	t.Helper()
	if err := d.Write(ctx, []db.Lock{cards.Lock(string(c.ID))}, func(tx *db.Tx) error {
		cards.Update(tx, c)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

func pays(t testing.TB, v *Vault, c Card) bool {
	t.Helper()
	var rail recorder
	return v.Send(ctx, c.Owner, c.ID, nil, &rail, connector.Request{}).Result == connector.Approved
}

func TestASealedNumberOpensInItsOwnRowOnly(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB, v *Vault) {
		keep(t, v, cafe, pan)
		keep(t, v, cafe, "4242424242424242")
		keep(t, v, Owner{cafe.Merchant, true}, pan)
		whole := rows(t, d)
		for i, c := range whole {
			if !pays(t, v, c) {
				t.Fatal("an untouched row does not open")
			}
			swapped := c
			swapped.sealed = whole[(i+1)%len(whole)].sealed
			older := c
			older.version = 0
			flipped := c
			flipped.sealed = bytes.Clone(c.sealed)
			flipped.sealed[len(flipped.sealed)-1] ^= 1
			for name, bad := range map[string]Card{"swapped": swapped, "of another version": older, "flipped": flipped} {
				rewrite(t, d, bad)
				if pays(t, v, bad) {
					t.Errorf("a row %s opens", name)
				}
			}
			rewrite(t, d, c)
		}
	})
}

func TestNoNonceComesTwice(t *testing.T) {
	v := openVault(t, dbtest.SQLite(t), newWrapper(t))
	seen := map[string]bool{}
	for range 10_000 {
		c, err := v.keys(false).seal(Card{ID: "card_1", Owner: cafe}, number(t, pan))
		if err != nil {
			t.Fatal(err)
		}
		nonce := string(c.sealed[5:17]) // after Tink's five bytes that name the key
		if seen[nonce] {
			t.Fatal("a nonce was used twice")
		}
		seen[nonce] = true
	}
}

// TestTheNumberIsNowhere sends a card through everything that writes and then
// looks for it in all that was written.
func TestTheNumberIsNowhere(t *testing.T) {
	dir := t.TempDir()
	var log lockedBuffer
	logger := slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	d := dbtest.Open(t, db.Config{URL: filepath.Join(dir, "florin.db"), Log: logger})
	c := config(d, newWrapper(t))
	c.Log = logger
	v, err := Open(ctx, c)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	rail, err := sandbox.ServeRail(ctx, l, sandbox.Options{Dir: filepath.Join(dir, "rail"), Log: logger})
	if err != nil {
		t.Fatal(err)
	}
	defer rail.Close()
	client := sandbox.Open(sandbox.ClientOptions{Address: rail.Address(), Timeout: time.Second, Log: logger})
	defer client.Close()

	kept := keep(t, v, cafe, pan)
	cvv, _ := card.ParseCVV("9173")
	send := func(o Owner, reference string) connector.Answer {
		return v.Send(ctx, o, kept.ID, &cvv, client, connector.Request{Reference: reference, Kind: connector.Authorize, Amount: money.New(1000, money.USD)})
	}
	if a := send(cafe, "att_1"); a.Result != connector.Approved {
		t.Fatalf("%+v", a)
	}
	rail.Drop(1)
	send(cafe, "att_2")
	send(Owner{cafe.Merchant, true}, "att_3") // an error, logged
	if err := v.RotateData(ctx); err != nil {
		t.Fatal(err)
	}

	files := 0
	err = filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		files++
		raw, err := os.ReadFile(path)
		for name, canary := range map[string]string{"number": pan, "BIN and middle": pan[:12], "CVV": `"9173"`} {
			if bytes.Contains(raw, []byte(canary)) {
				t.Errorf("the %s is in %s", name, filepath.Base(path))
			}
		}
		return err
	})
	if err != nil || files < 3 { // database, log ahead, book
		t.Errorf("looked into %d files: %v", files, err)
	}
	if log.String() == "" || strings.Contains(log.String(), pan[:12]) || strings.Contains(log.String(), "9173") {
		t.Errorf("the log is empty or holds card data: %s", log.String())
	}
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func TestWrongKeyEncryptionKeyIsRefused(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB, v *Vault) {
		_, err := Open(ctx, config(d, newWrapper(t)))
		if !errors.Is(err, ErrSealed) {
			t.Errorf("opened with another key: %v", err)
		}
		stored, _, _ := v.storedKeys(ctx, modeOf(false))
		stored.mode = modeOf(true)
		if err := d.Write(ctx, []db.Lock{keysets.Lock("live")}, func(tx *db.Tx) error { keysets.Update(tx, stored); return nil }); err != nil {
			t.Fatal(err)
		}
		if err := v.load(ctx, "live"); !errors.Is(err, ErrSealed) {
			t.Errorf("the sandbox's keys serve live cards: %v", err)
		}
	})
}

func TestNodesThatStartTogetherShareTheKeys(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWrapper(t)
		nodes := make([]*Vault, 8)
		var wg sync.WaitGroup
		for i := range nodes {
			wg.Go(func() {
				v, err := Open(ctx, config(d, w))
				if err != nil {
					t.Error(err)
				}
				nodes[i] = v
			})
		}
		wg.Wait()
		if t.Failed() {
			return
		}
		for _, live := range []bool{true, false} {
			o := Owner{cafe.Merchant, live}
			for _, v := range nodes {
				if v.Fingerprint(o, number(t, pan)) != nodes[0].Fingerprint(o, number(t, pan)) {
					t.Fatal("two nodes have different keys")
				}
			}
		}
	})
}
