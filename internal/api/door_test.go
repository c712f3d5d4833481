package api

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/florinpay/florin/internal/apikey"
	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/vault"
)

const pay = `{"amount":73,"currency":"USD","source":"wal_1"}`

func TestPayment(t *testing.T) {
	h := newHouse(t)
	for _, path := range []string{"/v1/payments", "/payments"} {
		a := h.ask("POST", path, pay)
		a.expect(t, 200, "")
		if a.field(t, "amount") != 73.0 || a.field(t, "status") != "succeeded" || a.field(t, "merchant") != string(cafe) {
			t.Errorf("the payment is %s", a.body)
		}
		for name, want := range map[string]string{
			"Content-Type": "application/json; charset=utf-8", "Cache-Control": "no-store",
			"X-Content-Type-Options": "nosniff", "Vary": "Accept, Accept-Encoding", "Idempotent-Replayed": "", "RateLimit": "",
		} {
			if got := a.Header.Get(name); got != want {
				t.Errorf("%s is %q, want %q", name, got, want)
			}
		}
		if !strings.HasPrefix(a.Header.Get("Request-Id"), "req_") {
			t.Errorf("Request-Id is %q", a.Header.Get("Request-Id"))
		}
	}
}

func TestDoorRefuses(t *testing.T) {
	h := newHouse(t)
	reader := h.newKey(apikey.Draft{Scopes: scopes(t, "payments:read")})
	for _, c := range []struct {
		verb, path, body string
		headers          []string
		status           int
		want             string
	}{
		{"POST", "/v1/payments", pay, []string{"Authorization:"}, 401, "credentials_missing"},
		{"POST", "/v1/payments?access_token=" + h.key, pay, []string{"Authorization:"}, 401, "credentials_missing"},
		{"POST", "/v1/payments", pay, []string{"Authorization: Basic eDp5"}, 401, "credentials_missing"},
		{"POST", "/v1/payments", pay, []string{"Authorization: Bearer nope"}, 401, "credentials_invalid"},
		{"POST", "/v1/payments", pay, []string{"Authorization: Bearer " + apikey.NewSecret(false)}, 401, "credentials_invalid"},
		{"POST", "/v1/payments", "{broken", []string{"Authorization: Bearer nope"}, 401, "credentials_invalid"},
		{"POST", "/v1/payments", pay, []string{"Authorization: Bearer " + reader}, 403, "scope_missing"},
		{"POST", "/v1/payments?access_token=x", pay, nil, 400, "invalid_request ?access_token:unknown_field"},
		{"POST", "/v1/payments?amount=1", pay, nil, 400, "invalid_request ?amount:unknown_field"},
		{"POST", "/v1/payments", `{"amount":0,"currency":"usd","source":"` + strings.Repeat("x", 65) + `"}`, nil, 400, "invalid_request /amount:too_small /currency:pattern /source:too_long"},
		{"POST", "/v1/payments", "", nil, 400, "invalid_request /amount:required /currency:required"},
		{"POST", "/v1/payments", `{"amount":0,"currency":"USD"}`, nil, 400, "invalid_request /amount:too_small"},
		{"POST", "/v1/payments/pay_1/capture", `{"amount":0}`, nil, 400, "invalid_request /amount:too_small"},
		{"POST", "/v1/payments", `{"amount":1,"currency":"USD","metadata":{"":"x","` + strings.Repeat("k", 41) + `":"x"}}`, nil, 400,
			"invalid_request /metadata/:too_short /metadata/" + strings.Repeat("k", 40) + "…:too_long"},
		{"POST", "/v1/payments", "[]", nil, 400, "invalid_request :wrong_type"},
		{"POST", "/v1/payments", pay, []string{"Content-Type:"}, 415, "media_type_unsupported"},
		{"POST", "/v1/payments", pay, []string{"Content-Type: text/plain"}, 415, "media_type_unsupported"},
		{"POST", "/v1/payments", pay, []string{"Content-Type: application/json; charset=latin1"}, 415, "media_type_unsupported"},
		{"POST", "/v1/payments", pay, []string{"Content-Type: application/json; x=y"}, 415, "media_type_unsupported"},
		{"POST", "/v1/payments", pay, []string{"Content-Encoding: br"}, 415, "content_encoding_unsupported"},
		{"POST", "/v1/payments", pay, []string{"Accept: text/html"}, 406, "not_acceptable"},
		{"POST", "/v1/payments", pay, []string{"Idempotency-Key: a", "Idempotency-Key: b"}, 400, "idempotency_key_invalid"},
		{"POST", "/v1/payments", pay, []string{"Idempotency-Key: " + strings.Repeat("a", 256)}, 400, "idempotency_key_invalid"},
		{"POST", "/v1/payments/pay_1/capture", `{"id":"pay_2"}`, nil, 400, "invalid_request /id:unknown_field"},
		{"GET", "/v1/payments?limit=101", "", nil, 400, "invalid_request ?limit:too_large"},
		{"GET", "/v1/payments?limit=0", "", nil, 400, "invalid_request ?limit:too_small"},
		{"GET", "/v1/payments?limit=-1", "", nil, 400, "invalid_request ?limit:too_small"},
		{"GET", "/v1/payments?limit=x&nope=1", "", nil, 400, "invalid_request ?limit:not_an_integer ?nope:unknown_field"},
		{"GET", "/v1/payments?limit=1&limit=2", "", nil, 400, "invalid_request ?limit:duplicate_field"},
		{"GET", "/v1/payments?limit=", "", nil, 400, "invalid_request ?limit:not_an_integer"},
		{"GET", "/v1/payments?starting_after=a&ending_before=b", "", nil, 400, "invalid_request ?ending_before:conflicting_fields"},
		{"GET", "/v1/payments?starting_after=%00", "", nil, 400, "invalid_request ?starting_after:invalid_character"},
		{"GET", "/v1/payments?starting_after=%ff", "", nil, 400, "invalid_request ?starting_after:invalid_utf8"},
		{"GET", "/v1/payments?a=%zz", "", nil, 400, "invalid_request ?:malformed_query"},
		{"GET", "/v1/accounts/a?at=noon", "", nil, 400, "invalid_request ?at:invalid_time"},
		{"GET", "/v1/accounts/a?id=b", "", nil, 400, "invalid_request ?id:unknown_field"},
		{"GET", "/v1/payments/nope", "", nil, 404, "not_found"},
		{"GET", "/v1/payments/%00", "", nil, 404, "not_found"},
		{"GET", "/v1/payments/" + strings.Repeat("x", 200), "", nil, 404, "not_found"},
		{"GET", "/v1/payments/", "", nil, 404, "route_not_found"},
		{"GET", "/v1", "", nil, 404, "route_not_found"},
		{"GET", "/", "", nil, 404, "route_not_found"},
		{"GET", "//v1/payments", "", nil, 404, "route_not_found"},
		{"POST", "/v1/payments/pay_1/nope", "{}", nil, 404, "route_not_found"},
		{"POST", "/v1/payments/pay_1/cancel", "{}", nil, 404, "route_not_found"}, // no handler yet
		{"PUT", "/v1/payments", pay, nil, 405, "method_not_allowed"},
		{"DELETE", "/v1/payments/pay_1", "", nil, 405, "method_not_allowed"},
		{"BREW", "/v1/payments", "", nil, 405, "method_not_allowed"},
		{"POST", "/v1/payments", amount(amountDeclined), nil, 402, "card_declined"},
		{"POST", "/v1/payments", amount(amountRunning), nil, 409, "idempotency_key_in_use"},
		{"POST", "/v1/payments", amount(amountBroken), nil, 500, "internal"},
		{"POST", "/v1/payments", amount(amountCrash), nil, 500, "internal"},
		{"POST", "/v1/payments", amount(amountLate), nil, 503, "deadline_exceeded"},
	} {
		a := h.ask(c.verb, c.path, c.body, c.headers...)
		a.expect(t, c.status, c.want)
		if strings.Contains(a.body, "4242") || strings.Contains(a.body, "sql") || strings.Contains(a.body, ".go") {
			t.Errorf("%s %s tells too much: %s", c.verb, c.path, a.body)
		}
		challenge := map[string]string{"credentials_missing": authenticate, "credentials_invalid": authenticate + `, error="invalid_token"`}
		if got := a.Header.Get("WWW-Authenticate"); c.status != 403 && got != challenge[c.want] {
			t.Errorf("%d with WWW-Authenticate %q", c.status, got)
		}
		if (c.status == 503 || c.status == 409) != (a.Header.Get("Retry-After") == "1") {
			t.Errorf("%d with Retry-After %q", c.status, a.Header.Get("Retry-After"))
		}
	}
	if log := h.log.String(); strings.Contains(log, "424242424242") || strings.Contains(log, h.key) || !strings.Contains(log, "till on fire") {
		t.Errorf("the log tells too much, or not why:\n%s", log)
	}
}

