package wire

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	florinv1 "github.com/florinpay/florin/gen/florin/v1"
	"github.com/florinpay/florin/internal/fault"
)

var contract = ContractShapes()

// places lists the bad places of err as "pointer code", one a line.
func places(t *testing.T, err error) string {
	t.Helper()
	f, ok := errors.AsType[*fault.Fault](err)
	if !ok || !errors.Is(err, fault.ErrInvalid) {
		t.Fatalf("error %v is not an invalid_request", err)
	}
	var lines []string
	for _, field := range f.Fields {
		if field.Detail == "" {
			t.Errorf("%s %s has no sentence", field.Pointer, field.Code)
		}
		lines = append(lines, strings.TrimSpace(field.Pointer+" "+field.Code))
	}
	return strings.Join(lines, "\n")
}

func TestDecodeTakes(t *testing.T) {
	for name, c := range map[string]struct {
		body string
		want proto.Message
	}{
		"nothing":       {"", &florinv1.CreatePaymentRequest{}},
		"white space":   {" \n\t\r", &florinv1.CreatePaymentRequest{}},
		"empty":         {"{}", &florinv1.CreatePaymentRequest{}},
		"all sorts":     {`{"amount":73,"currency":"USD","capture":"manual","metadata":{"a":"1","b":""}}`, &florinv1.CreatePaymentRequest{Amount: proto.Int64(73), Currency: "USD", Capture: florinv1.CaptureMode_CAPTURE_MODE_MANUAL, Metadata: map[string]string{"a": "1", "b": ""}}},
		"space between": {" { \"amount\" :\t1 ,\r\n\"metadata\" : { } } ", &florinv1.CreatePaymentRequest{Amount: proto.Int64(1)}},
		"number string": {`{"amount":"9007199254740991"}`, &florinv1.CreatePaymentRequest{Amount: proto.Int64(9007199254740991)}},
		"largest":       {`{"amount":9007199254740991}`, &florinv1.CreatePaymentRequest{Amount: proto.Int64(9007199254740991)}},
		"smallest":      {`{"amount":-9007199254740991}`, &florinv1.CreatePaymentRequest{Amount: proto.Int64(-9007199254740991)}},
		"zero":          {`{"amount":0}`, &florinv1.CreatePaymentRequest{Amount: proto.Int64(0)}},
		"null":          {`{"amount":null,"capture":null,"metadata":null}`, &florinv1.CreatePaymentRequest{}},
		"escapes":       {`{"description":"\u00e9\"\\\/\n\r\t\ud83d\ude00\u007f"}`, &florinv1.CreatePaymentRequest{Description: "é\"\\/\n\r\t😀\x7f"}},
		"raw unicode":   {`{"description":"金😀é"}`, &florinv1.CreatePaymentRequest{Description: "金😀é"}},
		"escaped name":  {`{"\u0061mount":5}`, &florinv1.CreatePaymentRequest{Amount: proto.Int64(5)}},
		"presence":      {`{"limit_per_day":0}`, &florinv1.LimitWalletRequest{LimitPerDay: proto.Int64(0)}},
		"no presence":   {`{"limit_per_day":null}`, &florinv1.LimitWalletRequest{}},
		"list":          {`{"scopes":["a","b"]}`, &florinv1.CreateApiKeyRequest{Scopes: []string{"a", "b"}}},
		"empty list":    {`{"scopes":[]}`, &florinv1.CreateApiKeyRequest{}},
		"instant":       {`{"at":"2026-01-31T09:30:00.000001+01:00"}`, &florinv1.GetAccountRequest{At: &timestamppb.Timestamp{Seconds: 1769848200, Nanos: 1000}}},
		"nested":        {`{"card":{"brand":"visa","expiry_month":4}}`, &florinv1.Payment{Card: &florinv1.CardSummary{Brand: "visa", ExpiryMonth: 4}}},
		"list of them":  {`{"data":[{"id":"a"},{}]}`, &florinv1.ListPaymentsResponse{Data: []*florinv1.Payment{{Id: "a"}, {}}}},
		"one of them":   {`{"card":{"id":"a"},"payment":null}`, &florinv1.EventData{Object: &florinv1.EventData_Card{Card: &florinv1.Card{Id: "a"}}}},
	} {
		t.Run(name, func(t *testing.T) {
			got := c.want.ProtoReflect().New().Interface()
			if err := contract.DecodeJSON([]byte(c.body), got, 0); err != nil {
				t.Fatal(err)
			}
			if !proto.Equal(got, c.want) {
				t.Errorf("%s became %v, want %v", c.body, got, c.want)
			}
		})
	}
}

