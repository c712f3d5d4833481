package e2e

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// examplesFile holds what the OpenAPI document shows as examples.
const examplesFile = "../../internal/openapi/examples.json"

// exchange is a request and its answer, as the file has them.
type exchange struct {
	Request json.RawMessage `json:"request,omitempty"`
	Answer  json.RawMessage `json:"answer,omitempty"`
}

// step is one request of the examples' story. Names with $ stand for what an
// earlier answer gave.
type step struct {
	operation string // "" only sets the stage; a number is the problem's status
	call      string // verb and path
	body      string
	keep      string // "name=field": keeps a field of the answer
}

// shown is the story: every operation of the API once, in an order that works.
var shown = []step{
	{"createPayer", "POST /v1/payers", `{"name":"Ada Lovelace","email":"ada@example.com","reference":"customer-7","metadata":{"plan":"gold"}}`, "payer=id"},
	{"getPayer", "GET /v1/payers/$payer", "", ""},
	{"listPayers", "GET /v1/payers?limit=1", "", ""},
	{"createWallet", "POST /v1/wallets", `{"payer":"$payer","currency":"USD","limit_per_payment":50000}`, "wallet=id"},
	{"limitWallet", "POST /v1/wallets/$wallet/limits", `{"limit_per_day":100000}`, "account=account"},
	{"topUpWallet", "POST /v1/wallets/$wallet/top_up", `{"amount":5000,"source":"tok_visa"}`, ""},
	{"sendFromWallet", "POST /v1/wallets/$wallet/send", `{"to":"$home","amount":700}`, "transfer=id"},
	{"getWallet", "GET /v1/wallets/$wallet", "", ""},
	{"listWallets", "GET /v1/wallets?payer=$payer&limit=1", "", ""},
	{"getAccount", "GET /v1/accounts/$account", "", ""},
	{"listAccounts", "GET /v1/accounts?limit=1", "", ""},
	{"getTransfer", "GET /v1/transfers/$transfer", "", ""},
	{"listTransfers", "GET /v1/transfers?account=$account&limit=1", "", ""},
	{"getTrialBalance", "GET /v1/trial_balance", "", ""},
	{"createCard", "POST /v1/cards", `{"card_number":"4242424242424242","expiry_date":"12/30"}`, "card=id"},
	{"getCard", "GET /v1/cards/$card", "", ""},
	{"createPayment", "POST /v1/payments", `{"amount":1999,"currency":"USD","source":"$card","description":"Two coffees and a cake","reference":"order-1001","metadata":{"table":"4"}}`, "paid=id"},
	{"createPaymentAlias", "POST /payments", `{"amount":100,"currency":"USD","card_number":"4111111111111111","expiry_date":"12/99","cvv":"123"}`, ""},
	{"getPayment", "GET /v1/payments/$paid", "", ""},
	{"listPayments", "GET /v1/payments?limit=1", "", ""},
	{"createQuote", "POST /v1/quotes", `{"amount":2500,"currency":"EUR","settlement_currency":"USD"}`, "quote=id"},
	{"getQuote", "GET /v1/quotes/$quote", "", ""},
	{"", "POST /v1/payments", `{"amount":2500,"currency":"EUR","source":"$card","quote":"$quote"}`, ""},
	{"exportPayments", "GET /v1/exports/payments?reference=order-1001", "", ""},
	{"exportTransfers", "GET /v1/exports/transfers?cause=$paid", "", ""},
	{"exportBalances", "GET /v1/exports/balances", "", ""},
	{"getStatement", "GET /v1/statements/$today?currency=USD&limit=2", "", ""},
	{"getStatementFile", "GET /v1/statements/$earlier/file?currency=USD&format=csv", "", ""},
	{"getEvent", "GET /v1/events/$event", "", ""},
	{"listEvents", "GET /v1/events?type=payment.succeeded&limit=1", "", ""},
	{"", "POST /v1/payments", `{"amount":10000,"currency":"USD","source":"tok_visa","capture":"manual"}`, "held=id"},
	{"capturePayment", "POST /v1/payments/$held/capture", `{"amount":6000}`, ""},
	{"", "POST /v1/payments", `{"amount":10000,"currency":"USD","source":"tok_visa","capture":"manual"}`, "unwanted=id"},
	{"cancelPayment", "POST /v1/payments/$unwanted/cancel", `{}`, ""},
	{"", "POST /v1/payments", `{"amount":2500,"currency":"USD","source":"tok_authenticate"}`, "waiting=id"},
	{"confirmPayment", "POST /v1/payments/$waiting/confirm", `{"authentication":"passed"}`, ""},
	{"createRefund", "POST /v1/refunds", `{"payment":"$paid","amount":500,"reason":"The cake came back"}`, "refund=id"},
	{"getRefund", "GET /v1/refunds/$refund", "", ""},
	{"listRefunds", "GET /v1/refunds?payment=$paid&limit=1", "", ""},
	{"getMerchant", "GET /v1/merchants/$merchant", "", ""},
	{"getBalance", "GET /v1/merchants/$merchant/balance", "", ""},
	{"createApiKey", "POST /v1/api_keys", `{"name":"till","scopes":["payments:read","payments:write"]}`, "key=id"},
	{"getApiKey", "GET /v1/api_keys/$key", "", ""},
	{"listApiKeys", "GET /v1/api_keys?limit=1", "", ""},
	{"rotateApiKey", "POST /v1/api_keys/$key/rotate", `{"overlap_seconds":3600}`, "successor=id"},
	{"revokeApiKey", "POST /v1/api_keys/$successor/revoke", `{}`, ""},
	{"400", "POST /v1/payments", `{"amount":0,"currency":"usd"}`, ""},
	{"402", "POST /v1/payments", `{"amount":1999,"currency":"USD","source":"tok_insufficient_funds"}`, ""},
	{"404", "GET /v1/payments/pay_00000000000000000000000000", "", ""},
	{"409", "POST /v1/payments/$unwanted/capture", `{}`, ""},
	{"413", "POST /v1/payments", `{"description":"` + strings.Repeat("-", 1<<20) + `"}`, ""},
	{"deleteCard", "DELETE /v1/cards/$card", "", ""},
	{"createWebhookEndpoint", "POST /v1/webhook_endpoints", `{"url":"$shop/florin","description":"The till","types":["payment.*","webhook_endpoint.created"],"ordered":true}`, "endpoint=id"},
	{"listWebhookDeliveries", "GET /v1/webhook_deliveries?limit=1&endpoint=$endpoint&status=delivered", "", "delivery=data.0.id"},
	{"getWebhookDelivery", "GET /v1/webhook_deliveries/$delivery", "", ""},
	{"redeliverWebhook", "POST /v1/webhook_deliveries/$delivery/redeliver", `{}`, ""},
	{"getWebhookEndpoint", "GET /v1/webhook_endpoints/$endpoint", "", ""},
	{"listWebhookEndpoints", "GET /v1/webhook_endpoints?limit=1", "", ""},
	{"changeWebhookEndpoint", "POST /v1/webhook_endpoints/$endpoint", `{"thin":true}`, ""},
	{"rotateWebhookSecret", "POST /v1/webhook_endpoints/$endpoint/rotate_secret", `{"overlap_seconds":3600}`, ""},
	{"redeliverEvents", "POST /v1/webhook_endpoints/$endpoint/redeliver", `{"created_from":"2026-01-31T09:00:00Z","created_to":"2026-01-31T10:00:00Z"}`, ""},
	{"deleteWebhookEndpoint", "DELETE /v1/webhook_endpoints/$endpoint", "", ""},
	{"getSandboxClock", "GET /v1/sandbox/clock", "", ""},
	{"moveSandboxClock", "POST /v1/sandbox/clock/move", `{"seconds":3600}`, ""},
}