func amount(n int) string { return fmt.Sprintf(`{"amount":%d,"currency":"USD"}`, n) }

func scopes(t *testing.T, names ...string) apikey.Scopes {
	t.Helper()
	s, err := apikey.ParseScopes(names)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestScopeIsNamed(t *testing.T) {
	h := newHouse(t)
	a := h.ask("GET", "/v1/payments", "", "Authorization: Bearer "+h.newKey(apikey.Draft{Scopes: scopes(t, "events:read")}))
	a.expect(t, 403, "scope_missing")
	if !strings.Contains(a.problem.Detail, "payments:read") || !strings.Contains(a.Header.Get("WWW-Authenticate"), `scope="payments:read"`) {
		t.Errorf("the scope is not named: %s %s", a.body, a.Header.Get("WWW-Authenticate"))
	}
}

func TestTwoAuthorizationHeaders(t *testing.T) {
	h := newHouse(t)
	r, _ := http.NewRequest("GET", h.url+"/v1/payments", nil)
	r.Header["Authorization"] = []string{"Bearer " + h.key, "Bearer " + h.key}
	h.do(r).expect(t, 401, "credentials_invalid")
}

func TestTakes(t *testing.T) {
	h := newHouse(t)
	const payment = "pay_00000000000000000000000001"
	for _, c := range []struct {
		verb, path, body string
		headers          []string
		field            string
		want             any
	}{
		{"GET", "/v1/payments/" + payment, "", nil, "id", payment},
		{"GET", "/v1/payments/" + payment, "ignored", []string{"Content-Type: text/plain"}, "id", payment},
		{"POST", "/v1/payments/" + payment + "/capture", "", nil, "id", payment},
		{"POST", "/v1/payments/" + payment + "/capture", `{"amount":"5"}`, nil, "amount_captured", 5.0},
		{"POST", "/v1/payments", pay, []string{"Content-Type: Application/JSON; Charset=\"UTF-8\""}, "amount", 73.0},
		{"POST", "/v1/payments", pay, []string{"Accept: text/html, application/*;q=0.1"}, "amount", 73.0},
		{"POST", "/v1/payments", pay, []string{"Authorization: bearer  " + h.key}, "amount", 73.0},
		{"GET", "/v1/payments", "", nil, "url", "/v1/payments"},
		{"GET", "/v1/payments?limit=5&starting_after=x", "", nil, "url", "/v1/payments"},
		{"GET", "/v1/accounts/a?at=2026-01-31T09:30:00%2B01:00", "", nil, "created_at", "2026-01-31T08:30:00.000000Z"},
		{"GET", "/healthz", "", []string{"Authorization:"}, "status", "ok"},
		{"GET", "/readyz", "", []string{"Authorization:"}, "status", "ok"},
	} {
		a := h.ask(c.verb, c.path, c.body, c.headers...)
		a.expect(t, 200, "")
		if got := a.field(t, c.field); got != c.want {
			t.Errorf("%s %s: %s is %v, want %v", c.verb, c.path, c.field, got, c.want)
		}
	}
}

func TestHeadAndOptions(t *testing.T) {
	h := newHouse(t)
	get, head := h.ask("GET", "/v1/payments", ""), h.ask("HEAD", "/v1/payments", "")
	if head.StatusCode != 200 || head.body != "" || head.ContentLength != get.ContentLength {
		t.Errorf("HEAD answers %d %q with length %d", head.StatusCode, head.body, head.ContentLength)
	}
	for path, want := range map[string]string{
		"/v1/payments": "GET, HEAD, OPTIONS, POST", "/v1/payments/pay_1": "GET, HEAD, OPTIONS", "/payments": "OPTIONS, POST",
	} {
		options, wrong := h.ask("OPTIONS", path, "", "Authorization:"), h.ask("PATCH", path, "")
		if options.StatusCode != 204 || options.Header.Get("Allow") != want || wrong.Header.Get("Allow") != want {
			t.Errorf("%s: OPTIONS %d allows %q, 405 allows %q, want %q", path, options.StatusCode, options.Header.Get("Allow"), wrong.Header.Get("Allow"), want)
		}
	}
	h.ask("OPTIONS", "/v1/nope", "").expect(t, 404, "route_not_found")
}

func TestTooLargeBodies(t *testing.T) {
	h := newHouse(t)
	frame := `{"amount":73,"currency":"USD","source":"wal_1"` + strings.Repeat(" ", bodyMax)
	largest := frame[:bodyMax-1] + "}"
	h.ask("POST", "/v1/payments", largest).expect(t, 200, "")
	h.ask("POST", "/v1/payments", largest+" ").expect(t, 413, "body_too_large")
	h.ask("POST", "/v1/payments", largest+strings.Repeat(" ", 1<<20)).expect(t, 413, "body_too_large")
	chunked, _ := http.NewRequest("POST", h.url+"/v1/payments", io.MultiReader(strings.NewReader(largest), strings.NewReader(" ")))
	chunked.Header.Set("Authorization", "Bearer "+h.key)
	chunked.Header.Set("Content-Type", "application/json")
	h.do(chunked).expect(t, 413, "body_too_large")
}

func TestHalfABody(t *testing.T) {
	h := newHouse(t)
	conn, err := net.Dial("tcp", strings.TrimPrefix(h.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "POST /v1/payments HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n%s", h.key, pay)
	_ = conn.(*net.TCPConn).CloseWrite()
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, _ := io.ReadAll(response.Body)
	if response.StatusCode != 400 || !strings.Contains(string(body), "body_incomplete") || h.till.paid != 0 {
		t.Errorf("half a body got %d %s, and %d payments", response.StatusCode, body, h.till.paid)
	}
}

func TestProbes(t *testing.T) {
	h := newHouse(t)
	h.door.router = router{}
	h.door.Ready = func(context.Context) error { return errors.New("migrating table secrets") }
	h.door.Healthy = func(context.Context) error { panic(errors.New("table secrets")) }
	h.door.addHealth()
	crashed := h.ask("GET", "/healthz", "")
	crashed.expect(t, 500, "internal")
	if strings.Contains(crashed.body+h.log.String(), "secrets") || !strings.Contains(h.log.String(), "door_test.go") {
		t.Errorf("the crash tells too much, or not where:\n%s%s", crashed.body, h.log.String())
	}
	a := h.ask("GET", "/readyz", "")
	a.expect(t, 503, "unavailable")
	if a.Header.Get("Retry-After") != "1" || strings.Contains(a.body, "secrets") {
		t.Errorf("not ready: %v %s", a.Header, a.body)
	}
	for err, code := range map[error]string{vault.ErrSealed: "vault_sealed", db.ErrClosed: "storage_closed", fault.ErrNotFound: "unavailable", fault.ErrInternal: "unavailable"} {
		h.door.router = router{}
		h.door.Ready = func(context.Context) error { return err }
		h.door.addHealth()
		h.ask("GET", "/readyz", "").expect(t, 503, code)
	}
}

// No value of a request may reach the log, wherever it stands.
func TestLogIsBuiltFromIDs(t *testing.T) {
	h := newHouse(t)
	const number = "4000056655665556"
	h.ask("POST", "/v1/payments", `{"amount":73,"currency":"USD","card_number":"`+number+`","cvv":"9!8~","expiry_date":"04/30"}`)
	h.ask("POST", "/v1/payments", `{"card_number":`+number+`}`)
	h.ask("POST", "/v1/payments?"+number+"="+number, pay)
	h.ask("GET", "/v1/payments/"+number, "")
	h.ask("GET", "/"+number, "")
	h.ask("GET", "/v1/payments", "", "X-Note: "+number, "Authorization: Bearer "+number)
	log := h.log.String()
	if strings.Contains(log, number) || strings.Contains(log, "9!8~") {
		t.Errorf("the log repeats what a caller sent:\n%s", log)
	}
	if lines := strings.Count(log, "\n"); lines != 6 {
		t.Errorf("6 requests wrote %d lines", lines)
	}
	first, _, _ := strings.Cut(log, "\n")
	for _, want := range []string{`"method":"POST"`, `"route":"/v1/payments"`, `"status":200`, `"duration_us":`, `"request":"req_`, `"key":"key_`} {
		if !strings.Contains(first, want) {
			t.Errorf("the line lacks %s: %s", want, first)
		}
	}
	if len(h.seen) != 6 || h.seen[0].Route != "/v1/payments" || h.seen[0].Status != 200 || h.seen[1].Code != "invalid_request" {
		t.Errorf("observed %+v", h.seen)
	}
}

func TestRateLimit(t *testing.T) {
	h := newHouse(t)
	limited := "Authorization: Bearer " + h.newKey(apikey.Draft{Scopes: apikey.AllScopes(), RatePerSecond: 2, Burst: 3})
	for i, want := range []string{`"key";r=2;t=1`, `"key";r=1;t=1`, `"key";r=0;t=2`} {
		a := h.ask("GET", "/v1/payments", "", limited)
		if a.StatusCode != 200 || a.Header.Get("RateLimit") != want || a.Header.Get("RateLimit-Policy") != `"key";q=3;w=2` {
			t.Errorf("call %d: %d, %s, %s", i, a.StatusCode, a.Header.Get("RateLimit"), a.Header.Get("RateLimit-Policy"))
		}
	}
	a := h.ask("GET", "/v1/payments", "", limited)
	a.expect(t, 429, "rate_limited")
	if a.Header.Get("Retry-After") != "1" || a.Header.Get("RateLimit") != `"key";r=0;t=2` {
		t.Errorf("refused with %v", a.Header)
	}
	h.ask("GET", "/v1/payments", "").expect(t, 200, "") // another key is not held up
	h.clock.move(500_000_000)
	h.ask("GET", "/v1/payments", "", limited).expect(t, 200, "")
}
