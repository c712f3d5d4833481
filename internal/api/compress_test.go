package api

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	florinv1 "github.com/florinpay/florin/gen/florin/v1"
	"github.com/florinpay/florin/internal/wire"
)

func TestAcceptEncoding(t *testing.T) {
	for header, want := range map[string]coding{
		"":                                     asIs,
		",":                                    asIs,
		"gzip":                                 gzipped,
		"x-gzip":                               gzipped,
		"GZIP":                                 gzipped,
		"zstd":                                 zstandard,
		"gzip, zstd":                           zstandard,
		"gzip, deflate, br, zstd":              zstandard,
		"gzip;q=1.0, zstd;q=0.9":               gzipped,
		"gzip ; q=0.5 , zstd; q=0.4":           gzipped,
		"deflate, br":                          asIs,
		"identity":                             asIs,
		"identity, gzip;q=0.5":                 asIs,
		"identity;q=0.5, gzip":                 gzipped,
		"identity;q=0.5, gzip;q=0.5":           gzipped,
		"*":                                    dcz,
		"*;q=0":                                codings,
		"*;q=0, identity;q=0.1":                asIs,
		"*;q=0, gzip":                          gzipped,
		"identity;q=0":                         codings,
		"identity;q=0, br":                     codings,
		"identity;q=0, *":                      dcz,
		"gzip;q=0":                             asIs,
		"gzip;q=0, *;q=0.1, zstd;q=0, dcz;q=0": asIs,
		"gzip;q=2":                             asIs,
		"gzip;q=x, zstd;level=3":               asIs,
		"gzip;q=0.001":                         gzipped, // wanted as little as what nobody spoke of: what packs goes first
		"gzip;q=0, gzip":                       gzipped,
	} {
		if got := parseAcceptEncoding([]string{header}).best(); got != want {
			t.Errorf("Accept-Encoding: %s gives %d, want %d", header, got, want)
		}
	}
}

// payMany makes n payments, and so n events.
func (h *house) payMany(n int) {
	h.t.Helper()
	for range n {
		h.ask("POST", "/v1/payments", pay).expect(h.t, 200, "")
	}
}

func inflate(t *testing.T, coding, body string) string {
	t.Helper()
	plain, err := io.ReadAll(unpacking(t, coding, strings.NewReader(body)))
	if err != nil {
		t.Fatal(err)
	}
	return string(plain)
}

