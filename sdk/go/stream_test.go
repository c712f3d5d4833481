package florin

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// told plays n payments, one a line, and then something else.
func told(n int, then http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		for i := range n {
			fmt.Fprintf(w, "{\"id\":\"pay_%d\",\"amount\":%d,\"new_member\":1}\n", i, i)
		}
		_ = http.NewResponseController(w).Flush()
		then(w, r)
	}
}

func nothing(http.ResponseWriter, *http.Request) {}

// exported counts the payments of an export, and gives its error.
func exported(ctx context.Context, c *Client, options ...Option) (n int, err error) {
	for p, err := range c.Exports.Payments(ctx, &ExportPayments{Currency: "USD"}, options...) {
		if err != nil {
			return n, err
		}
		if p.Amount != int64(n) || len(p.Extra) != 1 {
			return n, fmt.Errorf("payment %d is %+v", n, p)
		}
		n++
	}
	return n, nil
}

func TestExport(t *testing.T) {
	p, c, _ := play(t, answer(503, problem("overloaded")), hangUp, told(3, nothing))
	if n, err := exported(t.Context(), c); n != 3 || err != nil {
		t.Errorf("%d payments, %v", n, err)
	}
	r := p.requests()[2]
	if len(p.requests()) != 3 || r.URL.String() != "/v1/exports/payments?currency=USD" || r.Header.Get("Accept") != "application/x-ndjson" {
		t.Errorf("%d requests, the last is %s, %v", len(p.requests()), r.URL, r.Header)
	}
	for name, x := range map[string]struct {
		answer http.HandlerFunc
		n      int
		family error
	}{
		"refused":          {answer(403, problem("scope_missing")), 0, ErrAuthentication},
		"no JSON":          {told(2, answer(200, "<html>\n")), 2, ErrUnavailable},
		"broken off":       {told(2, hangUp), 2, ErrNetwork},
		"half a line":      {told(2, answer(200, `{"id":"pay_2"`)), 2, ErrNetwork},
		"half an object":   {told(2, answer(200, "{\"id\":\"pay_2\"\n")), 2, ErrUnavailable},
		"nothing at all":   {told(0, nothing), 0, nil},
		"silent":           {told(2, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }), 2, ErrNetwork},
		"silent from then": {func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, 0, ErrNetwork},
	} {
		p, c, _ := play(t, x.answer)
		n, err := exported(t.Context(), c, WithTimeout(100*time.Millisecond), WithRetries(0))
		if n != x.n || !errors.Is(err, x.family) || x.n > 0 && len(p.requests()) != 1 {
			t.Errorf("%s: %d payments of %d requests, %v", name, n, len(p.requests()), err)
		}
		if err != nil && strings.Contains(err.Error(), testKey) {
			t.Errorf("%s: the error shows the key", name)
		}
	}
}

// TestExportIsNotHurried: what the caller does with an object is no silence, and who
// stops reading ends the call.
func TestExportIsNotHurried(t *testing.T) {
	gone := make(chan struct{})
	_, c, _ := play(t, told(3, func(_ http.ResponseWriter, r *http.Request) {
		<-r.Context().Done()
		close(gone)
	}))
	n := 0
	for _, err := range c.Exports.Payments(t.Context(), nil, WithTimeout(50*time.Millisecond)) {
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(80 * time.Millisecond)
		if n++; n == 3 {
			break
		}
	}
	<-gone
	_, c, _ = play(t, told(3, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	if n, err := exported(ctx, c); n != 3 || !errors.Is(err, context.Canceled) {
		t.Errorf("a context that ends: %d payments, %v", n, err)
	}
}