func TestDecodeRefuses(t *testing.T) {
	payment, wallet := &florinv1.CreatePaymentRequest{}, &florinv1.LimitWalletRequest{}
	deep := strings.Repeat(`{"x":`, depthMax) + "[" + "]" + strings.Repeat("}", depthMax)
	for _, c := range []struct {
		body string
		into proto.Message
		want string
	}{
		{`{"amuont":1}`, payment, "/amuont unknown_field"},
		{`{"amount":1,"amount":1}`, payment, "/amount duplicate_field"},
		{`{"amount":null,"amount":1}`, payment, "/amount duplicate_field"},
		{`{"amount":1,"\u0061mount":1}`, payment, "/amount duplicate_field"},
		{`{"metadata":{"a":"1","a":"2"}}`, payment, "/metadata/a duplicate_field"},
		{`{"metadata":{"a":1,"a":2}}`, payment, "/metadata/a wrong_type\n/metadata/a duplicate_field"},
		{`{"metadata":{"a/b~":1}}`, payment, "/metadata/a~1b~0 wrong_type"},
		{`{"metadata":{"a":null}}`, payment, "/metadata/a wrong_type"},
		{`{"metadata":[]}`, payment, "/metadata wrong_type"},
		{`{"amount":"x","currency":1,"z":{"a":[1,2,{}]},"capture":"later"}`, payment, "/amount not_an_integer\n/currency wrong_type\n/z unknown_field\n/capture unknown_value"},
		{`{"amount":true}`, payment, "/amount wrong_type"},
		{`{"amount":[1]}`, payment, "/amount wrong_type"},
		{`{"amount":1.0}`, payment, "/amount not_an_integer"},
		{`{"amount":1e2}`, payment, "/amount not_an_integer"},
		{`{"amount":-0}`, payment, "/amount not_an_integer"},
		{`{"amount":9007199254740992}`, payment, "/amount number_out_of_range"},
		{`{"amount":-9007199254740992}`, payment, "/amount number_out_of_range"},
		{`{"amount":99999999999999999999999999}`, payment, "/amount number_out_of_range"},
		{`{"amount":""}`, payment, "/amount not_an_integer"},
		{`{"amount":"+1"}`, payment, "/amount not_an_integer"},
		{`{"amount":"01"}`, payment, "/amount not_an_integer"},
		{`{"amount":" 1"}`, payment, "/amount not_an_integer"},
		{`{"amount":"1.5"}`, payment, "/amount not_an_integer"},
		{`{"amount":"9007199254740992"}`, payment, "/amount number_out_of_range"},
		{`{"amount":"99999999999999999x"}`, payment, "/amount not_an_integer"},
		{`{"amount":"\u0031"}`, payment, "/amount not_an_integer"},
		{`{"capture":1}`, payment, "/capture wrong_type"},
		{`{"capture":"unspecified"}`, payment, "/capture unknown_value"},
		{`{"capture":"MANUAL"}`, payment, "/capture unknown_value"},
		{`{"description":"a\u0000b"}`, payment, "/description invalid_character"},
		{`{"description":"\u0001","reference":"\b","source":"\f","currency":"\u001f"}`, payment, "/description invalid_character\n/reference invalid_character\n/source invalid_character\n/currency invalid_character"},
		{`{"description":"\uffff","reference":"é\ufffe"}`, payment, "/description invalid_character\n/reference invalid_character"},
		{"{\"description\":\"\uffff\",\"reference\":\"\ufffe\"}", payment, "/description invalid_character\n/reference invalid_character"},
		{`{"description":"\ud83d"}`, payment, "/description invalid_utf8"},
		{`{"description":"\ude00\ud83d"}`, payment, "/description invalid_utf8"},
		{"{\"description\":\"\xff\"}", payment, "/description invalid_utf8"},
		{"{\"\xff\":1}", payment, "invalid_utf8"},
		{`{"metadata":{"\u0000":"1"}}`, payment, "/metadata invalid_character"},
		{`{"at":"yesterday"}`, &florinv1.GetAccountRequest{}, "/at invalid_time"},
		{`{"at":"2026-01-31T09:30:00.0000001Z"}`, &florinv1.GetAccountRequest{}, "/at invalid_time"},
		{`{"at":"2026-02-30T09:30:00Z"}`, &florinv1.GetAccountRequest{}, "/at invalid_time"},
		{`{"at":"0001-01-01T00:00:00+01:00"}`, &florinv1.GetAccountRequest{}, "/at invalid_time"},
		{`{"at":0}`, &florinv1.GetAccountRequest{}, "/at wrong_type"},
		{`{"scopes":"a"}`, &florinv1.CreateApiKeyRequest{}, "/scopes wrong_type"},
		{`{"scopes":["a",1,null,"b"]}`, &florinv1.CreateApiKeyRequest{}, "/scopes/1 wrong_type\n/scopes/2 wrong_type"},
		{`{"overlap_seconds":2147483648}`, &florinv1.RotateApiKeyRequest{}, "/overlap_seconds number_out_of_range"},
		{`{"more_to_come":"true"}`, &florinv1.CapturePaymentRequest{}, "/more_to_come wrong_type"},
		{`{"more_to_come":0}`, &florinv1.CapturePaymentRequest{}, "/more_to_come wrong_type"},
		{`{"data":[{"card":{"last4":4242}}]}`, &florinv1.ListPaymentsResponse{}, "/data/0/card/last4 wrong_type"},
		{`{"data":[null]}`, &florinv1.ListPaymentsResponse{}, "/data/0 wrong_type"},
		{`{"card":{},"payment":{}}`, &florinv1.EventData{}, "/payment conflicting_fields"},
		{`{"id":"wal_1","limit_per_day":1}`, wallet, "/id unknown_field"},
		{`[]`, payment, "wrong_type"},
		{`"x"`, payment, "wrong_type"},
		{`null`, payment, "wrong_type"},
		{`{} {}`, payment, "trailing_data"},
		{`{}x`, payment, "trailing_data"},
		{"{}\x00", payment, "trailing_data"},
		{deep, payment, "/x too_deep"},
		{"\ufeff{}", payment, "malformed_json"},
		{"\x00", payment, "malformed_json"},
		{`{`, payment, "malformed_json"},
		{`{"amount"`, payment, "malformed_json"},
		{`{"amount" 1}`, payment, "malformed_json"},
		{`{"amount":}`, payment, "/amount malformed_json"},
		{`{"amount":1`, payment, "malformed_json"},
		{`{"amount":1,}`, payment, "malformed_json"},
		{`{,"amount":1}`, payment, "malformed_json"},
		{`{"amount":1 "currency":"USD"}`, payment, "malformed_json"},
		{`{"amount":01}`, payment, "/amount malformed_json"},
		{`{"amount":+1}`, payment, "/amount malformed_json"},
		{`{"amount":1.}`, payment, "/amount malformed_json"},
		{`{"amount":-}`, payment, "/amount malformed_json"},
		{`{"amount":1e}`, payment, "/amount malformed_json"},
		{`{"amount":NaN}`, payment, "/amount malformed_json"},
		{`{"amount":tru}`, payment, "/amount malformed_json"},
		{`{'amount':1}`, payment, "malformed_json"},
		{`{amount:1}`, payment, "malformed_json"},
		{`{"description":"a`, payment, "/description malformed_json"},
		{`{"description":"\x"}`, payment, "/description malformed_json"},
		{`{"description":"\u12"}`, payment, "/description malformed_json"},
		{"{\"description\":\"a\nb\"}", payment, "/description malformed_json"},
		{`{"scopes":["a",]}`, &florinv1.CreateApiKeyRequest{}, "/scopes malformed_json"},
		{`{"scopes":["a"}`, &florinv1.CreateApiKeyRequest{}, "/scopes malformed_json"},
		{`{"nope":1,"amount":x}`, payment, "/amount malformed_json"},
		{`/* x */{}`, payment, "malformed_json"},
	} {
		given := FieldSet(0)
		if c.into == wallet {
			given = contract["florin.v1.LimitWalletRequest"].Named["id"].Bit()
		}
		err := contract.DecodeJSON([]byte(c.body), c.into.ProtoReflect().New().Interface(), given)
		if err == nil {
			t.Errorf("%s was taken", c.body)
			continue
		}
		got := places(t, err)
		if c.body == deep {
			got = got[strings.LastIndex(got, "/"):]
		}
		if got != c.want {
			t.Errorf("%s\n got %s\nwant %s", c.body, got, c.want)
		}
	}
}

