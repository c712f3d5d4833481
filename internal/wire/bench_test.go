package wire

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"testing"

	"buf.build/go/protovalidate"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	florinv1 "github.com/florinpay/florin/gen/florin/v1"
)

// sampleRequest is what most callers send: a sum, a source, a few words of their own.
func sampleRequest() *florinv1.CreatePaymentRequest {
	return &florinv1.CreatePaymentRequest{
		Amount: proto.Int64(73), Currency: "USD", Source: "wal_01jz0000000000000000000000", Capture: florinv1.CaptureMode_CAPTURE_MODE_MANUAL,
		Description: "Tea for two", Reference: "order 1001", Metadata: map[string]string{"table": "4", "room": "金"},
	}
}

// xmlRequest and plainPayment are what the standard library works on, so that it reads
// and writes the same bytes. Its XML has no maps.
type xmlRequest struct {
	XMLName     xml.Name   `xml:"urn:florin:v1 create_payment_request"`
	Amount      int64      `xml:"amount"`
	Currency    string     `xml:"currency"`
	Source      string     `xml:"source"`
	CardNumber  string     `xml:"card_number"`
	ExpiryDate  string     `xml:"expiry_date"`
	Cvv         string     `xml:"cvv"`
	Capture     string     `xml:"capture"`
	Description string     `xml:"description"`
	Reference   string     `xml:"reference"`
	Metadata    []xmlEntry `xml:"metadata>entry"`
}

type xmlEntry struct {
	Key   string `xml:"key"`
	Value string `xml:"value"`
}

type plainPayment struct {
	XMLName          xml.Name          `xml:"urn:florin:v1 payment" json:"-"`
	ID               string            `xml:"id" json:"id"`
	Object           string            `xml:"object" json:"object"`
	Amount           int64             `xml:"amount" json:"amount"`
	Currency         string            `xml:"currency" json:"currency"`
	Status           string            `xml:"status" json:"status"`
	Capture          string            `xml:"capture" json:"capture"`
	AmountCaptured   int64             `xml:"amount_captured" json:"amount_captured"`
	AmountCapturable int64             `xml:"amount_capturable" json:"amount_capturable"`
	AmountRefunded   int64             `xml:"amount_refunded" json:"amount_refunded"`
	Fee              int64             `xml:"fee" json:"fee"`
	Source           string            `xml:"source" json:"source"`
	Destination      string            `xml:"destination" json:"destination"`
	Merchant         string            `xml:"merchant" json:"merchant"`
	Description      string            `xml:"description" json:"description"`
	Reference        string            `xml:"reference" json:"reference"`
	Entries          []xmlEntry        `xml:"metadata>entry" json:"-"`
	Metadata         map[string]string `xml:"-" json:"metadata"`
	Card             *struct{}         `xml:"card" json:"card"`
	Failure          *struct{}         `xml:"failure" json:"failure"`
	NextAction       *struct{}         `xml:"next_action" json:"next_action"`
	ExpiresAt        *string           `xml:"expires_at" json:"expires_at"`
	Disputed         bool              `xml:"disputed" json:"disputed"`
	CreatedAt        string            `xml:"created_at" json:"created_at"`
	Livemode         bool              `xml:"livemode" json:"livemode"`
}

// run measures work, whose results are checked before.
func run(b *testing.B, name string, size int, work func() error) {
	b.Run(name, func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if err := work(); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(size), "bytes")
	})
}

// BenchmarkDecode reads a request for a payment: ours, beside what the library or the
// standard library reads of the same bytes, with fewer checks.
func BenchmarkDecode(b *testing.B) {
	q := sampleRequest()
	inJSON, inXML, inProtobuf := contract.EncodeJSON(nil, q), contract.EncodeXML(nil, q), contract.EncodeProtobuf(nil, q)
	theirJSON, _ := protojson.MarshalOptions{UseProtoNames: true}.Marshal(q)
	run(b, "json/ours", len(inJSON), func() error { return contract.DecodeJSON(inJSON, &florinv1.CreatePaymentRequest{}, 0) })
	run(b, "json/protojson", len(theirJSON), func() error { return protojson.Unmarshal(theirJSON, &florinv1.CreatePaymentRequest{}) })
	plain := bytes.Replace(inJSON, []byte(`"manual"`), []byte("2"), 1) // it knows no words
	run(b, "json/std", len(plain), func() error { return json.Unmarshal(plain, &florinv1.CreatePaymentRequest{}) })
	run(b, "xml/ours", len(inXML), func() error { return contract.DecodeXML(inXML, &florinv1.CreatePaymentRequest{}, 0) })
	run(b, "xml/std", len(inXML), func() error { return xml.Unmarshal(inXML, &xmlRequest{}) })
	run(b, "protobuf/ours", len(inProtobuf), func() error { return contract.DecodeProtobuf(inProtobuf, &florinv1.CreatePaymentRequest{}, 0) })
	run(b, "protobuf/library", len(inProtobuf), func() error { return proto.Unmarshal(inProtobuf, &florinv1.CreatePaymentRequest{}) })
}

func sizeOf(data []byte, _ error) int { return len(data) }

