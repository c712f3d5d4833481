package wire

import (
	"math"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	florinv1 "github.com/florinpay/florin/gen/florin/v1"
)

// raw is a message in the making, field by field.
type raw []byte

func (r raw) number(n protowire.Number, v uint64) raw {
	return protowire.AppendVarint(protowire.AppendTag(r, n, protowire.VarintType), v)
}

func (r raw) bytes(n protowire.Number, v string) raw {
	return protowire.AppendString(protowire.AppendTag(r, n, protowire.BytesType), v)
}

// plus adds bytes as they are.
func (r raw) plus(v string) raw { return append(r, v...) }

func TestDecodeProtobufTakes(t *testing.T) {
	for name, c := range map[string]struct {
		body raw
		want proto.Message
	}{
		"nothing":        {nil, &florinv1.CreatePaymentRequest{}},
		"all sorts":      {raw{}.bytes(2, "USD").number(1, 73).number(7, 2).bytes(10, string(raw{}.bytes(1, "a").bytes(2, "1"))).bytes(10, ""), &florinv1.CreatePaymentRequest{Amount: proto.Int64(73), Currency: "USD", Capture: florinv1.CaptureMode_CAPTURE_MODE_MANUAL, Metadata: map[string]string{"a": "1", "": ""}}},
		"value first":    {raw{}.bytes(10, string(raw{}.bytes(2, "1").bytes(1, "a"))), &florinv1.CreatePaymentRequest{Metadata: map[string]string{"a": "1"}}},
		"zeros":          {raw{}.number(1, 0).bytes(2, "").number(7, 0), &florinv1.CreatePaymentRequest{Amount: proto.Int64(0)}},
		"long number":    {raw{}.plus("\x08\xc9\x80\x00"), &florinv1.CreatePaymentRequest{Amount: proto.Int64(73)}},
		"largest":        {raw{}.number(1, 1<<53-1), &florinv1.CreatePaymentRequest{Amount: proto.Int64(1<<53 - 1)}},
		"smallest":       {raw{}.number(1, -(1<<53-1)&math.MaxUint64), &florinv1.CreatePaymentRequest{Amount: proto.Int64(-(1<<53 - 1))}},
		"presence":       {raw{}.number(3, 0), &florinv1.LimitWalletRequest{LimitPerDay: proto.Int64(0)}},
		"negative int32": {raw{}.number(2, math.MaxUint64), &florinv1.RotateApiKeyRequest{OverlapSeconds: proto.Int32(-1)}},
		"list":           {raw{}.bytes(2, "a").bytes(1, "n").bytes(2, ""), &florinv1.CreateApiKeyRequest{Name: "n", Scopes: []string{"a", ""}}},
		"instant":        {raw{}.bytes(2, string(raw{}.number(1, 5).number(2, 1000))), &florinv1.GetAccountRequest{At: &timestamppb.Timestamp{Seconds: 5, Nanos: 1000}}},
		"nested":         {raw{}.bytes(12, string(raw{}.number(3, 4))), &florinv1.Payment{Card: &florinv1.CardSummary{ExpiryMonth: 4}}},
		"characters":     {raw{}.bytes(8, "金😀\t\r\n\x7f"), &florinv1.CreatePaymentRequest{Description: "金😀\t\r\n\x7f"}},
	} {
		t.Run(name, func(t *testing.T) {
			got := c.want.ProtoReflect().New().Interface()
			if err := contract.DecodeProtobuf(c.body, got, 0); err != nil {
				t.Fatal(err)
			}
			if !proto.Equal(got, c.want) {
				t.Errorf("%x became %v, want %v", c.body, got, c.want)
			}
		})
	}
}

