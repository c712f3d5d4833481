package openapi

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/reflect/protoreflect"

	_ "github.com/florinpay/florin/gen/florin/v1" // the contract
	"github.com/florinpay/florin/internal/wire"
)

// paying is a door with one operation, in these formats.
func paying(formats ...Format) Door {
	all := wire.ContractShapes()
	return Door{
		Version: "1", Formats: formats, Problem: all["florin.v1.Problem"], Codes: []Code{{"card_declined", 402}, {"not_found", 404}},
		Operations: []Operation{{
			Verb: "POST", URL: "/v1/payments", Procedure: "/florin.v1.PaymentService/CreatePayment", Scope: "payments:write",
			Creates: true, MovesMoney: true, Body: true, Input: all["florin.v1.CreatePaymentRequest"], Output: all["florin.v1.Payment"],
		}},
	}
}

var jsonFormat = Format{Requests: []string{"application/json"}, Answer: "application/json", Problem: "application/problem+json"}

// at walks into parsed JSON.
func at(t *testing.T, d Document, steps ...string) any {
	t.Helper()
	var v any
	if err := json.Unmarshal(d.JSON, &v); err != nil {
		t.Fatal(err)
	}
	for _, step := range steps {
		object, _ := v.(map[string]any)
		if v = object[step]; v == nil {
			t.Fatalf("nothing at %s of %q", step, steps)
		}
	}
	return v
}

// TestFormatsFollow: a format that the door gains is in the document without more.
func TestFormatsFollow(t *testing.T) {
	d := Describe(paying(jsonFormat,
		Format{Requests: []string{"application/xml", "text/xml"}, Answer: "application/xml", Problem: "application/problem+xml"},
		Format{Requests: []string{"application/protobuf"}, Answer: "application/protobuf", Problem: "application/protobuf"}))
	post := []string{"paths", "/v1/payments", "post"}
	for _, media := range []string{"application/json", "application/xml", "text/xml"} {
		at(t, d, append(post, "requestBody", "content", media, "schema", "$ref")...)
	}
	if got := at(t, d, append(post, "requestBody", "content", "application/protobuf", "x-florin-message")...); got != "florin.v1.CreatePaymentRequest" {
		t.Errorf("the message in Protobuf: %v", got)
	}
	at(t, d, "components", "responses", "Refused", "content", "application/problem+xml")
	root := []string{"responses", "200", "content", "application/xml", "schema", "xml", "name"}
	if got := at(t, d, slices.Concat(post, root)...); got != "payment" {
		t.Errorf("the root element: %v", got)
	}
	only := string(Describe(paying(jsonFormat)).JSON)
	for _, word := range []string{`"application/xml":`, `"xml":`, "**XML.**", "**Protobuf.**", "x-florin-message"} { // sentences of examples may name a format
		if strings.Contains(only, word) {
			t.Errorf("a door that speaks JSON alone has a document that speaks of %s", word)
		}
	}
}

// TestStreamsFollow: a stream's answer is told in every format of streams, with the same
// objects as an example.
func TestStreamsFollow(t *testing.T) {
	door := paying(jsonFormat)
	door.Shapes = wire.ContractShapes()
	door.Operations = append(door.Operations, Operation{
		Verb: "GET", URL: "/v1/exports/payments", Procedure: "/florin.v1.ExportService/ExportPayments", Scope: "payments:read",
		Series: wire.AllSeries, Input: door.Shapes["florin.v1.ExportPaymentsRequest"], Output: door.Shapes["florin.v1.Payment"],
	})
	d := Describe(door)
	answer := []string{"paths", "/v1/exports/payments", "get", "responses", "200"}
	at(t, d, append(answer, "headers", "Content-Disposition", "$ref")...)
	for _, f := range wire.AllSeries {
		content := slices.Concat(answer, []string{"content", f.Media})
		kind, example := at(t, d, append(content, "schema", "type")...), at(t, d, append(content, "example")...)
		text, isText := example.(string)
		if isText != (f.Ending != "json") || (kind == "string") != isText {
			t.Errorf("%s is a %s, its example %v", f.Media, kind, example)
		}
		if isText && (!strings.Contains(text, "order-1001") || !strings.HasSuffix(text, "\n")) {
			t.Errorf("%s shows %q", f.Media, text)
		}
	}
	if items := at(t, d, append(answer, "content", "application/json", "schema", "properties", "data", "items", "$ref")...); items != "#/components/schemas/Payment" {
		t.Errorf("a list of %v", items)
	}
}