// TestExamples sends every request that the OpenAPI document shows, and compares
// the answers with those that it shows. make golden writes them anew.
func TestExamples(t *testing.T) {
	t.Parallel()
	s := dev(t, sqlitePlace(t), "--webhook-network", "127.0.0.0/8")
	c, shop := s.caller(), httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(shop.Close)
	now := time.Now().UTC()
	names := map[string]string{"shop": shop.URL, "home": s.Wallet, "merchant": s.Merchant, "today": now.Format(time.DateOnly), "earlier": now.AddDate(0, 0, -2).Format(time.DateOnly)}
	told := map[string]exchange{}
	play := func(x step) {
		t.Helper()
		verb, path, _ := strings.Cut(fillIn(x.call, names), " ")
		var body []byte
		if x.body != "" {
			body = []byte(fillIn(x.body, names))
		}
		if strings.Contains(x.call, "$event") {
			path = "/v1/events/" + c.get(t, "/v1/events?type=payment.succeeded&limit=1").field("data.0.id")
		}
		a := answered(t)(c.do(verb, path, body))
		for x.operation == "listWebhookDeliveries" && a.field("data.len") == "0" { // it is on its way
			time.Sleep(20 * time.Millisecond)
			a = answered(t)(c.do(verb, path, body))
		}
		want, err := strconv.Atoi(x.operation)
		if err != nil {
			want = 200
		}
		a.wants(t, want)
		if name, field, keeps := strings.Cut(x.keep, "="); keeps {
			names[name] = a.field(field)
		}
		if want != 200 {
			body = nil // what is wrong with it stands in the answer
		}
		if x.operation != "" {
			told[x.operation] = exchange{body, a.body}
		}
	}
	for _, x := range shown {
		play(x)
	}
	for _, x := range contested(t, c, names) {
		play(x)
	}
	for _, x := range granted(t, s, c, names) {
		play(x)
	}
	streamed(t, c, told)
	refusedByHeader(t, c, told)
	complete(t, c, told)
	compareExamples(t, told, shop.URL)
}

