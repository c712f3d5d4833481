package api

import (
	"context"
	"crypto/rand"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect/v2"

	florinv1 "github.com/florinpay/florin/gen/florin/v1"
	"github.com/florinpay/florin/gen/florin/v1/florinv1connect"
	"github.com/florinpay/florin/internal/apikey"
	"github.com/florinpay/florin/internal/wire"
)

// press exports payments that nobody made. The reference says what it is to do.
type press struct {
	florinv1connect.UnimplementedExportServiceHandler
	goOn chan struct{} // lets "slow" go on
	left chan error    // why the context of "slow" and "endless" has ended
}

// pressed are the payments of one page.
const pressed = 300

func (s *press) ExportPayments(ctx context.Context, q *florinv1.ExportPaymentsRequest, stream florinv1connect.ExportServiceExportPaymentsServerStream) error {
	page := make([]*florinv1.Payment, pressed)
	for i := range page {
		page[i] = &florinv1.Payment{Id: fmt.Sprintf("pay_%d", i), Amount: int64(i), Description: "=1+1, \"quoted\"\n" + strings.Repeat("x", 500)}
	}
	same := func(p *florinv1.Payment) *florinv1.Payment { return p }
	switch q.Reference {
	case "empty":
		return nil
	case "broken_first":
		return errors.New("sql: no such table")
	}
	if err := sendPage(stream, page, same); err != nil {
		return err
	}
	switch q.Reference {
	case "broken":
		return errors.New("sql: the disk is on fire")
	case "crash":
		panic("press on fire")
	case "slow":
		select {
		case <-s.goOn:
		case <-ctx.Done():
			s.left <- context.Cause(ctx)
			return ctx.Err()
		}
	case "endless":
		for {
			for _, p := range page { // nothing repeats: packed, it is still much
				noise := make([]byte, 250)
				_, _ = rand.Read(noise) // never fails
				p.Description = hex.EncodeToString(noise)
			}
			if err := sendPage(stream, page, same); err != nil {
				s.left <- context.Cause(ctx)
				return err
			}
		}
	}
	return sendPage(stream, page[:3], same)
}

// export asks for payments, as far as its header: the body is still to be read.
func (h *house) export(client *http.Client, reference string, headers ...string) *http.Response {
	h.t.Helper()
	r, err := http.NewRequestWithContext(h.t.Context(), "GET", h.url+"/v1/exports/payments?reference="+reference, nil)
	if err != nil {
		h.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+h.key)
	r.Header.Set("Accept-Encoding", "identity")
	for _, header := range headers {
		name, value, _ := strings.Cut(header, ": ")
		r.Header.Set(name, value)
	}
	answer, err := client.Do(r)
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { answer.Body.Close() })
	return answer
}

// versions are clients of each version of HTTP.
func versions(t *testing.T) map[string]*http.Client {
	list := map[string]*http.Client{}
	for name, set := range map[string]func(*http.Protocols, bool){
		"HTTP/1.1": (*http.Protocols).SetHTTP1, "HTTP/2": (*http.Protocols).SetUnencryptedHTTP2,
	} {
		transport := &http.Transport{Protocols: new(http.Protocols)}
		set(transport.Protocols, true)
		t.Cleanup(transport.CloseIdleConnections)
		list[name] = &http.Client{Transport: transport}
	}
	return list
}

// countOf is how many payments a whole body holds, for a reader that is not ours; -1
// if it is not whole.
func countOf(ending, body string) int {
	switch ending {
	case "json":
		var list struct{ Data []struct{ ID string } }
		if json.Unmarshal([]byte(body), &list) != nil {
			return -1
		}
		return len(list.Data)
	case "csv":
		lines, err := csv.NewReader(strings.NewReader(body)).ReadAll()
		if err != nil {
			return -1
		}
		return len(lines) - 1
	}
	return strings.Count(body, "\n")
}

