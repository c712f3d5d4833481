package api

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// raw is a connection to the house on which a test writes what it likes.
type raw struct {
	net.Conn
	t  *testing.T
	in *bufio.Reader
}

func (h *house) dialRaw(t *testing.T) *raw {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(h.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return &raw{conn, t, bufio.NewReader(conn)}
}

// send writes a request with the house's key: a line and headers, a blank line, a body.
func (r *raw) send(h *house, text string) {
	r.t.Helper()
	line, rest, _ := strings.Cut(text, "\r\n")
	if _, err := io.WriteString(r, line+"\r\nHost: x\r\nAuthorization: Bearer "+h.key+"\r\n"+rest); err != nil {
		r.t.Fatal(err)
	}
}

// hear reads one answer, which must come within a second.
func (r *raw) hear() (*http.Response, string) {
	r.t.Helper()
	_ = r.SetReadDeadline(time.Now().Add(time.Second))
	a, err := http.ReadResponse(r.in, nil)
	if err != nil {
		r.t.Fatalf("no answer: %v", err)
	}
	body, err := io.ReadAll(a.Body)
	if err != nil {
		r.t.Fatalf("half an answer: %v", err)
	}
	return a, string(body)
}

// ends reports whether nothing more comes before the connection's end.
func (r *raw) ends(within time.Duration) bool {
	_ = r.SetReadDeadline(time.Now().Add(within))
	more, err := io.ReadAll(r.in)
	return len(more) == 0 && err == nil
}

const jsonPost = "POST /v1/payments HTTP/1.1\r\nContent-Type: application/json\r\n"

// TestAHugeBodyIsRefusedByItsAnnouncement: before a byte of it has come, and who asks
// whether to send it is told no.
func TestAHugeBodyIsRefusedByItsAnnouncement(t *testing.T) {
	h := newHouse(t)
	const huge = "Content-Length: 99614720\r\n"
	for name, c := range map[string]struct {
		request string
		status  int
		sends   bool // it does not ask first
	}{
		"asks first":          {jsonPost + huge + "Expect: 100-continue\r\n\r\n", 413, false},
		"asks in Connect":     {"POST /florin.v1.PaymentService/CreatePayment HTTP/1.1\r\nContent-Type: application/proto\r\n" + huge + "Expect: 100-continue\r\n\r\n", 429, false},
		"sends":               {jsonPost + huge + "\r\n", 413, true},
		"one byte too many":   {jsonPost + fmt.Sprintf("Content-Length: %d\r\n\r\n", bodyMax+1), 413, true},
		"sends without a key": {"POST /v1/payments HTTP/1.1\r\nAuthorization: Bearer x\r\n" + huge + "\r\n", 413, true},
	} {
		t.Run(name, func(t *testing.T) {
			r := h.dialRaw(t)
			r.send(h, c.request)
			a, body := r.hear()
			if a.StatusCode != c.status || !strings.Contains(body, "body_too_large") || !a.Close {
				t.Fatalf("%s, close %t: %s", a.Status, a.Close, body)
			}
			if c.sends { // and what it sends now is heard for a while, so that it can read the answer
				for range 16 {
					if _, err := r.Write(make([]byte, 64<<10)); err != nil {
						t.Fatalf("cut off while it sends: %v", err)
					}
				}
				_ = r.Conn.(*net.TCPConn).CloseWrite()
			}
			if !r.ends(3 * time.Second) {
				t.Error("the connection stays open")
			}
		})
	}
}

// TestABodyThatIsAskedFor: who asks first whether to send a body that is not too large is
// told to.
func TestABodyThatIsAskedFor(t *testing.T) {
	h := newHouse(t)
	r := h.dialRaw(t)
	r.send(h, jsonPost+fmt.Sprintf("Content-Length: %d\r\nExpect: 100-continue\r\n\r\n", len(pay)))
	if a, _ := r.hear(); a.StatusCode != 100 {
		t.Fatalf("%s", a.Status)
	}
	fmt.Fprint(r, pay)
	if a, body := r.hear(); a.StatusCode != 200 {
		t.Errorf("%s %s", a.Status, body)
	}
}

// TestAChunkedBodyThatIsTooLargeIsAnsweredAtOnce: not when its sender has come to an end.
func TestAChunkedBodyThatIsTooLargeIsAnsweredAtOnce(t *testing.T) {
	h := newHouse(t)
	r := h.dialRaw(t)
	r.send(h, jsonPost+"Transfer-Encoding: chunked\r\n\r\n")
	fmt.Fprintf(r, "%x\r\n%s\r\n", bodyMax+1, strings.Repeat(" ", bodyMax+1))
	if a, body := r.hear(); a.StatusCode != 413 || !strings.Contains(body, "body_too_large") {
		t.Errorf("%s %s", a.Status, body)
	}
}

// TestAChunkedRequestIsTheLastOfItsConnection: one that carries both lengths could be
// read in two ways, and what follows it could be somebody else's words. Source: RFC 9112 §6.1.
func TestAChunkedRequestIsTheLastOfItsConnection(t *testing.T) {
	h := newHouse(t)
	r := h.dialRaw(t)
	chunks := fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(pay), pay)
	smuggled := fmt.Sprintf("%sHost: x\r\nAuthorization: Bearer %s\r\nContent-Length: %d\r\n\r\n%s", jsonPost, h.key, len(pay), pay)
	r.send(h, jsonPost+"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n"+chunks+smuggled)
	if a, body := r.hear(); a.StatusCode != 200 || !a.Close {
		t.Errorf("%s, close %t: %s", a.Status, a.Close, body)
	}
	if !r.ends(3*time.Second) || h.till.paid != 1 {
		t.Errorf("what followed was read: %d payments", h.till.paid)
	}
}

