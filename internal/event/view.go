package event

import (
	"slices"
	"strings"

	"google.golang.org/protobuf/types/known/timestamppb"

	florinv1 "github.com/florinpay/florin/gen/florin/v1"
)

// View is e in the contract's words, as a version has it; "" is the newest.
func View(e Event, version string) *florinv1.Event {
	v := &florinv1.Event{
		Id: string(e.ID), Object: "event", Sequence: e.Sequence, Type: e.Type, Data: e.Data,
		CreatedAt: timestamppb.New(e.At), Livemode: e.Live, ApiVersion: Version, Related: related(e),
	}
	if e.Origin.Request != "" {
		v.Request = &florinv1.EventRequest{Id: string(e.Origin.Request), IdempotencyKey: e.Origin.IdempotencyKey}
	}
	convert(v, version)
	return v
}

// withURL are the nouns whose objects have a URL of their own.
var withURL = []string{"api_key", "card", "dispute", "grant", "merchant", "payer", "payment", "quote", "refund", "wallet", "webhook_endpoint"}

// related names the object that e is about.
func related(e Event) *florinv1.EventRelated {
	noun, _, _ := strings.Cut(e.Type, ".")
	r := &florinv1.EventRelated{Id: e.Fact.Object, Type: noun}
	if slices.Contains(withURL, noun) {
		r.Url = "/v1/" + noun + "s/" + r.Id
	}
	return r
}
