package e2e

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
)

// bad is one request that must be refused, and how.
type bad struct {
	name    string
	method  string // POST if empty
	path    string // /v1/payments if empty
	body    string // of a POST
	headers []string
	status  int
	code    string // of the problem
	pointer string // of the first bad place; "" for none
	field   string // code of that place
}

const (
	good       = `"currency":"USD","source":"tok_visa"`
	invalid    = "invalid_request"
	byNumber   = `"amount":100,"currency":"USD","expiry_date":"12/99","cvv":"123","card_number":`
	byExpiry   = `"amount":100,"currency":"USD","card_number":"4242424242424242","cvv":"123","expiry_date":`
	byCode     = `"amount":100,"currency":"USD","card_number":"4242424242424242","expiry_date":"12/99","cvv":`
	plausible  = "pay_01m85jyyghef59kz7d2me6g04s"
	tooLong    = 1 << 20
	unsayable  = "\xff\xfe"
	nextJSON   = ` {}`
	deepest    = 64
	beyondSafe = "9007199254740992"
)

func amount(text string) string { return `{` + good + `,"amount":` + text + `}` }

// bodies are JSON that is broken, or not what the contract says.
var bodies = []bad{
	{name: "nothing", body: "", status: 400, code: invalid, pointer: "/amount", field: "required"},
	{name: "cut short", body: `{"amount":100,`, status: 400, code: invalid, field: "malformed_json"},
	{name: "no JSON", body: `amount=100&currency=USD`, status: 400, code: invalid, field: "malformed_json"},
	{name: "a list", body: `[{"amount":100}]`, status: 400, code: invalid, field: "wrong_type"},
	{name: "null", body: `null`, status: 400, code: invalid},
	{name: "two values", body: amount("100") + nextJSON, status: 400, code: invalid, field: "trailing_data"},
	{name: "a comment", body: `{/* tea */` + good + `,"amount":100}`, status: 400, code: invalid, field: "malformed_json"},
	{name: "a comma too many", body: `{` + good + `,"amount":100,}`, status: 400, code: invalid, field: "malformed_json"},
	{name: "single quotes", body: `{'amount':100}`, status: 400, code: invalid, field: "malformed_json"},
	{name: "NaN", body: amount("NaN"), status: 400, code: invalid, field: "malformed_json"},
	{name: "a byte order mark", body: "\ufeff" + amount("100"), status: 400, code: invalid, field: "malformed_json"},
	{name: "65 levels", body: amount(strings.Repeat("[", deepest+1) + strings.Repeat("]", deepest+1)), status: 400, code: invalid, field: "too_deep"},
	{name: "a hundred thousand levels", body: strings.Repeat("[", 100_000), status: 400, code: invalid, field: "too_deep"},
	{name: "unknown field", body: `{` + good + `,"amount":100,"amonut":100}`, status: 400, code: invalid, pointer: "/amonut", field: "unknown_field"},
	{name: "a field in capitals", body: `{` + good + `,"Amount":100}`, status: 400, code: invalid, pointer: "/Amount", field: "unknown_field"},
	{name: "camel case", body: `{` + byNumber + `"4242424242424242","moreToCome":true}`, status: 400, code: invalid, pointer: "/moreToCome", field: "unknown_field"},
	{name: "duplicate field", body: `{` + good + `,"amount":100,"amount":200}`, status: 400, code: invalid, pointer: "/amount", field: "duplicate_field"},
	{name: "duplicate field in other letters", body: `{` + good + `,"amount":100,"\u0061mount":200}`, status: 400, code: invalid, pointer: "/amount", field: "duplicate_field"},
	{name: "duplicate metadata", body: `{` + good + `,"amount":100,"metadata":{"a":"1","a":"2"}}`, status: 400, code: invalid, pointer: "/metadata/a", field: "duplicate_field"},
	{name: "metadata of numbers", body: `{` + good + `,"amount":100,"metadata":{"a":1}}`, status: 400, code: invalid, pointer: "/metadata/a", field: "wrong_type"},
	{name: "invalid UTF-8", body: `{` + good + `,"amount":100,"description":"` + unsayable + `"}`, status: 400, code: invalid, pointer: "/description", field: "invalid_utf8"},
	{name: "half a surrogate", body: `{` + good + `,"amount":100,"description":"\ud800"}`, status: 400, code: invalid, pointer: "/description"},
	{name: "NUL, written", body: `{` + good + `,"amount":100,"description":"a\u0000b"}`, status: 400, code: invalid, pointer: "/description", field: "invalid_character"},
	{name: "NUL, raw", body: `{` + good + `,"amount":100,"description":"a` + "\x00" + `b"}`, status: 400, code: invalid},
	{name: "NUL in a name", body: `{` + good + `,"amount":100,"metadata":{"a\u0000":"b"}}`, status: 400, code: invalid},
	{name: "1 MiB and a byte", body: `{"description":"` + strings.Repeat("a", tooLong) + `"}`, status: 413, code: "body_too_large"},
	{name: "a long description", body: `{` + good + `,"amount":100,"description":"` + strings.Repeat("a", 501) + `"}`, status: 400, code: invalid, pointer: "/description", field: "too_long"},
	{name: "51 notes", body: `{` + good + `,"amount":100,"metadata":{` + notes(51) + `}}`, status: 400, code: invalid, pointer: "/metadata", field: "too_many"},
	{name: "unknown capture", body: `{` + good + `,"amount":100,"capture":"later"}`, status: 400, code: invalid, pointer: "/capture", field: "unknown_value"},
	{name: "capture as a number", body: `{` + good + `,"amount":100,"capture":2}`, status: 400, code: invalid, pointer: "/capture", field: "wrong_type"},
}