// TestFraming pins what net/http makes of requests that two readers could take for
// different ones. Those that it takes are in docs/threat-model.md.
func TestFraming(t *testing.T) {
	h := newHouse(t)
	const read = "GET /v1/payments HTTP/1.1\r\n"
	for name, c := range map[string]struct {
		request string
		status  int
	}{
		"plain":                    {read + "\r\n", 200},
		"lines that end with LF":   {"GET /v1/payments HTTP/1.1\r\nX-A: b\n\n", 200},
		"a folded line":            {read + "X-A: b\r\n c\r\n\r\n", 200},
		"the same length twice":    {jsonPost + fmt.Sprintf("Content-Length: %d\r\nContent-Length: %[1]d\r\n\r\n%s", len(pay), pay), 200},
		"two lengths":              {jsonPost + "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", 400},
		"a list of lengths":        {jsonPost + "Content-Length: 2, 2\r\n\r\n{}", 400},
		"a length with a sign":     {jsonPost + "Content-Length: +2\r\n\r\n{}", 400},
		"a space before the colon": {jsonPost + "Content-Length : 2\r\n\r\n{}", 400},
		"another coding":           {jsonPost + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 501},
		"chunked twice":            {jsonPost + "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", 501},
		"a coding and identity":    {jsonPost + "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n", 501},
		"a chunk that ends in LF":  {jsonPost + "Transfer-Encoding: chunked\r\n\r\n2\n{}\n0\n\n", 400},
		"two hosts":                {read + "Host: y\r\n\r\n", 400},
		"CR in a header":           {read + "X-A: a\rb\r\n\r\n", 400},
		"NUL in a header":          {read + "X-A: a\x00b\r\n\r\n", 400},
	} {
		t.Run(name, func(t *testing.T) {
			r := h.dialRaw(t)
			r.send(h, c.request)
			if a, body := r.hear(); a.StatusCode != c.status {
				t.Errorf("%s %s, want %d", a.Status, body, c.status)
			}
		})
	}
}
