package florin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

const testKey = "fl_sandbox_unprintable"

// played is a platform that plays answers one after another, the last one for ever.
type played struct {
	*httptest.Server
	mu      sync.Mutex
	answers []http.HandlerFunc
	seen    []*http.Request
	bodies  []string
}

func play(t *testing.T, answers ...http.HandlerFunc) (*played, *Client, *[]time.Duration) {
	t.Helper()
	p := &played{answers: answers}
	p.Server = httptest.NewServer(p)
	t.Cleanup(p.Close)
	c, err := New(p.URL, testKey)
	if err != nil {
		t.Fatal(err)
	}
	var waits []time.Duration
	c.chance = func() float64 { return 0.5 }
	c.sleep = func(ctx context.Context, d time.Duration) error { waits = append(waits, d); return ctx.Err() }
	return p, c, &waits
}

func (p *played) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	p.mu.Lock()
	answer := p.answers[min(len(p.seen), len(p.answers)-1)]
	p.seen, p.bodies = append(p.seen, r), append(p.bodies, string(body))
	p.mu.Unlock()
	answer(w, r)
}

// requests are those that came so far.
func (p *played) requests() []*http.Request {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.seen)
}

func answer(status int, body string, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func hangUp(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

func problem(code string) string {
	return fmt.Sprintf(`{"code":%q,"detail":"So it is.","request_id":"req_1"}`, code)
}

var paid = answer(200, `{"id":"pay_1","amount":5,"status":"succeeded"}`)

func TestRetries(t *testing.T) {
	create := func(c *Client) error {
		_, err := c.Payments.Create(t.Context(), &CreatePayment{Amount: 5, Currency: "USD"})
		return err
	}
	read := func(c *Client) error { _, err := c.Payments.Get(t.Context(), "pay_1", nil); return err }
	endKey := func(c *Client) error { _, err := c.APIKeys.Revoke(t.Context(), "key_1", nil); return err }
	for _, x := range []struct {
		name   string
		do     func(*Client) error
		first  http.HandlerFunc
		again  bool
		family error
	}{
		{"a lost answer", create, hangUp, true, ErrNetwork},
		{"a lost answer to a read", read, hangUp, true, ErrNetwork},
		{"a lost answer to what cannot be repeated", endKey, hangUp, false, ErrNetwork},
		{"the same key is still running", create, answer(409, problem("idempotency_key_in_use")), true, ErrConflict},
		{"the payment is busy", create, answer(409, problem("payment_busy")), true, ErrConflict},
		{"another conflict", create, answer(409, problem("payment_state")), false, ErrConflict},
		{"too fast", create, answer(429, problem("rate_limited")), true, ErrRateLimit},
		{"too fast for what cannot be repeated", endKey, answer(429, problem("rate_limited")), true, ErrRateLimit},
		{"unavailable", create, answer(503, problem("overloaded")), true, ErrUnavailable},
		{"unavailable for what cannot be repeated", endKey, answer(503, problem("overloaded")), false, ErrUnavailable},
		{"a gateway", create, answer(502, "<html>"), true, ErrUnavailable},
		{"broken", create, answer(500, problem("internal")), false, ErrUnavailable},
		{"invalid", create, answer(400, problem("invalid_request")), false, ErrInvalidRequest},
		{"a used key", create, answer(422, problem("idempotency_key_reused")), false, ErrInvalidRequest},
		{"no key", create, answer(401, problem("credentials_invalid")), false, ErrAuthentication},
		{"no scope", create, answer(403, problem("scope_missing")), false, ErrAuthentication},
		{"declined", create, answer(402, problem("card_declined")), false, ErrRefused},
		{"not there", read, answer(404, problem("not_found")), false, ErrNotFound},
		{"the rail", create, answer(424, problem("rail_refused")), false, ErrRail},
		{"sent elsewhere", create, answer(307, "", "Location", "http://127.0.0.1:1/"), false, ErrUnavailable},
		{"no JSON", create, answer(200, "<html>"), false, ErrUnavailable},
	} {
		t.Run(x.name, func(t *testing.T) {
			p, c, _ := play(t, x.first, paid)
			err := x.do(c)
			if x.again {
				if err != nil || len(p.requests()) != 2 {
					t.Errorf("%d requests: %v", len(p.requests()), err)
				}
			} else if len(p.requests()) != 1 || !errors.Is(err, x.family) {
				t.Errorf("%d requests: %v", len(p.requests()), err)
			}
			p, c, _ = play(t, x.first)
			fault := new(Error)
			if err := x.do(c); !errors.As(err, &fault) || fault.Family != x.family || fault.Retryable != x.again {
				t.Errorf("in the end: %+v", err)
			}
			if want := map[bool]int{true: 1 + DefaultRetries, false: 1}[x.again]; len(p.requests()) != want {
				t.Errorf("%d requests in the end, want %d", len(p.requests()), want)
			}
		})
	}
}

func TestOneKeyThroughAllTries(t *testing.T) {
	p, c, _ := play(t, answer(503, problem("overloaded")), hangUp, paid)
	for range 2 {
		if _, err := c.Payments.Create(t.Context(), &CreatePayment{Amount: 5}); err != nil {
			t.Fatal(err)
		}
	}
	var keys []string
	for _, r := range p.requests() {
		keys = append(keys, r.Header.Get("Idempotency-Key"))
	}
	if len(keys) != 4 || keys[0] == "" || keys[0] != keys[1] || keys[1] != keys[2] || keys[2] == keys[3] {
		t.Errorf("keys %q", keys)
	}
	p, c, _ = play(t, answer(503, problem("overloaded")))
	_, err := c.Payments.Create(t.Context(), &CreatePayment{Amount: 5}, WithIdempotencyKey("order-7"), WithRetries(0))
	fault := new(Error)
	if !errors.As(err, &fault) || fault.IdempotencyKey != "order-7" || p.requests()[0].Header.Get("Idempotency-Key") != "order-7" {
		t.Errorf("a given key: %+v", err)
	}
	if _, err := c.Payments.Get(t.Context(), "pay_1", nil, WithRetries(0)); p.requests()[1].Header["Idempotency-Key"] != nil {
		t.Errorf("a read has a key: %v", err)
	}
	if _, err := c.Payments.Create(t.Context(), nil, WithIdempotencyKey("a\nb")); !errors.Is(err, ErrInvalidRequest) || len(p.requests()) != 2 {
		t.Errorf("a key that no header can hold: %v", err)
	}
}

func TestBackoff(t *testing.T) {
	_, c, waits := play(t, answer(503, problem("overloaded")))
	_, _ = c.Payments.Get(t.Context(), "pay_1", nil, WithRetries(7))
	want := []time.Duration{125, 250, 500, 1000, 2000, 4000, 4000}
	for i := range want {
		want[i] *= time.Millisecond
	}
	if !slices.Equal(*waits, want) {
		t.Errorf("without Retry-After: %v", *waits)
	}
	for after, want := range map[string]time.Duration{
		"2": 2125 * time.Millisecond, "3600": 30125 * time.Millisecond, "soon": 125 * time.Millisecond, "-1": 125 * time.Millisecond,
	} {
		_, c, waits := play(t, answer(503, problem("overloaded"), "Retry-After", after), paid)
		if _, err := c.Payments.Get(t.Context(), "pay_1", nil); err != nil || !slices.Equal(*waits, []time.Duration{want}) {
			t.Errorf("Retry-After %s: %v %v", after, *waits, err)
		}
	}
}

func TestErrorsTell(t *testing.T) {
	_, c, _ := play(t, answer(402, `{"code":"card_declined","detail":"The card was declined.","decline_code":"expired_card",
		"advice":"check_card_data","object_id":"pay_9","request_id":"req_9"}`))
	_, err := c.Payments.Create(t.Context(), nil)
	e := new(Error)
	if !errors.As(err, &e) || e.Status != 402 || e.DeclineCode != "expired_card" || e.Advice != "check_card_data" || e.ObjectID != "pay_9" || e.RequestID != "req_9" {
		t.Errorf("%+v", err)
	}
	if want := "florin: card_declined: The card was declined. (expired_card, check_card_data) [req_9]"; err.Error() != want {
		t.Errorf("%q", err)
	}
	_, c, _ = play(t, answer(400, `{"code":"invalid_request","errors":[{"pointer":"/currency","code":"pattern","detail":"Three capitals."}]}`, "Request-Id", "req_7"))
	_, err = c.Payments.Create(t.Context(), nil)
	if !errors.As(err, &e) || len(e.Fields) != 1 || e.Fields[0].Pointer != "/currency" || e.RequestID != "req_7" {
		t.Errorf("%+v", err)
	}
}

func TestCancellation(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	_, c, _ := play(t, answer(503, problem("overloaded")))
	c.sleep = func(ctx context.Context, _ time.Duration) error { cancel(); return sleep(ctx, time.Hour) }
	_, err := c.Payments.Create(ctx, nil)
	if e := new(Error); !errors.As(err, &e) || !errors.Is(err, context.Canceled) || e.IdempotencyKey == "" {
		t.Errorf("between tries: %+v", err)
	}
	p, c, _ := play(t, paid)
	if _, err := c.Payments.Create(ctx, nil); !errors.Is(err, context.Canceled) || !errors.Is(err, ErrNetwork) || len(p.requests()) != 0 {
		t.Errorf("before: %v", err)
	}
}

// TestNothingShowsSecrets: the key and what was paid with appear under no verb.
func TestNothingShowsSecrets(t *testing.T) {
	_, c, _ := play(t, hangUp)
	params := &CreatePayment{CardNumber: "4242424242424242", CVV: "nine-eight-seven"}
	_, err := c.Payments.Create(t.Context(), params, WithRetries(1))
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Error("x", "error", err)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		for _, x := range []any{c, err, params, *params, c.Payments} {
			fmt.Fprintf(&log, verb, x)
		}
	}
	for _, secret := range []string{testKey, "4242424242424242", "nine-eight-seven"} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("%s in %s", secret, log.String())
		}
	}
	for _, bad := range []string{"", testKey + "\n", testKey + " x", "ключ"} {
		if _, err := New("http://127.0.0.1:1", bad); err == nil || bad != "" && strings.Contains(err.Error(), bad) {
			t.Errorf("key %q: %v", bad, err)
		}
	}
	for _, bad := range []string{"", "127.0.0.1:80", "ftp://x", "http://user:pass@x", "https://x?y=z"} {
		if _, err := New(bad, testKey); err == nil {
			t.Errorf("base %q is taken", bad)
		}
	}
}

