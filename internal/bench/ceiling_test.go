package bench

import (
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// serve starts a ceiling and gives its URL and a function that stops it.
func serve(t *testing.T, kind, dir string) (url string, stop func() error) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- ServeCeiling(ctx, l, kind, dir) }()
	t.Cleanup(cancel)
	return "http://" + l.Addr().String() + "/v1/payments", func() error {
		cancel()
		select {
		case err := <-ended:
			return err
		case <-time.After(20 * time.Second):
			t.Fatal("the ceiling does not stop")
			return nil
		}
	}
}

func TestCeilingsCarryALoad(t *testing.T) {
	for _, kind := range []string{KindNone, KindLog} {
		t.Run(kind, func(t *testing.T) {
			dir := t.TempDir()
			url, stop := serve(t, kind, dir)
			if status, answer := send(t, url, "ready", `{"amount":1,"currency":"USD","source":"wal_a"}`); status != 200 {
				t.Fatal(status, answer)
			}
			l := brief(url)
			l.Duration, l.Timeout = 300*time.Millisecond, 20*time.Second
			if kind == KindLog {
				l.Replay = .2 // it remembers keys; the other ceiling does not
			}
			r := run(t, l)
			if r.OK == 0 || r.Failed != 0 || r.Mismatches != 0 || (r.Replays > 0) != (kind == KindLog) {
				t.Errorf("%+v", r)
			}
			if err := stop(); err != nil {
				t.Error(err)
			}
			if left, _ := os.ReadDir(dir); len(left) > 0 {
				t.Errorf("%s is left behind", left[0].Name())
			}
		})
	}
}

func send(t *testing.T, url, key, body string) (status int, answer string) {
	t.Helper()
	r, _ := http.NewRequest("POST", url, strings.NewReader(body))
	r.Header.Set("Idempotency-Key", key)
	got, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer got.Body.Close()
	text, _ := io.ReadAll(got.Body)
	return got.StatusCode, string(text)
}

func TestLogCeilingKeepsWhatItAnswers(t *testing.T) {
	dir := t.TempDir()
	url, stop := serve(t, KindLog, dir)
	const body = `{"amount":73,"currency":"USD","source":"wal_a"}`
	status, first := send(t, url, "one", body)
	if status != 200 || !strings.Contains(first, `"status":"succeeded"`) {
		t.Fatal(status, first)
	}
	if _, again := send(t, url, "one", body); again != first {
		t.Errorf("a retry got %s, not %s", again, first)
	}
	if status, _ := send(t, url, "one", `{"amount":74,"currency":"USD","source":"wal_a"}`); status != 422 {
		t.Errorf("the key with another body: %d", status)
	}
	if status, _ := send(t, url, "two", `{"amount":9000000000000000,"currency":"USD","source":"wal_a"}`); status != 402 {
		t.Errorf("more than there is: %d", status)
	}
	for _, bad := range []string{`{`, `{"amount":0,"currency":"USD","source":"w"}`, `{"amount":1,"currency":"USD"}`} {
		if status, _ := send(t, url, "three", bad); status != 400 {
			t.Errorf("%s: %d", bad, status)
		}
	}
	log, err := os.ReadFile(filepath.Join(dir, "ceiling.log"))
	if err != nil || strings.Count(string(log), `"type":"payment.succeeded"`) < 1 || !strings.Contains(string(log), `"idempotency_key":"one"`) {
		t.Errorf("the log does not hold the payment: %v", err)
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
}

func TestCeilingsThatCannotBeServed(t *testing.T) {
	for kind, dir := range map[string]string{"gold": t.TempDir(), KindLog: filepath.Join(t.TempDir(), "missing")} {
		_, stop := serve(t, kind, dir)
		if stop() == nil {
			t.Errorf("%s in %s: no error", kind, dir)
		}
	}
}

func TestABrokenLogEndsTheCeiling(t *testing.T) {
	j, err := openJournal(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	_ = j.file.Close() // as a failing disk would
	o := &order{Amount: 1, Source: "wal_a", key: "k"}
	j.keep(o)
	if o.status != 500 {
		t.Errorf("status %d for what was not kept", o.status)
	}
	if err := <-j.broken(); err == nil {
		t.Error("no error")
	}
	_ = j.close()
	if j.keep(o); o.status != 503 {
		t.Errorf("status %d after the end", o.status)
	}
}

func TestRefusalsLeaveNothingInTheLog(t *testing.T) {
	j := &journal{balances: map[string]int64{"wal_a": 1}}
	o := &order{Amount: 2, Source: "wal_a", key: "k", event: []byte("paid")}
	j.decide(o)
	if o.status != 402 || len(j.text) != 0 || j.balances["wal_a"] != 1 {
		t.Errorf("status %d, log %q, balance %d", o.status, j.text, j.balances["wal_a"])
	}
}

func TestKeyringForgetsInGenerations(t *testing.T) {
	var k keyring
	k.remember("first", outcome{status: 200})
	k.young = grown(k.young)
	k.remember("second", outcome{status: 402})
	if o, ok := k.find("first"); !ok || o.status != 200 {
		t.Error("the generation before was forgotten")
	}
	k.young = grown(k.young)
	k.remember("third", outcome{})
	if _, ok := k.find("first"); ok {
		t.Error("nothing is ever forgotten")
	}
	if o, ok := k.find("second"); !ok || o.status != 402 {
		t.Error("the second was forgotten too early")
	}
}

// grown fills a generation up.
func grown(m map[string]outcome) map[string]outcome {
	for i := 0; len(m) < rememberedMax; i++ {
		m[string(rune('a'+i%26))+time.Duration(i).String()] = outcome{}
	}
	return m
}

func TestFsyncMedian(t *testing.T) {
	dir := t.TempDir()
	took, err := FsyncMedian(dir)
	if err != nil || took <= 0 {
		t.Errorf("%v, %v", took, err)
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("%s is left behind", left[0].Name())
	}
	if _, err := FsyncMedian(filepath.Join(dir, "missing")); err == nil {
		t.Error("no error without a directory")
	}
}