func TestDecodeProtobufRefuses(t *testing.T) {
	payment, wallet, account := &florinv1.CreatePaymentRequest{}, &florinv1.LimitWalletRequest{}, &florinv1.GetAccountRequest{}
	pair := func(name, value string) string { return string(raw{}.bytes(1, name).bytes(2, value)) }
	instant := func(seconds int64, nanos int32) raw {
		return raw{}.bytes(2, string(raw{}.number(1, uint64(seconds)).number(2, uint64(nanos))))
	}
	for name, c := range map[string]struct {
		body raw
		into proto.Message
		want string
	}{
		"unknown":             {raw{}.number(99, 1).bytes(536870911, "x"), payment, "/#99 unknown_field\n/#536870911 unknown_field"},
		"many places":         {raw{}.number(1, 1<<53).bytes(2, "\x01").bytes(8, "\xff").number(7, 9).number(15, 1), payment, "/amount number_out_of_range\n/currency invalid_character\n/description invalid_utf8\n/capture unknown_value\n/#15 unknown_field"},
		"twice":               {raw{}.number(1, 1).number(1, 1), payment, "/amount duplicate_field"},
		"message twice":       {raw{}.bytes(12, "").bytes(12, ""), &florinv1.Payment{}, "/card duplicate_field"},
		"two of one":          {raw{}.bytes(5, "").bytes(1, ""), &florinv1.EventData{}, "/payment conflicting_fields"},
		"one of them twice":   {raw{}.bytes(5, "").bytes(5, ""), &florinv1.EventData{}, "/card duplicate_field"},
		"by the URL":          {raw{}.bytes(1, "wal_1"), wallet, "/id unknown_field"},
		"text as number":      {raw{}.number(2, 1), payment, "/currency wrong_type"},
		"number as text":      {raw{}.bytes(1, "1"), payment, "/amount wrong_type"},
		"number as fixed":     {raw{}.plus("\x09\x01\x00\x00\x00\x00\x00\x00\x00"), payment, "/amount wrong_type"},
		"map as number":       {raw{}.number(10, 1), payment, "/metadata wrong_type"},
		"message as number":   {raw{}.number(12, 1), &florinv1.Payment{}, "/card wrong_type"},
		"instant as number":   {raw{}.number(2, 1), account, "/at wrong_type"},
		"smaller":             {raw{}.number(1, uint64(math.MaxUint64-1<<53+1)), payment, "/amount number_out_of_range"},
		"int32":               {raw{}.number(2, 1<<31), &florinv1.RotateApiKeyRequest{}, "/overlap_seconds number_out_of_range"},
		"int32 cut off":       {raw{}.number(2, math.MaxUint32), &florinv1.RotateApiKeyRequest{}, "/overlap_seconds number_out_of_range"},
		"bool":                {raw{}.number(3, 2), &florinv1.CapturePaymentRequest{}, "/more_to_come wrong_type"},
		"negative word":       {raw{}.number(7, math.MaxUint64), payment, "/capture unknown_value"},
		"word cut off":        {raw{}.number(7, 1<<32+1), payment, "/capture unknown_value"},
		"map":                 {raw{}.bytes(10, pair("a", "\x00")).bytes(10, pair("\xff", "")).bytes(10, string(raw{}.number(1, 1).bytes(3, "x").bytes(2, "x").bytes(2, "x"))), payment, "/metadata invalid_character\n/metadata invalid_utf8\n/metadata/#1 wrong_type\n/metadata/#3 unknown_field\n/metadata/#2 duplicate_field"},
		"a name twice":        {raw{}.bytes(10, pair("b", "1")).bytes(10, pair("a", "1")).bytes(10, pair("b", "1")).bytes(10, pair("a/b~", "1")).bytes(10, pair("a/b~", "2")), payment, "/metadata/a~1b~0 duplicate_field\n/metadata/b duplicate_field"},
		"a name left out":     {raw{}.bytes(10, "").bytes(10, pair("", "1")), payment, "/metadata/ duplicate_field"},
		"list":                {raw{}.bytes(2, "a").bytes(2, "\x01").number(2, 1).bytes(2, "\x02"), &florinv1.CreateApiKeyRequest{}, "/scopes/1 invalid_character\n/scopes/2 wrong_type\n/scopes/3 invalid_character"},
		"list of them":        {raw{}.bytes(2, "").bytes(2, string(raw{}.number(99, 1).bytes(12, string(raw{}.bytes(1, "\x01"))))), &florinv1.ListPaymentsResponse{}, "/data/1/#99 unknown_field\n/data/1/card/brand invalid_character"},
		"nanoseconds":         {instant(5, 1), account, "/at invalid_time"},
		"a second too many":   {instant(5, 1e9), account, "/at invalid_time"},
		"negative nanos":      {instant(5, -1000), account, "/at invalid_time"},
		"year 0":              {instant(-62135596801, 0), account, "/at invalid_time"},
		"year 10000":          {instant(253402300800, 0), account, "/at invalid_time"},
		"no field of instant": {raw{}.bytes(2, string(raw{}.number(3, 1))), account, "/at/#3 unknown_field"},
		// what ends the walk
		"no number":          {raw{}.plus("\x08"), payment, "malformed_protobuf"},
		"no end of a number": {raw{}.plus("\x08" + strings.Repeat("\xff", 11)), payment, "malformed_protobuf"},
		"short text":         {raw{}.plus("\x12\x05US"), payment, "malformed_protobuf"},
		"a very long text":   {raw{}.plus("\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01US"), payment, "malformed_protobuf"},
		"no end of a tag":    {raw{}.number(1, 73).plus("\xff"), payment, "malformed_protobuf"},
		"field 0":            {raw{}.plus("\x00\x01"), payment, "malformed_protobuf"},
		"kind 6":             {raw{}.plus("\x0e\x01"), payment, "malformed_protobuf"},
		"a group":            {raw{}.plus("\x9b\x06\x08\x01\x9c\x06"), payment, "malformed_protobuf"},
		"end of a group":     {raw{}.plus("\x0c"), payment, "malformed_protobuf"},
		"broken inside":      {raw{}.bytes(12, "\x08"), &florinv1.Payment{}, "/card malformed_protobuf"},
		"broken entry":       {raw{}.bytes(10, "\x0a\x05a"), payment, "/metadata malformed_protobuf"},
		"JSON":               {raw(`{"amount":73}`), payment, "malformed_protobuf"},
		"too many entries":   {raw(strings.Repeat("\x52\x00", entriesMax+1)), payment, "/metadata too_many"},
	} {
		t.Run(name, func(t *testing.T) {
			given := FieldSet(0)
			if c.into == wallet {
				given = contract["florin.v1.LimitWalletRequest"].Named["id"].Bit()
			}
			err := contract.DecodeProtobuf(c.body, c.into.ProtoReflect().New().Interface(), given)
			if err == nil {
				t.Fatalf("%x was taken", c.body)
			}
			if got := places(t, err); got != c.want {
				t.Errorf("%x\n got %s\nwant %s", c.body, got, c.want)
			}
		})
	}
}