// TestExportsInEveryFormat: the same payments, in the format and the coding that were
// asked for.
func TestExportsInEveryFormat(t *testing.T) {
	h := newHouse(t)
	for accept, ending := range map[string]string{
		"": "json", "*/*": "json", "application/json": "json", "application/*": "json", "text/*": "csv", "text/csv": "csv", "text/csv;charset=utf-8": "csv",
		"application/x-ndjson": "ndjson", "application/jsonl": "jsonl", "text/csv, application/json;q=0.5": "csv", "application/json;q=0, */*": "ndjson",
	} {
		for _, coding := range []string{"identity", "gzip", "zstd"} {
			a := h.ask("GET", "/v1/exports/payments", "", "Accept: "+accept, "Accept-Encoding: "+coding)
			a.expect(t, 200, "")
			body := inflate(t, a.Header.Get("Content-Encoding"), a.body)
			if got := countOf(ending, body); got != pressed+3 {
				t.Errorf("%q in %s: %d payments", accept, coding, got)
			}
			if got, want := a.Header.Get("Content-Type"), wire.SeriesNamed(ending).Type; got != want {
				t.Errorf("%q comes as %s, not %s", accept, got, want)
			}
			if got := a.Header.Get("Content-Encoding"); got != strings.TrimPrefix(coding, "identity") || a.Header.Get("Vary") != varyByFmt[0] {
				t.Errorf("%s was asked for, %q given, Vary %q", coding, got, a.Header.Get("Vary"))
			}
			disposition := map[bool]string{true: `attachment; filename="payments.csv"`}[ending == "csv"]
			if got := a.Header.Get("Content-Disposition"); got != disposition {
				t.Errorf("%q: Content-Disposition is %q", accept, got)
			}
			if ending == "csv" && !strings.Contains(body, `'=1+1`) {
				t.Error("a formula is not made harmless")
			}
			head := h.ask("HEAD", "/v1/exports/payments", "", "Accept: "+accept, "Accept-Encoding: "+coding)
			head.expect(t, 200, "")
			for _, name := range []string{"Content-Type", "Content-Encoding", "Content-Disposition", "Vary"} {
				if head.body != "" || head.Header.Get(name) != a.Header.Get(name) {
					t.Errorf("%q: HEAD says %s: %q", accept, name, head.Header.Get(name))
				}
			}
		}
	}
	h.ask("HEAD", "/v1/exports/payments?reference=empty", "").expect(t, 200, "")
	if a := h.ask("GET", "/v1/exports/payments?reference=empty", "", "Accept: text/csv"); countOf("csv", a.body) != 0 || !strings.HasPrefix(a.body, "id,object,") {
		t.Errorf("nothing to export: %q", a.body)
	}
	if a := h.ask("GET", "/v1/exports/payments", "", "Accept-Encoding: dcz, gzip;q=0.5", "Available-Dictionary: "+dictionaryHeld); a.Header.Get("Content-Encoding") != "gzip" || a.Header.Get("Link") != "" {
		t.Errorf("who takes dcz gets %v", a.Header)
	}
}