func TestAnswersOfNewerPlatforms(t *testing.T) {
	_, c, _ := play(t, answer(200, `{"id":"pay_1","amount":"9007199254740993","status":"resting","mood":{"good":true},
		"card":{"brand":"visa","colour":"blue"},"failure":null,"expires_at":null,"created_at":"2026-01-02T03:04:05.000006Z","metadata":{"a":"b"}}`))
	p, err := c.Payments.Get(t.Context(), "pay_1", nil)
	if err != nil {
		t.Fatal(err)
	}
	if p.Amount != 9007199254740993 || p.Status != "resting" || string(p.Extra["mood"]) != `{"good":true}` || string(p.Card.Extra["colour"]) != `"blue"` {
		t.Errorf("%+v", p)
	}
	if p.Failure != nil || !p.ExpiresAt.IsZero() || p.CreatedAt != time.Date(2026, 1, 2, 3, 4, 5, 6000, time.UTC) || p.Metadata["a"] != "b" {
		t.Errorf("%+v", p)
	}
	if len(p.Extra) != 1 {
		t.Errorf("extra %v", p.Extra)
	}
}

func TestWhatIsSent(t *testing.T) {
	p, c, _ := play(t, answer(200, `{}`))
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	_, _ = c.Accounts.Get(t.Context(), "a/b?c", &GetAccount{At: at})
	_, _ = c.Wallets.Limit(t.Context(), "wal_1", &LimitWallet{LimitPerDay: Ptr[int64](0)})
	_, _ = c.Payments.Create(t.Context(), &CreatePayment{Amount: 5, CardNumber: "4242", Metadata: map[string]string{"a": "b"}})
	_, _ = c.Payments.Cancel(t.Context(), "pay_1", nil)
	_, _ = c.Refunds.Create(t.Context(), &CreateRefund{Payment: "pay_1", Amount: Ptr[int64](0)}) // a sum that came to nothing is not "all"
	_, _ = c.APIKeys.Rotate(t.Context(), "key_1", &RotateAPIKey{OverlapSeconds: Ptr(0)})
	if got := p.requests()[0].RequestURI; got != "/v1/accounts/a%2Fb%3Fc?at=2026-01-02T03%3A04%3A05Z" || p.bodies[0] != "" {
		t.Errorf("%s %s", got, p.bodies[0])
	}
	if h := p.requests()[0].Header; h.Get("Authorization") != "Bearer "+testKey || !strings.HasPrefix(h.Get("User-Agent"), "florin-go/"+Version+" (") {
		t.Errorf("%v", h)
	}
	if got := p.bodies[1:]; !slices.Equal(got, []string{`{"limit_per_day":0}`, `{"amount":5,"card_number":"4242","metadata":{"a":"b"}}`, `{}`,
		`{"payment":"pay_1","amount":0}`, `{"overlap_seconds":0}`}) {
		t.Errorf("%q", got)
	}
	for _, id := range []string{"", ".", ".."} {
		if _, err := c.Payments.Get(t.Context(), id, nil); !errors.Is(err, ErrInvalidRequest) || len(p.requests()) != 6 {
			t.Errorf("id %q: %v", id, err)
		}
	}
	got := query([]byte(`{"limit":3,"live":true,"status":["a","b"],"metadata":{"k":"v"}}`))
	if got != "limit=3&live=true&metadata%5Bk%5D=v&status=a&status=b" {
		t.Error(got)
	}
}