// unpacking reads what a body holds.
func unpacking(t *testing.T, coding string, r io.Reader) io.Reader {
	t.Helper()
	var err error
	switch coding {
	case "gzip":
		r, err = gzip.NewReader(r)
	case "zstd":
		r, err = zstd.NewReader(r)
	}
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestListsArePacked: who asks gets the same list in fewer bytes; HEAD says the same
// without it.
func TestListsArePacked(t *testing.T) {
	h := newHouse(t)
	h.payMany(20)
	plain := h.ask("GET", "/v1/events?limit=20", "", "Accept-Encoding: identity")
	for accepted, want := range map[string]string{"identity": "", "gzip": "gzip", "gzip, zstd": "zstd", "br": "", "identity;q=0, *": "zstd"} {
		a := h.ask("GET", "/v1/events?limit=20", "", "Accept-Encoding: "+accepted)
		if got := a.Header.Get("Content-Encoding"); a.StatusCode != 200 || got != want || !strings.HasPrefix(a.Header.Get("Vary"), "Accept, Accept-Encoding") {
			t.Errorf("%s: %d, coding %q, %v", accepted, a.StatusCode, got, a.Header)
			continue
		}
		if inflate(t, want, a.body) != plain.body || want != "" && len(a.body)*4 > len(plain.body) {
			t.Errorf("%s: %d bytes of %d, or another list", accepted, len(a.body), len(plain.body))
		}
		head := h.ask("HEAD", "/v1/events?limit=20", "", "Accept-Encoding: "+accepted)
		if head.body != "" || head.ContentLength != int64(len(a.body)) || head.Header.Get("Content-Encoding") != want {
			t.Errorf("%s: HEAD says %v", accepted, head.Header)
		}
	}
	if small := h.ask("GET", "/v1/events?limit=1", "", "Accept-Encoding: gzip"); small.Header.Get("Content-Encoding") != "" || len(small.body) >= packFrom {
		t.Errorf("%d bytes came as %q", len(small.body), small.Header.Get("Content-Encoding"))
	}
	if forced := h.ask("GET", "/v1/events?limit=1", "", "Accept-Encoding: gzip, identity;q=0"); forced.Header.Get("Content-Encoding") != "gzip" {
		t.Errorf("a caller that refuses identity got it")
	}
	if again := h.ask("GET", "/v1/events?limit=20", "", "Accept-Encoding:"); again.body != plain.body { // Go's own gzip
		t.Errorf("another list: %s", again.body)
	}
}

// TestNoAcceptableCoding: nothing is done for a caller who could not read the answer.
func TestNoAcceptableCoding(t *testing.T) {
	h := newHouse(t)
	for _, accepted := range []string{"identity;q=0", "*;q=0", "br, identity;q=0", "gzip, identity;q=0"} {
		h.ask("POST", "/v1/payments", pay, "Accept-Encoding: "+accepted).expect(t, 406, "coding_not_acceptable")
	}
	h.ask("GET", "/v1/events", "", "Accept-Encoding: *;q=0").expect(t, 406, "coding_not_acceptable")
	if h.till.paid != 0 {
		t.Errorf("%d payments were made", h.till.paid)
	}
}

// TestSecretsAreNotPacked holds the rule against BREACH: what a caller just sent, and
// secrets, are in no compressed answer.
func TestSecretsAreNotPacked(t *testing.T) {
	h := newHouse(t)
	const all = "Accept-Encoding: dcz, zstd, gzip"
	for _, r := range h.door.router.all() {
		if packable(r) != (r.verb == "GET" && strings.HasPrefix(r.pattern, "/v1/")) {
			t.Errorf("%s %s: packable is %v", r.verb, r.pattern, packable(r))
		}
	}
	name := strings.Repeat("x", 41)
	long := `{"amount":73,"currency":"USD","metadata":{"a":"` + strings.Repeat("b", 500) + `","c":"` + strings.Repeat("b", 500) + `"}}`
	for what, a := range map[string]reply{
		"a payment": h.ask("POST", "/v1/payments", long, all),
		"a problem": h.ask("POST", "/v1/payments", `{"metadata":{"`+strings.Join([]string{name + "1", name + "2", name + "3", name + "4", name + "5", name + "6"}, `":"","`)+`":""}}`, all),
		"a key":     h.ask("POST", "/v1/api_keys", `{"name":"`+strings.Repeat("n", 100)+`","scopes":["payments:read"]}`, all),
		"a refusal": h.ask("GET", "/v1/events?"+strings.Repeat("q=1&", 300), "", all),
	} {
		if what != "a key" && len(a.body) < packFrom && what != "a refusal" {
			t.Errorf("%s has only %d bytes: nothing is shown", what, len(a.body))
		}
		if got := a.Header.Get("Content-Encoding"); got != "" {
			t.Errorf("%s came as %s", what, got)
		}
	}
	shapes := wire.ContractShapes()
	secrets := newSecretive(shapes)
	shown := &florinv1.ApiKey{Id: "key_01", Secret: "shown once"}
	event := &florinv1.Event{Data: &florinv1.EventData{Object: &florinv1.EventData_ApiKey{ApiKey: shown}}}
	for _, c := range []struct {
		list *florinv1.ListEventsResponse
		want bool
	}{
		{&florinv1.ListEventsResponse{Data: []*florinv1.Event{{}, event}}, true},
		{&florinv1.ListEventsResponse{Data: []*florinv1.Event{{Data: &florinv1.EventData{Object: &florinv1.EventData_ApiKey{ApiKey: &florinv1.ApiKey{Id: "key_01"}}}}}}, false},
		{&florinv1.ListEventsResponse{}, false},
	} {
		m := c.list.ProtoReflect()
		if got := secrets.shown(m, shapes[m.Descriptor().FullName()]); got != c.want {
			t.Errorf("a secret is shown: %v, want %v, in %v", got, c.want, c.list)
		}
	}
	if secrets[shapes["florin.v1.ListPaymentsResponse"]] || !secrets[shapes["florin.v1.ListApiKeysResponse"]] {
		t.Error("keys have a secret, payments have none")
	}
}

func gzipOf(text string) string { return string(packGzip(nil, []byte(text))) }
func zstdOf(text string) string { return string(plainZstd.EncodeAll([]byte(text), nil)) }

// TestPackedBodies: a packed request is the same request.
func TestPackedBodies(t *testing.T) {
	h := newHouse(t)
	var first string
	for i, c := range []struct{ coding, body string }{
		{"", pay}, {"identity", pay}, {"gzip", gzipOf(pay)}, {"X-GZIP", gzipOf(pay)}, {"zstd", zstdOf(pay)},
		{"gzip", gzipOf(pay[:20]) + gzipOf(pay[20:])}, // RFC 1952 §2.2: members follow each other
		{"zstd", zstdOf(pay[:20]) + "\x50\x2a\x4d\x18\x03\x00\x00\x00abc" + zstdOf(pay[20:])},
		{"identity, gzip", gzipOf(pay)},
	} {
		headers := []string{"Idempotency-Key: once"}
		if c.coding != "" {
			headers = append(headers, "Content-Encoding: "+c.coding)
		}
		a := h.ask("POST", "/v1/payments", c.body, headers...)
		a.expect(t, 200, "")
		if i == 0 {
			first = a.body
		} else if a.body != first || a.Header.Get("Idempotent-Replayed") != "true" {
			t.Errorf("%s: another request: %v %s", c.coding, a.Header, a.body)
		}
	}
	for _, size := range []int{4 << 10, 4<<10 + 1, 16 << 10, 64<<10 - 1, 300 << 10, bodyMax} {
		text := strings.Repeat("0123456789abcdef", size/16+1)[:size]
		for c, packed := range map[coding]string{gzipped: gzipOf(text), zstandard: zstdOf(text)} {
			body := []byte(packed + strings.Repeat("\x50\x2a\x4d\x18\x00\x00\x00\x00", size/512))
			if c == gzipped {
				body = []byte(packed + strings.Repeat(gzipOf(""), size/512)) // so that the ratio holds
			}
			if err := unpack(&body, c); err != nil || string(body) != text {
				t.Errorf("%d bytes of %s: %v", size, codingNames[c], err)
			}
		}
	}
}

// TestBrokenPackedBodies: each is refused with its reason, and pays nothing.
func TestBrokenPackedBodies(t *testing.T) {
	h := newHouse(t)
	g, z := gzipOf(pay), zstdOf(pay)
	wide := func() string {
		var out bytes.Buffer
		w, err := zstd.NewWriter(&out, zstd.WithWindowSize(16<<20), zstd.WithSingleSegment(false))
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if _, err := w.Write([]byte(pay)); err != nil {
				t.Fatal(err)
			}
			if err := w.Flush(); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}()
	flipped := g[:len(g)-8] + "\x00\x00\x00\x00" + g[len(g)-4:]
	zeros := strings.Repeat("\x00", 2<<20)
	for _, c := range []struct {
		name, coding, body string
		status             int
		code               string
	}{
		{"nothing", "gzip", "", 400, "content_encoding_broken"},
		{"plain text", "gzip", pay, 400, "content_encoding_broken"},
		{"plain text", "zstd", pay, 400, "content_encoding_broken"},
		{"zstd as gzip", "gzip", z, 400, "content_encoding_broken"},
		{"cut short", "gzip", g[:len(g)-1], 400, "content_encoding_broken"},
		{"cut short", "zstd", z[:len(z)-1], 400, "content_encoding_broken"},
		{"cut to its header", "gzip", g[:10], 400, "content_encoding_broken"},
		{"cut to its header", "zstd", z[:5], 400, "content_encoding_broken"},
		{"one byte more", "gzip", g + "x", 400, "content_encoding_broken"},
		{"one byte more", "zstd", z + "x", 400, "content_encoding_broken"},
		{"zeros after it", "gzip", g + "\x00\x00\x00\x00", 400, "content_encoding_broken"},
		{"zeros after it", "zstd", z + "\x00\x00\x00\x00", 400, "content_encoding_broken"},
		{"a wrong sum", "gzip", flipped, 400, "content_encoding_broken"},
		{"a wide window", "zstd", wide, 400, "content_encoding_broken"},
		{"a foreign dictionary", "zstd", "\x28\xb5\x2f\xfd\x21\x07\x00\x01\x00\x00", 400, "content_encoding_broken"},
		{"packed twice", "gzip, gzip", gzipOf(g), 415, "content_encoding_unsupported"},
		{"packed twice, told once", "gzip", gzipOf(g), 400, "invalid_request :malformed_json"},
		{"unknown", "br", pay, 415, "content_encoding_unsupported"},
		{"answers only", "dcz", pay, 415, "content_encoding_unsupported"},
		{"a long list", strings.Repeat("identity,", 50) + "lzw", pay, 415, "content_encoding_unsupported"},
		{"2 MiB", "gzip", gzipOf(zeros), 413, "body_too_large"},
		{"2 MiB", "zstd", zstdOf(zeros), 413, "body_too_large"},
		{"1 MiB from 1 KiB", "gzip", gzipOf(zeros[:bodyMax]), 413, "body_too_large"},
		{"1 MiB from nothing", "zstd", zstdOf(zeros[:bodyMax]), 413, "body_too_large"},
	} {
		a := h.ask("POST", "/v1/payments", c.body, "Content-Encoding: "+c.coding, "Content-Type: application/json")
		if got := a.problem.Code; a.StatusCode != c.status || !strings.HasPrefix(c.code, got) {
			t.Errorf("%s as %s: %d %s, want %d %s", c.name, c.coding, a.StatusCode, a.body, c.status, c.code)
		}
		if offered := a.Header.Get("Accept-Encoding"); (c.status == 415) != (offered == "gzip, zstd") {
			t.Errorf("%s: %d offers %q", c.name, a.StatusCode, offered)
		}
	}
	if h.till.paid != 0 {
		t.Errorf("%d payments were made", h.till.paid)
	}
}

// bombOf is 100 MiB of zeros, packed: a hundred parts that follow each other.
func bombOf(c coding) []byte {
	return bytes.Repeat(packers[c](nil, make([]byte, 1<<20)), 100)
}

// TestBombs: 100 MB of zeros are refused after the first megabyte, so that a hundred
// of them take no more memory than that.
func TestBombs(t *testing.T) {
	for _, c := range []coding{gzipped, zstandard} {
		bomb := bombOf(c)
		const runs = 10
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for range runs {
			body := bytes.Clone(bomb)
			if err := unpack(&body, c); !errors.Is(err, ErrTooLarge) {
				t.Errorf("a bomb was read: %v", err)
			}
		}
		runtime.ReadMemStats(&after)
		taken := (after.TotalAlloc - before.TotalAlloc) / runs
		t.Logf("%s: %d bytes were refused with %d bytes of memory", codingNames[c], len(bomb), taken)
		if taken > 6*bodyMax {
			t.Errorf("%s: %d bytes of memory, at most %d are fair", codingNames[c], taken, 6*bodyMax)
		}
	}
	h := newHouse(t)
	r, err := http.NewRequest("POST", h.url+"/v1/payments", bytes.NewReader(bombOf(gzipped)))
	if err != nil {
		t.Fatal(err)
	}
	r.Header = http.Header{"Authorization": {"Bearer " + h.key}, "Content-Type": {"application/json"}, "Content-Encoding": {"gzip"}}
	h.do(r).expect(t, 413, "body_too_large")
}

func BenchmarkPack(b *testing.B) {
	for _, n := range []int{1, 3, 10, 100} {
		list := &florinv1.ListPaymentsResponse{Object: "list", Url: "/v1/payments"}
		for i := range n {
			p := sampleOf(wire.ContractShapes()["florin.v1.Payment"].Message, 3).Interface().(*florinv1.Payment)
			p.Id, p.Amount = fmt.Sprintf("pay_%026d", i*7919), int64(i)*104729%99999
			list.Data = append(list.Data, p)
		}
		body := wire.ContractShapes().EncodeJSON(nil, list)
		for _, c := range []coding{gzipped, zstandard, dcz} {
			b.Run(fmt.Sprintf("%s/%d", codingNames[c], n), func(b *testing.B) {
				var out []byte
				for b.Loop() {
					out = packers[c](out[:0], body)
				}
				b.ReportAllocs()
				b.ReportMetric(float64(len(body)), "plain")
				b.ReportMetric(float64(len(out)), "packed")
			})
		}
	}
}