func notes(n int) string {
	var list []string
	for i := range n {
		list = append(list, `"n`+string(rune('a'+i/26))+string(rune('a'+i%26))+`":"x"`)
	}
	return strings.Join(list, ",")
}

// amounts that are none.
var amounts = []bad{
	{name: "no amount", body: `{` + good + `}`, status: 400, code: invalid, pointer: "/amount", field: "required"},
	{name: "null", body: amount("null"), status: 400, code: invalid, pointer: "/amount", field: "required"},
	{name: "zero", body: amount("0"), status: 400, code: invalid, pointer: "/amount", field: "too_small"},
	{name: "negative", body: amount("-1"), status: 400, code: invalid, pointer: "/amount", field: "too_small"},
	{name: "a fraction", body: amount("10.5"), status: 400, code: invalid, pointer: "/amount", field: "not_an_integer"},
	{name: "a whole fraction", body: amount("10.0"), status: 400, code: invalid, pointer: "/amount", field: "not_an_integer"},
	{name: "an exponent", body: amount("1e3"), status: 400, code: invalid, pointer: "/amount", field: "not_an_integer"},
	{name: "an exponent as text", body: amount(`"1e3"`), status: 400, code: invalid, pointer: "/amount", field: "not_an_integer"},
	{name: "2^53", body: amount(beyondSafe), status: 400, code: invalid, pointer: "/amount", field: "number_out_of_range"},
	{name: "2^53 as text", body: amount(`"` + beyondSafe + `"`), status: 400, code: invalid, pointer: "/amount", field: "number_out_of_range"},
	{name: "2^63", body: amount("9223372036854775808"), status: 400, code: invalid, pointer: "/amount", field: "number_out_of_range"},
	{name: "2^64 and one", body: amount("18446744073709551617"), status: 400, code: invalid, pointer: "/amount", field: "number_out_of_range"},
	{name: "a thousand digits", body: amount(strings.Repeat("9", 1000)), status: 400, code: invalid, pointer: "/amount", field: "number_out_of_range"},
	{name: "words", body: amount(`"ten"`), status: 400, code: invalid, pointer: "/amount", field: "not_an_integer"},
	{name: "a space", body: amount(`" 100"`), status: 400, code: invalid, pointer: "/amount", field: "not_an_integer"},
	{name: "a plus", body: amount(`"+100"`), status: 400, code: invalid, pointer: "/amount", field: "not_an_integer"},
	{name: "leading zeros", body: amount(`"0100"`), status: 400, code: invalid, pointer: "/amount", field: "not_an_integer"},
	{name: "other digits", body: amount(`"١٠٠"`), status: 400, code: invalid, pointer: "/amount", field: "not_an_integer"},
	{name: "true", body: amount("true"), status: 400, code: invalid, pointer: "/amount", field: "wrong_type"},
	{name: "an object", body: amount(`{"value":100}`), status: 400, code: invalid, pointer: "/amount", field: "wrong_type"},
	{name: "no currency", body: `{"amount":100,"source":"tok_visa"}`, status: 400, code: invalid, pointer: "/currency", field: "required"},
	{name: "small letters", body: `{"amount":100,"currency":"usd","source":"tok_visa"}`, status: 400, code: invalid, pointer: "/currency", field: "pattern"},
	{name: "unknown currency", body: `{"amount":100,"currency":"ZZZ","source":"tok_visa"}`, status: 400, code: invalid, pointer: "/currency", field: "currency_unknown"},
	{name: "withdrawn currency", body: `{"amount":100,"currency":"DEM","source":"tok_visa"}`, status: 400, code: invalid, pointer: "/currency", field: "currency_unknown"},
	{name: "gold", body: `{"amount":100,"currency":"XAU","source":"tok_visa"}`, status: 400, code: invalid, pointer: "/currency", field: "currency_unknown"},
	{name: "currency as a number", body: `{"amount":100,"currency":840,"source":"tok_visa"}`, status: 400, code: invalid, pointer: "/currency", field: "wrong_type"},
}

