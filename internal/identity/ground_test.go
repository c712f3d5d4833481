package identity_test

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base32"
	"errors"
	"flag"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/db/dbtest"
	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/identity"
)

// Each round of a property costs tens of commits on both engines; -rapid.checks asks for
// more than these.
func init() { must(0, flag.Set("rapid.checks", "30")) }

// stillClock moves only when it is told to.
type stillClock struct {
	mu  sync.Mutex
	now time.Time
}

func newStillClock() *stillClock {
	return &stillClock{now: time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)}
}

func (c *stillClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *stillClock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func (c *stillClock) Sleep(ctx context.Context, _ time.Duration) error {
	<-ctx.Done()
	return ctx.Err()
}

// safe is a sealer with a key in memory.
type safe struct{ cipher.AEAD }

func newSafe() safe {
	key := make([]byte, 32)
	_, _ = rand.Read(key)
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err)
	}
	gcm, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic(err)
	}
	return safe{gcm}
}

func (s safe) Seal(plain, aad []byte) ([]byte, error) { return s.AEAD.Seal(nil, nil, plain, aad), nil }

func (s safe) Open(sealed, aad []byte) ([]byte, error) { return s.AEAD.Open(nil, nil, sealed, aad) }

const (
	origin   = "https://pay.example"
	rpID     = "pay.example"
	password = "a long walk at noon"
)

var (
	cafe    = id.Derive[id.Merchant]("cafe")
	bakery  = id.Derive[id.Merchant]("bakery")
	browser = identity.Browser{Address: "192.0.2.7", Agent: "Test/1.0", Request: id.Derive[id.Request]("one")}
)

// world is a room on a database, and a clock that stands still.
type world struct {
	*testing.T
	d     *db.DB
	clock *stillClock
	safe  safe
	*identity.Room
}

func each(t *testing.T, fn func(w *world)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, d *db.DB) { fn(newWorld(t, d)) })
}

func newWorld(t *testing.T, d *db.DB) *world {
	w := &world{T: t, d: d, clock: newStillClock(), safe: newSafe()}
	w.Room = w.node(d)
	return w
}

// node is another process on a database.
func (w *world) node(d *db.DB) *identity.Room {
	w.Helper()
	r, err := identity.New(identity.Config{DB: d, Clock: w.clock, Sealer: w.safe, RPID: rpID, Origins: []string{origin}, Name: "Florin"})
	if err != nil {
		w.Fatal(err)
	}
	return r.Cheap()
}

// must fails the test on an error.
func must[T any](v T, err error) T {
	if err != nil {
		panic(fmt.Sprintf("%+v", err))
	}
	return v
}

func draft(login string) identity.Draft {
	return identity.Draft{Login: login, Name: "Ada", Locale: identity.English, Password: password}
}

// ada signs up by password.
func (w *world) ada(login string) (identity.Person, identity.SignedIn) {
	w.Helper()
	p, in, err := w.SignUp(w.Context(), draft(login), browser)
	if err != nil {
		w.Fatal(err)
	}
	return p, in
}

func (w *world) signIn(login, password, code string) (identity.SignedIn, error) {
	return w.SignIn(w.Context(), identity.Attempt{Login: login, Password: password, Code: code}, browser)
}

// enroll gives the session's person an app and recovery codes, and the session its new
// cookie.
func (w *world) enroll(in *identity.SignedIn) (secret []byte, codes []string) {
	w.Helper()
	shown, err := w.BeginTOTP(w.Context(), in.Session)
	if err != nil {
		w.Fatal(err)
	}
	secret = must(base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(shown.Text))
	codes, *in, err = w.ConfirmTOTP(w.Context(), in.Session, identity.CodeAt(secret, w.clock.Now()), browser)
	if err != nil {
		w.Fatal(err)
	}
	return secret, codes
}

// code is what the app shows after the next tick: each works once.
func (w *world) code(secret []byte) string {
	w.clock.move(30 * time.Second)
	return identity.CodeAt(secret, w.clock.Now())
}

func (w *world) works(cookie string) bool {
	w.Helper()
	_, err := w.Authenticate(w.Context(), cookie)
	if err != nil && !errors.Is(err, identity.ErrSignedOut) {
		w.Fatal(err)
	}
	return err == nil
}

// trail is the kinds and results of a person's records, oldest first.
func (w *world) trail(p id.Person) (out []string) {
	w.Helper()
	list, _, err := w.Records(w.Context(), p, db.Page{Limit: 100})
	if err != nil {
		w.Fatal(err)
	}
	for _, r := range list {
		out = append([]string{r.Kind + " " + r.Result}, out...)
	}
	return out
}

func is(t testing.TB, err, want error, what string) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: %v, want %v", what, err, want)
	}
}

// field is the place and code of the first bad field.
func field(err error) string {
	f := fault.Of(err)
	if f == nil || len(f.Fields) == 0 {
		return fmt.Sprint(err)
	}
	return f.Fields[0].Pointer + " " + f.Fields[0].Code
}

// atOnce runs fn n times at once and counts what came back.
func atOnce(n int, fn func(i int) error) (good int, errs []error) {
	var mu sync.Mutex
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			err := fn(i)
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				good++
			} else {
				errs = append(errs, err)
			}
		})
	}
	wg.Wait()
	return good, errs
}
