package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func start(t *testing.T, h http.HandlerFunc) (url string) {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server.URL + "/v1/payments?x=1"
}

func brief(url string) Load {
	return Load{
		URL: url, Conns: 4, Warmup: 20 * time.Millisecond, Duration: 200 * time.Millisecond,
		Timeout: 5 * time.Second, Body: Payment("USD", []string{"wal_a", "wal_b"}),
	}
}

func run(t *testing.T, l Load) Result {
	t.Helper()
	r, err := l.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestRequestsAreWhatAMerchantWouldSend(t *testing.T) {
	var mu sync.Mutex
	keys, bodies, wrong := map[string]bool{}, map[string]bool{}, ""
	l := brief(start(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		key := r.Header.Get("Idempotency-Key")
		if len(key) != 36 || keys[key] || r.URL.RawQuery != "x=1" || r.Method != "POST" ||
			r.Header.Get("Authorization") != "Bearer k" || r.Header.Get("Content-Type") != "application/json" {
			wrong = fmt.Sprint(r.Method, r.URL, r.Header)
		}
		keys[key], bodies[string(body)] = true, true
	}))
	l.Headers = map[string]string{"Authorization": "Bearer k"}
	l.Seed = 7
	for range 2 { // the same seed must not repeat keys
		if r := run(t, l); r.OK == 0 || r.Failed != 0 || r.PerSecond <= 0 || r.P50 <= 0 || r.Max < r.P99/2 || r.Status[200] != r.OK {
			t.Errorf("%+v", r)
		}
	}
	if wrong != "" {
		t.Errorf("a bad request: %s", wrong)
	}
	for body := range bodies {
		var amount int
		var source string
		if _, err := fmt.Sscanf(body, `{"amount":%d,"currency":"USD","source":%q}`, &amount, &source); err != nil ||
			amount < 1 || amount > 100 || source != "wal_a" && source != "wal_b" {
			t.Errorf("body %s: %v", body, err)
		}
	}
	if len(bodies) < 20 {
		t.Errorf("only %d different bodies", len(bodies))
	}
}

func TestFailuresAreCounted(t *testing.T) {
	var n atomic.Int64
	r := run(t, brief(start(t, func(w http.ResponseWriter, _ *http.Request) {
		switch n.Add(1) % 4 {
		case 0:
			http.Error(w, "too poor", http.StatusPaymentRequired)
		case 1:
			w.WriteHeader(299)
		case 2:
			w.WriteHeader(http.StatusFound)
		case 3:
			panic(http.ErrAbortHandler) // the connection breaks
		}
	})))
	if r.OK == 0 || r.Status[299] != r.OK || r.Status[402] == 0 || r.Status[302] == 0 || r.Status[0] == 0 {
		t.Errorf("%+v", r)
	}
	if r.Failed != r.Status[402]+r.Status[302]+r.Status[0] || r.FirstFailure == "" {
		t.Errorf("%+v", r)
	}
}

// replaying answers retries by the table that it keeps, or forgets to.
func replaying(honest bool) http.HandlerFunc {
	var mu sync.Mutex
	answers, n := map[string]string{}, 0
	return func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		n++
		key := r.Header.Get("Idempotency-Key")
		if answers[key] == "" || !honest {
			answers[key] = fmt.Sprint("payment ", n)
		}
		fmt.Fprint(w, answers[key])
	}
}

func TestReplaysAreCompared(t *testing.T) {
	l := brief(start(t, replaying(true)))
	l.Replay = .5
	if r := run(t, l); r.Replays == 0 || r.Mismatches != 0 || r.Replays >= r.OK || r.Failed != 0 {
		t.Errorf("an honest server: %+v", r)
	}
	l.URL = start(t, replaying(false))
	if r := run(t, l); r.Replays == 0 || r.Mismatches != r.Replays {
		t.Errorf("a forgetful server: %+v", r)
	}
	l.Replay = 0
	if r := run(t, l); r.Replays != 0 || r.OK == 0 {
		t.Errorf("without replays: %+v", r)
	}
}