// sources that cannot pay.
var sources = []bad{
	{name: "no source", body: `{"amount":100,"currency":"USD"}`, status: 400, code: invalid, pointer: "/source"},
	{name: "unknown token", body: `{"amount":100,"currency":"USD","source":"tok_gold"}`, status: 400, code: invalid, pointer: "/source"},
	{name: "some text", body: `{"amount":100,"currency":"USD","source":"my card"}`, status: 400, code: invalid, pointer: "/source"},
	{name: "half an id", body: `{"amount":100,"currency":"USD","source":"card_"}`, status: 400, code: invalid, pointer: "/source"},
	{name: "another kind of id", body: `{"amount":100,"currency":"USD","source":"` + plausible + `"}`, status: 400, code: invalid, pointer: "/source"},
	{name: "a source and a card", body: `{` + byNumber + `"4242424242424242","source":"tok_visa"}`, status: 400, code: invalid, pointer: "/source", field: "conflicting_fields"},
	{name: "wrong Luhn digit", body: `{` + byNumber + `"4242424242424241"}`, status: 400, code: invalid, pointer: "/card_number"},
	{name: "short number", body: `{` + byNumber + `"424242"}`, status: 400, code: invalid, pointer: "/card_number"},
	{name: "letters", body: `{` + byNumber + `"4242 4242 4242 424O"}`, status: 400, code: invalid, pointer: "/card_number"},
	{name: "number as a number", body: `{` + byNumber + `4242424242424242}`, status: 400, code: invalid, pointer: "/card_number", field: "wrong_type"},
	{name: "a very long number", body: `{` + byNumber + `"` + strings.Repeat("4", 33) + `"}`, status: 400, code: invalid, pointer: "/card_number", field: "too_long"},
	{name: "no number", body: `{"amount":100,"currency":"USD","expiry_date":"12/99","cvv":"123"}`, status: 400, code: invalid, pointer: "/card_number", field: "required"},
	{name: "month 13", body: `{` + byExpiry + `"13/99"}`, status: 400, code: invalid, pointer: "/expiry_date"},
	{name: "month 0", body: `{` + byExpiry + `"00/99"}`, status: 400, code: invalid, pointer: "/expiry_date"},
	{name: "year first", body: `{` + byExpiry + `"2099-12"}`, status: 400, code: invalid, pointer: "/expiry_date"},
	{name: "no expiry", body: `{"amount":100,"currency":"USD","card_number":"4242424242424242","cvv":"123"}`, status: 400, code: invalid, pointer: "/expiry_date"},
	{name: "past expiry", body: `{` + byExpiry + `"12/25"}`, status: 402, code: "card_declined"},
	{name: "letters in the code", body: `{` + byCode + `"12a"}`, status: 400, code: invalid, pointer: "/cvv"},
	{name: "a code of five", body: `{` + byCode + `"12345"}`, status: 400, code: invalid, pointer: "/cvv", field: "too_long"},
	{name: "a code of another brand", body: `{` + byCode + `"1234"}`, status: 400, code: invalid, pointer: "/cvv"},
	{name: "a code as a number", body: `{` + byCode + `123}`, status: 400, code: invalid, pointer: "/cvv", field: "wrong_type"},
}

