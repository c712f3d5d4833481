package wire

import (
	"bytes"
	"encoding/json"
	"testing"

	"google.golang.org/protobuf/encoding/protojson"

	florinv1 "github.com/florinpay/florin/gen/florin/v1"
)

var benchBody = []byte(`{"amount":73,"currency":"USD","source":"wal_01jz0000000000000000000000"}`)

func BenchmarkDecode(b *testing.B) {
	for name, decode := range map[string]func() error{
		"ours":      func() error { return contract.DecodeJSON(benchBody, &florinv1.CreatePaymentRequest{}, 0) },
		"protojson": func() error { return protojson.Unmarshal(benchBody, &florinv1.CreatePaymentRequest{}) },
		"json":      func() error { return json.Unmarshal(benchBody, &florinv1.CreatePaymentRequest{}) },
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := decode(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkEncode(b *testing.B) {
	p, room := samplePayment(), make([]byte, 0, 4096)
	theirs := protojson.MarshalOptions{UseProtoNames: true, EmitUnpopulated: true}
	for name, encode := range map[string]func() error{
		"ours":      func() error { room = contract.EncodeJSON(room[:0], p); return nil },
		"protojson": func() (err error) { room, err = theirs.MarshalAppend(room[:0], p); return err },
		"json":      func() error { return json.NewEncoder(bytes.NewBuffer(room[:0])).Encode(p) },
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := encode(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
