package api

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/florinpay/florin/internal/wire"
)

// usual is what often stands in a field of that name. What is new in each object,
// as an id, is left short: nothing of it repeats.
var usual = map[string]string{
	"currency": "USD", "brand": "visa", "last4": "4242", "country": "NL", "url": "/v1/", "state": "active", "purpose": "balance",
	"id": "_01m", "source": "card_", "destination": "", "card": "card_", "merchant": "mer_", "payer": "payer_", "payment": "pay_01m",
	"account": "acct_", "debit": "acct_", "credit": "acct_", "cause": "pay_01m", "owner": "mer_", "idempotency_key": "",
	"decline_code": "insufficient_funds", "advice": "try_another_source", "reason": "", "reference": "order-", "email": "@example.com",
	"description": "", "evidence": "", "failure_code": "", "hold": "", "hash": "", "replaced_by": "", "prefix": "fl_sandbox_",
}

// prefixes are the beginnings of ids that are not the message's own name.
var prefixes = map[string]string{"payment": "pay", "wallet": "wal", "event": "evt", "refund": "ref", "dispute": "dsp", "transfer": "xfer", "account": "acct", "api_key": "key", "event_request": "req"}

// types are the kinds of events, the frequent ones last.
var types = []string{
	"api_key.created", "card.created", "payer.created", "wallet.created", "wallet.sent", "dispute.opened", "refund.created", "refund.succeeded",
	"payment.failed", "payment.canceled", "payment.authorized", "payment.captured", "payment.created", "payment.succeeded",
}

// sampleOf fills a message as the n-th of a list would be.
func sampleOf(d protoreflect.MessageDescriptor, n int) protoreflect.Message {
	made, _ := protoregistry.GlobalTypes.FindMessageByName(d.FullName())
	m := made.New()
	if d.FullName() == "google.protobuf.Timestamp" {
		return timestamppb.New(time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)).ProtoReflect()
	}
	for i := range d.Fields().Len() {
		f := d.Fields().Get(i)
		if one := f.ContainingOneof(); f.IsMap() || f.IsList() || one != nil && !one.IsSynthetic() && f.Index() != n%one.Fields().Len() {
			continue
		}
		switch f.Kind() {
		case protoreflect.StringKind:
			m.Set(f, protoreflect.ValueOfString(textOf(d, f, n)))
		case protoreflect.EnumKind:
			m.Set(f, protoreflect.ValueOfEnum(protoreflect.EnumNumber(n%f.Enum().Values().Len())))
		case protoreflect.MessageKind:
			if n%2 == 0 || f.Name() == "created_at" || f.Name() == "data" || f.Name() == "request" || f.ContainingOneof() != nil {
				m.Set(f, protoreflect.ValueOfMessage(sampleOf(f.Message(), n)))
			}
		}
	}
	return m
}

func textOf(d protoreflect.MessageDescriptor, f protoreflect.FieldDescriptor, n int) string {
	own := snake(string(d.Name()))
	switch f.Name() {
	case "secret":
		return ""
	case "object":
		return own
	case "type":
		return types[n%len(types)]
	case "id":
		if p, ok := prefixes[own]; ok {
			own = p
		}
		return own + usual["id"]
	}
	return usual[string(f.Name())]
}

func snake(name string) string {
	var out strings.Builder
	for i, c := range name {
		if i > 0 && c >= 'A' && c <= 'Z' {
			out.WriteByte('_')
		}
		out.WriteRune(c)
	}
	return strings.ToLower(out.String())
}

// samples is how many of each list there are: enough for each of its words once.
func samples(list string) int {
	switch list {
	case "florin.v1.ListEventsResponse":
		return len(types)
	case "florin.v1.ListPaymentsResponse":
		return 8
	}
	return 3
}