// envelopes are wrong around the body: URL, method, headers, credentials.
var envelopes = []bad{
	{name: "no media type", body: amount("100"), headers: []string{"Content-Type", ""}, status: 415, code: "media_type_unsupported"},
	{name: "form", body: "amount=100", headers: []string{"Content-Type", "application/x-www-form-urlencoded"}, status: 415, code: "media_type_unsupported"},
	{name: "YAML", body: "amount: 100", headers: []string{"Content-Type", "application/yaml"}, status: 415, code: "media_type_unsupported"},
	{name: "another root in XML", body: "<a/>", headers: []string{"Content-Type", "application/xml"}, status: 400, code: invalid, pointer: "/a", field: "wrong_type"},
	{name: "a document type", body: "<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>", headers: []string{"Content-Type", "text/xml"}, status: 400, code: invalid, field: "markup_refused"},
	{name: "JSON as XML", body: amount("100"), headers: []string{"Content-Type", "application/xml"}, status: 400, code: invalid, field: "malformed_xml"},
	{name: "JSON as Protobuf", body: amount("100"), headers: []string{"Content-Type", "application/protobuf"}, status: 400, code: invalid, field: "malformed_protobuf"},
	{name: "XML in Latin", body: "<?xml version='1.0' encoding='ISO-8859-1'?><a/>", headers: []string{"Content-Type", "application/xml"}, status: 400, code: invalid, field: "invalid_utf8"},
	{name: "Latin", body: amount("100"), headers: []string{"Content-Type", "application/json; charset=latin1"}, status: 415, code: "media_type_unsupported"},
	{name: "compressed, cut short", body: "\x1f\x8b\x08", headers: []string{"Content-Encoding", "gzip"}, status: 400},
	{name: "compressed otherwise", body: "\x1f\x8b\x08", headers: []string{"Content-Encoding", "br"}, status: 415},
	{name: "wants YAML", body: amount("100"), headers: []string{"Accept", "application/yaml"}, status: 406, code: "not_acceptable"},
	{name: "wants no JSON", body: amount("100"), headers: []string{"Accept", "application/json;q=0"}, status: 406, code: "not_acceptable"},
	{name: "wrong method", method: "PUT", path: "/v1/payments", status: 405, code: "method_not_allowed"},
	{name: "delete all", method: "DELETE", path: "/v1/payments", status: 405, code: "method_not_allowed"},
	{name: "read an action", method: "GET", path: "/v1/payments/" + plausible + "/capture", status: 405, code: "method_not_allowed"},
	{name: "invented method", method: "BREW", path: "/v1/payments", status: 405, code: "method_not_allowed"},
	{name: "no such URL", method: "GET", path: "/v1/coffee", status: 404, code: "route_not_found"},
	{name: "the root", method: "GET", path: "/", status: 404, code: "route_not_found"},
	{name: "another version", path: "/v2/payments", body: amount("100"), status: 404, code: "route_not_found"},
	{name: "a slash at the end", method: "GET", path: "/v1/payments/", status: 404, code: "route_not_found"},
	{name: "dots", method: "GET", path: "/v1/payments/../../etc/passwd", status: 404, code: "route_not_found"},
	{name: "no credentials", body: amount("100"), headers: []string{"Authorization", ""}, status: 401, code: "credentials_missing"},
	{name: "an empty credential", body: amount("100"), headers: []string{"Authorization", "Bearer "}, status: 401, code: "credentials_missing"},
	{name: "another scheme", body: amount("100"), headers: []string{"Authorization", "Basic Zm9vOmJhcg=="}, status: 401, code: "credentials_missing"},
	{name: "no key of ours", body: amount("100"), headers: []string{"Authorization", "Bearer nonsense"}, status: 401, code: "credentials_invalid"},
	{name: "an invented key", body: amount("100"), headers: []string{"Authorization", "Bearer fl_sandbox_c00dvk4tvjavz540dqatfbm2bbh40gd3yxebsmp8ma9dpknwr0k00fgskdy"}, status: 401, code: "credentials_invalid"},
	{name: "a very long key", body: amount("100"), headers: []string{"Authorization", "Bearer " + strings.Repeat("a", 8000)}, status: 401, code: "credentials_invalid"},
	{name: "two credentials", body: amount("100"), headers: []string{"Authorization", "Bearer a", "Authorization", "Bearer b"}, status: 401, code: "credentials_invalid"},
	{name: "long idempotency key", body: amount("100"), headers: []string{"Idempotency-Key", strings.Repeat("k", 256)}, status: 400, code: "idempotency_key_invalid"},
	{name: "no id", method: "GET", path: "/v1/payments/nonsense", status: 404, code: "not_found"},
	{name: "an id of another kind", method: "GET", path: "/v1/payments/card_44dzsaz0y8ha1spdpf41jckkf2", status: 404, code: "not_found"},
	{name: "an id in capitals", method: "GET", path: "/v1/payments/PAY_01M85JYYGHEF59KZ7D2ME6G04S", status: 404, code: "not_found"},
	{name: "an id with a NUL", method: "GET", path: "/v1/payments/pay_%00", status: 404, code: "not_found"},
	{name: "an id of broken bytes", method: "GET", path: "/v1/payments/%ff%fe", status: 404, code: "not_found"},
	{name: "an id of SQL", method: "GET", path: "/v1/payments/pay_'%3Bdrop%20table%20payment%3B--", status: 404, code: "not_found"},
	{name: "a long id", method: "GET", path: "/v1/payments/" + strings.Repeat("a", 4000), status: 404, code: "not_found"},
	{name: "a query that a body replaces", path: "/v1/payments?amount=5", body: amount("100"), status: 400, code: invalid, pointer: "?amount"},
	{name: "an unknown parameter", method: "GET", path: "/v1/payments?page=2", status: 400, code: invalid, pointer: "?page", field: "unknown_field"},
	{name: "a page of nothing", method: "GET", path: "/v1/payments?limit=0", status: 400, code: invalid, pointer: "?limit", field: "too_small"},
	{name: "a parameter twice", method: "GET", path: "/v1/payments?limit=1&limit=2", status: 400, code: invalid, pointer: "?limit", field: "duplicate_field"},
	{name: "a broken query", method: "GET", path: "/v1/payments?limit=%zz", status: 400, code: invalid, field: "malformed_query"},
	{name: "an id in the body too", path: "/v1/payments/" + plausible + "/cancel", body: `{"id":"` + plausible + `"}`, status: 400, code: invalid, pointer: "/id"},
	{name: "a time that is none", method: "GET", path: "/v1/accounts/acct_01m85jyyghef59kz7d2me6g04s?at=2026-02-30T00:00:00Z", status: 400, code: invalid, pointer: "?at", field: "invalid_time"},
}

