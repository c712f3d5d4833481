package e2e

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/florinpay/florin/test/process"
)

// inbox is a developer's program on their own machine.
type inbox struct {
	*httptest.Server
	secret func() []byte

	mu      sync.Mutex
	numbers []int64
	bad     []string
}

func newInbox(t *testing.T, secret func() []byte) *inbox {
	b := &inbox{secret: secret}
	b.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mac := hmac.New(sha256.New, b.secret())
		fmt.Fprintf(mac, "%s.%s.%s", r.Header.Get("webhook-id"), r.Header.Get("webhook-timestamp"), body)
		var e struct{ Sequence int64 }
		b.mu.Lock()
		defer b.mu.Unlock()
		if r.Header.Get("webhook-signature") != "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)) || json.Unmarshal(body, &e) != nil {
			b.bad = append(b.bad, string(body))
			return
		}
		b.numbers = append(b.numbers, e.Sequence)
	}))
	t.Cleanup(b.Close)
	return b
}

func (b *inbox) got() []int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.numbers)
}

// TestListen: events come to a developer's own port, signed, each once and in order, though
// the server dies and comes back; it says when it is connected and when it is not. What has
// happened can be replayed, and what shall happen triggered.
func TestListen(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, at place) {
		listen := freePort(t)
		s := dev(t, at, "--listen", listen)
		dir := t.TempDir()
		said := func() string { text, _ := os.ReadFile(filepath.Join(dir, "printed.out")); return string(text) }
		secret := func() []byte {
			text := regexp.MustCompile(`whsec_(\S+)`).FindStringSubmatch(said())
			if text == nil {
				return nil
			}
			b, _ := base64.StdEncoding.DecodeString(text[1])
			return b
		}
		box := newInbox(t, secret)
		l := process.Launch(t, binary, dir, nil, "listen", "--data", at.data, "--forward-to", strings.TrimPrefix(box.URL, "http://")+"/hooks", "--after", "0")
		l.Await(t, func() bool { return strings.Contains(said(), "Connected to ") })
		tool := func(args ...string) string {
			t.Helper()
			p := florin(t, append(args, "--data", at.data)...)
			if p.code != 0 {
				t.Fatalf("%v: %s", args, p.errs)
			}
			return p.out
		}
		if out := tool("trigger", "payment.succeeded"); !strings.Contains(out, "payment.succeeded") {
			t.Errorf("triggered: %s", out)
		}
		s.Kill(syscall.SIGKILL)
		l.Await(t, func() bool { return strings.Contains(said(), "Not connected: ") })
		s = dev(t, at, "--listen", listen)
		tool("trigger", "refund.succeeded")
		var want []int64
		var list struct{ Data []struct{ Sequence int64 } }
		if err := json.Unmarshal(s.caller().get(t, "/v1/events?limit=100").wants(t, 200).body, &list); err != nil {
			t.Fatal(err)
		}
		for _, e := range list.Data {
			want = append([]int64{e.Sequence}, want...)
		}
		l.Await(t, func() bool { return len(box.got()) >= len(want) })
		if got := box.got(); !slices.Equal(got, want) || len(box.bad) > 0 {
			t.Errorf("%v came, want %v; not signed: %v", got, want, box.bad)
		}
		if n := strings.Count(said(), "Connected to "); n < 2 {
			t.Errorf("it says:\n%s", said())
		}
		if out := tool("events", "replay", "--after", "0", "--types", "refund.*"); strings.Count(out, "refund.") != 2 || strings.Contains(out, "payment.") {
			t.Errorf("replayed:\n%s", out)
		}
		if out := tool("clock", "move", "90s"); !strings.Contains(out, "1m30s ahead") {
			t.Errorf("the clock says %s", out)
		}
		for _, x := range []struct {
			args []string
			says string
		}{
			{[]string{"trigger", "payment.teleported"}, "there is no recipe for payment.teleported"},
			{[]string{"listen", "--forward-to", "ftp://x"}, "is no URL"},
			{[]string{"webhook", "create", "http://127.0.0.1/"}, "begins with https://"},
			{[]string{"webhook", "show", "dlv_1"}, "not_found"},
		} {
			if p := florin(t, append(x.args, "--data", at.data)...); p.code != 1 || !strings.Contains(p.errs, x.says) {
				t.Errorf("%v: exit %d, %s", x.args, p.code, p.errs)
			}
		}
		if p := florin(t, "events", "tail", "--data", t.TempDir()); p.code != 1 || !strings.Contains(p.errs, "no sandbox was started in") {
			t.Errorf("in an empty folder: exit %d, %s", p.code, p.errs)
		}
	})
}

// freePort is an address that nobody listens at, to start a server at twice.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
