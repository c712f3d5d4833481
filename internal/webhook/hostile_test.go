package webhook

import (
	"bufio"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/florinpay/florin/internal/event"
)

// raw is an endpoint that speaks as it likes once it has read a request.
func raw(t *testing.T, speak func(net.Conn)) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				if r, err := http.ReadRequest(bufio.NewReader(c)); err == nil {
					_ = r.Body.Close()
					speak(c)
				}
			}()
		}
	}()
	return "http://" + l.Addr().String()
}

// TestHostileEndpoints: none holds a courier for longer than an answer may take, none makes
// it keep more than a little, and each is written down for what it is.
func TestHostileEndpoints(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		for name, c := range map[string]struct {
			speak  func(net.Conn)
			status int
			code   string
		}{
			"an endless body": {func(c net.Conn) {
				fmt.Fprint(c, "HTTP/1.1 200 OK\r\n\r\n")
				for line := []byte(strings.Repeat("x", 1<<16)); ; {
					if _, err := c.Write(line); err != nil {
						return
					}
				}
			}, 200, ""},
			"a body that drips": {func(c net.Conn) {
				fmt.Fprint(c, "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
				for i := 0; i < 200; i++ {
					if _, err := c.Write([]byte("x")); err != nil {
						return
					}
					time.Sleep(50 * time.Millisecond)
				}
			}, 200, ""},
			"a header that drips": {func(c net.Conn) {
				for _, b := range []byte("HTTP/1.1 200 OK\r\n" + strings.Repeat("X-A: b\r\n", 100)) {
					if _, err := c.Write([]byte{b}); err != nil {
						return
					}
					time.Sleep(20 * time.Millisecond)
				}
			}, 0, "timeout"},
			"a header of 10 MB": {func(c net.Conn) {
				fmt.Fprint(c, "HTTP/1.1 200 OK\r\n")
				line := "X-Long: " + strings.Repeat("x", 1<<16) + "\r\n"
				for range 160 {
					if _, err := c.Write([]byte(line)); err != nil {
						return
					}
				}
			}, 0, "answer_invalid"},
			"garbage":          {func(c net.Conn) { fmt.Fprint(c, "\x00\xff\x13 you are welcome\r\n\r\n") }, 0, "answer_invalid"},
			"nothing":          {func(net.Conn) {}, 0, "connection_failed"},
			"200 with garbage": {func(c net.Conn) { fmt.Fprint(c, "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n\x00\xff\xfe<b>") }, 200, ""},
			"a redirect to metadata": {func(c net.Conn) {
				fmt.Fprint(c, "HTTP/1.1 307 Go\r\nLocation: http://169.254.169.254/latest/meta-data/\r\nContent-Length: 0\r\n\r\n")
			}, 307, "redirected"},
			"a header with our own name": {func(c net.Conn) { fmt.Fprint(c, "HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\n") }, 200, ""},
			"continue, and never answer": {func(c net.Conn) {
				for {
					if _, err := fmt.Fprint(c, "HTTP/1.1 100 Continue\r\n\r\n"); err != nil {
						return
					}
					time.Sleep(20 * time.Millisecond)
				}
			}, 0, "answer_invalid timeout"},
		} {
			t.Run(name, func(t *testing.T) {
				e, _ := o.open(raw(t, c.speak))
				o.happen(cafe, "payment.created", "one")
				began := time.Now()
				o.until("the attempt is written down", func() bool { return o.delivery(e, "one").Attempts == 1 })
				_, tried, err := o.GetDelivery(t.Context(), cafe, o.delivery(e, "one").ID)
				if err != nil {
					t.Fatal(err)
				}
				a := tried[0]
				if took := time.Since(began); took > 5*time.Second {
					t.Errorf("it took %s", took)
				}
				if a.StatusCode != c.status || !strings.Contains(c.code, a.Error) || (a.Error == "") != (c.code == "") {
					t.Errorf("%+v", a)
				}
				if len(a.ResponseBody) > keptBody*3 || len(a.ResponseHeaders) > keptHeaders*3 {
					t.Errorf("%d and %d bytes are kept", len(a.ResponseHeaders), len(a.ResponseBody))
				}
				if _, err := o.Delete(t.Context(), cafe, e.ID, event.Origin{}); err != nil {
					t.Fatal(err)
				}
			})
		}
	})
}

// TestCertificatesAreChecked: by whom the system trusts, for the endpoint's own name.
func TestCertificatesAreChecked(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		s := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
		t.Cleanup(s.Close)
		e, _ := o.open(s.URL)
		o.happen(cafe, "payment.created", "one")
		o.until("the attempt is written down", func() bool { return o.delivery(e, "one").Attempts == 1 })
		if _, tried, err := o.GetDelivery(t.Context(), cafe, o.delivery(e, "one").ID); err != nil || tried[0].Error != "certificate_invalid" {
			t.Errorf("%v %+v", err, tried)
		}
		plain := o.shop(nil)
		e, _ = o.open(strings.Replace(plain.URL, "http:", "https:", 1))
		o.happen(cafe, "payment.created", "two")
		o.until("the attempt is written down", func() bool { return o.delivery(e, "two").Attempts == 1 })
		if _, tried, err := o.GetDelivery(t.Context(), cafe, o.delivery(e, "two").ID); err != nil || tried[0].Error != "tls_failed" {
			t.Errorf("%v %+v", err, tried)
		}
		trusting := newOffice(t, o.DB, o.clock)
		trusting.Roots = x509.NewCertPool()
		trusting.Roots.AddCert(s.Certificate())
		answer, err := trusting.client().Get(s.URL)
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
	})
}