// innards are what no answer may show: stacks, SQL, paths, names of our parts.
var innards = regexp.MustCompile(`(?i)goroutine|\.go:\d|panic|runtime error|\bselect\b.+\bfrom\b|insert into|sqlite|postgres|pgx|SQLSTATE|constraint|/tmp/|/root/|/usr/|github\.com|connectrpc|golang\.org|protoreflect|proto:`)

// TestBadInput: each is refused with the right status and, in a problem that names
// the place, without anything of our insides; and afterwards all is well.
func TestBadInput(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, at place) {
		s := dev(t, at)
		c := s.caller()
		for _, group := range [][]bad{bodies, amounts, sources, envelopes} {
			for _, b := range group {
				t.Run(b.name, func(t *testing.T) { b.try(t, c) })
			}
		}
		t.Run("the key in the query", func(t *testing.T) {
			a := answered(t)(c.do("GET", "/v1/payments?access_token="+s.Key, nil, "Authorization", ""))
			b := bad{status: 401, code: "credentials_missing"}
			b.check(t, a)
		})
		t.Run("all is well", func(t *testing.T) {
			c.post(t, "/v1/payments", amount("100")).wants(t, 200, "status=succeeded")
			if said := s.Errors(); innardsLogged.MatchString(said) {
				t.Errorf("a request shook the server:\n%s", said)
			}
		})
		s.Stop(t)
		at.verified(t)
	})
}

