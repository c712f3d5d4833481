package api

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	florinv1 "github.com/florinpay/florin/gen/florin/v1"
	"github.com/florinpay/florin/gen/florin/v1/florinv1connect"
	"github.com/florinpay/florin/internal/apikey"
	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/db/dbtest"
	"github.com/florinpay/florin/internal/event"
	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/idempotency"
	"github.com/florinpay/florin/internal/merchant"
	"github.com/florinpay/florin/internal/statement"
	"github.com/florinpay/florin/internal/wire"
)

// stillClock moves only when it is told to.
type stillClock struct {
	mu    sync.Mutex
	now   time.Time
	moved chan struct{} // closed and replaced at every move
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
	close(c.moved)
	c.moved = make(chan struct{})
}

// Sleep implements [clock.Clock]: it ends with a move that is long enough.
func (c *stillClock) Sleep(ctx context.Context, d time.Duration) error {
	until := c.Now().Add(d)
	for {
		c.mu.Lock()
		now, moved := c.now, c.moved
		c.mu.Unlock()
		if !now.Before(until) {
			return ctx.Err()
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// house is a real server with the real chain, rooms and database; only the
// payments are made up.
type house struct {
	t     testing.TB
	door  *Server
	url   string
	clock *stillClock
	keys  *apikey.Room
	log   *lockedBuffer
	key   string // sandbox, every scope, no limit
	till  *till
	http  *http.Server
	mu    sync.Mutex // of seen
	seen  []Visit
	ended chan Visit   // each that went to a method's own URL, or to a stream
	looks atomic.Int64 // for the record of a key, outside any write
	press *press
}

var cafe = id.Derive[id.Merchant]("cafe")

func newHouse(t testing.TB) *house {
	t.Helper()
	return newHouseOn(t, dbtest.SQLite(t))
}

func newHouseOn(t testing.TB, d *db.DB) *house {
	t.Helper()
	c := &stillClock{now: time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC), moved: make(chan struct{})}
	h := &house{t: t, clock: c, ended: make(chan Visit, 1000), keys: apikey.New(d, c).WithPepper(pepper), log: &lockedBuffer{}, press: &press{goOn: make(chan struct{}), left: make(chan error, 100)}, till: &till{db: d, clock: c, began: make(chan struct{}), goOn: make(chan struct{})}}
	shop := merchant.New(d, c)
	if _, err := shop.CreateWithID(t.Context(), cafe, merchant.Draft{Name: "Café", Country: "NL", CardFeeBps: 150, WalletFeeBps: 50}); err != nil {
		t.Fatal(err)
	}
	log := event.NewLog(d)
	h.door = New(Config{
		Keys: h.keys, Limiter: apikey.NewLimiter(c), Clock: c,
		CardDigest: func(caller Caller, number string) string { return "digest of " + number[len(number)-1:] },
		Recall: func(ctx context.Context, sequence int64) (proto.Message, error) {
			e, err := log.At(ctx, sequence)
			if err != nil {
				return nil, err
			}
			return e.Object(), nil
		},
		Seen: func(ctx context.Context, k *idempotency.Key) error {
			h.looks.Add(1)
			return k.Seen(ctx, d)
		},
		Log: slog.New(slog.NewJSONHandler(h.log, nil)),
		Observe: func(v Visit) {
			h.mu.Lock()
			defer h.mu.Unlock()
			h.seen = append(h.seen, v)
			if v.Protocol != protocolREST || strings.HasPrefix(v.Route, "/v1/exports/") {
				h.ended <- v
			}
		},
	}, Events(log, c), APIKeys(h.keys, log), Merchants(shop, noBalance), Statements(statement.NewDesk(d, c), c, signed),
		func(s *connect.Server) { florinv1connect.RegisterPaymentServiceHandler(s, h.till) },
		func(s *connect.Server) { florinv1connect.RegisterLedgerServiceHandler(s, book{}) },
		func(s *connect.Server) { florinv1connect.RegisterExportServiceHandler(s, h.press) })
	h.key = h.newKey(apikey.Draft{Scopes: apikey.AllScopes()})
	server := httptest.NewUnstartedServer(h.door)
	h.http = h.door.HTTP()
	server.Config = h.http
	server.Start()
	t.Cleanup(server.Close)
	h.url = server.URL
	return h
}

// pepper is what a vault would give.
func pepper(live bool, name string) []byte { return fmt.Append(nil, "pepper", live, name) }

func noBalance(_ context.Context, m id.Merchant, live bool) (*florinv1.Balance, error) {
	return &florinv1.Balance{Object: "balance", Merchant: string(m), Livemode: live}, nil
}

func (h *house) newKey(d apikey.Draft) (secret string) {
	h.t.Helper()
	d.Merchant = cafe
	_, secret, err := h.keys.Create(h.t.Context(), d)
	if err != nil {
		h.t.Fatal(err)
	}
	return secret
}

// reply is an answer, read whole.
type reply struct {
	*http.Response
	body    string
	problem *florinv1.Problem // empty for 2xx
}

// ask sends a request with the house's key, unless the headers say otherwise:
// "Name: value" each, "Name:" to leave one out.
func (h *house) ask(verb, path, body string, headers ...string) reply {
	h.t.Helper()
	r, err := http.NewRequest(verb, h.url+path, strings.NewReader(body))
	if err != nil {
		h.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+h.key)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for _, header := range headers {
		name, value, _ := strings.Cut(header, ": ")
		name = strings.TrimSuffix(name, ":")
		if value == "" {
			r.Header.Del(name)
		} else if r.Header.Get(name) != "" && name != "Authorization" && name != "Content-Type" {
			r.Header.Add(name, value)
		} else {
			r.Header.Set(name, value)
		}
	}
	return h.do(r)
}

func (h *house) do(r *http.Request) reply {
	h.t.Helper()
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		h.t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		h.t.Fatal(err)
	}
	a := reply{Response: response, body: string(text), problem: &florinv1.Problem{}}
	if response.StatusCode >= 400 && len(text) > 0 {
		if err := readProblem(response.Header.Get("Content-Type"), text, a.problem); err != nil {
			h.t.Errorf("not a problem: %s: %v", text, err)
		}
		if int(a.problem.Status) != response.StatusCode || a.problem.RequestId != response.Header.Get("Request-Id") {
			h.t.Errorf("the problem and its headers differ: %s %v", text, response.Header)
		}
	}
	return a
}

// readProblem reads a problem in any format.
func readProblem(media string, text []byte, into *florinv1.Problem) error {
	switch media {
	case "application/problem+json; charset=utf-8":
		return wire.ContractShapes().DecodeJSON(text, into, 0)
	case "application/problem+xml; charset=utf-8":
		return readXMLProblem(text, into)
	case "application/protobuf", "application/x-protobuf":
		return proto.Unmarshal(text, into)
	}
	return errors.New("a problem comes as " + media)
}

// readXMLProblem reads what these tests look at, with a reader that is not ours.
func readXMLProblem(text []byte, into *florinv1.Problem) error {
	var p struct {
		XMLName   xml.Name `xml:"urn:ietf:rfc:7807 problem"`
		Status    int32    `xml:"status"`
		Code      string   `xml:"code"`
		RequestID string   `xml:"request_id"`
		Errors    []struct {
			Pointer string `xml:"pointer"`
			Code    string `xml:"code"`
		} `xml:"errors>i"`
	}
	err := xml.Unmarshal(text, &p)
	into.Status, into.Code, into.RequestId = p.Status, p.Code, p.RequestID
	for _, e := range p.Errors {
		into.Errors = append(into.Errors, &florinv1.FieldProblem{Pointer: e.Pointer, Code: e.Code})
	}
	return err
}

// expect checks the status and, for a refusal, "code" or "code pointer:code".
func (a reply) expect(t testing.TB, status int, want string) {
	t.Helper()
	got := a.problem.Code
	for _, e := range a.problem.Errors {
		got += " " + e.Pointer + ":" + e.Code
	}
	if a.StatusCode != status || got != want {
		t.Errorf("%s %s: got %d %q, want %d %q\n%s", a.Request.Method, a.Request.URL, a.StatusCode, got, status, want, a.body)
	}
}

func (a reply) field(t testing.TB, name string) any {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal([]byte(a.body), &m); err != nil {
		t.Fatalf("%v: %s", err, a.body)
	}
	return m[name]
}

type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// Amounts that make the till do something else than pay.
const (
	amountDeclined = 1001 + iota
	amountRunning
	amountBroken
	amountCrash
	amountLate
	amountSlow // says that it began, and goes on when it may or must
)

var errDeclined = fault.New(fault.Refused, "card_declined", "The card was declined.")

// till takes payments without money, but with real idempotency and events.
type till struct {
	florinv1connect.UnimplementedPaymentServiceHandler
	db    *db.DB
	clock *stillClock
	mu    sync.Mutex
	last  *florinv1.CreatePaymentRequest // as the handler saw it
	paid  int
	began chan struct{}
	goOn  chan struct{}
	read  func(context.Context) (string, error) // a page, which bears its word; nil: pages bear none
}

func (s *till) CreatePayment(ctx context.Context, q *florinv1.CreatePaymentRequest) (*florinv1.Payment, error) {
	call := callOf(ctx)
	s.mu.Lock()
	s.last = q
	s.mu.Unlock()
	switch q.GetAmount() {
	case amountRunning:
		return nil, &idempotency.Running{Object: "pay_01"}
	case amountBroken:
		return nil, errors.New("sql: syntax error near 4242424242424242")
	case amountCrash:
		panic("till on fire: 4242 4242 4242 4242")
	case amountLate:
		return nil, context.DeadlineExceeded
	case amountSlow:
		s.began <- struct{}{}
		select {
		case <-s.goOn:
		case <-ctx.Done():
		}
	}
	now := s.clock.Now()
	p := &florinv1.Payment{
		Id: string(id.New[id.Payment](now)), Object: "payment", Amount: q.GetAmount(), Currency: q.Currency, Source: q.Source,
		Status: florinv1.PaymentStatus_PAYMENT_STATUS_SUCCEEDED, Capture: florinv1.CaptureMode_CAPTURE_MODE_AUTOMATIC,
		Merchant: string(call.Caller.Merchant), Metadata: q.Metadata, CreatedAt: timestamppb.New(now), Livemode: call.Caller.Live,
	}
	var refused error
	err := s.db.Write(ctx, append(call.Once.Locks(), event.Lock()), func(tx *db.Tx) error {
		refused = nil // the function may run again
		if err := call.Once.Check(tx); err != nil {
			return err
		}
		if q.GetAmount() == amountDeclined {
			f := errDeclined.WithDecline("lost_card", "do_not_retry").WithObject(p.Id)
			call.Once.Refuse(tx, f, now)
			refused = f
			return nil
		}
		sequence := event.Append(tx, event.Fact{
			Merchant: call.Caller.Merchant, Live: call.Caller.Live, Type: "payment.succeeded", Object: p.Id,
			Data: &florinv1.EventData{Object: &florinv1.EventData_Payment{Payment: p}}, Origin: call.Origin(), At: now,
		})
		call.Once.Finish(tx, sequence, now)
		return nil
	})
	if err = errors.Join(err, refused); err != nil {
		return nil, err
	}
	s.mu.Lock()
	s.paid++
	s.mu.Unlock()
	return p, nil
}

func (s *till) GetPayment(_ context.Context, q *florinv1.GetPaymentRequest) (*florinv1.Payment, error) {
	if !id.Valid(id.Payment(q.Id)) {
		return nil, fault.ErrNotFound
	}
	return &florinv1.Payment{Id: q.Id}, nil
}

func (s *till) CapturePayment(_ context.Context, q *florinv1.CapturePaymentRequest) (*florinv1.Payment, error) {
	return &florinv1.Payment{Id: q.Id, AmountCaptured: q.GetAmount()}, nil
}

func (s *till) ListPayments(ctx context.Context, q *florinv1.ListPaymentsRequest) (*florinv1.ListPaymentsResponse, error) {
	p, err := spanOf(ctx, q)
	if err != nil {
		return nil, err
	}
	shown := &florinv1.Payment{Amount: int64(p.Limit), Id: p.After + p.Before}
	if s.read != nil {
		shown.Description, err = s.read(ctx)
	}
	return &florinv1.ListPaymentsResponse{Object: "list", Url: p.URL, Data: []*florinv1.Payment{shown}}, err
}

// book answers with the moment that it was asked for.
type book struct {
	florinv1connect.UnimplementedLedgerServiceHandler
}

func (book) GetAccount(_ context.Context, q *florinv1.GetAccountRequest) (*florinv1.Account, error) {
	return &florinv1.Account{Id: q.Id, CreatedAt: q.At}, nil
}