// lists are sample answers of every list of the contract, the frequent ones last:
// what stands nearest to the answer is the cheapest to point to.
func lists(all wire.Shapes) (made []proto.Message) {
	var names []string
	for name := range all {
		if short := string(name.Name()); strings.HasPrefix(short, "List") && strings.HasSuffix(short, "Response") {
			names = append(names, string(name))
		}
	}
	slices.SortFunc(names, func(a, b string) int {
		last := func(s string) int {
			return strings.Index("Events Payments", strings.TrimSuffix(s[len("florin.v1.List"):], "Response"))
		}
		if d := last(a) - last(b); d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
	for _, name := range names {
		d := all[protoreflect.FullName(name)].Message
		list := sampleOf(d, 1)
		list.Set(d.Fields().ByName("object"), protoreflect.ValueOfString("list"))
		data := d.Fields().ByName("data")
		for n := range samples(name) {
			list.Mutable(data).List().Append(protoreflect.ValueOfMessage(sampleOf(data.Message(), n)))
		}
		made = append(made, list.Interface())
	}
	return made
}

// TestDictionaryIsMadeFromTheContract: anyone can make the same dictionary again.
func TestDictionaryIsMadeFromTheContract(t *testing.T) {
	all := wire.ContractShapes()
	var made []byte
	table := newCodecs(all)
	for _, media := range []string{"application/protobuf", "application/xml", "application/json"} { // the most frequent last
		for _, list := range lists(all) {
			made = table.named(media).encode(made, list)
		}
	}
	const path = "compress_dictionary.bin"
	if update {
		if err := os.WriteFile(path, made, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if !bytes.Equal(made, dictionary) {
		t.Errorf("%s is not what the contract gives now; run make golden", path)
	}
	if len(made) < 4<<10 || len(made) > 64<<10 {
		t.Errorf("the dictionary has %d bytes", len(made))
	}
}

// TestDictionary follows RFC 9842: a caller learns of the dictionary, fetches it,
// and gets lists that only make sense with it.
func TestDictionary(t *testing.T) {
	h := newHouse(t)
	h.payMany(30)
	first := h.ask("GET", "/v1/events?limit=30", "", "Accept-Encoding: dcz, zstd;q=0.5")
	url, ok := strings.CutSuffix(first.Header.Get("Link"), `>; rel="compression-dictionary"`)
	if url = strings.TrimPrefix(url, "<"); !ok || first.Header.Get("Content-Encoding") != "zstd" {
		t.Fatalf("without a dictionary: %v", first.Header)
	}
	kept := h.ask("GET", url, "", "Authorization:")
	for name, want := range map[string]string{
		"Use-As-Dictionary": `match="/v1/*", type=raw`, "Cache-Control": "public, max-age=31536000, immutable", "Content-Type": "application/octet-stream",
	} {
		if got := kept.Header.Get(name); got != want || kept.StatusCode != 200 {
			t.Errorf("%d, %s is %q, want %q", kept.StatusCode, name, got, want)
		}
	}
	hash := sha256.Sum256([]byte(kept.body))
	held := "Available-Dictionary: :" + base64.StdEncoding.EncodeToString(hash[:]) + ":"
	a := h.ask("GET", "/v1/events?limit=30", "", "Accept-Encoding: gzip, zstd, dcz", held)
	if a.Header.Get("Content-Encoding") != "dcz" || a.Header.Get("Vary") != "Accept, Accept-Encoding, Available-Dictionary" || a.Header.Get("Link") != "" {
		t.Fatalf("with the dictionary: %v", a.Header)
	}
	// Source: RFC 9842 §5: a fixed frame header, the hash, then zstd.
	frame := append([]byte{0x5e, 0x2a, 0x4d, 0x18, 0x20, 0, 0, 0}, hash[:]...)
	rest, ok := strings.CutPrefix(a.body, string(frame))
	if !ok || len(frame) != 40 {
		t.Fatalf("dcz begins with %x", a.body[:min(40, len(a.body))])
	}
	reader, err := zstd.NewReader(nil, zstd.WithDecoderDictRaw(0, []byte(kept.body)))
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	plain := h.ask("GET", "/v1/events?limit=30", "").body
	for what, packed := range map[string]string{"after its header": rest, "whole": a.body} { // the header is a skippable frame
		if got, err := reader.DecodeAll([]byte(packed), nil); err != nil || string(got) != plain {
			t.Errorf("dcz %s: %v, %d bytes of %d", what, err, len(got), len(plain))
		}
	}
	if len(a.body) > len(first.body) {
		t.Errorf("dcz has %d bytes, zstd %d", len(a.body), len(first.body))
	}
}

// TestForeignDictionaryIsNotUsed: only the very dictionary counts, by its hash.
func TestForeignDictionaryIsNotUsed(t *testing.T) {
	h := newHouse(t)
	h.payMany(10)
	for _, headers := range [][]string{
		{"Available-Dictionary: :pZGm1Av0IEBKARczz7exkNYsZb8LzaMrV7J32a2fFG4=:"},
		{"Available-Dictionary: nonsense"},
		{`Dictionary-ID: "florin"`},
		{"Available-Dictionary: " + dictionaryHeld, "Available-Dictionary: " + dictionaryHeld},
	} {
		a := h.ask("GET", "/v1/events?limit=10", "", append(headers, "Accept-Encoding: dcz")...)
		if got := a.Header.Get("Content-Encoding"); a.StatusCode != 200 || got != "" || a.Header.Get("Link") == "" {
			t.Errorf("%v: %d, coding %q, link %q", headers, a.StatusCode, got, a.Header.Get("Link"))
		}
		h.ask("GET", "/v1/events", "", append(headers, "Accept-Encoding: dcz, identity;q=0")...).expect(t, 406, "coding_not_acceptable")
	}
	if a := h.ask("GET", "/dictionaries/0000000000000000", ""); a.StatusCode != http.StatusNotFound {
		t.Errorf("another dictionary: %d", a.StatusCode)
	}
}

func FuzzUnpack(f *testing.F) {
	body := []byte(strings.Repeat(pay, 40))
	f.Add(packGzip(nil, body), uint8(gzipped))
	f.Add(plainZstd.EncodeAll(body, nil), uint8(zstandard))
	f.Fuzz(func(t *testing.T, packed []byte, c uint8) {
		if len(packed) > bodyMax {
			return
		}
		for _, c := range []coding{gzipped, zstandard}[c%2 : c%2+1] {
			got := bytes.Clone(packed)
			if err := unpack(&got, c); err == nil && (len(got) > bodyMax || len(got) > max(unpackedFree, ratioMax*len(packed))) {
				t.Errorf("%d bytes became %d", len(packed), len(got))
			}
		}
	})
}