// contested opens two disputes, and waits for them.
func contested(t *testing.T, c *caller, names map[string]string) []step {
	t.Helper()
	for i, name := range []string{"first", "second"} {
		c.post(t, "/v1/payments", `{"amount":6000,"currency":"USD","source":"tok_disputed"}`).wants(t, 200)
		for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(100 * time.Millisecond) {
			list := c.get(t, "/v1/disputes").wants(t, 200)
			if list.field("data.len") == strconv.Itoa(i+1) {
				names[name] = list.field("data.0.id")
				break
			}
			if time.Now().After(deadline) {
				t.Fatal("no dispute came")
			}
		}
	}
	return []step{
		{"getDispute", "GET /v1/disputes/$first", "", ""},
		{"listDisputes", "GET /v1/disputes?limit=1", "", ""},
		{"acceptDispute", "POST /v1/disputes/$first/accept", `{}`, ""},
		{"contestDispute", "POST /v1/disputes/$second/contest", `{"evidence":"Signed by the payer: winning_evidence"}`, ""},
	}
}

// refusedByHeader adds the problems that a header alone brings about.
func refusedByHeader(t *testing.T, c *caller, told map[string]exchange) {
	t.Helper()
	say := func(status int, a answer, err error) {
		t.Helper()
		told[strconv.Itoa(status)] = exchange{Answer: answered(t)(a, err).wants(t, status).body}
	}
	pay := []byte(`{"amount":1999,"currency":"USD","source":"tok_visa"}`)
	weak := c.as(c.post(t, "/v1/api_keys", `{"scopes":["events:read"]}`).wants(t, 200).field("secret"))
	a, err := c.do("GET", "/v1/payments", nil, "Authorization", "")
	say(401, a, err)
	a, err = weak.do("POST", "/v1/payments", pay)
	say(403, a, err)
	a, err = c.do("GET", "/v1/payments", nil, "Accept", "text/csv")
	say(406, a, err)
	a, err = c.do("POST", "/v1/payments", pay, "Content-Type", "text/csv")
	say(415, a, err)
	answered(t)(c.do("POST", "/v1/payments", pay, "Idempotency-Key", "one")).wants(t, 200)
	a, err = c.do("POST", "/v1/payments", []byte(`{"amount":2000,"currency":"USD","source":"tok_visa"}`), "Idempotency-Key", "one")
	say(422, a, err)
}

