package wire

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	florinv1 "github.com/florinpay/florin/gen/florin/v1"
)

var instant = &timestamppb.Timestamp{Seconds: 1769848200, Nanos: 1000}

func samplePayment() *florinv1.Payment {
	return &florinv1.Payment{
		Id: "pay_01", Object: "payment", Amount: 73, Currency: "USD",
		Status: florinv1.PaymentStatus_PAYMENT_STATUS_SUCCEEDED, Capture: florinv1.CaptureMode_CAPTURE_MODE_AUTOMATIC,
		AmountCaptured: 73, Fee: 1, Source: "wal_01", Merchant: "mer_01", Description: "Tea \"for\" two\n",
		Metadata: map[string]string{"table": "4", "room": "金"}, CreatedAt: instant,
	}
}

func TestEncodeGolden(t *testing.T) {
	full := samplePayment()
	full.Card = &florinv1.CardSummary{Brand: "visa", Last4: "4242", ExpiryMonth: 4, ExpiryYear: 2030}
	full.Failure = &florinv1.PaymentFailure{DeclineCode: "lost_card", Advice: "do_not_retry"}
	full.ExpiresAt, full.Livemode, full.Disputed = instant, true, true
	for name, m := range map[string]proto.Message{
		"payment":       full,
		"payment_empty": &florinv1.Payment{},
		"event": &florinv1.Event{Id: "evt_01", Object: "event", Sequence: 7, Type: "payment.succeeded", CreatedAt: instant,
			Data:    &florinv1.EventData{Object: &florinv1.EventData_Payment{Payment: samplePayment()}},
			Request: &florinv1.EventRequest{Id: "req_01", IdempotencyKey: "k"}},
		"list":          &florinv1.ListPaymentsResponse{Object: "list", Data: []*florinv1.Payment{{Id: "pay_02"}, {Id: "pay_01"}}, HasMore: true, Url: "/v1/payments"},
		"list_empty":    &florinv1.ListPaymentsResponse{Object: "list", Url: "/v1/payments"},
		"api_key":       &florinv1.ApiKey{Id: "key_01", Object: "api_key", Scopes: []string{"events:read"}},
		"api_key_shown": &florinv1.ApiKey{Id: "key_01", Object: "api_key", Secret: "shown once"},
		"wallet_limits": &florinv1.LimitWalletRequest{Id: "wal_01", LimitPerDay: proto.Int64(0)},
		"big_numbers":   &florinv1.Account{Posted: math.MinInt64, HeldIn: 1 << 53, HeldOut: 1<<53 - 1},
		"problem": &florinv1.Problem{Type: "urn:florin:problem:invalid_request", Title: "The request is not valid", Status: 400,
			Detail: "The request is not valid. See errors for each place.", Instance: "urn:florin:request:req_01", Code: "invalid_request",
			RequestId: "req_01", DocUrl: "/docs/errors#invalid_request",
			Errors: []*florinv1.FieldProblem{{Pointer: "/amount", Code: CodeTooSmall, Detail: "Must be greater than 0."}}},
		"problem_decline": &florinv1.Problem{Type: "urn:florin:problem:card_declined", Title: "The request was refused", Status: 402,
			Detail: "The card was declined.", Instance: "urn:florin:request:req_01", Code: "card_declined", DeclineCode: "lost_card",
			Advice: "do_not_retry", ObjectId: "pay_01", RequestId: "req_01", DocUrl: "/docs/errors#card_declined"},
	} {
		t.Run(name, func(t *testing.T) {
			golden(t, name+".golden.json", append(contract.EncodeJSON(nil, m), '\n'))
			golden(t, name+".golden.xml", append(contract.EncodeXML(nil, m), '\n'))
			golden(t, name+".golden.pb.txt", []byte(fields(contract.EncodeProtobuf(nil, m), contract[m.ProtoReflect().Descriptor().FullName()], "")))
		})
	}
}

// fields shows the fields of a Protobuf message of the shape as they lie in its bytes:
// number, name and value. Instants and entries of maps have no shape (nil).
func fields(data []byte, s *Shape, indent string) string {
	var out strings.Builder
	for len(data) > 0 {
		number, kind, n := protowire.ConsumeTag(data)
		size := protowire.ConsumeFieldValue(number, kind, data[n:])
		value := data[n : n+size]
		data = data[n+size:]
		fmt.Fprintf(&out, "%s%d", indent, number)
		var x *Member
		if s != nil {
			x = s.at(number)
			fmt.Fprintf(&out, " %s", x.Name)
		}
		v, _ := protowire.ConsumeVarint(value)
		switch {
		case kind == protowire.VarintType:
			fmt.Fprintf(&out, ": %d\n", int64(v))
		case x != nil && (x.Sub != nil || x.Dict || x.Kind == KindInstant):
			fmt.Fprintf(&out, " {\n%s%s}\n", fields(length(value), x.Sub, indent+"  "), indent)
		default:
			fmt.Fprintf(&out, ": %q\n", length(value))
		}
	}
	return out.String()
}

func TestEncodeXMLMakesLegalText(t *testing.T) {
	got := string(contract.EncodeXML(nil, &florinv1.EventRequest{Id: "a\xffb\x01\u2028<&>\"'\r\n\t]]>", IdempotencyKey: "\uffff金\x7f"}))
	want := xmlDeclaration + `<event_request xmlns="urn:florin:v1"><id>a` + "\uFFFDb\uFFFD\u2028&lt;&amp;&gt;\"'&#13;\n\t]]&gt;</id><idempotency_key>\uFFFD金\x7f</idempotency_key></event_request>"
	if got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestEncodeMakesValidUTF8(t *testing.T) {
	got := string(contract.EncodeJSON(nil, &florinv1.EventRequest{Id: "a\xffb\x01\u2028<", IdempotencyKey: "\x7f"}))
	if want := `{"id":"a` + "\uFFFD" + `b\u0001` + "\u2028<" + `","idempotency_key":"` + "\x7f" + `"}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
