package e2e

import (
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	florinv1 "github.com/florinpay/florin/gen/florin/v1"
)

// probe is one request that carries a canary.
type probe struct {
	method, path string
	body         []byte
	headers      []string
}

// endpoint is one URL of the contract.
type endpoint struct {
	verb, pattern string
	input, output protoreflect.MessageDescriptor
}

// endpoints reads all URLs from the contract itself, so that none is forgotten.
func endpoints() (list []endpoint) {
	for _, file := range []protoreflect.FileDescriptor{
		florinv1.File_florin_v1_api_key_proto, florinv1.File_florin_v1_card_proto, florinv1.File_florin_v1_dispute_proto,
		florinv1.File_florin_v1_event_proto, florinv1.File_florin_v1_export_proto, florinv1.File_florin_v1_ledger_proto, florinv1.File_florin_v1_merchant_proto,
		florinv1.File_florin_v1_payer_proto, florinv1.File_florin_v1_payment_proto, florinv1.File_florin_v1_refund_proto,
		florinv1.File_florin_v1_wallet_proto,
	} {
		for i := range file.Services().Len() {
			methods := file.Services().Get(i).Methods()
			for j := range methods.Len() {
				list = append(list, endpointsOf(methods.Get(j))...)
			}
		}
	}
	return list
}

func endpointsOf(m protoreflect.MethodDescriptor) (list []endpoint) {
	rule := proto.GetExtension(m.Options(), annotations.E_Http).(*annotations.HttpRule)
	for _, r := range append(rule.GetAdditionalBindings(), rule) {
		switch p := r.GetPattern().(type) {
		case *annotations.HttpRule_Get:
			list = append(list, endpoint{"GET", p.Get, m.Input(), m.Output()})
		case *annotations.HttpRule_Post:
			list = append(list, endpoint{"POST", p.Post, m.Input(), m.Output()})
		case *annotations.HttpRule_Delete:
			list = append(list, endpoint{"DELETE", p.Delete, m.Input(), m.Output()})
		}
	}
	return list
}

// freeText are the fields that keep what a caller writes, whatever it is: no canary
// is sent in them here.
var freeText = []string{"description", "reference", "metadata", "reason", "evidence", "name", "email"}

// sums are whole numbers that may be as large as a card number.
var sums = []string{"amount", "limit_per_payment", "limit_per_day"}

var placeholder = regexp.MustCompile(`\{\w+\}`)

