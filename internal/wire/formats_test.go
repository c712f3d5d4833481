package wire_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"maps"
	"slices"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"pgregory.net/rapid"

	florinv1 "github.com/florinpay/florin/gen/florin/v1"
	"github.com/florinpay/florin/internal/wire"
	"github.com/florinpay/florin/internal/wire/wiretest"
)

var contract = wire.ContractShapes()

// format is one way of a message into bytes and back.
type format struct {
	name   string
	encode func(out []byte, m proto.Message) []byte
	decode func(data []byte, m proto.Message, given wire.FieldSet) error
}

var formats = []format{
	{"JSON", contract.EncodeJSON, contract.DecodeJSON},
	{"XML", contract.EncodeXML, contract.DecodeXML},
	{"Protobuf", contract.EncodeProtobuf, contract.DecodeProtobuf},
}

// names are all messages that a body can be. Problems are only written.
func names() []protoreflect.FullName {
	list := slices.Sorted(maps.Keys(contract))
	return slices.DeleteFunc(list, func(n protoreflect.FullName) bool { return n == "florin.v1.Problem" })
}

// TestFormatsAgree: whatever the message, every format carries all of it, so that a
// retry may change the format and still be the same request.
func TestFormatsAgree(t *testing.T) {
	for _, name := range names() {
		t.Run(string(name.Name()), func(t *testing.T) {
			draw := wiretest.Message(contract[name])
			rapid.Check(t, func(t *rapid.T) {
				m := draw.Draw(t, "message")
				for _, f := range formats {
					carries(t, f, m)
				}
			})
		})
	}
}

// carries fails unless m is the same after it was written and read again.
func carries(t interface {
	Fatalf(format string, args ...any)
}, f format, m proto.Message) {
	data := f.encode(nil, m)
	if again := f.encode(nil, m); !bytes.Equal(data, again) {
		t.Fatalf("%s writes one message in two ways:\n%q\n%q", f.name, data, again)
	}
	got := m.ProtoReflect().New().Interface()
	if err := f.decode(data, got, 0); err != nil {
		t.Fatalf("%s refuses what it wrote: %q: %v", f.name, data, err)
	}
	if !proto.Equal(got, m) {
		t.Fatalf("%s writes %v as %q and reads %v", f.name, m, data, got)
	}
}

// kinds are messages of every shape that a decoder can meet.
var kinds = []proto.Message{
	&florinv1.CreatePaymentRequest{}, &florinv1.ListPaymentsResponse{}, &florinv1.EventData{},
	&florinv1.GetAccountRequest{}, &florinv1.LimitWalletRequest{}, &florinv1.CreateApiKeyRequest{}, &florinv1.CapturePaymentRequest{},
}

// FuzzDecodeXML: no document makes the decoder panic; what it takes is XML, and means
// the same in every format.
func FuzzDecodeXML(f *testing.F) {
	for _, seed := range []string{
		"", `<create_payment_request/>`, `<?xml version="1.0" encoding="UTF-8"?><create_payment_request xmlns="urn:florin:v1"><amount> 73 </amount><capture>manual</capture><metadata><entry><key>a</key><value>&#233;&amp;<![CDATA[<]]></value></entry></metadata></create_payment_request>`,
		`<list_payments_response><data><card><last4>4242</last4></card></data><data/></list_payments_response>`,
		`<f:create_api_key_request xmlns:f="urn:florin:v1"><f:scopes>a</f:scopes><!-- x --><f:scopes/></f:create_api_key_request>`,
		`<event_data><payment/><wallet/></event_data>`, `<get_account_request><at>2026-01-31T09:30:00+23:59</at></get_account_request>`,
		`<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>`, `<create_payment_request a="b"/>`, "<capture_payment_request><more_to_come>true</more_to_come>\r\n</capture_payment_request >",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, kind := range kinds {
			m := kind.ProtoReflect().New().Interface()
			if contract.DecodeXML(data, m, 0) != nil {
				continue
			}
			if err := wellFormed(data); err != nil {
				t.Fatalf("took what is not XML: %q: %v", data, err)
			}
			for _, f := range formats {
				carries(t, f, m)
			}
		}
	})
}

// wellFormed is what the standard library's reader has against a document.
func wellFormed(data []byte) error {
	reader := xml.NewDecoder(bytes.NewReader(data))
	for {
		if _, err := reader.Token(); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// FuzzDecodeProtobuf: no bytes make the decoder panic; what it takes the library takes
// too and knows all of, and it means the same in every format.
func FuzzDecodeProtobuf(f *testing.F) {
	f.Add([]byte{})
	for _, m := range []proto.Message{
		&florinv1.CreatePaymentRequest{Amount: proto.Int64(73), Currency: "USD", Capture: 2, Metadata: map[string]string{"a": "é", "": ""}},
		&florinv1.ListPaymentsResponse{Data: []*florinv1.Payment{{Id: "a"}, {}}, HasMore: true},
		&florinv1.LimitWalletRequest{LimitPerDay: proto.Int64(0)},
	} {
		f.Add(contract.EncodeProtobuf(nil, m))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, kind := range kinds {
			m := kind.ProtoReflect().New().Interface()
			if contract.DecodeProtobuf(data, m, 0) != nil {
				continue
			}
			theirs := kind.ProtoReflect().New().Interface()
			if err := proto.Unmarshal(data, theirs); err != nil || !proto.Equal(m, theirs) {
				t.Fatalf("took %x as %v; the library: %v, %v", data, m, theirs, err)
			}
			for _, f := range formats {
				carries(t, f, m)
			}
		}
	})
}