func TestExportsRefuse(t *testing.T) {
	h := newHouse(t)
	weak := "Authorization: Bearer " + h.newKey(apikey.Draft{Scopes: scopes(t, "ledger:read")})
	const path = "/v1/exports/payments"
	for _, c := range []struct {
		verb, path string
		headers    []string
		status     int
		want       string
	}{
		{"GET", path, []string{"Accept: image/png"}, 406, "not_acceptable"},
		{"GET", path, []string{"Accept: application/xml"}, 406, "not_acceptable"},
		{"GET", path, []string{"Accept: text/csv;header=absent"}, 406, "not_acceptable"},
		{"HEAD", path, []string{"Accept: image/png"}, 406, ""},
		{"GET", path, []string{"Accept: text/csv", "Accept-Encoding: br, *;q=0"}, 406, "coding_not_acceptable"},
		{"GET", path, []string{"Authorization:"}, 401, "credentials_missing"},
		{"GET", path, []string{weak}, 403, "scope_missing"},
		{"GET", path + "?limit=5", nil, 400, "invalid_request ?limit:unknown_field"},
		{"GET", path + "?currency=usd&amount=0", nil, 400, "invalid_request ?amount:too_small ?currency:pattern"},
		{"POST", path, nil, 405, "method_not_allowed"},
		{"GET", path + "?reference=broken_first", []string{"Accept: text/csv", "Accept-Encoding: gzip"}, 500, "internal"},
		{"GET", "/v1/exports/transfers", nil, 404, "route_not_found"}, // no handler here
	} {
		a := h.ask(c.verb, c.path, "", c.headers...)
		a.expect(t, c.status, c.want)
		if c.verb == "GET" && a.Header.Get("Content-Disposition")+a.Header.Get("Content-Encoding") != "" {
			t.Errorf("%s: a refusal comes as %v", c.path, a.Header)
		}
	}
	conn, err := net.Dial("tcp", strings.TrimPrefix(h.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "GET %s HTTP/1.0\r\nAuthorization: Bearer %s\r\n\r\n", path, h.key)
	if text, err := io.ReadAll(conn); err != nil || !strings.Contains(string(text), `"http_version_too_old"`) {
		t.Errorf("HTTP/1.0 gets %s, %v", text, err)
	}
}

// TestAnExportIsOneCall to the rate limit, and one of the streams that a key may have.
func TestAnExportIsOneCall(t *testing.T) {
	h := newHouse(t)
	thrifty := "Authorization: Bearer " + h.newKey(apikey.Draft{Scopes: apikey.AllScopes(), RatePerSecond: 1, Burst: 2})
	a := h.ask("GET", "/v1/exports/payments", "", thrifty)
	a.expect(t, 200, "")
	if got := a.Header.Get("RateLimit"); !strings.Contains(got, "r=1") {
		t.Errorf("RateLimit: %s", got)
	}
	h.ask("GET", "/v1/exports/payments", "", thrifty).expect(t, 200, "")
	h.ask("GET", "/v1/exports/payments", "", thrifty).expect(t, 429, "rate_limited")
	for range heldMax {
		h.export(http.DefaultClient, "slow")
	}
	h.ask("GET", "/v1/exports/payments", "").expect(t, 429, "streams_too_many")
	close(h.press.goOn)
}

// TestAFailureMidwayIsSeen: no reader takes a part for the whole, in any version, format
// and coding, and the log says why.
func TestAFailureMidwayIsSeen(t *testing.T) {
	for version, client := range versions(t) {
		for _, reference := range []string{"broken", "crash"} {
			h := newHouse(t)
			for i := range wire.AllSeries {
				f := &wire.AllSeries[i]
				for _, coding := range []string{"identity", "gzip", "zstd"} {
					answer := h.export(client, reference, "Accept: "+f.Media, "Accept-Encoding: "+coding)
					body, err := io.ReadAll(answer.Body)
					if answer.StatusCode != 200 || err == nil {
						t.Errorf("%s, %s as %s in %s: %d, %d bytes that look whole", version, reference, f.Media, coding, answer.StatusCode, len(body))
					}
					if f.Ending == "json" && coding == "identity" && countOf("json", string(body)) != -1 {
						t.Errorf("%s: the document is closed: …%s", version, body[max(0, len(body)-20):])
					}
					if v := <-h.ended; v.Status != 500 || v.Code != "internal" {
						t.Errorf("%s: observed as %+v", version, v)
					}
				}
			}
			if log := h.log.String(); !strings.Contains(log, "on fire") {
				t.Errorf("the log does not say why: %s", log)
			}
		}
	}
}

// TestAHalfClosedCallerGetsNoWholeFile: who closes its side is gone to us, but may
// still read what we write.
func TestAHalfClosedCallerGetsNoWholeFile(t *testing.T) {
	h := newHouse(t)
	conn, err := net.Dial("tcp", strings.TrimPrefix(h.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "GET /v1/exports/payments?reference=slow HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n\r\n", h.key)
	if _, err := io.ReadFull(conn, make([]byte, 100)); err != nil {
		t.Fatal(err)
	}
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	text, _ := io.ReadAll(conn) // may end by a reset
	if strings.HasSuffix(string(text), "0\r\n\r\n") || strings.Contains(string(text), "]}") {
		t.Errorf("it ends as if it were whole: …%s", text[max(0, len(text)-50):])
	}
	if v := <-h.ended; v.Status != 200 || v.Code != "" {
		t.Errorf("observed as %+v", v)
	}
}

// TestPagesGoOutAsTheyCome: what is there is not held back for what is to come, packed
// or not; and who hangs up meanwhile ends the work.
func TestPagesGoOutAsTheyCome(t *testing.T) {
	for version, client := range versions(t) {
		for _, coding := range []string{"identity", "gzip", "zstd"} {
			h := newHouse(t)
			answer := h.export(client, "slow", "Accept: application/jsonl", "Accept-Encoding: "+coding)
			lines := 0
			plain := unpacking(t, coding, answer.Body)
			for one := make([]byte, 1); lines < pressed; {
				if _, err := io.ReadFull(plain, one); err != nil {
					t.Fatal(err)
				}
				lines += strings.Count(string(one), "\n")
			}
			answer.Body.Close()
			if why := <-h.press.left; !errors.Is(why, context.Canceled) {
				t.Errorf("%s: the handler hears %v", version, why)
			}
			if v := <-h.ended; v.Status != 200 || v.Code != "" || strings.Contains(h.log.String(), "ERROR") {
				t.Errorf("%s: a caller that leaves: %+v", version, v)
			}
		}
	}
}

// TestAnExportThatIsNotReadIsCut after the time that one write may take.
func TestAnExportThatIsNotReadIsCut(t *testing.T) {
	for version, client := range versions(t) {
		for _, coding := range []string{"identity", "zstd"} {
			h := newHouse(t)
			answer := h.export(client, "endless", "Accept-Encoding: "+coding)
			v := until(h, h.ended)
			if v.Code != "deadline_exceeded" || v.Route != "/v1/exports/payments" {
				t.Errorf("%s: the reader that did not read: %+v", version, v)
			}
			if n, err := io.Copy(io.Discard, answer.Body); err == nil || n > 15<<20 {
				t.Errorf("%s: afterwards it reads %d bytes, %v", version, n, err)
			}
		}
	}
}

// TestAnExportHoldsNoMoreThanAPage, however much goes through.
func TestAnExportHoldsNoMoreThanAPage(t *testing.T) {
	live := func() uint64 {
		var m runtime.MemStats
		for range 3 { // what pools and finalizers hold goes with the second and third
			runtime.GC()
		}
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	for _, coding := range []string{"identity", "gzip", "zstd"} {
		h := newHouse(t)
		before := live()
		answer := h.export(http.DefaultClient, "endless", "Accept: text/csv", "Accept-Encoding: "+coding)
		plain := unpacking(t, coding, answer.Body)
		for range 4 {
			if _, err := io.CopyN(io.Discard, plain, 6<<20); err != nil {
				t.Fatal(err)
			}
			if held := int64(live()) - int64(before); held > 14<<20 { // of both ends: they are in this process, and zstd's windows move
				t.Errorf("%s: %d bytes are held", coding, held)
			}
		}
		answer.Body.Close()
		<-h.ended
	}
}

// TestWhatEndsExports: the key and the server, as they end streams of events.
func TestWhatEndsExports(t *testing.T) {
	for version, client := range versions(t) {
		h := newHouse(t)
		made := h.ask("POST", "/v1/api_keys", `{"scopes":["payments:read"]}`)
		answer := h.export(client, "slow", "Authorization: Bearer "+made.field(t, "secret").(string))
		h.ask("POST", "/v1/api_keys/"+made.field(t, "id").(string)+"/revoke", "").expect(t, 200, "")
		if v := until(h, h.ended); v.Code != "credentials_invalid" {
			t.Errorf("%s: a revoked key: %+v", version, v)
		}
		if body, err := io.ReadAll(answer.Body); err == nil {
			t.Errorf("%s: %d bytes look whole", version, len(body))
		}
		answer = h.export(client, "slow")
		if err := h.http.Shutdown(t.Context()); err != nil {
			t.Errorf("%s: %v", version, err)
		}
		if v := <-h.ended; v.Code != "server_stopping" || v.Status != 503 {
			t.Errorf("%s: a server that stops: %+v", version, v)
		}
		if body, err := io.ReadAll(answer.Body); err == nil {
			t.Errorf("%s: %d bytes look whole", version, len(body))
		}
	}
}

// TestAnExportOutlivesTheTimeOfOneRequest: the server's time limits are the socket's
// own, so this waits for them.
func TestAnExportOutlivesTheTimeOfOneRequest(t *testing.T) {
	for version, client := range versions(t) {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			const limit = time.Second
			h := newHouse(t)
			server := httptest.NewUnstartedServer(h.door)
			server.Config = h.door.HTTP()
			server.Config.ReadTimeout, server.Config.WriteTimeout = limit, limit
			server.Start()
			t.Cleanup(server.Close)
			h.url = server.URL
			answer := h.export(client, "slow", "Accept: text/csv")
			time.Sleep(limit + limit/2)
			close(h.press.goOn)
			body, err := io.ReadAll(answer.Body)
			if got := countOf("csv", string(body)); err != nil || got != pressed+3 {
				t.Errorf("%d payments, %v", got, err)
			}
		})
	}
}

// TestExportsOverRPC: the same stream, in every protocol and format.
func TestExportsOverRPC(t *testing.T) {
	h := newHouse(t)
	for name, s := range speeches {
		ctx, _ := h.with()
		stream, err := florinv1connect.NewExportServiceClient(h.client(s)).ExportPayments(ctx, &florinv1.ExportPaymentsRequest{})
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for ; err == nil; n++ {
			_, err = stream.Receive()
		}
		if n-1 != pressed+3 || !errors.Is(err, io.EOF) {
			t.Errorf("%s: %d payments, then %v", name, n-1, err)
		}
		ctx, _ = h.with()
		broken, err := florinv1connect.NewExportServiceClient(h.client(s)).ExportPayments(ctx, &florinv1.ExportPaymentsRequest{Reference: "broken"})
		for err == nil {
			_, err = broken.Receive()
		}
		if connect.CodeOf(err) != connect.CodeInternal {
			t.Errorf("%s: a failure midway is %v", name, err)
		}
	}
}
