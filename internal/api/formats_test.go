package api

import (
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	florinv1 "github.com/florinpay/florin/gen/florin/v1"
	"github.com/florinpay/florin/internal/wire"
)

var contract = wire.ContractShapes()

// spoken are the names of formats, each with the way a request is written in it.
var spoken = []struct {
	media, answer, problem string
	write                  func(out []byte, m proto.Message) []byte
}{
	{"application/json", "application/json; charset=utf-8", "application/problem+json; charset=utf-8", contract.EncodeJSON},
	{"application/xml", "application/xml; charset=utf-8", "application/problem+xml; charset=utf-8", contract.EncodeXML},
	{"text/xml", "text/xml; charset=utf-8", "application/problem+xml; charset=utf-8", contract.EncodeXML},
	{"application/protobuf", "application/protobuf", "application/protobuf", contract.EncodeProtobuf},
	{"application/x-protobuf", "application/x-protobuf", "application/x-protobuf", contract.EncodeProtobuf},
}

// TestRetryInAnotherFormat: a request is the same request in every format, so one key
// gives one payment, and the answer comes in the format of the retry.
func TestRetryInAnotherFormat(t *testing.T) {
	h := newHouse(t)
	q := &florinv1.CreatePaymentRequest{
		Amount: proto.Int64(73), Currency: "USD", CardNumber: "4242 4242 4242 4242", ExpiryDate: "04/30", Cvv: "123",
		Capture: florinv1.CaptureMode_CAPTURE_MODE_MANUAL, Description: "Tea\t\"for\" <two>\r\n& 金😀",
		Metadata: map[string]string{"table": "4", "note": ""},
	}
	for i, first := range spoken {
		key, id := "Idempotency-Key: format"+first.media, ""
		for j := range spoken {
			f := spoken[(i+j)%len(spoken)]
			a := h.ask("POST", "/v1/payments", string(f.write(nil, q)), key, "Content-Type: "+f.media, "Accept: "+f.media)
			a.expect(t, 200, "")
			if got := a.Header.Get("Content-Type"); got != f.answer || a.Header.Get("Vary") != "Accept, Accept-Encoding" {
				t.Errorf("%s is answered as %s, Vary %s", f.media, got, a.Header.Get("Vary"))
			}
			if replayed := a.Header.Get("Idempotent-Replayed") == "true"; replayed != (j > 0) {
				t.Errorf("%s after %s: replayed is %v", f.media, first.media, replayed)
			}
			if start := strings.Index(a.body, "pay_"); start < 0 || id != "" && a.body[start:start+30] != id {
				t.Errorf("%s after %s has another payment: %q", f.media, first.media, a.body)
			} else {
				id = a.body[start : start+30]
			}
		}
	}
	if h.till.paid != len(spoken) {
		t.Errorf("%d keys made %d payments", len(spoken), h.till.paid)
	}
}

