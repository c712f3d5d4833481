package webhook

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	florinv1 "github.com/florinpay/florin/gen/florin/v1"
	"github.com/florinpay/florin/internal/clock"
	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/db/dbtest"
	"github.com/florinpay/florin/internal/event"
	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/wire"
)

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

var (
	cafe   = Owner{Merchant: id.Derive[id.Merchant]("cafe")}
	bakery = Owner{Merchant: id.Derive[id.Merchant]("bakery")}
)

// office is a room with a courier at work, on a clock that can be moved.
type office struct {
	*Room
	t     *testing.T
	clock *clock.Manual
}

// each runs fn in an office on each engine.
func each(t *testing.T, fn func(t *testing.T, o *office)) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		o := newOffice(t, d, clock.NewManual())
		o.deliver()
		fn(t, o)
	})
}

func newOffice(t *testing.T, d *db.DB, c *clock.Manual) *office {
	shapes := wire.ContractShapes()
	return &office{t: t, clock: c, Room: New(Config{
		DB: d, Clock: c, Log: slog.New(slog.DiscardHandler), Events: event.NewLog(d), Sealer: theSafe, Patience: 2 * time.Second,
		Targets: Targets{Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}},
		Encode:  func(e *florinv1.Event) []byte { return shapes.EncodeJSON(nil, e) },
	})}
}

var theSafe = newSafe()

// deliver lets a courier work until stop is called, or the test ends.
func (o *office) deliver() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	courier := o.NewCourier()
	go func() { defer close(done); courier.Run(ctx) }()
	stop = sync.OnceFunc(func() { cancel(); <-done })
	o.t.Cleanup(stop)
	return stop
}

// happen makes events, one for each object.
func (o *office) happen(of Owner, kind string, objects ...string) {
	o.t.Helper()
	o.happenWith(of, kind, "", objects...)
}

func (o *office) happenWith(of Owner, kind, text string, objects ...string) {
	o.t.Helper()
	err := o.DB.Write(o.t.Context(), []db.Lock{event.Lock()}, func(tx *db.Tx) error {
		for _, object := range objects {
			event.Append(tx, event.Fact{
				Merchant: of.Merchant, Live: of.Live, Type: kind, Object: object, At: o.clock.Now(),
				Data: &florinv1.EventData{Object: &florinv1.EventData_Payment{Payment: &florinv1.Payment{Id: object, Description: text}}},
			})
		}
		return nil
	})
	if err != nil {
		o.t.Fatal(err)
	}
}

// open makes an endpoint of the cafe's for payments only.
func (o *office) open(url string, with ...func(*Settings)) (Endpoint, Secret) {
	o.t.Helper()
	s := Settings{URL: url, Types: []string{"payment.created", "payment.succeeded", "payment.failed"}}
	for _, f := range with {
		f(&s)
	}
	e, secret, err := o.Create(o.t.Context(), Draft{Owner: cafe, Settings: s})
	if err != nil {
		o.t.Fatal(err)
	}
	return e, secret
}

// hook is one delivery as an endpoint got it.
type hook struct {
	header http.Header
	body   string
	at     time.Time
}

func (h hook) object() string {
	var e struct{ Related struct{ ID string } }
	_ = json.Unmarshal([]byte(h.body), &e)
	return e.Related.ID
}

// shop is a merchant's server.
type shop struct {
	*httptest.Server
	mu     sync.Mutex
	got    []hook
	answer func(w http.ResponseWriter, r *http.Request, n int) // n counts from 1
}

func (o *office) shop(answer func(w http.ResponseWriter, r *http.Request, n int)) *shop {
	s := &shop{answer: answer}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		s.mu.Lock()
		s.got = append(s.got, hook{r.Header.Clone(), string(body), o.clock.Now()})
		n := len(s.got)
		s.mu.Unlock()
		if s.answer != nil {
			s.answer(w, r, n)
		}
	}))
	o.t.Cleanup(func() { s.CloseClientConnections(); s.Close() })
	return s
}

func (s *shop) hooks() []hook {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]hook{}, s.got...)
}

func (s *shop) objects() string {
	var list []string
	for _, h := range s.hooks() {
		list = append(list, h.object())
	}
	return strings.Join(list, " ")
}

// wait waits until the shop has got n deliveries, and gives them.
func (o *office) wait(s *shop, n int) []hook {
	o.t.Helper()
	o.until(fmt.Sprintf("%d deliveries have come", n), func() bool { return len(s.hooks()) >= n })
	return s.hooks()
}

func (o *office) until(what string, is func() bool) {
	o.t.Helper()
	for began := time.Now(); !is(); time.Sleep(2 * time.Millisecond) {
		if time.Since(began) > 20*time.Second {
			o.t.Fatalf("in vain: %s", what)
		}
	}
}

// delivery is the only one of an event about that object.
func (o *office) delivery(to Endpoint, object string) Delivery {
	o.t.Helper()
	list, _, err := o.Deliveries(o.t.Context(), cafe, Filter{Page: db.Page{Limit: 100}, Endpoint: to.ID})
	if err != nil {
		o.t.Fatal(err)
	}
	for _, d := range list {
		if d.Object == object {
			return d
		}
	}
	return Delivery{}
}

func (o *office) endpoint(key id.Endpoint) Endpoint {
	o.t.Helper()
	e, err := o.Get(o.t.Context(), cafe, key)
	if err != nil {
		o.t.Fatal(err)
	}
	return e
}

// verify checks the signatures of a delivery as its receiver would, from the texts that
// the merchant has.
func (h hook) verify(secret, public string) error {
	content := h.header.Get("Webhook-Id") + "." + h.header.Get("Webhook-Timestamp") + "." + h.body
	shared, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil {
		return err
	}
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(public, "whpk_"))
	if err != nil {
		return err
	}
	var one, other bool
	for word := range strings.SplitSeq(h.header.Get("Webhook-Signature"), " ") {
		version, text, _ := strings.Cut(word, ",")
		sum, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			return err
		}
		mac := hmac.New(sha256.New, shared)
		mac.Write([]byte(content))
		one = one || version == "v1" && hmac.Equal(sum, mac.Sum(nil))
		other = other || version == "v1a" && ed25519.Verify(key, []byte(content), sum)
	}
	if !one || !other {
		return fmt.Errorf("v1 %v, v1a %v: %s", one, other, h.header.Get("Webhook-Signature"))
	}
	return nil
}