var innardsLogged = regexp.MustCompile(`goroutine|panic|"level":"ERROR"`)

func (b bad) try(t *testing.T, c *caller) {
	method, path, body := b.method, b.path, []byte(b.body)
	if method == "" {
		method = http.MethodPost
	} else {
		body = nil
	}
	if path == "" {
		path = "/v1/payments"
	}
	b.check(t, answered(t)(c.do(method, path, body, b.headers...)))
}

func (b bad) check(t *testing.T, a answer) {
	t.Helper()
	if a.status != b.status {
		t.Fatalf("HTTP %d, want %d: %s", a.status, b.status, a.body)
	}
	if !strings.HasPrefix(a.header.Get("Content-Type"), "application/problem+json") {
		t.Errorf("Content-Type is %q", a.header.Get("Content-Type"))
	}
	if request := a.header.Get("Request-Id"); !strings.HasPrefix(request, "req_") || a.field("request_id") != request {
		t.Errorf("Request-Id is %q, request_id %q", request, a.field("request_id"))
	}
	if b.code != "" && a.field("code") != b.code {
		t.Errorf("code is %q, want %q: %s", a.field("code"), b.code, a.body)
	}
	if b.pointer != "" && a.field("errors.0.pointer") != b.pointer {
		t.Errorf("the place is %q, want %q: %s", a.field("errors.0.pointer"), b.pointer, a.body)
	}
	if b.field != "" && a.field("errors.0.code") != b.field {
		t.Errorf("the place's code is %q, want %q: %s", a.field("errors.0.code"), b.field, a.body)
	}
	if b.status == 405 && a.header.Get("Allow") == "" {
		t.Error("405 without Allow")
	}
	if b.status == 401 && a.header.Get("WWW-Authenticate") == "" {
		t.Error("401 without WWW-Authenticate")
	}
	for _, member := range []string{"type", "title", "detail", "instance", "doc_url"} {
		if a.field(member) == "(missing)" || a.field(member) == "" {
			t.Errorf("the problem has no %s: %s", member, a.body)
		}
	}
	if shown := innards.Find(changing.ReplaceAll(a.body, nil)); shown != nil { // an id may spell anything
		t.Errorf("the answer shows %q: %s", shown, a.body)
	}
}