// TestDecodeProtobufGoesSoDeep: no message of the contract holds itself; one that did
// would be safe.
func TestDecodeProtobufGoesSoDeep(t *testing.T) {
	own := &Member{Name: "own", Kind: KindObject}
	own.Sub = &Shape{numbered: []*Member{nil, own}}
	body := raw{}
	for level := 1; level <= depthMax+1; level++ {
		var c protobufChecker
		c.message(body, own.Sub, 0)
		if err := c.verdict(); (err == nil) != (level <= depthMax) {
			t.Errorf("%d levels: %v", level, err)
		}
		body = raw{}.bytes(1, string(body))
	}
}

func TestDecodeProtobufRepeatsNoDigits(t *testing.T) {
	const number = "4242424242424242"
	pair := string(raw{}.bytes(1, number).bytes(2, ""))
	for _, body := range []raw{
		raw{}.bytes(10, pair).bytes(10, pair), raw{}.bytes(3, number+"\xff"), raw{}.number(1, 4242424242424242<<2), raw(number),
	} {
		err := contract.DecodeProtobuf(body, &florinv1.CreatePaymentRequest{}, 0)
		if err == nil {
			t.Errorf("%x was taken", body)
		} else if strings.Contains(err.Error(), "42424") {
			t.Errorf("%x: the answer repeats the digits: %v", body, err)
		}
	}
}

// TestProtobufIsAlwaysWritten: what the library refuses to write goes out mended, as it
// does in the other formats.
func TestProtobufIsAlwaysWritten(t *testing.T) {
	m := &florinv1.ListPaymentsResponse{Url: "a\xff", Data: []*florinv1.Payment{{Id: "b\xff", Card: &florinv1.CardSummary{Brand: "c\xff"}, Metadata: map[string]string{"d\xff": "e\xff"}}}}
	got := &florinv1.ListPaymentsResponse{}
	if err := proto.Unmarshal(contract.EncodeProtobuf(nil, m), got); err != nil {
		t.Fatal(err)
	}
	p := got.GetData()[0]
	if got.Url != "a\ufffd" || p.Id != "b\ufffd" || p.Card.GetBrand() != "c\ufffd" || p.Metadata["d\ufffd"] != "e\ufffd" || m.Url != "a\xff" {
		t.Errorf("%v became %v", m, got)
	}
}