// BenchmarkEncode writes a payment.
func BenchmarkEncode(b *testing.B) {
	p, room := samplePayment(), make([]byte, 0, 8192)
	theirs := protojson.MarshalOptions{UseProtoNames: true, EmitUnpopulated: true}
	plain := &plainPayment{}
	if err := errors.Join(xml.Unmarshal(contract.EncodeXML(nil, p), plain), json.Unmarshal(contract.EncodeJSON(nil, p), plain)); err != nil {
		b.Fatal(err)
	}
	size := func(encode func([]byte, proto.Message) []byte) int { return len(encode(nil, p)) }
	run(b, "json/ours", size(contract.EncodeJSON), func() error { room = contract.EncodeJSON(room[:0], p); return nil })
	run(b, "json/protojson", sizeOf(theirs.Marshal(p)), func() (err error) { room, err = theirs.MarshalAppend(room[:0], p); return err })
	run(b, "json/std", sizeOf(json.Marshal(plain)), func() error { return json.NewEncoder(bytes.NewBuffer(room[:0])).Encode(plain) })
	run(b, "xml/ours", size(contract.EncodeXML), func() error { room = contract.EncodeXML(room[:0], p); return nil })
	run(b, "xml/std", sizeOf(xml.Marshal(plain)), func() error { return xml.NewEncoder(bytes.NewBuffer(room[:0])).Encode(plain) })
	run(b, "protobuf/ours", size(contract.EncodeProtobuf), func() error { room = contract.EncodeProtobuf(room[:0], p); return nil })
	run(b, "protobuf/library", proto.Size(p), func() (err error) { room, err = proto.MarshalOptions{}.MarshalAppend(room[:0], p); return err })
	run(b, "protobuf/library_sorted", proto.Size(p), func() (err error) {
		room, err = proto.MarshalOptions{Deterministic: true}.MarshalAppend(room[:0], p)
		return err
	})
}

// BenchmarkRoundTrip reads a request for a payment, holds it to the contract's rules, and
// writes a payment: what one call costs in a format. The others validate with the same
// validator; the standard library's XML fills a message of ours first, as a program
// that uses it would. make bench-codec keeps its table.
func BenchmarkRoundTrip(b *testing.B) {
	q, p, room := sampleRequest(), samplePayment(), make([]byte, 0, 8192)
	plain := &plainPayment{}
	if err := errors.Join(xml.Unmarshal(contract.EncodeXML(nil, p), plain), json.Unmarshal(contract.EncodeJSON(nil, p), plain)); err != nil {
		b.Fatal(err)
	}
	validator, err := protovalidate.New(protovalidate.WithMessages(q))
	if err != nil {
		b.Fatal(err)
	}
	trip := func(name string, size int, decode func(*florinv1.CreatePaymentRequest) error, encode func() error) {
		run(b, name, size, func() error {
			m := &florinv1.CreatePaymentRequest{}
			if err := decode(m); err != nil {
				return err
			}
			if err := validator.Validate(m); err != nil {
				return err
			}
			return encode()
		})
	}
	inJSON, inXML, inProtobuf := contract.EncodeJSON(nil, q), contract.EncodeXML(nil, q), contract.EncodeProtobuf(nil, q)
	options := protojson.MarshalOptions{UseProtoNames: true, EmitUnpopulated: true}
	theirJSON, _ := options.Marshal(q)
	stdJSON := bytes.Replace(inJSON, []byte(`"manual"`), []byte("2"), 1) // it knows no words
	trip("json/ours", len(inJSON), func(m *florinv1.CreatePaymentRequest) error { return contract.DecodeJSON(inJSON, m, 0) },
		func() error { room = contract.EncodeJSON(room[:0], p); return nil })
	trip("json/encoding_json", len(stdJSON), func(m *florinv1.CreatePaymentRequest) error { return json.Unmarshal(stdJSON, m) },
		func() error { return json.NewEncoder(bytes.NewBuffer(room[:0])).Encode(plain) })
	trip("json/protojson", len(theirJSON), func(m *florinv1.CreatePaymentRequest) error { return protojson.Unmarshal(theirJSON, m) },
		func() (err error) { room, err = options.MarshalAppend(room[:0], p); return err })
	trip("xml/ours", len(inXML), func(m *florinv1.CreatePaymentRequest) error { return contract.DecodeXML(inXML, m, 0) },
		func() error { room = contract.EncodeXML(room[:0], p); return nil })
	trip("xml/encoding_xml", len(inXML), func(m *florinv1.CreatePaymentRequest) error { return stdXML(inXML, m) },
		func() error { return xml.NewEncoder(bytes.NewBuffer(room[:0])).Encode(plain) })
	trip("protobuf/ours", len(inProtobuf), func(m *florinv1.CreatePaymentRequest) error { return contract.DecodeProtobuf(inProtobuf, m, 0) },
		func() error { room = contract.EncodeProtobuf(room[:0], p); return nil })
	trip("protobuf/library", len(inProtobuf), func(m *florinv1.CreatePaymentRequest) error { return proto.Unmarshal(inProtobuf, m) },
		func() (err error) { room, err = proto.MarshalOptions{}.MarshalAppend(room[:0], p); return err })
}

func stdXML(in []byte, m *florinv1.CreatePaymentRequest) error {
	var q xmlRequest
	if err := xml.Unmarshal(in, &q); err != nil {
		return err
	}
	m.Amount, m.Currency, m.Source, m.Description, m.Reference = &q.Amount, q.Currency, q.Source, q.Description, q.Reference
	m.Metadata = map[string]string{}
	for _, e := range q.Metadata {
		m.Metadata[e.Key] = e.Value
	}
	return nil
}
