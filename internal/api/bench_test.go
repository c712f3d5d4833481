package api

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"testing"

	"connectrpc.com/connect/v2"
	"google.golang.org/protobuf/proto"

	florinv1 "github.com/florinpay/florin/gen/florin/v1"
	"github.com/florinpay/florin/gen/florin/v1/florinv1connect"
	"github.com/florinpay/florin/internal/apikey"
	"github.com/florinpay/florin/internal/clock"
	"github.com/florinpay/florin/internal/db/dbtest"
	"github.com/florinpay/florin/internal/wire"
)

var benchBody = []byte(`{"amount":73,"currency":"USD","source":"wal_01jz0000000000000000000000"}`)

func BenchmarkDecodeValidateEncode(b *testing.B) {
	shapes := wire.ContractShapes()
	check := newChecker([]*wire.Shape{shapes["florin.v1.CreatePaymentRequest"]})
	p, room := &florinv1.Payment{Id: "pay_01", Object: "payment", Amount: 73, Currency: "USD"}, make([]byte, 0, 4096)
	b.ReportAllocs()
	for b.Loop() {
		q := &florinv1.CreatePaymentRequest{}
		if err := shapes.DecodeJSON(benchBody, q, 0); err != nil {
			b.Fatal(err)
		}
		if err := check.check(q); err != nil {
			b.Fatal(err)
		}
		room = shapes.EncodeJSON(room[:0], p)
	}
}

// still answers every payment with the same one, without a database.
type still struct {
	florinv1connect.UnimplementedPaymentServiceHandler
	answer *florinv1.Payment
}

func (s still) CreatePayment(context.Context, *florinv1.CreatePaymentRequest) (*florinv1.Payment, error) {
	return s.answer, nil
}

// discard is a ResponseWriter that costs nothing.
type discard struct{ header http.Header }

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) Write(p []byte) (int, error) { return len(p), nil }
func (d *discard) WriteHeader(int)             {}

// BenchmarkDoor is the whole layer for one payment: everything between net/http
// and the flow.
func BenchmarkDoor(b *testing.B) {
	for name, log := range map[string]*slog.Logger{
		"logged":   slog.New(slog.NewJSONHandler(io.Discard, nil)),
		"unlogged": slog.New(slog.DiscardHandler),
	} {
		b.Run(name, func(b *testing.B) { benchDoor(b, log) })
	}
}

func benchDoor(b *testing.B, log *slog.Logger) {
	keys := apikey.New(dbtest.SQLite(b), clock.System{})
	_, secret, err := keys.Create(b.Context(), apikey.Draft{Merchant: cafe, Scopes: apikey.AllScopes()})
	if err != nil {
		b.Fatal(err)
	}
	door := New(Config{
		Keys: keys, Limiter: apikey.NewLimiter(clock.System{}), Clock: clock.System{}, Log: log,
		CardDigest: func(Caller, string) string { return "" },
		Recall:     func(context.Context, int64) (proto.Message, error) { return nil, nil },
	}, func(s *connect.Server) {
		florinv1connect.RegisterPaymentServiceHandler(s, still{answer: &florinv1.Payment{Id: "pay_01", Object: "payment", Amount: 73, Currency: "USD", Status: florinv1.PaymentStatus_PAYMENT_STATUS_SUCCEEDED}})
	})
	body := bytes.NewReader(nil)
	r, err := http.NewRequest("POST", "http://x/v1/payments", io.NopCloser(body))
	if err != nil {
		b.Fatal(err)
	}
	for name, value := range map[string]string{
		"Authorization": "Bearer " + secret, "Content-Type": "application/json", "Accept": "*/*",
		"Accept-Encoding": "gzip", "User-Agent": "bench", "Idempotency-Key": "k-0000000000000000", "Content-Length": "100",
	} {
		r.Header.Set(name, value)
	}
	r.ContentLength = int64(len(benchBody))
	w := &discard{header: http.Header{}}
	b.ReportAllocs()
	for b.Loop() {
		body.Reset(benchBody)
		clear(w.header)
		door.ServeHTTP(w, r)
	}
}