// probes puts a canary in every place of an endpoint where a number could go astray.
func (e endpoint) probes(n string) (list []probe) {
	path := placeholder.ReplaceAllString(e.pattern, plausible)
	add := func(path, body string, headers ...string) {
		p := probe{e.verb, path, nil, headers}
		if e.verb == http.MethodPost {
			p.body = []byte(body)
		}
		list = append(list, p)
	}
	code := canaryCode
	if len(n) == 15 {
		code = canaryCodeOfFour
	}
	if placeholder.MatchString(e.pattern) {
		for _, written := range []string{n, grouped(n, "-"), url.PathEscape(grouped(n, " ")), "card_" + n} {
			add(placeholder.ReplaceAllString(e.pattern, written), "{}")
		}
	}
	add(path+"/"+n, "{}")
	for _, query := range []string{"card_number=" + n + "&cvv=" + code, n + "=1", "limit=" + n, url.QueryEscape(grouped(n, " ")), "at=" + n, "%zz" + n} {
		add(path+"?"+query, "{}")
	}
	for i := range e.input.Fields().Len() {
		list = append(list, e.misplaced(path, n, e.input.Fields().Get(i))...)
	}
	for _, body := range []string{
		`{"` + n + `":"x"}`, `{"card":{"number":"` + n + `","cvv":"` + code + `"}}`, `{"pan":"` + n + `","cvc":"` + code + `"}`,
		`{"card_number":"` + n, `{"card_number":"` + n + `","cvv":"` + code + `",}`, `{"card_number":` + n + `,"cvv":` + code + `}`,
		`card_number=` + n + `&cvv=` + code, `["` + n + `"]`, `"` + n + `"`, n, `{"card_number":["` + n + `"],"cvv":{"a":"` + code + `"}}`,
		`{"card_number":"` + n + `\ud800","cvv":"` + code + `\u0000"}`, "{\"card_number\":\"" + n + "\xff\"}",
		`{"amount":100,"currency":"USD","card_number":"` + n + `1","expiry_date":"12/99","cvv":"` + code + `"}`,
		`{"amount":100,"currency":"` + n + `","card_number":"` + n + `","expiry_date":"` + n + `","cvv":"` + code + `"}`,
	} {
		add(path, body)
	}
	for _, body := range []string{
		"<" + n + "/>", "<n" + n + ">x</n" + n + ">", "<card_number>" + n + "</card_number>", n, "<!" + n + ">", "<a>&" + n + ";</a>",
		"<create_payment_request n" + n + "='" + n + "'><card_number><pan>" + n + "</pan></card_number><cvv cvv='" + code + "'>" + code + "</cvv>" + n + "</create_payment_request>",
		"<create_payment_request><amount>" + n + "0</amount><card_number>&#0;" + n + "</card_number><capture><![CDATA[" + n + "]]></capture>",
	} {
		add(path, body, "Content-Type", "application/xml", "Accept", "application/xml")
	}
	for _, body := range []string{
		n, "\x22\x10" + n, "\x22\x11" + n + "\xff", "\xba\x06\x10" + n, "\x52\x12\x0a\x10" + n + "\x52\x12\x0a\x10" + n, "\x22\x10" + n + "\x32\x03" + code + "\x32",
	} {
		add(path, body, "Content-Type", "application/protobuf", "Accept", "application/protobuf")
	}
	for _, name := range []string{"User-Agent", "Referer", "Cookie", "X-Card-Number", "X-Request-Id", "Traceparent", "Florin-Version", "Content-Type", "Accept", "Content-Encoding", "Authorization"} {
		add(path, "{}", name, n)
	}
	add(path, "{}", "Authorization", "Bearer "+n)
	add(path, "{}", "Authorization", "Bearer fl_sandbox_"+n)
	add(path, "{}", "X-"+n, n)
	return list
}

// misplaced puts the canary in one field: in the query of what is read, in the body
// of what is posted.
func (e endpoint) misplaced(path, n string, f protoreflect.FieldDescriptor) (list []probe) {
	name := string(f.Name())
	if slices.Contains(freeText, name) {
		return nil
	}
	if e.verb != http.MethodPost {
		return []probe{{e.verb, path + "?" + name + "=" + n, nil, nil}}
	}
	values := []any{n, grouped(n, " "), grouped(n, "-"), []string{n}, map[string]string{"number": n}, map[string]string{n: "x"}}
	if !slices.Contains(sums, name) {
		values = append(values, json.Number(n))
	} else {
		values = values[1:]
	}
	for _, value := range values {
		body := map[string]any{"amount": 100, "currency": "USD"}
		if e.input.Fields().ByName("amount") == nil {
			body = map[string]any{}
		}
		body[name] = value
		text, _ := json.Marshal(body) // plain values
		list = append(list, probe{e.verb, path, text, nil})
	}
	return list
}

// paid are the requests that send a card as the contract wants it, in every spelling
// that it takes.
func paid(n string) (list []probe) {
	code := canaryCode
	if len(n) == 15 {
		code = canaryCodeOfFour
	}
	for _, written := range []string{n, grouped(n, " "), grouped(n, "-")} {
		for _, path := range []string{"/v1/payments", "/payments"} {
			list = append(list, probe{"POST", path, []byte(`{"amount":100,"currency":"USD","card_number":"` + written + `","expiry_date":"12/99","cvv":"` + code + `"}`),
				[]string{"Idempotency-Key", "pay" + path[:4] + strings.Trim(written, "0123456789")}})
		}
		list = append(list,
			probe{"POST", "/v1/payments", []byte(`{"amount":100,"currency":"USD","card_number":"` + written + `","expiry_date":"12/25","cvv":"` + code + `","capture":"manual"}`), nil},
			probe{"POST", "/v1/cards", []byte(`{"card_number":"` + written + `","expiry_date":"12/99"}`), []string{"Idempotency-Key", "keep"}},
		)
	}
	return list
}
