package wire

import (
	"bytes"
	"encoding/json"
	"testing"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"
	"pgregory.net/rapid"

	florinv1 "github.com/florinpay/florin/gen/florin/v1"
)

// FuzzDecodeJSON: no input makes the decoder panic; what it takes is JSON, and means
// the same after it was written and read again.
func FuzzDecodeJSON(f *testing.F) {
	for _, seed := range []string{
		"", "{}", `{"amount":73,"currency":"USD","source":"wal_1","capture":"manual","metadata":{"a":"\u00e9"}}`,
		`{"data":[{"card":{"last4":"4242"},"created_at":"2026-01-31T09:30:00.000001Z"}]}`,
		`{"amount":1,"amount":2}`, `{"a":[[[[{}]]]]}`, "{\"a\":\"\xff\"}", `{"at":"2026-01-31T09:30:00+23:59"}`,
		`{"scopes":["a",null]}`, `{"payment":{"id":"x"},"wallet":{}}`, `{"limit_per_day":"12"}`, `{"card_number":"4242424242424242"}`,
	} {
		f.Add([]byte(seed))
	}
	kinds := []proto.Message{
		&florinv1.CreatePaymentRequest{}, &florinv1.ListPaymentsResponse{}, &florinv1.EventData{},
		&florinv1.GetAccountRequest{}, &florinv1.LimitWalletRequest{}, &florinv1.CreateApiKeyRequest{}, &florinv1.Problem{},
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, kind := range kinds {
			m := kind.ProtoReflect().New().Interface()
			if contract.DecodeJSON(data, m, 0) != nil {
				continue
			}
			if len(bytes.TrimSpace(data)) > 0 && !json.Valid(data) {
				t.Fatalf("took what is not JSON: %q", data)
			}
			out := contract.EncodeJSON(nil, m)
			if !json.Valid(out) || !utf8.Valid(out) {
				t.Fatalf("wrote what is not JSON: %q", out)
			}
			again := kind.ProtoReflect().New().Interface()
			if err := contract.DecodeJSON(out, again, 0); err != nil {
				t.Fatalf("%q was written as %q and refused: %v", data, out, err)
			}
			if !proto.Equal(m, again) {
				t.Fatalf("%q changed its meaning when written as %q", data, out)
			}
		}
	})
}

// payments draws requests without enums, which protojson writes in another way.
var payments = rapid.Custom(func(t *rapid.T) *florinv1.CreatePaymentRequest {
	return &florinv1.CreatePaymentRequest{
		Amount:      rapid.Ptr(rapid.Int64Range(-safeInteger, safeInteger), true).Draw(t, "amount"),
		Currency:    text.Draw(t, "currency"),
		CardNumber:  text.Draw(t, "number"),
		Description: text.Draw(t, "description"),
		Metadata:    rapid.MapOfN(text, text, 0, 4).Draw(t, "metadata"),
	}
})

// text has only what every format can carry.
var text = rapid.StringOf(rapid.OneOf(rapid.Rune(), rapid.RuneFrom([]rune("\t\n\r<>&]'\" "))).
	Filter(func(r rune) bool { return utf8.ValidRune(r) && textFault(utf8.AppendRune(nil, r)) == "" }))

func TestAgreesWithProtojson(t *testing.T) {
	theirs := protojson.MarshalOptions{UseProtoNames: true}
	rapid.Check(t, func(t *rapid.T) {
		drawn := payments.Draw(t, "request")
		message := rapid.SampledFrom([]proto.Message{
			drawn,
			&florinv1.GetAccountRequest{Id: drawn.Currency, At: &timestamppb.Timestamp{
				Seconds: rapid.Int64Range(-62135596800, 253402300799).Draw(t, "seconds"),
				Nanos:   rapid.Int32Range(0, 999_999).Draw(t, "micros") * 1000}},
			&florinv1.LimitWalletRequest{LimitPerDay: drawn.Amount},
			&florinv1.CreateApiKeyRequest{Scopes: []string{drawn.Currency, drawn.Description}},
			&florinv1.Event{Sequence: drawn.GetAmount(), Request: &florinv1.EventRequest{Id: drawn.Description}},
		}).Draw(t, "message")

		ours := message.ProtoReflect().New().Interface()
		if err := protojson.Unmarshal(contract.EncodeJSON(nil, message), ours); err != nil || !proto.Equal(ours, message) {
			t.Fatalf("protojson reads our text of %v as %v: %v", message, ours, err)
		}
		data, err := theirs.Marshal(message)
		if err != nil {
			t.Fatal(err)
		}
		read := message.ProtoReflect().New().Interface()
		if err := contract.DecodeJSON(data, read, 0); err != nil || !proto.Equal(read, message) {
			t.Fatalf("we read protojson's text %s as %v: %v", data, read, err)
		}
	})
}