func TestDecodeNamesTwentyPlacesAtMost(t *testing.T) {
	var body strings.Builder
	for i := range 100 {
		fmt.Fprintf(&body, `,"x%d":1`, i)
	}
	err := contract.DecodeJSON([]byte("{"+body.String()[1:]+"}"), &florinv1.CreatePaymentRequest{}, 0)
	if got := strings.Count(places(t, err), "unknown_field"); got != PlacesMax {
		t.Errorf("%d places are named, want %d", got, PlacesMax)
	}
}

func TestDecodeRepeatsNoDigits(t *testing.T) {
	const number = "4242424242424242"
	for _, body := range []string{
		`{"` + number + `":1}`,
		`{"4242 4242 4242 4242":1}`,
		`{"metadata":{"4242-4242-4242-4242":1}}`,
		`{"amount":"` + number + `00"}`,
		`{"card_number":` + number + `}`,
		`{"capture":"` + number + `"}`,
		`{"currency":["` + number + `"]}`,
	} {
		err := contract.DecodeJSON([]byte(body), &florinv1.CreatePaymentRequest{}, 0)
		if err == nil {
			t.Errorf("%s was taken", body)
		} else if text := strings.NewReplacer(" ", "", "-", "").Replace(err.Error()); strings.Contains(text, "42424") {
			t.Errorf("%s: the answer repeats the digits: %v", body, err)
		}
	}
}