// TestRequestsAndAnswers: what a request may leave out, and what an answer has.
func TestRequestsAndAnswers(t *testing.T) {
	d := Describe(paying(jsonFormat))
	for place, want := range map[string]string{
		"CreatePaymentRequest/required":               `["amount","currency"]`,
		"CreatePaymentRequest/additionalProperties":   `false`,
		"CreatePaymentRequest/properties/reference":   `{"maxLength":100,"type":["string","null"]}`,
		"CreatePaymentRequest/properties/cvv/format":  `"password"`,
		"CreatePaymentRequest/properties/amount/type": `"integer"`,
		"Payment/properties/object/const":             `"payment"`,
		"Payment/properties/created_at/type":          `["string","null"]`,
		"Payment/properties/status/enum":              `["requires_action","processing","requires_capture","succeeded","canceled","failed","expired"]`,
	} {
		if got := schemaAt(t, d, place); !same(t, got, want) {
			t.Errorf("%s: %s, want %s", place, got, want)
		}
	}
	if got, err := json.Marshal(at(t, d, "components", "responses", "Refused", "content", "application/problem+json", "schema")); err != nil || !strings.Contains(string(got), `{"enum":["card_declined"]}`) {
		t.Errorf("a 402 may have other codes than its own: %s", got)
	}
}

// schemaAt is a place among the schemas.
func schemaAt(t *testing.T, d Document, place string) string {
	t.Helper()
	text, err := json.Marshal(at(t, d, append([]string{"components", "schemas"}, strings.Split(place, "/")...)...))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func same(t *testing.T, a, b string) bool {
	t.Helper()
	var x, y any
	if json.Unmarshal([]byte(a), &x) != nil || json.Unmarshal([]byte(b), &y) != nil {
		t.Fatal("not JSON: " + a + " " + b)
	}
	first, _ := json.Marshal(x)
	second, _ := json.Marshal(y)
	return string(first) == string(second)
}

// TestXMLHasNoNull: in XML what is not there has no element, and maps and the lists of
// problems are elements.
func TestXMLHasNoNull(t *testing.T) {
	d := Describe(paying(jsonFormat, Format{Requests: []string{"application/xml"}, Answer: "application/xml", Problem: "application/problem+xml"}))
	for place, want := range map[string]string{
		"CreatePaymentRequest/properties/metadata/type":                         `["object","null"]`,
		"CreatePaymentRequestXML/properties/metadata/properties/entry/maxItems": `50`,
		"CreatePaymentRequestXML/properties/metadata/additionalProperties":      `false`,
		"CreatePaymentRequestXML/properties/capture/enum":                       `["automatic","manual"]`,
		"CreatePaymentRequestXML/xml":                                           `{"name":"create_payment_request","namespace":"urn:florin:v1"}`,
		"Payment/properties/amount/type":                                        `["integer","string"]`,
		"PaymentXML/properties/amount/type":                                     `"integer"`,
		"PaymentXML/properties/created_at/type":                                 `"string"`,
		"PaymentXML/properties/metadata/properties/entry/items/required":        `["key","value"]`,
		"ProblemXML/properties/errors/items/xml":                                `{"name":"i"}`,
		"ProblemXML/properties/errors/xml":                                      `{"wrapped":true}`,
	} {
		if got := schemaAt(t, d, place); !same(t, got, want) {
			t.Errorf("%s: %s, want %s", place, got, want)
		}
	}
	if must := schemaAt(t, d, "PaymentXML/required"); strings.Contains(must, "card") || strings.Contains(must, "created_at") || !strings.Contains(must, `"status"`) {
		t.Errorf("an answer in XML must have %s", must)
	}
}

// TestQueryTextsAreNotEmpty: who has no text to give leaves the parameter out.
func TestQueryTextsAreNotEmpty(t *testing.T) {
	list := wire.ContractShapes()["florin.v1.ListPaymentsRequest"]
	w := &writer{door: Door{}, schemas: map[string]tree{}}
	for name, want := range map[string]string{
		"starting_after": `{"type":"string","minLength":1}`,
		"expand":         `{"type":"array","items":{"type":"string","minLength":1},"maxItems":4}`,
	} {
		if got := string(plain(w.queried(list.Named[name]), "")); !same(t, got, want) {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}

// TestARuleIsNeverLeftOut: a rule without a keyword stops the build's tests.
func TestARuleIsNeverLeftOut(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("a rule that the document cannot tell was passed over")
		}
	}()
	x := wire.ContractShapes()["florin.v1.CreatePaymentRequest"].Named["source"]
	keyword(x, "prefix", protoreflect.ValueOfString("tok_"))
}

func TestYAML(t *testing.T) {
	got := string(tree{
		{"plain", "text"}, {"200", "no"}, {"quoted", "a: b # c"}, {"number", 7}, {"none", nil}, {"empty", tree{}},
		{"lines", "one\n\n  two\nthree"}, {"odd", "one\n"}, {"<&>", "<&>\u2028"},
		{"list", []any{"x", tree{{"a", 1}, {"b", []string{"c"}}}, []any{}}},
	}.asYAML())
	want := `plain: text
"200": "no"
quoted: "a: b # c"
number: 7
none: null
empty: {}
lines: |-
  one

    two
  three
odd: "one\n"
"<&>": "<&>\u2028"
list:
  - x
  - a: 1
    b:
      - c
  - []
`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
