package event

import (
	"fmt"
	"slices"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"

	florinv1 "github.com/florinpay/florin/gen/florin/v1"
)

// Type is a kind of event: what happened, and what the event tells about.
type Type struct {
	Name string // "<noun>.<past participle>"
	Noun string // the field of EventData that the event carries, which is the object's "object"
	When string // when it happens, as one sentence
}

// catalogue is the closed list of types, by the noun in front of the dot. What ends by its
// time alone (a quote, a grant, a key) has no event: nothing is written when it does.
var catalogue = []Type{
	{"api_key.created", "api_key", "An API key was made."},
	{"api_key.revoked", "api_key", "An API key was ended, and is refused from now on."},
	{"api_key.rotated", "api_key", "An API key got a successor, and ends soon."},

	{"card.created", "card", "A card was kept in the vault."},
	{"card.deleted", "card", "A card's number was erased."},

	{"client.activated", "client", "A suspended client of the merchant's may act again."},
	{"client.changed", "client", "What a client of the merchant's is registered with was changed."},
	{"client.deleted", "client", "A client of the merchant's was ended for ever."},
	{"client.registered", "client", "A client was registered for the merchant."},
	{"client.suspended", "client", "A client of the merchant's was suspended, and is refused until it is activated."},

	{"dispute.accepted", "dispute", "The merchant accepted a dispute, and the money went back."},
	{"dispute.expired", "dispute", "Nobody answered a dispute in time, and the money went back."},
	{"dispute.lost", "dispute", "The payer's bank decided against the merchant, and the money went back."},
	{"dispute.opened", "dispute", "A payer's bank contests a payment, and waits for the merchant's answer."},
	{"dispute.under_review", "dispute", "The merchant handed in evidence, and the payer's bank decides."},
	{"dispute.won", "dispute", "The payer's bank decided for the merchant, and the money is the merchant's again."},

	{"grant.created", "grant", "A payer allowed a client to act."},
	{"grant.revoked", "grant", "A payer's grant was ended, by whom it says."},

	{"merchant.created", "merchant", "A merchant was made."},
	{"merchant.resumed", "merchant", "A suspended merchant may take payments again."},
	{"merchant.suspended", "merchant", "A merchant was suspended, and takes no payments until it is resumed."},

	{"payer.created", "payer", "A payer was made."},

	{"payment.action_required", "payment", "The card's issuer wants the payer to authenticate."},
	{"payment.authorized", "payment", "An amount was approved and waits for its capture, or still waits because the rail refused a capture or a cancellation."},
	{"payment.canceled", "payment", "A payment was given up before anything was captured."},
	{"payment.captured", "payment", "A part of a payment was captured, and more may follow."},
	{"payment.created", "payment", "A card payment was begun, and its rail is being asked."},
	{"payment.expired", "payment", "A payment's time ran out before anything was captured."},
	{"payment.failed", "payment", "A payment was declined."},
	{"payment.processing", "payment", "A payment's rail is being asked again: to capture, to cancel, or because the payer has authenticated."},
	{"payment.succeeded", "payment", "All of a payment that will be captured is captured."},

	{"quote.created", "quote", "A rate was held for one payment."},
	{"quote.freed", "quote", "The payment that used a quote was declined, and the quote may serve another one until it ends."},
	{"quote.used", "quote", "A quote served a payment."},

	{"refund.created", "refund", "A refund to a card was begun, and its rail is being asked."},
	{"refund.failed", "refund", "A refund did not reach the payer, and the merchant has the money again."},
	{"refund.succeeded", "refund", "A refund was paid."},

	{"staff_member.appointed", "staff_member", "A person got a role at the merchant."},
	{"staff_member.changed", "staff_member", "A person with a role at the merchant was given another one, or the same anew."},
	{"staff_member.dismissed", "staff_member", "A person's role at the merchant was ended."},

	{"wallet.created", "wallet", "A wallet was opened."},
	{"wallet.funded", "wallet", "A wallet was filled by a card payment, which has events of its own."},
	{"wallet.limited", "wallet", "A wallet got other limits."},
	{"wallet.received", "wallet", "A wallet got money from another wallet."},
	{"wallet.sent", "transfer", "A wallet sent money to another wallet; the event carries the transfer."},

	{"webhook_endpoint.changed", "webhook_endpoint", "A webhook endpoint was changed."},
	{"webhook_endpoint.created", "webhook_endpoint", "A webhook endpoint was made."},
	{"webhook_endpoint.deleted", "webhook_endpoint", "A webhook endpoint was deleted, and gets nothing any more."},
	{"webhook_endpoint.disabled", "webhook_endpoint", "A webhook endpoint was disabled, for the reason that it says, and gets nothing until it is enabled."},
	{"webhook_endpoint.enabled", "webhook_endpoint", "A webhook endpoint was enabled again."},
	{"webhook_endpoint.rotated", "webhook_endpoint", "A webhook endpoint got a new secret and key for its signatures."},
}

// carried is the field of EventData that each type carries.
var carried = func() map[string]protoreflect.FieldDescriptor {
	fields := (&florinv1.EventData{}).ProtoReflect().Descriptor().Fields()
	m := make(map[string]protoreflect.FieldDescriptor, len(catalogue))
	for _, t := range catalogue {
		f := fields.ByName(protoreflect.Name(t.Noun))
		if f == nil || m[t.Name] != nil {
			panic("event: the catalogue has no place for " + t.Name)
		}
		m[t.Name] = f
	}
	return m
}()

// object is the oneof of EventData.
var object = (&florinv1.EventData{}).ProtoReflect().Descriptor().Oneofs().ByName("object")

// Catalogue lists all types of events, in the order of their names.
func Catalogue() []Type { return slices.Clone(catalogue) }

// Known reports whether there is a type of that name.
func Known(name string) bool { return carried[name] != nil }

// Matches reports whether a pattern is the name of a type, or the noun in front of its
// dot and ".*": "payment.*" matches each type that begins with "payment.". No other
// pattern matches anything but itself.
func Matches(pattern, name string) bool {
	if noun, all := strings.CutSuffix(pattern, ".*"); all {
		before, _, dotted := strings.Cut(name, ".")
		return dotted && before == noun
	}
	return pattern == name
}

// Wanted reports whether a pattern matches any type that there is.
func Wanted(pattern string) bool {
	return slices.ContainsFunc(catalogue, func(t Type) bool { return Matches(pattern, t.Name) })
}

// check panics on a fact that the catalogue does not have: what we write must be what we
// say that we write.
func (f *Fact) check() {
	want := carried[f.Type]
	if want == nil {
		panic(fmt.Sprintf("event: %q is not in the catalogue", f.Type))
	}
	if is := f.Data.ProtoReflect().WhichOneof(object); is != want {
		panic(fmt.Sprintf("event: %s carries %v, not %s", f.Type, is, want.Name()))
	}
}