func fillIn(text string, names map[string]string) string {
	return regexp.MustCompile(`\$[a-z]+`).ReplaceAllStringFunc(text, func(name string) string {
		if value, known := names[name[1:]]; known {
			return value
		}
		return name
	})
}

// streamed reads one event of a stream, which has no end.
func streamed(t *testing.T, c *caller, told map[string]exchange) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, "GET", c.url+"/v1/events/stream?after=0&types=payment.succeeded", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+c.key)
	r.Header.Set("Accept", "application/x-ndjson")
	a, err := c.http.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	line, err := bufio.NewReader(a.Body).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	told["streamEvents"] = exchange{Answer: json.RawMessage(`{"object":"list","data":[` + strings.TrimSpace(line) + `]}`)}
}

// complete holds that no operation of the running server lacks an example.
func complete(t *testing.T, c *caller, told map[string]exchange) {
	t.Helper()
	var document struct {
		Paths map[string]map[string]struct {
			OperationID string `json:"operationId"`
			Scope       string `json:"x-florin-scope"`
		}
	}
	if err := json.Unmarshal(c.get(t, "/openapi.json").wants(t, 200).body, &document); err != nil {
		t.Fatal(err)
	}
	for url, item := range document.Paths {
		for verb, o := range item {
			if _, there := told[o.OperationID]; !there && o.Scope != "" {
				t.Errorf("%s %s (%s) has no example: add a step", verb, url, o.OperationID)
			}
		}
	}
}

// changing is what differs from run to run.
var changing = regexp.MustCompile(`\b[a-z]+_[0-9a-z]{26}\b|fl_sandbox_[0-9a-z]+|\d{4}-\d\d-\d\dT[0-9:.]+Z|\b\d{4}-\d\d-\d\d\b|\b[0-9a-f]{64}\b|\bey[\w-]+\.\.[\w-]+|\\?"(last_used_at|sequence|event_sequence|latency_ms)\\?": ?[^,}\s]+|whpk_[A-Za-z0-9+/=]+|Webhook-(Signature|Timestamp): [^\\]+|Date: [^\\]+`)

// secrets are not for showing, though they were worth nothing.
var secrets = regexp.MustCompile(`fl_sandbox_[0-9a-z]+`)

var hookSecrets = regexp.MustCompile(`whsec_[A-Za-z0-9+/=]+`)

var (
	claims  = regexp.MustCompile(`("code": "|#claim=)[\w-]{43}\b`) // codes of payers' claims
	issuers = regexp.MustCompile(`http://localhost:\d+/`)
)

func compareExamples(t *testing.T, told map[string]exchange, shop string) {
	t.Helper()
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(told); err != nil {
		t.Fatal(err)
	}
	got := secrets.ReplaceAll(out.Bytes(), []byte("fl_sandbox_example"))
	got = hookSecrets.ReplaceAll(got, []byte("whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="))
	got = bytes.ReplaceAll(got, []byte(shop), []byte("https://hooks.shop.example"))
	got = claims.ReplaceAll(got, []byte("${1}0123456789abcdefghijklmnopqrstuvwxyzABCDEFG"))
	got = issuers.ReplaceAll(got, []byte("http://localhost:8080/"))
	want, err := os.ReadFile(examplesFile)
	if err != nil {
		t.Fatal(err)
	}
	masked := func(text []byte) string { return string(changing.ReplaceAll(text, []byte("…"))) }
	if masked(got) == masked(want) {
		return
	}
	if os.Getenv("FLORIN_UPDATE_GOLDEN") == "" {
		t.Errorf("%s differs; if the change is meant, run make golden\n got %s\nwant %s", examplesFile, masked(got), masked(want))
		return
	}
	if err := os.WriteFile(examplesFile, got, 0o644); err != nil { //nolint:gosec // a source file
		t.Fatal(err)
	}
}
