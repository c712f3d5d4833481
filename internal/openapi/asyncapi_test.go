package openapi

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/florinpay/florin/internal/wire"
)

var happenings = []Event{
	{"api_key.created", "api_key", "An API key was made."},
	{"payment.failed", "payment", "A payment was declined."},
	{"payment.succeeded", "payment", "A payment was paid."},
	{"wallet.sent", "transfer", "A wallet sent money."},
}

// telling is a door that sends events by these methods.
func telling(methods ...string) Door {
	d := paying(jsonFormat)
	d.Shapes = wire.ContractShapes()
	stream := d.Shapes["florin.v1.StreamEventsRequest"]
	for _, method := range methods {
		o := Operation{Procedure: method, Verb: "GET", URL: "/v1/events/stream", Input: stream, Query: stream.Members, Series: wire.LiveSeries, Endless: true}
		if method == methodWebhook {
			o = Operation{Procedure: method, Verb: "POST", URL: "/v1/webhook_endpoints"}
		}
		d.Operations = append(d.Operations, o)
	}
	payment := Operation{
		Verb: "GET", URL: "/v1/payments/{id}", Procedure: "/florin.v1.PaymentService/GetPayment", Params: []string{"id"}, Output: d.Shapes["florin.v1.Payment"],
	}
	d.Operations = append(d.Operations, payment)
	return d
}

// TestNewsFollowsWhatIsRouted: each way by which events come is told if the door has it.
func TestNewsFollowsWhatIsRouted(t *testing.T) {
	for _, x := range []struct {
		methods []string
		want    []string
	}{
		{nil, nil},
		{[]string{methodStream}, []string{"eventSocket", "eventStream"}},
		{[]string{methodWebhook}, []string{"webhook"}},
		{[]string{methodWebhook, methodStream}, []string{"eventSocket", "eventStream", "webhook"}},
	} {
		d := DescribeEvents(telling(x.methods...), "", happenings)
		var got struct {
			Channels   map[string]struct{ Messages map[string]any }
			Operations map[string]struct{ Action string }
		}
		if err := json.Unmarshal(d.JSON, &got); err != nil {
			t.Fatal(err)
		}
		var names []string
		for name, c := range got.Channels {
			names = append(names, name)
			if len(c.Messages) != len(happenings) {
				t.Errorf("%s carries %d types of events", name, len(c.Messages))
			}
		}
		if slices.Sort(names); !slices.Equal(names, x.want) || len(got.Operations) != len(x.want) {
			t.Errorf("%q gives %q and %d operations", x.methods, names, len(got.Operations))
		}
		for name, o := range got.Operations {
			if o.Action != "send" { // it is the server's document, not the client's
				t.Errorf("the server does %s in %s", o.Action, name)
			}
		}
	}
}

// TestATypeNarrowsTheEvent to its name and to what it carries.
func TestATypeNarrowsTheEvent(t *testing.T) {
	d := DescribeEvents(telling(methodStream, methodWebhook), "https://pay.example:8443", happenings)
	place := []string{"components", "schemas", "wallet.sent", "allOf"}
	text, err := json.Marshal(at(t, d, place...))
	want := `[{"$ref":"#/components/schemas/Event"},{"properties":{"data":{"anyOf":[{"required":["transfer"],"type":"object"},{"type":"null"}]},"type":{"const":"wallet.sent"}},"type":"object"}]`
	if err != nil || string(text) != want {
		t.Errorf("%s, %v, want %s", text, err, want)
	}
	for name, protocol := range map[string]string{"http": "https", "ws": "wss"} {
		if host, p := at(t, d, "servers", name, "host"), at(t, d, "servers", name, "protocol"); host != "pay.example:8443" || p != protocol {
			t.Errorf("the server %s is at %v by %v", name, host, p)
		}
	}
	if got := at(t, d, "components", "securitySchemes", token, "flows", "clientCredentials", "tokenUrl"); got != "https://pay.example:8443/oauth/token" {
		t.Errorf("tokens are at %v", got)
	}
	query := []string{"channels", "eventSocket", "bindings", "ws", "query", "properties"}
	for _, name := range []string{"after", "starting_after", "types", "object", "api_version"} {
		at(t, d, append(query, name)...)
	}
	at(t, d, append(query, "after_sequence", "deprecated")...)
	closed := string(DescribeEvents(telling(methodStream), "", happenings).JSON)
	if strings.Contains(closed, `"oauth2"`) || !strings.Contains(closed, `"host": "{server}"`) {
		t.Error("a door without an issuer tells of its tokens, or of its address")
	}
}

// TestExamplesOfEvents are what was seen, without secrets, and name what they are about.
func TestExamplesOfEvents(t *testing.T) {
	d := DescribeEvents(telling(methodStream), "", happenings)
	examples := func(name string) string {
		text, err := json.Marshal(at(t, d, "components", "messages", name))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	for name, want := range map[string]string{
		"payment.succeeded": `"url":"/v1/payments/pay_`,
		"wallet.sent":       `"data":{"transfer":{`,
		"api_key.created":   `"object":"api_key"`,
	} {
		if got := examples(name); !strings.Contains(got, `"type":"`+name+`"`) || !strings.Contains(got, want) || strings.Contains(got, "secret") {
			t.Errorf("%s shows %s", name, got)
		}
	}
	if got := examples("payment.failed"); strings.Contains(got, "examples") {
		t.Errorf("an event that was not seen is shown: %s", got)
	}
}