// TestEmptyPageWithMoreBehind: a filter that matches little gives pages that hold
// nothing, and the walk goes on.
func TestEmptyPageWithMoreBehind(t *testing.T) {
	p, c, _ := play(t, answer(200, `{"data":[],"has_more":true,"next_cursor":"pay_5"}`),
		answer(200, `{"data":[{"id":"pay_4"}],"has_more":true,"next_cursor":"pay_3"}`), answer(200, `{"data":[],"has_more":false,"next_cursor":""}`))
	var ids []string
	for payment, err := range c.Payments.List(t.Context(), &ListPayments{EndingBefore: "pay_9"}) {
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, payment.ID)
	}
	seen := p.requests()
	if !slices.Equal(ids, []string{"pay_4"}) || len(seen) != 3 || seen[2].RequestURI != "/v1/payments?ending_before=pay_3" {
		t.Errorf("%v after %d requests", ids, len(seen))
	}
}

func TestWalkEndsWithTheFirstError(t *testing.T) {
	row, _ := json.Marshal(map[string]any{"data": []map[string]any{{"id": "pay_2"}, {"id": "pay_1"}}, "has_more": true})
	p, c, _ := play(t, answer(200, string(row)), answer(404, problem("not_found")))
	var ids []string
	var last error
	for payment, err := range c.Payments.List(t.Context(), &ListPayments{Limit: 2}) {
		if last = err; err == nil {
			ids = append(ids, payment.ID)
		}
	}
	if !slices.Equal(ids, []string{"pay_2", "pay_1"}) || !errors.Is(last, ErrNotFound) {
		t.Errorf("%v %v", ids, last)
	}
	if got := p.requests()[1].RequestURI; got != "/v1/payments?limit=2&starting_after=pay_1" {
		t.Error(got)
	}
}