// TestSameMistakeSameCode: what is wrong with a request does not depend on its format.
func TestSameMistakeSameCode(t *testing.T) {
	h := newHouse(t)
	pay := func(change func(*florinv1.CreatePaymentRequest)) *florinv1.CreatePaymentRequest {
		q := &florinv1.CreatePaymentRequest{Amount: proto.Int64(73), Currency: "USD", Source: "wal_1"}
		change(q)
		return q
	}
	for _, c := range []struct {
		q      proto.Message
		status int
		want   string
	}{
		{&florinv1.CreatePaymentRequest{}, 400, "invalid_request /amount:required /currency:required"},
		{pay(func(q *florinv1.CreatePaymentRequest) { q.Amount = proto.Int64(0) }), 400, "invalid_request /amount:too_small"},
		{pay(func(q *florinv1.CreatePaymentRequest) { q.Currency = "usd" }), 400, "invalid_request /currency:pattern"},
		{pay(func(q *florinv1.CreatePaymentRequest) { q.Metadata = map[string]string{"": "x"} }), 400, "invalid_request /metadata/:too_short"},
		{pay(func(q *florinv1.CreatePaymentRequest) { q.Description = "4242424242424242" }), 400, "invalid_request /description:card_number_misplaced"},
		{pay(func(q *florinv1.CreatePaymentRequest) { q.Amount = proto.Int64(amountDeclined) }), 402, "card_declined"},
		{pay(func(q *florinv1.CreatePaymentRequest) { q.Amount = proto.Int64(amountCrash) }), 500, "internal"},
	} {
		for _, f := range spoken {
			a := h.ask("POST", "/v1/payments", string(f.write(nil, c.q)), "Content-Type: "+f.media, "Accept: "+f.media)
			a.expect(t, c.status, c.want)
			if got := a.Header.Get("Content-Type"); got != f.problem {
				t.Errorf("a problem comes as %s, not %s", got, f.problem)
			}
		}
	}
	// Mistakes that no writer of ours makes: the same code, the format's own place.
	for _, c := range []struct{ media, body, want string }{
		{"application/json", `{"amount":9007199254740992,"x":1}`, "invalid_request /amount:number_out_of_range /x:unknown_field"},
		{"application/xml", `<create_payment_request><amount>9007199254740992</amount><x/></create_payment_request>`, "invalid_request /create_payment_request/amount:number_out_of_range /create_payment_request/x:unknown_field"},
		{"application/protobuf", "\x08\x80\x80\x80\x80\x80\x80\x80\x10\x78\x01", "invalid_request /amount:number_out_of_range /#15:unknown_field"},
		{"application/json", `{"description":"\u0001"}`, "invalid_request /description:invalid_character"},
		{"application/xml", `<create_payment_request><description>&#1;</description></create_payment_request>`, "invalid_request /create_payment_request/description:invalid_character"},
		{"application/protobuf", "\x42\x01\x01", "invalid_request /description:invalid_character"},
		{"application/json", `{"id":"pay_2"}`, "invalid_request /id:unknown_field"},
		{"application/xml", `<capture_payment_request><id>pay_2</id></capture_payment_request>`, "invalid_request /capture_payment_request/id:unknown_field"},
		{"application/protobuf", "\x0a\x05pay_2", "invalid_request /id:unknown_field"},
	} {
		path := "/v1/payments"
		if strings.Contains(c.body, "pay_2") {
			path = "/v1/payments/pay_1/capture"
		}
		h.ask("POST", path, c.body, "Content-Type: "+c.media, "Accept: "+c.media).expect(t, 400, c.want)
	}
}

// TestEveryAnswerHonoursAccept: also those that are given before a body is read.
func TestEveryAnswerHonoursAccept(t *testing.T) {
	h := newHouse(t)
	payment := h.ask("POST", "/v1/payments", pay).field(t, "id").(string)
	for _, f := range spoken {
		for _, c := range []struct {
			verb, path, body string
			headers          []string
			status           int
			want             string
		}{
			{"GET", "/v1/payments/" + payment, "", nil, 200, ""},
			{"GET", "/v1/payments", "", nil, 200, ""},
			{"GET", "/v1/payments", "", []string{"Authorization:"}, 401, "credentials_missing"},
			{"GET", "/v1/nothing", "", nil, 404, "route_not_found"},
			{"PUT", "/v1/payments", "", nil, 405, "method_not_allowed"},
			{"POST", "/v1/payments", pay, []string{"Content-Type: text/plain"}, 415, "media_type_unsupported"},
			{"POST", "/v1/payments", pay, []string{"Content-Type:"}, 415, "media_type_unsupported"},
			{"GET", "/v1/payments?starting_after=%01%0D", "", nil, 400, "invalid_request ?starting_after:invalid_character"},
			{"GET", "/v1/payments?%ff=1", "", nil, 400, "invalid_request ?\ufffd:unknown_field"},
			{"POST", "/v1/payments/" + payment + "/capture", "", []string{"Content-Type: " + f.media}, 200, ""}, // no body is an empty one
		} {
			a := h.ask(c.verb, c.path, c.body, append(c.headers, "Accept: text/html, "+f.media)...)
			a.expect(t, c.status, c.want)
			want := f.answer
			if c.status >= 400 {
				want = f.problem
			}
			if got := a.Header.Get("Content-Type"); got != want || a.Header.Get("Vary") != "Accept, Accept-Encoding" {
				t.Errorf("%s %s: %d comes as %s, want %s; Vary %s", c.verb, c.path, c.status, got, want, a.Header.Get("Vary"))
			}
		}
	}
	a := h.ask("GET", "/v1/payments", "", "Accept: application/problem+xml")
	a.expect(t, 406, "not_acceptable")
	if got := a.Header.Get("Content-Type"); got != "application/problem+xml; charset=utf-8" {
		t.Errorf("406 comes as %s", got)
	}
}