func TestAStalledServerFails(t *testing.T) {
	hold := make(chan struct{})
	l := brief(start(t, func(http.ResponseWriter, *http.Request) { <-hold }))
	t.Cleanup(func() { close(hold) }) // before the server closes
	l.Timeout = 300 * time.Millisecond
	if r := run(t, l); r.OK != 0 || r.Failed == 0 || !strings.Contains(r.FirstFailure, "timeout") {
		t.Errorf("%+v", r)
	}
}

func TestAContextEndsARun(t *testing.T) {
	hold := make(chan struct{})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var measured, n atomic.Int64
	l := brief(start(t, func(http.ResponseWriter, *http.Request) {
		if measured.Load() > 0 && n.Add(1) > 2000 {
			cancel()
			<-hold
		}
	}))
	t.Cleanup(func() { close(hold) })
	l.Warmup, l.Duration, l.Timeout = 0, time.Hour, time.Hour
	l.Mallocs = func(context.Context) (uint64, error) { return uint64(measured.Add(1)), nil } // read as the measured time begins
	r, err := l.Run(ctx)
	if !errors.Is(err, context.Canceled) || r.OK == 0 || r.Failed != 0 {
		t.Errorf("%v: %+v", err, r)
	}
}

func TestNobodyListens(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	if r := run(t, brief(server.URL)); r.OK != 0 || r.Failed == 0 || r.Status[0] != r.Failed {
		t.Errorf("%+v", r)
	}
}

func TestALoadThatCannotRun(t *testing.T) {
	for name, spoil := range map[string]func(*Load){
		"no scheme":   func(l *Load) { l.URL = "127.0.0.1:80" },
		"https":       func(l *Load) { l.URL = "https://127.0.0.1" },
		"no conns":    func(l *Load) { l.Conns = 0 },
		"no duration": func(l *Load) { l.Duration = 0 },
		"replay":      func(l *Load) { l.Replay = 1.1 },
		"header":      func(l *Load) { l.Headers = map[string]string{"A": "b\r\nC: d"} },
		"process":     func(l *Load) { l.Processes = map[string]int{ProcessServer: 1 << 30} },
	} {
		l := brief("http://127.0.0.1:1")
		spoil(&l)
		if _, err := l.Run(t.Context()); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestMetersAreReadAroundTheRun(t *testing.T) {
	metrics := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, "# TYPE %s counter\n%s %d\n", mallocsMetric, mallocsMetric, mallocs.Add(5_000_000))
	}))
	defer metrics.Close()
	l := brief(start(t, func(http.ResponseWriter, *http.Request) {}))
	l.Processes = map[string]int{ProcessServer: os.Getpid()}
	l.Mallocs = MallocsAt(metrics.URL + "/metrics")
	r := run(t, l)
	if r.Mallocs != 5_000_000 || r.Memory[ProcessServer].Resident == 0 {
		t.Errorf("%+v", r)
	}
	if _, ok := r.CPU[ProcessLoad]; !ok || r.CPU[ProcessServer] < r.CPU[ProcessLoad] {
		t.Errorf("processor time: %v", r.CPU)
	}
	l.Mallocs = MallocsAt(l.URL)
	if _, err := l.Run(t.Context()); err == nil {
		t.Error("no error without the metric")
	}
}

var mallocs atomic.Int64

// A connection that keeps its pace never sends before a request is due, and one that is
// late because of a slow answer counts from when it was due.
func TestThePaceIsKept(t *testing.T) {
	const every, slow = 20 * time.Millisecond, 100 * time.Millisecond
	var calls atomic.Int64
	l := brief(start(t, func(http.ResponseWriter, *http.Request) {
		if calls.Add(1) == 5 {
			time.Sleep(slow)
		}
	}))
	l.Conns, l.Warmup, l.Duration, l.Every = 1, 0, 500*time.Millisecond, every
	began := time.Now()
	r := run(t, l)
	if n, most := calls.Load(), int64(time.Since(began)/every)+1; n > most {
		t.Errorf("%d requests, at most %d were due", n, most)
	}
	if r.Max < slow || r.OK > 5 && r.P99 < slow-every-every {
		t.Errorf("the slow answer made nobody late: %+v", r)
	}
}
